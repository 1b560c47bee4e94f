"""A real Redis server without persistence."""

from __future__ import annotations

from tests.support.processes import LOOPBACK, Service, launch


class RedisServer(Service):
    def __init__(self, port: int) -> None:
        super().__init__(port, ["redis-server", "--port", str(port), "--bind", LOOPBACK])
        self.command += ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"


def start_redis() -> RedisServer:
    """A running Redis; the caller ends it with `close()`."""
    return launch(RedisServer)
