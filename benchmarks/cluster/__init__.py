"""What rooms on Redis cost, over one process and over two: `python -m benchmarks.cluster`, a part of `make bench`."""
