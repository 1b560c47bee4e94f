"""Whether all nodes use one database: each tells which, and says so where another uses another.

It warns and refuses nothing: `MONGODB_URI` can then be changed one process after the other (decision 0115).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Protocol

from rooms.ports import StoreUnavailable
from server.cluster.shared_limits import Board
from storage.redis.board import NO_DATABASE

log = logging.getLogger(__name__)

TELL_S = 1.0
"""Between two tellings."""

APART = (
    "%d of the processes on this Redis use another MongoDB than this one, or one of both uses none: logged messages, "
    "sessions and files are found at some processes only. Give all the same MONGODB_URI."
)
TOGETHER = "All processes on this Redis use one MongoDB again, or none."


class Node(Protocol):
    """What is needed of `server.cluster.redis_rooms.RedisRooms`."""

    me: str
    one_database: bool
    """Whether all nodes use the database of this one, as far as it is known."""

    def nodes(self) -> Collection[str]:
        """The live nodes."""


class OneDatabase:
    """Tells the other nodes which database this one uses. `identity` is that of the store, asked once it answers."""

    def __init__(self, board: Board, node: Node, identity: Callable[[], Awaitable[str]]) -> None:
        self._board = board
        self._node = node
        self._identity = identity
        self._mine: bytes | None = None

    async def run(self) -> None:
        """Tell and hear for as long as the process lives."""
        while True:
            with suppress(ConnectionError, TimeoutError, StoreUnavailable):  # until both answer, nothing is known
                await self.step()
            await asyncio.sleep(TELL_S)

    async def step(self) -> None:
        """Tell once, hear once, and warn where that is news."""
        if self._mine is None:
            self._mine = (await self._identity()).encode() or NO_DATABASE
        await self._board.post(self._node.me, self._mine)
        others = [node for node in self._node.nodes() if node != self._node.me]
        told = await self._board.read(others) if others else {}
        apart = sum(database != self._mine for database in told.values())
        if self._node.one_database and apart:
            log.warning(APART, apart)
        elif not self._node.one_database and not apart:
            log.info(TOGETHER)
        self._node.one_database = not apart
