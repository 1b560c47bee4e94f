"""Several real server processes on one real Redis."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.support.processes import ServerProcess, launch
from tests.support.redis import RedisServer

QUIET = {"MAX_CONNECTIONS": "0", "EVENTS_PER_S": "0", "MEMORY_BUDGET_MB": "0", "STUN_URLS": "stun:127.0.0.1:9"}


class NodeProcess(ServerProcess):
    """The server as one of several nodes."""

    def __init__(self, port: int, redis: RedisServer, settings: dict[str, str]) -> None:
        super().__init__(port, {**QUIET, "REDIS_URL": redis.url, **settings})


@contextlib.contextmanager
def nodes(redis: RedisServer, count: int, **settings: str) -> Iterator[list[NodeProcess]]:
    """So many nodes, ended on the way out."""
    started: list[NodeProcess] = []
    try:
        for _ in range(count):
            started.append(launch(lambda port: NodeProcess(port, redis, settings)))
        yield started
    finally:
        for node in started:
            node.close()
