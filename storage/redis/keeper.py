"""Rooms in Redis: who runs each of them, fenced by a number, and what it is made of.

A script for each change compares owner and fence and does the rest in the same step, so that whoever was taken for dead
can change nothing any more (decision 0060). All keys of a room carry its id as hash tag and expire after its end.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from rooms.model import EndReason
from rooms.ports import StoreUnavailable
from rooms.records import Tombstone
from storage.redis.pipeline import RedisGone, RedisPipeline, RedisRefused

KEPT_AFTER_S = 3_600
"""A room's key goes by itself so long after the room's end, if nobody was there to end it."""

MOVED_FOR_S = 86_400
"""So long a room's earlier key is one that nobody can write to, however late a write comes."""

BORN = "mf:born"
"""The key that says which start of the data this is: a new one wherever Redis may have lost writes."""

YOUNG = "mf:young"
"""A key that is there for `YOUNG_S` after data of before has come back, perhaps without the newest of it."""

YOUNG_S = 3.0
"""Meanwhile nobody claims a room: whoever runs it has the time to write it anew."""

# KEYS[1] says who runs the room and by which fence, which is in the name of the key with its state, too.
_OWNED = """
local kept = redis.call('GET', KEYS[1])
if not kept then return -1 end
if kept ~= ARGV[1] then return 0 end
"""
_PUT = """
local function put(key, first, last)
  for at = first, last, 4000 do
    redis.call('HSET', key, unpack(ARGV, at, math.min(at + 3999, last)))
  end
end
"""
SCRIPTS = {
    # who, expiry in ms or '', how many arguments are names and values to put, those, names to drop
    "write": _OWNED
    + _PUT
    + """
if redis.call('EXISTS', KEYS[2]) == 0 then return -1 end
local last = 3 + tonumber(ARGV[3])
put(KEYS[2], 4, last)
for at = last + 1, #ARGV, 4000 do
  redis.call('HDEL', KEYS[2], unpack(ARGV, at, math.min(at + 3999, #ARGV)))
end
if ARGV[2] ~= '' then
  redis.call('PEXPIREAT', KEYS[1], ARGV[2])
  redis.call('PEXPIREAT', KEYS[2], ARGV[2])
end
return 1
""",
    # owner and a space, who, expiry in ms, names and values. One that its own maker left behind is made anew.
    "create": _PUT
    + """
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local kept = redis.call('GET', KEYS[1])
if kept and string.sub(kept, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
put(KEYS[2], 4, #ARGV)
redis.call('PEXPIREAT', KEYS[2], ARGV[3])
return 1
""",
    # who, its fence, expiry in ms, for how many ms an earlier key stays closed, names and values: where all data went,
    # whoever had the room last makes it anew, also after somebody who had it before
    "revive": _PUT
    + """
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local kept = redis.call('GET', KEYS[1])
if kept then
  local fence = string.match(kept, '%d+$')
  if tonumber(fence) >= tonumber(ARGV[2]) then return 0 end
  local earlier = string.sub(KEYS[2], 1, #KEYS[2] - #ARGV[2]) .. fence
  redis.call('UNLINK', earlier)
  redis.call('SET', earlier, '', 'PX', ARGV[4])
end
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[3])
put(KEYS[2], 5, #ARGV)
redis.call('PEXPIREAT', KEYS[2], ARGV[3])
return 1
""",
    # what was said of the data when it was looked at, what is to be said, for how many ms it is young
    "bear": """
local kept = redis.call('GET', KEYS[1]) or ''
if kept ~= ARGV[1] then return kept end
redis.call('SET', KEYS[1], ARGV[2])
if kept ~= '' then redis.call('SET', KEYS[2], '', 'PX', ARGV[3]) end
return ARGV[2]
""",
    # who ran it as last seen, who is to, for how many ms the earlier key stays closed
    "claim": """
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('RENAME', KEYS[2], KEYS[3])
redis.call('SET', KEYS[2], '', 'PX', ARGV[3])
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return redis.call('HGETALL', KEYS[3])
""",
    # who, who is to
    "hand_over": _OWNED + "redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') return 1",
    # fence of who ended it, tombstone, until when in ms: a room that has come to life again
    "bury": """
if redis.call('EXISTS', KEYS[3]) == 1 then return 1 end
local kept = redis.call('GET', KEYS[1])
if kept then
  local fence = string.match(kept, '%d+$')
  if tonumber(fence) > tonumber(ARGV[1]) then return 0 end
  local earlier = string.sub(KEYS[2], 1, #KEYS[2] - #ARGV[1]) .. fence
  redis.call('UNLINK', KEYS[1], earlier)
  redis.call('SET', earlier, '', 'PXAT', ARGV[3])
end
redis.call('SET', KEYS[3], ARGV[2], 'PXAT', ARGV[3])
return 1
""",
    # who, tombstone, until when in ms
    "end": _OWNED
    + """
redis.call('UNLINK', KEYS[1], KEYS[2])
redis.call('SET', KEYS[2], '', 'PXAT', ARGV[3])
redis.call('SET', KEYS[3], ARGV[2], 'PXAT', ARGV[3])
return 1
""",
}
SHAS = {name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in SCRIPTS.items()}

pack: Callable[[Any], bytes] = msgspec.msgpack.Encoder().encode
unpack: Callable[[bytes], Any] = msgspec.msgpack.Decoder(strict=False).decode

DONE, NOT_MINE, NOT_THERE = 1, 0, -1
"""What a fenced script answers."""


class Found(NamedTuple):
    """What there is of a room. `owner` is None where there is none; empty where nobody runs it."""

    owner: str | None
    fence: str
    tombstone: Tombstone | None
    born: bytes | None = None
    """Which start of the data was there."""
    young: bool = False
    """Whether data of before has just come back, so that nobody may claim a room yet."""


def owner_key(room_id: str) -> str:
    """The key of who runs a live room: owner, space, fence."""
    return f"mf:{{{room_id}}}:o"


def state_key(room_id: str, fence: str) -> str:
    """The key of what a live room is made of, for the owner of this fence.

    The next owner renames it, and leaves a string by the old name: what an earlier owner writes is of the wrong type.
    """
    return f"mf:{{{room_id}}}:st:{fence}"


def tombstone_key(room_id: str) -> str:
    """The key of what stays of a room that has ended."""
    return f"mf:{{{room_id}}}:x"


def ms(seconds: float) -> int:
    """Seconds since the epoch in milliseconds."""
    return int(seconds * 1000)


class Keeper:
    """Reads and writes rooms. What waits raises `StoreUnavailable` where Redis does not answer."""

    def __init__(self, pipeline: RedisPipeline) -> None:
        self.pipeline = pipeline
        pipeline.on_up.append(self.load_scripts)

    def load_scripts(self) -> None:
        """Have Redis know the scripts, whatever it has forgotten."""
        for text in SCRIPTS.values():
            self.pipeline.call(lambda _: None, "SCRIPT", "LOAD", text)

    async def ask(self, *command: bytes | str | int | float) -> Any:
        """One command, awaited."""
        try:
            return await self.pipeline.send(*command)
        except (RedisGone, RedisRefused) as problem:
            raise StoreUnavailable(str(problem)) from None

    async def _run(self, script: str, keys: Sequence[str], *arguments: bytes | str | int) -> Any:
        try:
            return await self.pipeline.send("EVALSHA", SHAS[script], len(keys), *keys, *arguments)
        except RedisRefused as refused:
            if not str(refused).startswith("NOSCRIPT"):
                raise StoreUnavailable(str(refused)) from None
        except RedisGone as gone:
            raise StoreUnavailable(str(gone)) from None
        return await self.ask("EVAL", SCRIPTS[script], len(keys), *keys, *arguments)

    async def create(
        self, room_id: str, owner: str, fields: Mapping[str, Any], expires_at: float, fence: str = "1"
    ) -> bool:
        """Keep a new room; False where its id is taken, by a room of somebody else or a tombstone."""
        flat = [part for name, value in fields.items() for part in (name, pack(value))]
        until = ms(expires_at + KEPT_AFTER_S)
        keys = (owner_key(room_id), state_key(room_id, fence), tombstone_key(room_id))
        return bool(await self._run("create", keys, f"{owner} ", f"{owner} {fence}", until, *flat) == DONE)

    async def look(self, room_id: str) -> Found:
        """Who runs a room."""
        try:
            (born, young), kept, stone = await gather_all(
                self.pipeline.send("MGET", BORN, YOUNG),
                self.pipeline.send("GET", owner_key(room_id)),
                self.pipeline.send("GET", tombstone_key(room_id)),
            )
        except (RedisGone, RedisRefused) as problem:
            raise StoreUnavailable(str(problem)) from None
        owner, _, fence = (kept or b"").decode().rpartition(" ")
        found = None if kept is None else owner
        tombstone = tombstone_of(room_id, stone) if stone is not None else None
        return Found(found, fence, tombstone, born, young is not None)

    async def born(self, new: Callable[[], str]) -> bytes:
        """Which start of the data this is. Where Redis itself is another than the one that it was named for, because it
        was started again with a copy, or a replica of it goes on, whatever was written last may be lost: then, and
        where nothing is there, the data is named anew.
        """
        try:
            kept, server, replication = await gather_all(
                self.pipeline.send("GET", BORN),
                self.pipeline.send("INFO", "server"),
                self.pipeline.send("INFO", "replication"),
            )
        except (RedisGone, RedisRefused) as problem:
            raise StoreUnavailable(str(problem)) from None
        known = kept or b""
        runs = f"{_said(server, 'run_id')}.{_said(replication, 'master_replid')}"
        if known.partition(b" ")[0] == runs.encode():
            return bytes(known)
        born: bytes = await self._run("bear", (BORN, YOUNG), known, f"{runs} {new()}", ms(YOUNG_S))
        return born

    async def claim(self, room_id: str, seen: Found, owner: str) -> tuple[str, dict[str, Any]] | None:
        """Become who runs a room, if nobody else has since it was looked at: its new fence, and its fields."""
        fence = str(int(seen.fence or 0) + 1)
        keys = (owner_key(room_id), state_key(room_id, seen.fence), state_key(room_id, fence))
        reply = await self._run("claim", keys, f"{seen.owner} {seen.fence}", f"{owner} {fence}", ms(MOVED_FOR_S))
        if not isinstance(reply, list):
            return None
        return fence, {name.decode(): unpack(kept) for name, kept in zip(reply[::2], reply[1::2], strict=True)}

    def add(
        self, room_id: str, fence: str, lines: Sequence[Any], drop: Sequence[str], on_reply: Callable[[Any], None]
    ) -> None:
        """Put fields, `n` among them, and then drop what may as well stay: as `write`, at a fifth of its cost.

        `lines`: names and packed values in turns.

        The key's name is the fence. It must not be repeated where nobody knows whether it was done: that is `write`.
        """
        key, fields = state_key(room_id, fence), len(lines) // 2

        def told(reply: Any) -> None:
            if reply == fields:  # all are new, also what each room has: there was no room, and there is to be none
                self.pipeline.call(lambda _: None, "UNLINK", key)
                on_reply(NOT_THERE)
            elif isinstance(reply, RedisRefused):
                on_reply(NOT_MINE if str(reply).startswith("WRONGTYPE") else reply)
            else:
                on_reply(reply if isinstance(reply, Exception) else DONE)

        self.pipeline.call(told, "HSET", key, *lines)
        if drop:
            self.pipeline.call(_ignore, "HDEL", key, *drop)

    def write(
        self,
        room_id: str,
        owner: str,
        fence: str,
        put: Mapping[str, bytes],
        drop: Sequence[str],
        expires_at: float | None,
        on_reply: Callable[[Any], None],
    ) -> None:
        """Put and drop fields of a room, if it is still this owner's. Told `DONE`, `NOT_MINE`, `NOT_THERE`, or why not.

        `put` has packed values (`pack`). `expires_at` is given where it is new.
        """
        flat = [part for pair in put.items() for part in pair]
        until = "" if expires_at is None else str(ms(expires_at + KEPT_AFTER_S))
        keys = (owner_key(room_id), state_key(room_id, fence))
        self.pipeline.call(
            on_reply, "EVALSHA", SHAS["write"], 2, *keys, f"{owner} {fence}", until, len(flat), *flat, *drop
        )

    def revive(
        self,
        room_id: str,
        owner: str,
        fence: str,
        put: Mapping[str, bytes],
        expires_at: float,
        on_reply: Callable[[Any], None],
    ) -> None:
        """Keep a room anew whose data went, unless somebody with a higher fence has. Told as `write` is."""
        flat = [part for pair in put.items() for part in pair]
        keys = (owner_key(room_id), state_key(room_id, fence), tombstone_key(room_id))
        until, closed = ms(expires_at + KEPT_AFTER_S), ms(MOVED_FOR_S)
        self.pipeline.call(
            on_reply, "EVALSHA", SHAS["revive"], 3, *keys, f"{owner} {fence}", fence, until, closed, *flat
        )

    def bury(self, tombstone: Tombstone, fence: str, on_reply: Callable[[Any], None]) -> None:
        """Erase a room that had ended with this fence, and leave its tombstone: the data has come back with it. Told as
        `write` is.
        """
        room_id = tombstone.room_id
        keys = (owner_key(room_id), state_key(room_id, fence), tombstone_key(room_id))
        stone = pack((tombstone.reason, tombstone.ended_at, tombstone.until))
        self.pipeline.call(on_reply, "EVALSHA", SHAS["bury"], 3, *keys, fence, stone, ms(tombstone.until))

    async def hand_over(self, room_id: str, owner: str, fence: str, heir: str = "") -> bool:
        """Let somebody else run a room, or whoever comes first; False where it was not this owner's any more."""
        reply = await self._run("hand_over", (owner_key(room_id),), f"{owner} {fence}", f"{heir} {fence}")
        return bool(reply == DONE)

    def end(self, room_id: str, owner: str, fence: str, tombstone: Tombstone, on_reply: Callable[[Any], None]) -> None:
        """Erase a room and leave its tombstone. Told as `write` is."""
        keys = (owner_key(room_id), state_key(room_id, fence), tombstone_key(room_id))
        stone = pack((tombstone.reason, tombstone.ended_at, tombstone.until))
        until = ms(tombstone.until)
        self.pipeline.call(on_reply, "EVALSHA", SHAS["end"], 3, *keys, f"{owner} {fence}", stone, until)


def _ignore(_: Any) -> None:
    """Nothing depends on it."""


def _said(info: bytes, name: str) -> str:
    """What a line of INFO says; empty where there is none."""
    lines = dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
    return lines.get(name, "")


def tombstone_of(room_id: str, stone: bytes) -> Tombstone:
    """What `Keeper.end` kept."""
    reason, ended_at, until = unpack(stone)
    kept: EndReason = reason
    return Tombstone(room_id, kept, ended_at, until)


async def gather_all(*replies: Awaitable[Any]) -> list[Any]:
    """All replies; where one is an exception the others are waited for all the same."""
    found = await asyncio.gather(*replies, return_exceptions=True)
    for reply in found:
        if isinstance(reply, BaseException):
            raise reply
    return found
