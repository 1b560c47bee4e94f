"""An inbox for each node: a stream in Redis, which outlives a connection that breaks.

Whoever writes adds to the stream of another node, if that is there; a node reads its own from where it was, and trims
what it has read, so that nothing of what was said stays. An inbox expires unless its node is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from storage.redis.address import RedisAddress
from storage.redis.pipeline import RedisGone, RedisPipeline, RedisRefused

log = logging.getLogger(__name__)

MAX_ENTRIES: Final = 20_000
"""Batches that wait in one inbox, about; then the oldest go, and whose they were notices the gap."""

INBOX_TTL_S: Final = 30.0
"""How long an inbox is kept for a node that does not come for it."""

RETRY_S: Final = 0.2
"""Before batches are posted again that Redis has refused."""

RENEW_S: Final = 2.0
READ_AT_ONCE: Final = 256
BLOCK_MS: Final = 1_000
"""How long one read waits for something to come."""

GROUP: Final = "made"
"""A consumer group that nobody reads with: making one is how a stream is made empty."""


class Posted(Enum):
    """What became of a batch."""

    TAKEN = "taken"
    NOBODY = "nobody"
    """There is no such inbox: its node is gone."""
    UNKNOWN = "unknown"
    """The connection broke: it may lie in the inbox, or not."""


def key_of(node: str) -> str:
    """The key of a node's inbox."""
    return f"mf:in:{node}"


class RedisInboxes:
    """The inbox of this node, and the way to those of others."""

    def __init__(self, address: RedisAddress | str) -> None:
        self._writer = RedisPipeline(address, name="mayfly-out")
        self._reader = RedisPipeline(address, name="mayfly-in")
        self._loop = asyncio.get_running_loop()
        self._key = ""
        self._last = b"0-0"
        self._round = 0
        self._renewed_at = 0.0
        self._retrying = False
        self._on_batch: Callable[[bytes], None] = lambda _: None
        self.on_up: Callable[[], None] = lambda: None
        """Called whenever there is a new connection to post batches over."""
        self.on_room: Callable[[], None] = lambda: None
        """Called where Redis may take again what it refused."""

    async def open(self, me: str, on_batch: Callable[[bytes], None]) -> None:
        """Make the inbox of `me`, and have whatever comes told to `on_batch`. Raises `RedisGone`."""
        self._on_batch = on_batch
        await asyncio.gather(self._writer.open(), self._reader.open())
        await self._make(me)
        self._writer.on_up.append(lambda: self.on_up())
        self._reader.on_up.append(self._again)
        self._read(self._round)

    async def rename(self, me: str) -> None:
        """From now on this node is `me`; what lies in its old inbox is erased, unread.

        Where Redis is away the new inbox is made once it is back; where it is full, once it is not.
        """
        self._round += 1
        now, old, self._last = self._round, self._key, b"0-0"
        self._writer.call(lambda _: None, "UNLINK", old)
        with contextlib.suppress(RedisGone, RedisRefused):
            await self._make(me)
        if now == self._round and self._reader.up:
            self._read(now)  # else whoever connects again reads

    async def close(self) -> None:
        """Let go of the inbox, and of what lies in it."""
        self._round += 1
        try:
            async with asyncio.timeout(1.0):
                await self._writer.send("UNLINK", self._key)
        except (RedisGone, TimeoutError):
            pass  # then it expires
        self._key = ""
        await self._reader.close()
        await self._writer.close()
        await asyncio.sleep(0)  # in which their transports let go of the sockets

    def post(self, node: str, batch: bytes, on_posted: Callable[[Posted], None]) -> None:
        """Put a batch into the inbox of a node."""

        def replied(reply: Any) -> None:
            if isinstance(reply, Exception):
                on_posted(Posted.UNKNOWN)
                if isinstance(reply, RedisRefused) and not self._retrying:
                    self._retrying = True
                    self._loop.call_later(RETRY_S, self._retry)
            else:
                on_posted(Posted.NOBODY if reply is None else Posted.TAKEN)

        self._writer.call(
            replied, "XADD", key_of(node), "NOMKSTREAM", "MAXLEN", "~", MAX_ENTRIES, "*", "b", batch
        )  # the whole batch is one field

    def _retry(self) -> None:
        """Redis has refused a batch: it is full, or is loading."""
        self._retrying = False
        if self._key:
            self.on_room()

    def erase(self, node: str) -> None:
        """Erase the inbox of a node that is gone, with all that lies in it."""
        self._writer.call(lambda _: None, "UNLINK", key_of(node))

    async def _make(self, me: str) -> None:
        self._key = key_of(me)
        made = self._reader.send("XGROUP", "CREATE", self._key, GROUP, "$", "MKSTREAM")
        expiry = self._reader.send("PEXPIRE", self._key, int(INBOX_TTL_S * 1000))
        await asyncio.gather(made, expiry)
        self._renewed_at = self._loop.time()

    def _again(self) -> None:
        """There is a new connection: the inbox may have gone meanwhile, or be an earlier copy, whose next ids are lower
        than what was read. All that lies in it is read: what has come before is known by its batch's number.
        """
        self._round += 1
        self._last = b"0-0"
        self._make_again()
        self._read(self._round)

    def _make_again(self) -> None:
        def made(reply: Any) -> None:
            if not isinstance(reply, Exception):
                self._last = b"0-0"  # it was gone, with all that nobody had read

        # Where it is there, Redis refuses, which changes nothing.
        self._reader.call(made, "XGROUP", "CREATE", self._key, GROUP, "$", "MKSTREAM")
        self._reader.call(lambda _: None, "PEXPIRE", self._key, int(INBOX_TTL_S * 1000))

    def _read(self, of: int) -> None:
        now = self._loop.time()
        if now - self._renewed_at >= RENEW_S:
            self._renewed_at = now
            self._reader.call(self._renewed, "PEXPIRE", self._key, int(INBOX_TTL_S * 1000))

        def came(reply: Any) -> None:
            if of != self._round or isinstance(reply, RedisGone):
                return  # a new connection reads on
            if isinstance(reply, Exception):
                log.error("The inbox cannot be read: %s", reply)
                self._loop.call_later(1.0, self._read, of)
                return
            for _, entries in reply or ():
                self._take(entries)
            if of == self._round:
                self._read(of)

        self._reader.call(came, "XREAD", "COUNT", READ_AT_ONCE, "BLOCK", BLOCK_MS, "STREAMS", self._key, self._last)

    def _renewed(self, reply: Any) -> None:
        if reply == 0:  # it has expired: this process did not run for a while
            self._make_again()

    def _take(self, entries: list[Any]) -> None:
        for entry_id, fields in entries:
            self._last = entry_id
            try:
                self._on_batch(fields[1])
            except Exception as error:
                log.error("A batch could not be taken: %s", type(error).__name__)
        milliseconds, _, number = self._last.partition(b"-")
        rest = b"%s-%d" % (milliseconds, int(number) + 1)
        self._reader.call(lambda _: None, "XTRIM", self._key, "MINID", rest)
