"""Webhooks of all nodes, in Redis: a stream for each address, and a lease for the one node that sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from rooms.records import HookRecord
from storage.redis.pipeline import RedisPipeline, RedisRefused

SENDER = "mf:hooks:sender"
"""The key that says which node sends."""

LEASE_MS = 3_000
"""How long a node may send after it was last heard of."""

_ADD = """
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('XADD', KEYS[1], '*', 'h', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
_LEASE = """
local sender = redis.call('GET', KEYS[1])
if sender and sender ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

pack: Callable[[Any], bytes] = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(tuple[str, str, bytes, float, float]).decode


class Entry(NamedTuple):
    """One that is kept; `place` is its id in the stream."""

    place: str
    hook: HookRecord


class RedisHooks:
    """`server.outbound.shared_outbox.HookBoard`. Every call raises `ConnectionError` where Redis does not answer."""

    def __init__(self, redis: RedisPipeline) -> None:
        self._redis = redis

    @property
    def up(self) -> bool:
        """Whether there is a connection."""
        return self._redis.up

    def add(self, hook: HookRecord, limit: int, told: Callable[[Any], None]) -> None:
        """Keep one at the end of this loop turn, unless `limit` wait there. `told` gets 1, 0 or the exception."""
        kept = pack((hook.id, hook.room_id, hook.body, hook.queued_at, hook.purge_at))
        stays_ms = round((hook.purge_at - hook.queued_at) * 1000)
        self._redis.call(told, "EVAL", _ADD, 1, _key(hook.address), limit, stays_ms, kept)

    async def lease(self, node: str) -> bool:
        """Whether `node` is the one that sends, from now on and for `LEASE_MS`."""
        return bool(await self._ask("EVAL", _LEASE, 1, SENDER, node, LEASE_MS))

    async def release(self, node: str) -> None:
        """Another node may send at once."""
        await self._ask("EVAL", _RELEASE, 1, SENDER, node)

    async def after(self, address: str, place: str, limit: int) -> list[Entry]:
        """The next that are kept for an address, in their order."""
        start = f"({place}" if place else "-"
        found = await self._ask("XRANGE", _key(address), start, "+", "COUNT", limit)
        return [_entry(address, entry_id.decode(), fields[1]) for entry_id, fields in found]

    async def remove(self, address: str, places: Sequence[str]) -> None:
        """Keep these no more."""
        await self._ask("XDEL", _key(address), *places)

    async def _ask(self, *command: bytes | str | int | float) -> Any:
        try:
            async with asyncio.timeout(LEASE_MS / 1000):
                return await self._redis.send(*command)
        except (RedisRefused, TimeoutError) as refused:
            raise ConnectionError(str(refused)) from None


def _entry(address: str, place: str, packed: bytes) -> Entry:
    hook_id, room_id, body, queued_at, purge_at = unpack(packed)
    return Entry(place, HookRecord(address, 0, hook_id, room_id, body, queued_at, purge_at))


def _key(address: str) -> str:
    return f"mf:hooks:{address}"
