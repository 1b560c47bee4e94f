"""A real Redis server without persistence."""

from __future__ import annotations

from typing import Any

from redis import Redis

from tests.support.processes import LOOPBACK, Service, launch


class RedisServer(Service):
    def __init__(self, port: int) -> None:
        super().__init__(port, ["redis-server", "--port", str(port), "--bind", LOOPBACK])
        self.command += ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self.command += ["--rdbcompression", "no"]  # so that what it holds is found in dumps

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"


def start_redis() -> RedisServer:
    """A running Redis; the caller ends it with `close()`."""
    return launch(RedisServer)


def find_in_redis(redis: RedisServer, word: str) -> list[str]:
    """The keys whose values hold a word, byte by byte: deleted entries of streams, too, which stay in their blocks."""
    with Redis.from_url(redis.url) as client:
        return [key.decode() for key in client.scan_iter() if word.encode() in (client.dump(key) or b"") + key]


def ask(server: RedisServer, *command: str | int) -> Any:
    """The reply of one command."""
    with Redis.from_url(server.url) as client:
        return client.execute_command(*command)
