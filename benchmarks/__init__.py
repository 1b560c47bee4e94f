"""Throughput, latency and memory, side by side with the JavaScript Socket.IO server. `python -m benchmarks`."""
