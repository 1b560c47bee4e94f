"""What a Redis is told, with the time at which it was: `MONITOR`."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from redis import ConnectionError as RedisLost
from redis import Redis

from tests.support.pace import PACE
from tests.support.redis import RedisServer

WRITES = re.compile(r"(?:HSET|EVALSHA \w{40} 2 mf:\{\w+\}:o) mf:\{(\w+)\}:st:(\d+) ")
"""A change of a room by its owner of this fence (`storage.redis.keeper`): `add`, or the script `write`."""

JOIN_LIMIT_S = 10.0 * PACE


class Written(NamedTuple):
    """A change of a room. `at` is the time of Redis, in s."""

    at: float
    room_id: str
    fence: int


class RoomWatch:
    """Notes when each room was written, and by which owner."""

    def __init__(self, client: Redis) -> None:
        self.written: list[Written] = []
        self._monitor = client.monitor()
        self._monitor.__enter__()
        self._thread = threading.Thread(target=self._read, name="redis-monitor", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(RedisLost, OSError, ValueError, AttributeError):
            for told in self._monitor.listen():
                found = WRITES.match(told["command"])
                if found is not None:
                    self.written.append(Written(told["time"], found[1], int(found[2])))

    def close(self) -> None:
        self._monitor.connection.disconnect()
        self._thread.join(JOIN_LIMIT_S)

    def gaps(self) -> dict[str, list[float]]:
        """room → for each change of its owner: s from the last that the former did to the first that the next did."""
        last: dict[str, Written] = {}
        gaps: defaultdict[str, list[float]] = defaultdict(list)
        for one in list(self.written):
            before = last.get(one.room_id)
            if before is not None and one.fence > before.fence:
                gaps[one.room_id].append(one.at - before.at)
            last[one.room_id] = one
        return gaps


@contextmanager
def watched_rooms(server: RedisServer) -> Iterator[RoomWatch]:
    """A watch that runs until the end."""
    with Redis.from_url(server.url) as client:
        watch = RoomWatch(client)
        try:
            yield watch
        finally:
            watch.close()
