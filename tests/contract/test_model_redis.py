"""The Redis of the simulation answers as a real one does."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from storage.redis.keeper import SCRIPTS, SHAS, ms, owner_key, state_key, tombstone_key
from storage.redis.pipeline import RedisRefused
from tests.support.model_redis import ModelRedis, as_bytes
from tests.support.redis import RedisServer

ROOM = "room"
OWNERS = ("a#1", "b#1")
STEPS = 400


def command(rng: random.Random) -> list[Any]:
    """One that rooms need, mostly about one room and a few fences, so that it often meets what another did."""
    earlier, who = rng.randint(0, 3), rng.choice(OWNERS)
    fence = str(earlier + 1)
    until = ms(time.time() + 3_600)
    fields = [part for number in range(rng.randint(1, 3)) for part in (f"f{rng.randint(0, 4)}", f"{number}")]
    owner, state, stone = owner_key(ROOM), state_key(ROOM, fence), tombstone_key(ROOM)
    one = f"{who} {fence}"
    return rng.choice(
        [
            ["HSET", state, *fields],
            ["MGET", owner, stone, "mf:n:a#1"],
            [
                "EVALSHA",
                SHAS["bear"],
                2,
                "born",
                "young",
                rng.choice(("", "b1", "b2")),
                rng.choice(("b1", "b2")),
                60_000,
            ],
            ["GET", "born"],
            ["EXISTS", "young"],
            ["DEL", rng.choice(("born", "young", "unknown"))],
            ["EVALSHA", SHAS["bury"], 3, owner, state, stone, fence, "stone", until],
            ["HDEL", state, "f0", "f1"],
            ["HMGET", state, "f0", "f1", "f2"],
            ["GET", owner],
            ["EXISTS", state],
            ["SADD", "nodes", who],
            ["SREM", "nodes", who],
            ["SMEMBERS", "nodes"],
            ["SET", f"mf:n:{who}", "x", rng.choice(("NX", "XX")), "PX", 60_000],
            ["DEL", f"mf:n:{who}", stone],
            ["UNLINK", rng.choice((owner, state))],
            ["EXPIRE", state, 3_600],
            ["PEXPIRE", f"mf:n:{who}", 60_000],
            ["EVALSHA", SHAS["write"], 2, owner, state, one, until, len(fields), *fields, "f3"],
            ["EVALSHA", SHAS["create"], 3, owner, state, stone, f"{who} ", one, until, *fields],
            ["EVALSHA", SHAS["revive"], 3, owner, state, stone, one, fence, until, 60_000, *fields],
            ["EVALSHA", SHAS["claim"], 3, owner, state_key(ROOM, str(earlier)), state, f"{who} {earlier}", one, 60_000],
            ["EVALSHA", SHAS["hand_over"], 1, owner, one, f" {fence}"],
            ["EVALSHA", SHAS["end"], 3, owner, state, stone, one, "stone", until],
        ]
    )


def plain(reply: Any, name: str) -> Any:
    """A reply, without what depends on the order in which a hash or a set is kept."""
    if isinstance(reply, Exception):
        return "refused", str(reply).split()[0]
    if name == "SMEMBERS":
        return sorted(reply)
    if name == "EVALSHA" and isinstance(reply, list):
        return dict(zip(reply[::2], reply[1::2], strict=True))
    return reply


@pytest.mark.parametrize("seed", range(10))
def test_it_answers_every_command_and_script_alike(own_redis: RedisServer, seed: int) -> None:
    rng, model = random.Random(seed), ModelRedis(time.time)
    with redis.Redis.from_url(own_redis.url) as connection:
        real = connection.connection_pool.get_connection()
        try:
            for text in SCRIPTS.values():
                real.send_command("SCRIPT", "LOAD", text)
                real.read_response()
            for _ in range(STEPS):
                words = command(rng)
                real.send_command(*words)
                try:
                    told = real.read_response()
                except redis.ResponseError as refused:
                    told = RedisRefused(str(refused))
                said = model.run(*words)
                assert plain(said, words[0]) == plain(told, words[0]), (words, [as_bytes(word) for word in words])
        finally:
            connection.connection_pool.release(real)


class Reader:
    """Reads an inbox as `storage.redis.inboxes` does; ids are the server's own, so what is compared goes without."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run
        self._last = b"0-0"

    def does(self, step: str, number: int) -> Any:
        match step:
            case "make":
                # The clocks of both may differ by a little: what an inbox gets is later than what one before it got.
                time.sleep(0.002)
                return self._run("XGROUP", "CREATE", "inbox", "group", "$", "MKSTREAM")
            case "add":
                told = self._run("XADD", "inbox", "NOMKSTREAM", "MAXLEN", "~", 100, "*", "b", str(number))
                return told is not None
            case "read":
                found = self._run("XREAD", "COUNT", 3, "STREAMS", "inbox", self._last)
                entries = found[0][1] if found else []
                self._last = entries[-1][0] if entries else self._last
                return [fields for _, fields in entries]
            case "trim":
                milliseconds, _, rest = self._last.partition(b"-")
                return self._run("XTRIM", "inbox", "MINID", b"%s-%d" % (milliseconds, int(rest) + 1))
            case _:
                return self._run("UNLINK", "inbox")


@pytest.mark.parametrize("seed", range(2))
def test_it_keeps_inboxes_alike(own_redis: RedisServer, seed: int) -> None:
    rng, model = random.Random(seed), ModelRedis(time.time)
    with redis.Redis.from_url(own_redis.url, protocol=2) as connection:
        real = connection.connection_pool.get_connection()

        def asked(*words: Any) -> Any:
            real.send_command(*words)
            try:
                return real.read_response()
            except redis.ResponseError as refused:
                return RedisRefused(str(refused))

        try:
            one, other = Reader(model.run), Reader(asked)
            for number in range(STEPS):
                (step,) = rng.choices(("make", "add", "read", "trim", "drop"), (2, 12, 6, 3, 1))
                told = [plain(reader.does(step, number), step) for reader in (one, other)]
                assert told[0] == told[1], (number, step)
        finally:
            connection.connection_pool.release(real)
