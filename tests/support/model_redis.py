"""A Redis as far as rooms need it, in this process: one command after the other, keys that expire, and a way to each
node that delays, breaks and comes back. `tests/contract/test_model_redis.py` holds it against a real one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from storage.redis.keeper import SHAS
from storage.redis.pipeline import STALLED_S, RedisGone, RedisRefused
from tests.support.model_streams import Stream, id_of
from tests.support.virtual import VirtualLoop, VirtualWorld

Value = bytes | dict[bytes, bytes] | set[bytes] | Stream
SCRIPTS = {sha: name for name, sha in SHAS.items()}
RECONNECT_S = 0.1
BLOCK_S = 1.0
"""How long XREAD waits for an entry."""

MEAN_DELAY_S = 0.0005
"""Of one way."""


def as_bytes(argument: Any) -> bytes:
    """An argument as it is on the wire."""
    return argument if isinstance(argument, bytes) else str(argument).encode()


class ModelRedis:
    """The data. `clock` is the wall clock in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._values: dict[bytes, Value] = {}
        self._until: dict[bytes, float] = {}
        self.runs = 1
        """How often it was started."""

    def wipe(self) -> None:
        """It was started anew, without its data."""
        self._values.clear()
        self._until.clear()

    def copy(self) -> tuple[dict[bytes, Value], dict[bytes, float]]:
        """As it is now, on a disk or with a replica."""
        values = {key: value if isinstance(value, bytes) else value.copy() for key, value in self._values.items()}
        return values, dict(self._until)

    def go_back(self, copy: tuple[dict[bytes, Value], dict[bytes, float]]) -> None:
        """It goes on from a copy."""
        values, until = copy
        self._values = {key: value if isinstance(value, bytes) else value.copy() for key, value in values.items()}
        self._until = dict(until)

    def run(self, *command: Any) -> Any:
        """The reply of one command; `RedisRefused` where there is none of that name."""
        name, *arguments = map(as_bytes, command)
        now = self._clock()
        if self._until and min(self._until.values()) <= now:
            for key in [key for key, until in self._until.items() if until <= now]:
                self._drop(key)
        method = getattr(self, f"_{name.decode().lower()}", None)
        return method(*arguments) if method is not None else RedisRefused(f"ERR unknown command {name!r}")

    def _drop(self, key: bytes) -> int:
        self._until.pop(key, None)
        return int(self._values.pop(key, None) is not None)

    def _hash(self, key: bytes) -> dict[bytes, bytes]:
        found = self._values.get(key, {})
        assert isinstance(found, dict)
        return found

    def _set_of(self, key: bytes) -> set[bytes]:
        found = self._values.get(key, set())
        assert isinstance(found, set)
        return found

    # Plain commands

    def _get(self, key: bytes) -> Value | None:
        return self._values.get(key)

    def _set(self, key: bytes, value: bytes, *options: bytes) -> bytes | None:
        rest, until = list(options), None
        while rest:
            option = rest.pop(0)
            if (option == b"NX" and key in self._values) or (option == b"XX" and key not in self._values):
                return None
            if option == b"PX":
                until = self._clock() + int(rest.pop(0)) / 1000
            elif option == b"PXAT":
                until = int(rest.pop(0)) / 1000
        self._drop(key)
        self._values[key] = value
        if until is not None:
            self._until[key] = until
        return b"OK"

    def _exists(self, key: bytes) -> int:
        return int(key in self._values)

    def _del(self, *keys: bytes) -> int:
        return sum(map(self._drop, keys))

    def _expire(self, key: bytes, seconds: bytes) -> int:
        if key in self._values:
            self._until[key] = self._clock() + int(seconds)
        return int(key in self._values)

    def _pexpire(self, key: bytes, milliseconds: bytes) -> int:
        if key in self._values:
            self._until[key] = self._clock() + int(milliseconds) / 1000
        return int(key in self._values)

    def _hset(self, key: bytes, *pairs: bytes) -> int | RedisRefused:
        there = self._values.setdefault(key, {})
        if not isinstance(there, dict):
            return RedisRefused("WRONGTYPE Operation against a key holding the wrong kind of value")
        before = len(there)
        there.update(zip(pairs[::2], pairs[1::2], strict=True))
        return len(there) - before

    def _hdel(self, key: bytes, *names: bytes) -> int | RedisRefused:
        there = self._values.get(key, {})
        if not isinstance(there, dict):
            return RedisRefused("WRONGTYPE Operation against a key holding the wrong kind of value")
        gone = sum(there.pop(name, None) is not None for name in names)
        if key in self._values and not there:
            self._drop(key)
        return gone

    def _unlink(self, *keys: bytes) -> int:
        return sum(map(self._drop, keys))

    def _hmget(self, key: bytes, *names: bytes) -> list[bytes | None] | RedisRefused:
        if not isinstance(self._values.get(key, {}), dict):
            return RedisRefused("WRONGTYPE Operation against a key holding the wrong kind of value")
        return [self._hash(key).get(name) for name in names]

    def _sadd(self, key: bytes, *members: bytes) -> int:
        there = self._values.setdefault(key, set())
        assert isinstance(there, set)
        new = set(members) - there
        there.update(new)
        return len(new)

    def _srem(self, key: bytes, *members: bytes) -> int:
        there = self._set_of(key)
        gone = there & set(members)
        there -= gone
        if key in self._values and not there:
            self._drop(key)
        return len(gone)

    def _smembers(self, key: bytes) -> list[bytes]:
        return sorted(self._set_of(key))

    def _mget(self, *keys: bytes) -> list[bytes | None]:
        return [kept if isinstance(kept := self._values.get(key), bytes) else None for key in keys]

    def _script(self, *_: bytes) -> bytes:
        return b"loaded"

    def _info(self, *_: bytes) -> bytes:
        return b"aof_enabled:0\r\nrdb_last_save_time:0\r\nrun_id:%d\r\nmaster_replid:%d\r\n" % (self.runs, self.runs)

    def _config(self, *_: bytes) -> list[bytes]:
        return [b"save", b""]

    # Streams

    def _xgroup(self, _: bytes, key: bytes, group: bytes, *__: bytes) -> bytes | RedisRefused:
        stream = self._values.setdefault(key, Stream())
        assert isinstance(stream, Stream)
        if group in stream.groups:
            return RedisRefused("BUSYGROUP Consumer Group name already exists")
        stream.groups.add(group)
        return b"OK"

    def _xadd(self, key: bytes, *arguments: bytes) -> bytes | None:
        stream = self._values.get(key)
        if stream is None:
            return None  # NOMKSTREAM
        assert isinstance(stream, Stream)
        return stream.add(int(self._clock() * 1_000), list(arguments[arguments.index(b"*") + 1 :]))

    def _xread(self, *arguments: bytes) -> list[list[object]] | None:
        (key, last), count = arguments[-2:], int(arguments[1])
        stream = self._values.get(key)
        found = stream.after(id_of(last), count) if isinstance(stream, Stream) else []
        return [[key, found]] if found else None

    def _xtrim(self, key: bytes, _: bytes, least: bytes) -> int:
        stream = self._values.get(key)
        return stream.trim(id_of(least)) if isinstance(stream, Stream) else 0

    # Scripts

    def _evalsha(self, sha: bytes, keys: bytes, *rest: bytes) -> Any:
        count = int(keys)
        script = getattr(self, f"_run_{SCRIPTS[sha.decode()]}")
        return script(rest[:count], rest[count:])

    def _owned(self, key: bytes, who: bytes) -> int:
        kept = self._values.get(key)
        return -1 if kept is None else int(kept == who)

    def _run_write(self, keys: tuple[bytes, ...], arguments: tuple[bytes, ...]) -> int | RedisRefused:
        who, until, count, *rest = arguments
        owned = self._owned(keys[0], who)
        if owned != 1:
            return owned
        if keys[1] not in self._values:
            return -1
        put, drop = rest[: int(count)], rest[int(count) :]
        for refused in (self._hset(keys[1], *put), self._hdel(keys[1], *drop)):
            if isinstance(refused, RedisRefused):
                return refused
        if until:
            self._until[keys[0]] = self._until[keys[1]] = int(until) / 1000
        return 1

    def _keep(self, keys: tuple[bytes, ...], who: bytes, until: bytes, put: list[bytes]) -> int:
        self._drop(keys[1])
        self._set(keys[0], who, b"PXAT", until)
        self._values[keys[1]] = dict(zip(put[::2], put[1::2], strict=True))
        self._until[keys[1]] = int(until) / 1000
        return 1

    def _run_create(self, keys: tuple[bytes, ...], arguments: tuple[bytes, ...]) -> int:
        owner, who, until, *put = arguments
        kept = self._values.get(keys[0], owner)
        if keys[2] in self._values or not (isinstance(kept, bytes) and kept.startswith(owner)):
            return 0
        return self._keep(keys, who, until, put)

    def _run_revive(self, keys: tuple[bytes, ...], arguments: tuple[bytes, ...]) -> int:
        who, fence, until, closed, *put = arguments
        if keys[2] in self._values:
            return 0
        kept = self._values.get(keys[0])
        if isinstance(kept, bytes):
            earlier = kept.rpartition(b" ")[2]
            if int(earlier) >= int(fence):
                return 0
            self._set(keys[1].removesuffix(fence) + earlier, b"", b"PX", closed)
        return self._keep(keys, who, until, put)

    def _run_claim(self, keys: tuple[bytes, ...], arguments: tuple[bytes, ...]) -> int | list[bytes] | RedisRefused:
        seen, who, closed = arguments
        if self._owned(keys[0], seen) != 1 or keys[1] not in self._values:
            return 0
        kept = self._values[keys[1]]
        until = self._until.pop(keys[1], None)
        self._drop(keys[2])
        self._values[keys[2]] = kept
        if until is not None:
            self._until[keys[2]] = until
        self._set(keys[1], b"", b"PX", closed)
        self._values[keys[0]] = who
        if not isinstance(kept, dict):
            return RedisRefused("WRONGTYPE Operation against a key holding the wrong kind of value")
        return [part for pair in kept.items() for part in pair]

    def _run_bear(self, keys: tuple[bytes, ...], arguments: tuple[bytes, ...]) -> Value:
        seen, new, young = arguments
        kept = self._values.get(keys[0], b"")
        if kept != seen:
            return kept
        self._set(keys[0], new)
        if kept:
            self._set(keys[1], b"", b"PX", young)
        return new

    def _run_bury(self, keys: tuple[bytes, ...], arguments: tuple[bytes, ...]) -> int:
        fence, stone, until = arguments
        if keys[2] in self._values:
            return 1
        kept = self._values.get(keys[0])
        if isinstance(kept, bytes):
            earlier = kept.rpartition(b" ")[2]
            if int(earlier) > int(fence):
                return 0
            self._drop(keys[0])
            self._set(keys[1].removesuffix(fence) + earlier, b"", b"PXAT", until)
        self._set(keys[2], stone, b"PXAT", until)
        return 1

    def _run_hand_over(self, keys: tuple[bytes, ...], arguments: tuple[bytes, ...]) -> int:
        who, heir = arguments
        owned = self._owned(keys[0], who)
        if owned == 1:
            self._values[keys[0]] = heir
        return owned

    def _run_end(self, keys: tuple[bytes, ...], arguments: tuple[bytes, ...]) -> int:
        who, stone, until = arguments
        owned = self._owned(keys[0], who)
        if owned == 1:
            self._drop(keys[0])
            self._set(keys[1], b"", b"PXAT", until)
            self._set(keys[2], stone, b"PXAT", until)
        return owned


class ModelServer:
    """One Redis, and the ways to it."""

    def __init__(self, world: VirtualWorld) -> None:
        self.world = world
        self.data = ModelRedis(lambda: world.now)
        self.paused_until = 0.0
        self.down_until = 0.0
        self.ways: list[ModelPipeline] = []
        self.blocked: list[ModelPipeline] = []
        """Ways whose first command waits for an entry of a stream."""

    def carry_out(self, way: ModelPipeline, epoch: int, runs: int, command: tuple[Any, ...]) -> None:
        """Run a command that has arrived, after those of its connection that wait. It ends with the server that it was
        sent to.
        """
        if way.lined_up and way.lined_up[0][0] != epoch:
            way.lined_up.clear()  # of a connection that is gone
        way.lined_up.append((epoch, runs, command, self.world.now + BLOCK_S))
        self._go_on(way)
        if command[0] == "XADD":
            for other in [one for one in self.blocked if one is not way]:
                self._go_on(other)

    def _go_on(self, way: ModelPipeline) -> None:
        line = way.lined_up
        if way in self.blocked:
            self.blocked.remove(way)
        while line:
            epoch, runs, command, until = line[0]
            if self.world.now >= self.down_until and runs == self.data.runs:
                reply = self.data.run(*command)
                if reply is None and command[0] == "XREAD" and self.world.now < until:
                    self.blocked.append(way)
                    self.world.at(until, lambda: self._go_on(way))
                    return
                way.give_back(epoch, reply)
            line.popleft()

    def kill(self, back_in_s: float, *, empty: bool, back_to: Any = None) -> None:
        """It dies, and is started again after a while, perhaps without its data or with a copy of earlier."""
        self.down_until = self.world.now + back_in_s
        self.data.runs += 1
        if empty:
            self.data.wipe()
        elif back_to is not None:
            self.data.go_back(back_to)
        for way in list(self.ways):
            way.break_off()

    def pause(self, seconds: float) -> None:
        """It answers nobody for a while; what is sent waits."""
        self.paused_until = self.world.now + seconds


class _Line:
    """One way: what is sent arrives in order, after a while, and not while the way is shut."""

    def __init__(
        self, world: VirtualWorld, arrive: Callable[[int, Any], None], shut_until: Callable[[], float]
    ) -> None:
        self._world = world
        self._arrive = arrive
        self._shut_until = shut_until
        self._queue: deque[tuple[float, int, Any]] = deque()
        self._last = 0.0

    def send(self, what: list[tuple[int, Any]]) -> None:
        """Send, each with the connection that it is sent on."""
        self._last = max(self._last, self._world.now + self._world.rng.expovariate(1 / MEAN_DELAY_S))
        begin = not self._queue
        self._queue.extend((self._last, epoch, one) for epoch, one in what)
        if begin and self._queue:
            self._world.at(self._last, self._pump)

    def _pump(self) -> None:
        while self._queue:
            at = max(self._queue[0][0], self._shut_until())
            if at > self._world.now:
                self._world.at(at, self._pump)
                return
            _, epoch, one = self._queue.popleft()
            self._arrive(epoch, one)


class ModelPipeline:
    """`storage.redis.pipeline.RedisPipeline` over a `ModelServer`."""

    def __init__(self, server: ModelServer, loop: VirtualLoop) -> None:
        self._server = server
        self._world = server.world
        self._loop = loop
        self._epoch = self._wire = 0  # the connection as the node knows it, and as it is
        self._waiting: deque[Callable[[Any], None]] = deque()
        self._out: list[tuple[Any, ...]] = []
        self._there = _Line(self._world, self._arrive, lambda: max(server.paused_until, self.cut_until))
        self._back = _Line(self._world, self._return, lambda: self.cut_until)
        self._answered_at = 0.0
        self.lined_up: deque[tuple[int, int, tuple[Any, ...], float]] = deque()
        """At the server: what has arrived on it, and waits for its turn."""
        self._open = self._flushing = False
        self.cut_until = 0.0
        self.up = False
        self.on_up: list[Callable[[], None]] = []
        self.on_down: list[Callable[[], None]] = []
        server.ways.append(self)

    @property
    def in_flight(self) -> int:
        return len(self._waiting)

    @property
    def silent_s(self) -> float:
        silent_s = self._loop.time() - self._answered_at if self._waiting else 0.0
        if silent_s > STALLED_S:
            self.break_off()
            return 0.0
        return silent_s

    async def open(self, timeout_s: float = 0.0) -> None:
        self._open = True
        self._connect()
        if not self.up:
            raise RedisGone("Redis does not answer.")

    async def close(self) -> None:
        self._open = False
        self._server.ways.remove(self)
        self._wire += 1
        self._told_of_the_break(self._wire)

    def call(self, on_reply: Callable[[Any], None], *command: Any) -> None:
        if not self.up:
            self._loop.call_soon(on_reply, RedisGone("There is no connection to Redis."))
            return
        if not self._waiting:
            self._answered_at = self._loop.time()
        self._waiting.append(on_reply)
        self._out.append(command)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def send(self, *command: Any) -> Any:
        future = self._loop.create_future()

        def resolve(reply: Any) -> None:
            if future.done():
                return
            if isinstance(reply, Exception):
                future.set_exception(reply)
            else:
                future.set_result(reply)

        self.call(resolve, *command)
        return future

    def break_off(self) -> None:
        """The connection breaks: the node learns it at its next turn. What is under way may still be carried out."""
        self._wire += 1
        self._loop.call_soon(self._told_of_the_break, self._wire)

    def _told_of_the_break(self, wire: int) -> None:
        was_up, self.up, self._epoch = self.up, False, wire
        self._out.clear()
        waiting, self._waiting = self._waiting, deque()
        for on_reply in waiting:
            on_reply(RedisGone("The connection to Redis broke."))
        for listener in self.on_down if was_up else ():
            listener()
        if self._open:
            self._loop.call_later(RECONNECT_S, self._connect)

    def _connect(self) -> None:
        if self.up or not self._open or self._epoch != self._wire:
            return
        if self._world.now < max(self._server.down_until, self.cut_until):
            self._loop.call_later(RECONNECT_S, self._connect)
            return
        self.up = True
        for listener in self.on_up:
            listener()

    def _flush(self) -> None:
        self._flushing = False
        out, self._out = self._out, []
        if self._epoch == self._wire:
            runs = self._server.data.runs
            self._there.send([(self._epoch, (runs, command)) for command in out])

    def _arrive(self, epoch: int, what: tuple[int, tuple[Any, ...]]) -> None:
        self._server.carry_out(self, epoch, *what)

    def give_back(self, epoch: int, reply: Any) -> None:
        """The reply of a command, on its way."""
        self._back.send([(epoch, reply)])

    def _return(self, epoch: int, reply: Any) -> None:
        if epoch == self._wire:
            self._loop.call_soon(self._received, epoch, reply)

    def _received(self, epoch: int, reply: Any) -> None:
        if epoch == self._epoch:
            self._answered_at = self._loop.time()
            self._waiting.popleft()(reply)
