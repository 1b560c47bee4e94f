"""Many processes in one, under a scheduler with a seed: what goes wrong once goes wrong again with the same seed."""
