"""A database with a lease and one room in it, and processes that reach it when the scheduler lets them.

Nothing here knows asyncio. A coroutine runs until it reaches a point at which a real one would wait; then the scheduler
chooses who goes on, how much time has passed, and what fails: calls that never arrive, answers that get lost, calls
that the database carries out after they were given up, processes that are stopped for seconds, and ones that die.
"""

from __future__ import annotations

import contextlib
import math
import random
import types
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from rooms.ports import NotOwner, StoreUnavailable
from storage.leases import HEIR_S, LEASE_S, Lease

CALL_LIMIT_S = 1.0
T = TypeVar("T")
Work = Coroutine[Any, Any, None]


@types.coroutine
def reached(sleep_s: float = 0.0) -> Generator[float, None, None]:
    """A point at which others may go on."""
    yield sleep_s


@dataclass
class Record:
    """The lease as the database keeps it: `Lease` with moments in the place of ages."""

    lease: Lease
    expires_at: float
    taken_at: float
    waiting: tuple[str, float] | None = None


@dataclass
class Document:
    """The one room: what was said in it, and who wrote it."""

    generation: int = 0
    writer: str = ""
    write: int = 0
    entries: tuple[int, ...] = ()


@dataclass
class World:
    """The true time, the database, and how much goes wrong."""

    rng: random.Random
    failures: float = 0.0
    now: float = 1_000.0
    database_ahead_s: float = 0.0
    down: bool = False
    record: Record | None = None
    room: Document = field(default_factory=Document)
    acknowledged: list[int] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)
    late: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    @property
    def clock(self) -> float:
        """The database's clock, which may be set."""
        return self.now + self.database_ahead_s

    async def call(self, effect: Callable[[], T]) -> T:
        """A call of the database: it may fail before, after, or long before it is carried out."""
        started = self.now
        await reached()
        chance = self.rng.random()
        if self.down or chance < self.failures / 2:
            if not self.down and chance < self.failures / 4:
                self.late.append((self.now + self.rng.uniform(0, 5), effect))
            await reached(self.rng.uniform(0, CALL_LIMIT_S))
            raise StoreUnavailable("not reached")
        result = effect()
        await reached()
        if self.rng.random() < self.failures / 2 or self.now - started > CALL_LIMIT_S:
            raise StoreUnavailable("no answer")
        return result

    def stragglers(self) -> None:
        """What was given up, and is carried out all the same."""
        due = [one for one in self.late if one[0] <= self.now]
        self.late = [one for one in self.late if one[0] > self.now]
        for _, effect in due:
            with contextlib.suppress(NotOwner):
                effect()

    def save(self, generation: int, writer: str, write: int, entries: tuple[int, ...]) -> None:
        """As `storage.mongo.store` does: nothing of a lower generation, and nothing twice or out of order."""
        room = self.room
        if room.generation > generation:
            raise NotOwner("a later owner")
        if room.writer == writer and room.write >= write:
            return
        self.room = Document(generation, writer, write, entries)

    def take_over(self, me: str, generation: int) -> tuple[int, ...]:
        """As `MongoStore.open` does, and then reading."""
        if self.record is None or (self.record.lease.holder, self.record.lease.generation) != (me, generation):
            raise NotOwner("a later owner")
        self.room = replace(self.room, generation=max(self.room.generation, generation))
        return self.room.entries


class ModelBook:
    """`storage.leases.LeaseBook` over a `World`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.on_refused: Callable[[], None] = lambda: None

    async def look(self, me: str) -> Lease | None:
        def look() -> Lease | None:
            if self.world.record is not None:
                self.world.record.waiting = (me, self.world.clock)
            return self._seen()

        return await self.world.call(look)

    async def claim(self, me: str, seen: Lease | None) -> Lease | None:
        def claim() -> Lease | None:
            world, record = self.world, self.world.record
            if (record and record.lease.version) != (seen and seen.version):
                return None
            earlier = record.lease if record is not None else Lease(None, 0, 0, 0.0)
            generation = max(earlier.generation + 1, world.room.generation + 1, int(world.clock * 1000))
            world.claims.append(generation)
            lease = Lease(me, generation, earlier.version + 1, 0.0, handed=earlier.heir == me)
            waiting = record.waiting if record is not None and record.waiting and record.waiting[0] != me else None
            world.record = Record(lease, world.clock + LEASE_S, world.clock, waiting)
            return self._seen()

        return await self.world.call(claim)

    async def renew(self, me: str, generation: int) -> Lease | None:
        def renew() -> Lease | None:
            world, record = self.world, self.world.record
            if record is None:
                world.record = Record(Lease(me, generation, 1, 0.0), world.clock + LEASE_S, world.clock)
                return self._seen()
            if (record.lease.holder, record.lease.generation) != (me, generation):
                return None
            record.lease = replace(record.lease, version=record.lease.version + 1)
            record.expires_at = world.clock + LEASE_S
            return self._seen()

        return await self.world.call(renew)

    async def ask(self, me: str, seen: Lease) -> None:
        await self._set(seen.holder, seen.generation, asked_by=me, refused=None)

    async def refuse(self, me: str, generation: int, asker: str) -> None:
        await self._set(me, generation, asked_by=None, refused=asker)

    async def release(self, me: str, generation: int, heir: str | None) -> None:
        await self._set(me, generation, free=True, holder=None, heir=heir, asked_by=None)

    async def _set(self, of: str | None, generation: int, *, free: bool = False, **fields: Any) -> None:
        def change() -> None:
            record = self.world.record
            if record is not None and (record.lease.holder, record.lease.generation) == (of, generation):
                record.lease = replace(record.lease, **fields, version=record.lease.version + free)
                record.expires_at = self.world.clock + HEIR_S if free else record.expires_at

        await self.world.call(change)

    def _seen(self) -> Lease | None:
        world, record = self.world, self.world.record
        if record is None:
            return None
        by, at = record.waiting or ("", -math.inf)
        return replace(
            record.lease,
            left_s=record.expires_at - world.clock,
            held_s=world.clock - record.taken_at,
            accompanied=by != record.lease.holder and world.clock - at < LEASE_S,
        )
