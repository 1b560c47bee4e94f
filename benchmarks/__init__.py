"""Throughput, latency and memory, side by side with the JavaScript Socket.IO server. `python -m benchmarks`."""

from server import BUILD  # first of all: it chooses the build

__all__ = ["BUILD"]
