"""Which rooms run here and which elsewhere, where Redis says so: `server.cluster.rooms.Rooms` (decision 0060)."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import logging
import random
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Any

from rooms.directory import Directory
from rooms.errors import Code, Refused
from rooms.ports import RoomExists, StoreUnavailable, StoreUnfit
from rooms.records import Tombstone
from rooms.room import Room
from rooms.state.reading import BrokenState, newest_at, room_of, shift_of
from rooms.state.tracking import Tracker
from server.clocks import Clocks, tell_rooms
from server.cluster.gate import Gate
from server.cluster.recorder import DONE, WRITTEN_IN, Owned, Recorder, told
from server.cluster.rooms import Place
from storage.redis.keeper import BORN, Found, Keeper, ms, pack
from storage.redis.persistence import PERSISTS, persistence
from storage.redis.pipeline import RedisGone, RedisPipeline

log = logging.getLogger(__name__)

BEAT_S = 0.5
ALIVE_S = 3.0
"""A node that was not heard of for so long is taken for dead."""

LOOK_S = 0.25
"""Between two looks at who is there: two that miss a node make it dead."""

CATCH_UP_LOOKS = 2
"""After so many looks: one at what histories have let go of."""

SILENT_AGAIN_S = 1.0
"""After Redis itself was silent, all may be missing for a moment."""

LONE_S = 2.0
"""After so long without Redis a node that was the only one goes on without: nobody else can have its rooms."""

HOLD_S = 4.5
"""How long somebody waits for a room whose node is gone, or is going; then UNAVAILABLE."""

REVIVAL_AT_MOST_S = 2.0
"""How long a node that leaves waits until rooms whose data went are kept anew."""

KNOWN_S = 1.0
"""How long a request waits until it is known which data Redis has."""

EPOCH_BYTES = 10
LOOK_AGAIN_S = 0.05
"""Between two looks at who is there, because somebody has named a node that is not known."""

ASK_AGAIN_S = 0.1
WALKED_AT_ONCE = 50
"""Rooms of a dead node that are taken over before others have their turn."""

ROOMS_KEPT_S = 86_400
"""The list of a node's rooms goes by itself so long after the node was last heard of."""

NODES = "mf:nodes"
SECRET = "mf:secret"  # noqa: S105 - the name of a key


class RedisRooms:
    """One node. `take_in` puts a room that was read among the others, `new_id` makes random ids."""

    def __init__(
        self,
        url: str,
        name: str,
        directory: Directory,
        clocks: Clocks,
        new_id: Callable[[int], str],
        gate: Gate,
    ) -> None:
        self.pipeline = RedisPipeline(url, name="mayfly")
        self.keeper = Keeper(self.pipeline)
        self.recorder = Recorder(self.keeper, gate, pack)
        self._name = name
        self._directory = directory
        self._clocks = clocks
        self._clock = clocks.now
        self._new_id = new_id
        self._gate = gate
        self._placing: dict[str, asyncio.Task[Place]] = {}
        self._moved: list[Callable[[str], None]] = []
        self._gone: list[Callable[[str], None]] = []
        self._nodes: set[str] = set()
        self._listed: set[str] = set()
        self._suspects: set[str] = set()
        self._walking: set[str] = set()
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._born: bytes | None = None
        self._connection = 0
        self._known = asyncio.Event()
        """Set while this node knows which start of the data it writes to."""
        self._secret = ""
        self._unanswered = 0
        """Beats that Redis has not answered, one after the other."""
        self._alone = False
        self.goes_on_alone = True
        """Whether a node that is the only one goes on where Redis is gone."""
        self._silent_until = 0.0
        self._returning_until = 0.0
        self._present = False
        self._looked_at = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._ticked_at = time.monotonic()
        self.closing = False
        self.me = f"{name}#{new_id(5)}"
        self.take_in: Callable[[Room], None] = lambda room: None
        self.on_secret: Callable[[str], None] = lambda secret: None
        """Told what all nodes derive keys from, whenever it is read."""
        self.may_persist = False
        """Whether a Redis that writes what it holds to a disk is as good as another."""
        self.one_database = True
        """Whether all nodes use the database of this one, as far as it is known (`one_database`)."""
        self.claims = 0
        self.recorder.up = lambda: self.pipeline.up and self._known.is_set()
        self.recorder.may_revive = self._may_revive
        self.recorder.on_trouble = self.keeper.load_scripts
        self.recorder.on_lost = self._lost
        self.pipeline.on_up.append(self._back)
        self.pipeline.on_down.append(self._silent)

    # Which rooms are where

    def is_here(self, room_id: str) -> bool:
        """Whether this node runs the room: no more once it is about to hand it over, and only sees to what was done."""
        owned = self.recorder.rooms.get(room_id)
        return owned is not None and not owned.left

    def on_moved(self, listener: Callable[[str], None]) -> None:
        """Have it told of each room that this node runs no more."""
        self._moved.append(listener)

    @property
    def returning(self) -> bool:
        """Whether Redis was away or has lost data just now: a node that is not in it may be about to return."""
        return not self.pipeline.up or time.monotonic() < self._returning_until

    def expect_returns(self) -> None:
        """Redis is reached anew, or has other data: whoever is not in it is not taken for gone for a while."""
        self._returning_until = max(self._returning_until, time.monotonic() + ALIVE_S)

    def nodes(self) -> Collection[str]:
        """The live nodes."""
        return self._nodes | {self.me}

    async def look_again(self) -> None:
        """Look who is there now, at most once in `LOOK_AGAIN_S`: whoever asks meanwhile waits for the next look."""
        if self._looking is None:
            self._looking = self._spawn(self._look_once_more())
        await asyncio.shield(self._looking)

    async def _look_once_more(self) -> None:
        # Who came since the last look would not be known if that one were taken for an answer.
        await asyncio.sleep(self._looked_at + LOOK_AGAIN_S - time.monotonic())
        self._looking, self._looked_at = None, time.monotonic()
        with suppress(StoreUnavailable):
            listed = {node.decode() for node in await self.keeper.ask("SMEMBERS", NODES)} - {self.me}
            self._nodes |= {node for node in sorted(listed - self._nodes) if await self._lives(node)}

    def on_node_gone(self, listener: Callable[[str], None]) -> None:
        """Have it told of each node that has gone."""
        self._gone.append(listener)

    async def place(self, room_id: str, *, may_claim: bool) -> Place:
        """Where a room runs; see `Rooms`."""
        if self.is_here(room_id):
            return Place(None)
        under_way = self._placing.get(room_id)
        if under_way is None:
            under_way = asyncio.get_running_loop().create_task(self._place(room_id, may_claim=may_claim))
            self._placing[room_id] = under_way
            under_way.add_done_callback(partial(self._placed, room_id))
        return await asyncio.shield(under_way)

    def _placed(self, room_id: str, done: asyncio.Task[Place]) -> None:
        self._placing.pop(room_id, None)
        if not done.cancelled():
            done.exception()  # whoever asked may have gone

    async def place_here(self, room_id: str) -> None:
        """Have a room here, also where that takes until another node counts as gone; refused as `place` is."""
        deadline = time.monotonic() + HOLD_S
        while (await self.place(room_id, may_claim=True)).node is not None:
            if time.monotonic() > deadline:
                raise _unavailable("Another node runs this room.")
            await asyncio.sleep(ASK_AGAIN_S)

    async def _place(self, room_id: str, *, may_claim: bool) -> Place:
        try:
            await self._known_data()
            found = await self.keeper.look(room_id)
            if found.born != self._born:
                self._spawn(self._look_at_data())
                raise _unavailable("Redis is another, or has lost what was written last.")
            if found.tombstone is not None:
                self._directory.keep_tombstone(found.tombstone)
            if found.owner is None:
                if not self.is_here(room_id):  # else it has come here meanwhile
                    self._directory.find(room_id, self._clock())
                    raise Refused(Code.ROOM_NOT_FOUND)  # it is being made, and not kept yet
                return Place(None)
            if found.young:  # whoever runs it is about to write it anew
                there = found.owner != self.me and await self._lives(found.owner)
                return Place(found.owner if there else "")
            if not may_claim or (found.owner not in ("", self.me) and await self._lives(found.owner)):
                return Place(found.owner)
            if self.closing:
                raise Refused(Code.SERVER_DRAINING, retry_after_ms=1_000)
            return await self._claim(room_id, found)
        except StoreUnavailable:
            raise _unavailable("The rooms cannot be reached.") from None

    async def _lives(self, node: str) -> bool:
        return bool(await self.keeper.ask("EXISTS", f"mf:n:{node}"))

    async def _claim(self, room_id: str, found: Found) -> Place:
        me = self.me
        await self._list(room_id, me)
        claim = await self.keeper.claim(room_id, found, me)
        if claim is None:
            raise _unavailable("Another node has just taken this room.")
        fence, fields = claim
        if self.closing:
            await self.keeper.hand_over(room_id, me, fence)
            raise Refused(Code.SERVER_DRAINING, retry_after_ms=1_000)
        if fields.pop(WRITTEN_IN, None) != found.born:
            await self._begin_epoch(room_id, me, fence, fields)
        if me != self.me:
            raise StoreUnavailable("this node has begun anew")
        try:
            room = room_of(room_id, fields, self._directory.runtime)
        except BrokenState as broken:
            self._give_up(room_id, fence, broken)
            raise Refused(Code.ROOM_ENDED) from None
        self._clocks.start_after(newest_at(room))  # what is said from now on comes later, whoever's clock goes ahead
        tell_rooms(self._directory.runtime, self._clocks.ahead())
        self._directory.add(room, self._clock())
        self.recorder.adopt(room, self.me, fence, Tracker.of_written(room), found.born)
        self.claims += 1
        beside, shift_s = self.recorder.beside, shift_of(fields, self._directory.runtime)
        if beside is not None and not beside.read(room_id, fields, shift_s):
            log.error("Signals and calls of a room cannot be read from Redis, and are dropped.")
        self.take_in(room)
        return Place(None)

    async def _begin_epoch(self, room_id: str, me: str, fence: str, fields: dict[str, Any]) -> None:
        """What was written last of this room may be lost, and nobody has it: what comes now has another epoch, so that
        nobody takes it for what was.
        """
        _, *rest = fields.get("room", ("",))
        fields["room"] = [self._new_id(EPOCH_BYTES), *rest]
        put = {"room": pack(fields["room"]), WRITTEN_IN: pack(self._born)}
        kept = asyncio.get_running_loop().create_future()
        self.keeper.write(room_id, me, fence, put, (), None, told(kept))
        if await kept != DONE:
            raise StoreUnavailable("the room has moved, or nobody knows")
        log.warning("What was written last of a room may be lost: it begins a new epoch.")

    async def create(self, room: Room) -> None:
        """Keep a new room. Raises `RoomExists` or `StoreUnavailable`."""
        await self._known_data()
        tracker = Tracker(room)
        born, me = self._born, self.me
        fields = tracker.changes().put | {WRITTEN_IN: born}
        await self._list(room.id, me)
        if not await self.keeper.create(room.id, me, fields, room.expires_at):
            raise RoomExists
        if me != self.me or born != self._born:
            raise StoreUnavailable("this node has begun anew")
        self.recorder.adopt(room, me, "1", tracker, born)

    def _give_up(self, room_id: str, fence: str, broken: BrokenState) -> None:
        """End a room of which nobody can make anything any more."""
        log.error("A room cannot be read from Redis (%s), and is ended.", broken)
        now = self._directory.runtime.wall(self._clock())
        tombstone = Tombstone(room_id, "room-ended", now, now + self._directory.tombstone_ttl_s)
        self._directory.keep_tombstone(tombstone)
        self.keeper.end(room_id, self.me, fence, tombstone, lambda _: None)

    async def discard(self, room_id: str) -> None:
        """Let go of a room that nobody has heard of."""
        self.recorder.forget(room_id)

    async def spend(self, use: str, by: str, until: float) -> bool:
        """Note a use of what is good once; false where it was used by somebody else. Raises `StoreUnavailable`."""
        key = _use_key(use)
        if await self.keeper.ask("SET", key, by, "NX", "PXAT", ms(until) + 1_000) is not None:
            return True
        return bool(await self.keeper.ask("GET", key) == by.encode())

    async def unspend(self, use: str, by: str) -> None:
        """Take that back."""
        with suppress(StoreUnavailable):
            if await self.keeper.ask("GET", _use_key(use)) == by.encode():
                await self.keeper.ask("DEL", _use_key(use))

    async def secret(self) -> str:
        """What all nodes derive keys from, made once."""
        await self.keeper.ask("SET", SECRET, self._secret or self._new_id(32), "NX")
        kept: bytes = await self.keeper.ask("GET", SECRET)
        self._secret = kept.decode()
        return self._secret

    @property
    def reachable(self) -> bool:
        """Whether Redis answers."""
        return self._present and self.pipeline.up and self.pipeline.silent_s < 2 * BEAT_S

    async def settled(self) -> None:
        """Return once all changes so far are kept; else UNAVAILABLE."""
        await self._gate.settled()

    # The life of the node

    async def start(self) -> None:
        """Be among the nodes from now on; where Redis does not answer, as soon as it does.

        Raises `StoreUnfit` where Redis would write to a disk what is said.
        """
        try:
            await self.pipeline.open()
            await self._check_persistence()
            await self._appear()
        except (RedisGone, StoreUnavailable):
            log.warning("Redis does not answer: no room can be made or entered until it does.")
        self._spawn(self._watch_forever())
        self._spawn(self._beat_forever())
        self._spawn(self._look_forever())

    async def _check_persistence(self) -> None:
        persists = await persistence(self.keeper)
        if persists is None:
            log.warning("Redis does not say whether it writes to a disk: see to it that it does not.")
        elif persists and not self.may_persist:
            raise StoreUnfit(PERSISTS)
        elif persists:
            log.warning("Redis writes what is said in rooms to its disk, and REDIS_ALLOW_PERSISTENCE=on allows it.")

    async def _appear(self) -> None:
        self._data_is(await self.keeper.born(self._new_birth))
        await self.keeper.ask("SET", f"mf:n:{self.me}", self._name, "PX", ms(ALIVE_S))
        await self.keeper.ask("SADD", NODES, self.me)
        self.on_secret(await self.secret())
        self._present = True

    async def close(self) -> None:
        """Hand all rooms over and leave."""
        self.closing = True
        await self.hand_over()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(StoreUnavailable):
            await self.keeper.ask("DEL", f"mf:n:{self.me}", f"mf:nr:{self.me}")
            await self.keeper.ask("SREM", NODES, self.me)
        await self.pipeline.close()

    async def hand_over(self) -> None:
        """Let go of all rooms, each as it is now: nothing more happens in them here, and what did is kept first."""
        self.closing = True
        with suppress(StoreUnavailable):
            await self._known_data()
            self.recorder.flush()
        await self.recorder.revived(REVIVAL_AT_MOST_S)
        while self.recorder.rooms:
            leaving = dict(self.recorder.rooms)
            self.recorder.flush()
            for room_id, owned in leaving.items():
                owned.left = True
                self._tell_moved(room_id)
            with suppress(Refused):
                await self._gate.settled()
            for room_id in leaving:
                self.recorder.forget(room_id)
            # All at once: whoever is in one of them waits for it, and would for all that come before.
            await asyncio.gather(*(self._hand_over(owned) for owned in leaving.values()))

    async def _hand_over(self, owned: Owned) -> None:
        with suppress(StoreUnavailable):
            await self.keeper.hand_over(owned.room.id, owned.owner, owned.fence)

    def _tell_moved(self, room_id: str) -> None:
        for listener in self._moved:
            listener(room_id)

    def _lost(self, room_id: str) -> None:
        log.warning("A room runs on another node now.")
        self._tell_moved(room_id)

    async def _list(self, room_id: str, me: str) -> None:
        # Before it is claimed, so that no room is forgotten whose node dies in between.
        key = f"mf:nr:{me}"
        await self.keeper.ask("SADD", key, room_id)
        await self.keeper.ask("EXPIRE", key, ROOMS_KEPT_S)

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    async def _watch_forever(self) -> None:
        """Look at the time, which waits for no reply of Redis."""
        while True:
            self._ticked_at = time.monotonic()
            await asyncio.sleep(BEAT_S)
            if time.monotonic() - self._ticked_at > ALIVE_S:
                self._begin_anew()  # it stood still, and others may run its rooms
            self._unanswered += 1
            if self._alone and self.goes_on_alone and self._unanswered > LONE_S / BEAT_S and not self._gate.unlogged:
                log.warning("Redis is gone and no other node is known: what is said now is told, and kept later.")
                self.recorder.go_on()
            self._gate.refuse_late()
            if self.pipeline.silent_s > BEAT_S:
                self._silent()
                self._returning_until = max(self._returning_until, time.monotonic() + SILENT_AGAIN_S)

    async def _beat_forever(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            if self.pipeline.up:
                with suppress(StoreUnavailable):
                    await self._beat()

    async def _beat(self) -> None:
        if await self.keeper.ask("GET", BORN) != self._born:
            self._spawn(self._look_at_data())
        # Also where Redis is full, and would refuse to set a key anew.
        kept = await self.keeper.ask("PEXPIRE", f"mf:n:{self.me}", ms(ALIVE_S))
        self._unanswered = 0
        if self._gate.unlogged and self._known.is_set():
            self._gate.wait_again()
        if kept or self.closing:
            return
        if self._present and time.monotonic() > self._silent_until:
            # Redis was there all the time, so it was this node that was not: others may run its rooms.
            self._begin_anew()
        await self._appear()
        for owned in self.recorder.rooms.values():
            self.recorder.note(owned.room, ())  # whoever has lost one learns it by this

    def _begin_anew(self) -> None:
        log.warning("This node was not heard of for %.0f s, and begins anew without rooms.", ALIVE_S)
        for room_id in list(self.recorder.rooms):
            self.recorder.forget(room_id)
            self._tell_moved(room_id)
        self.me = f"{self._name}#{self._new_id(5)}"
        self._present = False

    def _silent(self) -> None:
        self._silent_until = time.monotonic() + ALIVE_S + 2 * BEAT_S

    # Which data there is

    def _back(self) -> None:
        """There is a new connection, perhaps to a copy in which the newest is missing."""
        self._silent()  # until now it was Redis that was not there, or the way to it
        if self._connection:
            self.expect_returns()
        self._connection += 1
        self._known.clear()
        self._spawn(self._look_at_data())

    async def _look_at_data(self) -> None:
        connection = self._connection
        while self.pipeline.up:
            try:
                born = await self.keeper.born(self._new_birth)
            except StoreUnavailable:
                await asyncio.sleep(ASK_AGAIN_S)
                continue
            if connection == self._connection:
                self._data_is(born)
                self._known.set()
                self.recorder.send_again()
                self._gate.wait_again()
            return

    def _new_birth(self) -> str:
        return self._new_id(10)

    def _data_is(self, born: bytes) -> None:
        if born == self._born:
            return
        if self._born is not None:
            log.warning("Redis is another, or has lost what was written last: what runs here is written anew.")
            self.expect_returns()
        self._born = born
        self.recorder.write_anew(born)

    async def _known_data(self) -> None:
        """Return once this node knows which data it reads. Raises `StoreUnavailable`."""
        try:
            async with asyncio.timeout(KNOWN_S):
                await self._known.wait()
        except TimeoutError:
            raise StoreUnavailable("Redis does not answer.") from None

    async def _may_revive(self, owned: Owned) -> bytes | None:
        """The new start of the data, where some of it went that this node has had to the end."""
        await self._appear()
        await self._list(owned.room.id, self.me)
        slept = time.monotonic() - self._ticked_at > ALIVE_S
        if owned.left or not self.is_here(owned.room.id) or owned.born == self._born or slept:
            return None
        return self._born

    async def _look_forever(self) -> None:
        for number in itertools.count():
            await asyncio.sleep(LOOK_S)
            if self.pipeline.up:
                if number % CATCH_UP_LOOKS == 0:
                    self.recorder.catch_up()
                with suppress(StoreUnavailable):
                    await self._look()

    async def _look(self) -> None:
        """Who is there; a node that was missed twice is gone, and its rooms are taken over."""
        listed = {node.decode() for node in await self.keeper.ask("SMEMBERS", NODES)} - {self.me}
        alive = {node for node in sorted(listed) if await self._lives(node)}
        if self.returning:
            self._alone = self._alone and not alive
            self._suspects, self._listed, self._nodes = set(), self._listed | listed, self._nodes | alive
            return
        for node in sorted(listed - alive):
            if node in self._suspects and node not in self._walking:
                self._walking.add(node)
                for listener in self._gone:
                    listener(node)
                self._spawn(self._walk(node))
        for node in sorted(self._listed - listed):
            for listener in self._gone:  # it has left, or another has looked after its rooms
                listener(node)
        self._alone = not alive
        self._suspects, self._listed = listed - alive, listed
        self._nodes = alive

    async def _walk(self, node: str) -> None:
        """Take over what a dead node ran, so that what is due in its rooms happens."""
        try:
            rooms = [room.decode() for room in await self.keeper.ask("SMEMBERS", f"mf:nr:{node}")]
            random.shuffle(rooms)  # others do the same
            complete = True
            for number, room_id in enumerate(rooms, start=1):
                try:
                    runs_at = (await self.place(room_id, may_claim=True)).node
                    complete = complete and runs_at not in ("", node)  # nobody may have it yet; the node is back
                except Refused as refused:
                    complete = complete and refused.code is not Code.UNAVAILABLE
                if number % WALKED_AT_ONCE == 0:
                    await asyncio.sleep(0)
            if not complete:
                return  # at the next look
            await self.keeper.ask("SREM", NODES, node)
            await self.keeper.ask("DEL", f"mf:nr:{node}")
            if rooms:
                log.info("Node %s is gone; its %d rooms were looked after.", node, len(rooms))
        except StoreUnavailable:
            pass
        finally:
            self._walking.discard(node)


def _use_key(use: str) -> str:
    return f"mf:use:{hashlib.sha256(use.encode()).hexdigest()}"


def _unavailable(why: str) -> Refused:
    return Refused(Code.UNAVAILABLE, why, retry_after_ms=500)
