"""Does a change make the server slower? Old and new sources side by side. `python -m benchmarks.regression`."""
