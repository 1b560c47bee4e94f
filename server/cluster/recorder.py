"""Writes each change of the rooms that run here: those of a loop turn and room in one step."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

from rooms.events import Event
from rooms.message import Message
from rooms.ports import StoreUnavailable
from rooms.records import Tombstone
from rooms.room import Room
from rooms.state.said import said
from rooms.state.tracking import Tracker
from server.cluster.gate import Batch, Gate

log = logging.getLogger(__name__)

DONE, NOT_MINE, NOT_THERE = 1, 0, -1

WRITTEN_IN: Final = "born"
"""The field of a room that says in which start of the data it was written whole."""

REVIVAL_S = 1.0
"""How long a room that is kept anew waits for somebody who had it later."""

ENDS_KNOWN = 10_000
"""Rooms that have ended here and are ended again where Redis has come back with them."""

RETRY_S = 0.2
"""Before a change is written again that was answered with an error."""


class StateKeeper(Protocol):
    """What is needed of `storage.redis.keeper.Keeper`."""

    def add(
        self, room_id: str, fence: str, lines: Sequence[Any], drop: Sequence[str], on_reply: Callable[[Any], None]
    ) -> None: ...

    def write(
        self,
        room_id: str,
        owner: str,
        fence: str,
        put: dict[str, bytes],
        drop: Sequence[str],
        expires_at: float | None,
        on_reply: Callable[[Any], None],
    ) -> None: ...

    def revive(
        self,
        room_id: str,
        owner: str,
        fence: str,
        put: dict[str, bytes],
        expires_at: float,
        on_reply: Callable[[Any], None],
    ) -> None: ...

    def end(
        self, room_id: str, owner: str, fence: str, tombstone: Tombstone, on_reply: Callable[[Any], None]
    ) -> None: ...

    def bury(self, tombstone: Tombstone, fence: str, on_reply: Callable[[Any], None]) -> None: ...


class Beside(Protocol):
    """What is kept of a room beside what the rules know of it (`signaling.state.SignalState`)."""

    def mark(self, room_id: str, marks: Iterable[tuple[str, ...]]) -> None:
        """These may have changed."""

    def changes(self, room_id: str) -> tuple[dict[str, Any], list[str]] | None:
        """Fields to put and to drop."""

    def anew(self, room_id: str) -> dict[str, Any]:
        """All fields."""

    def read(self, room_id: str, fields: Mapping[str, Any], shift_s: float) -> bool:
        """Go on with what a process has written whose clock is `shift_s` behind; False where it cannot be read."""

    def forget(self, room_id: str) -> None:
        """The room is written no more."""


@dataclass(slots=True, eq=False)
class Owned:
    """A room that runs here."""

    room: Room
    owner: str
    fence: str
    tracker: Tracker
    expires_at: float
    dirty: bool = False
    tombstone: Tombstone | None = None
    born: bytes | None = None
    """The start of the data that it was kept in."""
    left: bool = False
    """Whether it was let go of here, so that only what was written before still counts."""
    reviving: _Write | None = None
    """What waits until it is kept anew."""


@dataclass(slots=True, eq=False)
class _Write:
    owned: Owned
    put: dict[str, bytes]
    drop: list[str]
    expires_at: float | None
    lines: list[Any] | None = None
    """Names and values in place of `put`, where it adds messages and nothing else, for the first time."""
    batches: list[Batch] = field(default_factory=list)

    def unfold(self) -> None:
        """From now on it is a change like any other."""
        if self.lines is not None:
            self.put, self.lines = dict(zip(self.lines[::2], self.lines[1::2], strict=True)), None


class Recorder:
    """The one writer of the rooms that run here."""

    def __init__(self, keeper: StateKeeper, gate: Gate, pack: Callable[[Any], bytes]) -> None:
        self._keeper = keeper
        self._gate = gate
        self._pack = pack
        self._dirty: list[Owned] = []
        self._unsure: dict[Owned, _Write] = {}
        self._flushing = False
        self._reviving: set[asyncio.Task[None]] = set()
        self._ended: OrderedDict[str, tuple[Tombstone, str]] = OrderedDict()
        self.beside: Beside | None = None
        self.born: bytes | None = None
        """Which start of the data is there: rooms that were written in another one are written anew."""
        self.up: Callable[[], bool] = lambda: True
        self.may_revive: Callable[[Owned], Awaitable[bytes | None]] = _never
        """Whether a room is to be kept anew, as data went: the new start of the data. Raises `StoreUnavailable`."""
        self.on_trouble: Callable[[], None] = lambda: None
        """Called where a change was answered with an error."""
        self.on_lost: Callable[[str], None] = lambda room_id: None
        """Told the id of each room whose change was refused."""
        self.rooms: dict[str, Owned] = {}
        self.refused = 0
        """Changes that were refused, because another node runs the room."""

    def adopt(self, room: Room, owner: str, fence: str, tracker: Tracker, born: bytes | None = None) -> None:
        """Write this room from now on."""
        self.rooms[room.id] = Owned(room, owner, fence, tracker, room.expires_at, born=born)

    def forget(self, room_id: str) -> None:
        """Write this room no more."""
        owned = self.rooms.pop(room_id, None)
        if self.beside is not None:
            self.beside.forget(room_id)
        if owned is None:
            return
        reviving, owned.reviving = owned.reviving, None
        for write in (reviving, self._unsure.pop(owned, None)):
            if write is not None:
                self._confirm(write, kept=False)

    def message(self, room: Room) -> None:
        """Somebody said something."""
        owned = self.rooms.get(room.id)
        if owned is None:
            return
        if owned.dirty:
            self._gate.room_id = room.id  # as `_touch`, in place: this runs for each message
        else:
            self._touch(owned)

    def note(self, room: Room, events: Iterable[Event]) -> None:
        """Something happened, or may have changed what is told to nobody."""
        owned = self.rooms.get(room.id)
        if owned is None:
            return
        self._touch(owned)
        for event in events:
            if type(event) is not Message:
                owned.tracker.note(event)

    def mark(self, room_id: str, marks: Iterable[tuple[str, ...]]) -> None:
        """Something beside the room may have changed."""
        owned = self.rooms.get(room_id)
        if owned is not None and self.beside is not None:
            self._touch(owned)
            self.beside.mark(room_id, marks)

    def note_seat(self, room: Room, participant_id: str) -> None:
        """A seat is about to be answered, and may have changed without an event."""
        owned = self.rooms.get(room.id)
        if owned is not None:
            self._touch(owned)
            owned.tracker.note_seat(participant_id)

    def end(self, tombstone: Tombstone) -> None:
        """A room is over."""
        owned = self.rooms.get(tombstone.room_id)
        if owned is not None:
            self._touch(owned)
            owned.tombstone = tombstone

    def catch_up(self) -> None:
        """Write what the histories have let go of by themselves."""
        for owned in list(self.rooms.values()):
            if not owned.dirty and owned.tracker.is_behind():
                self._touch(owned)

    def _touch(self, owned: Owned) -> None:
        if owned.dirty:
            self._gate.room_id = owned.room.id
            return
        owned.dirty = True
        self._dirty.append(owned)
        self._gate.hold(owned.room.id)
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Write what has changed, at once: it is about to be let go of."""
        self._flushing = False
        dirty, self._dirty = self._dirty, []
        live: list[Owned] = []
        batch = self._gate.close(len(dirty))
        for owned in dirty:
            owned.dirty = False
            if self.rooms.get(owned.room.id) is owned:
                live.append(owned)
            elif batch is not None:
                self._gate.confirm(batch, owned.room.id, kept=False)
        for owned in live:
            self._write(owned, batch)

    def _write(self, owned: Owned, batch: Batch | None) -> None:
        pack = self._pack
        if owned.tombstone is not None:
            write = _Write(owned, {}, [], None)
        else:
            more = self.beside.changes(owned.room.id) if self.beside is not None else None
            expires_at = owned.room.expires_at if owned.room.expires_at != owned.expires_at else None
            new = said(owned.tracker, pack) if more is None and expires_at is None else None
            if new is not None:
                write = _Write(owned, {}, new[1], None, new[0])
            else:
                write = self._changed(owned, more, expires_at)
        if batch is not None:
            write.batches.append(batch)
        if self._unsure or not self.up():
            self._doubt(write)
        else:
            self._send(write)

    def _changed(self, owned: Owned, more: tuple[dict[str, Any], list[str]] | None, expires_at: float | None) -> _Write:
        put, drop, plain = owned.tracker.changes()
        if more is not None:
            put, drop, plain = {**put, **more[0]}, [*drop, *more[1]], False
        owned.expires_at = owned.room.expires_at
        packed = {name: self._pack(value) for name, value in put.items()}
        write = _Write(owned, packed, drop, expires_at)
        if plain and expires_at is None:
            write.lines = [part for line in packed.items() for part in line]
        return write

    def _send(self, write: _Write) -> None:
        owned, on_reply = write.owned, partial(self._replied, write)
        room_id, owner, fence = owned.room.id, owned.owner, owned.fence
        if owned.born != self.born:
            if owned.tombstone is not None:
                self._keeper.bury(owned.tombstone, fence, on_reply)
            else:
                self._wait_for_revival(write)
        elif owned.tombstone is not None:
            self._keeper.end(room_id, owner, fence, owned.tombstone, on_reply)
        elif write.lines is not None and owned.reviving is None:
            self._keeper.add(room_id, fence, write.lines, write.drop, on_reply)
        else:
            write.unfold()
            self._keeper.write(room_id, owner, fence, write.put, write.drop, write.expires_at, on_reply)

    def _replied(self, write: _Write, reply: Any) -> None:
        owned = write.owned
        if reply == DONE:
            self._confirm(write, kept=True)
            if owned.tombstone is not None:
                self._over(owned, owned.tombstone)
        elif self.rooms.get(owned.room.id) is not owned:
            self._confirm(write, kept=owned.tombstone is not None and reply == NOT_THERE)
        elif isinstance(reply, Exception):
            self._try_later(write)
        elif reply == NOT_THERE and owned.tombstone is not None:
            self._confirm(write, kept=True)
            self.rooms.pop(owned.room.id, None)
        elif reply == NOT_THERE:
            self._wait_for_revival(write)
        else:
            self._lose(write)

    def _over(self, owned: Owned, tombstone: Tombstone) -> None:
        self.rooms.pop(owned.room.id, None)
        if self.beside is not None:
            self.beside.forget(owned.room.id)
        self._ended[owned.room.id] = tombstone, owned.fence
        if len(self._ended) > ENDS_KNOWN:
            self._ended.popitem(last=False)

    # Where data went

    def write_anew(self, born: bytes) -> None:
        """This is another start of the data, in which the newest of the former is missing, or all."""
        self.born = born
        for tombstone, fence in self._ended.values():
            self._keeper.bury(tombstone, fence, lambda _: None)
        for owned in self.rooms.values():
            if owned.born != born and owned.reviving is None:
                self.note(owned.room, ())

    def _wait_for_revival(self, write: _Write) -> None:
        owned = write.owned
        if owned.reviving is not None:
            owned.reviving.batches += write.batches
            return
        owned.reviving = write
        task = asyncio.get_running_loop().create_task(self._revive(owned))
        self._reviving.add(task)
        task.add_done_callback(self._reviving.discard)

    async def _revive(self, owned: Owned) -> None:
        try:
            born = await self.may_revive(owned)
        except StoreUnavailable:
            write, owned.reviving = owned.reviving, None
            if write is not None:
                self._try_later(write)
            return
        write = owned.reviving
        if write is None:
            return  # it was lost meanwhile
        if born is None:
            self._lose(write)
            return
        # Whatever was in doubt is in this, and what comes later goes by the new fence, behind it.
        unsure = self._unsure.pop(owned, None)
        if unsure is not None:
            write.batches += unsure.batches
        write.put, write.lines, write.drop, write.expires_at = {}, None, [], None
        before, self.born = (owned.born, owned.fence), born
        owned.born, owned.fence, owned.tracker = born, str(int(owned.fence) + 1), Tracker(owned.room)
        owned.expires_at = owned.room.expires_at
        fields = owned.tracker.changes().put
        if self.beside is not None:
            fields |= self.beside.anew(owned.room.id)
        put = {name: self._pack(value) for name, value in fields.items()}
        put[WRITTEN_IN] = self._pack(born)
        kept = asyncio.get_running_loop().create_future()
        self._keeper.revive(owned.room.id, owned.owner, owned.fence, put, owned.expires_at, told(kept))
        if isinstance(await kept, Exception):
            owned.born, owned.fence = before  # where it came through all the same, somebody claims what is there
        elif kept.result() == DONE:
            # One that had it later, and comes back to the data later, too, is to have the time to take it back.
            await asyncio.sleep(REVIVAL_S)
            kept = asyncio.get_running_loop().create_future()
            self._keeper.write(owned.room.id, owned.owner, owned.fence, {}, (), None, told(kept))
            await kept
        reply = kept.result()
        write, owned.reviving = owned.reviving, None
        if write is None:
            return
        if isinstance(reply, Exception):
            self._try_later(write)
        elif reply == NOT_THERE or owned.born != self.born:
            self._wait_for_revival(write)  # it went once more meanwhile
        elif reply != DONE:
            self._lose(write)
        else:
            self._confirm(write, kept=True)

    def _lose(self, write: _Write) -> None:
        room_id = write.owned.room.id
        self.refused += 1
        self._confirm(write, kept=False)
        if self.rooms.get(room_id) is write.owned:
            self.forget(room_id)
            self.on_lost(room_id)

    def _confirm(self, write: _Write, *, kept: bool) -> None:
        for batch in write.batches:
            self._gate.confirm(batch, write.owned.room.id, kept=kept)

    # Where Redis did not answer

    def _try_later(self, write: _Write) -> None:
        self._doubt(write)
        if self.up():
            self.on_trouble()
            asyncio.get_running_loop().call_later(RETRY_S, self.send_again)

    def go_on(self) -> None:
        """What is not kept is told all the same, and kept once it can be."""
        self._gate.go_on()
        for write in self._unsure.values():
            write.batches = []

    def _doubt(self, write: _Write) -> None:
        write.unfold()
        earlier = self._unsure.get(write.owned)
        if earlier is None:
            self._unsure[write.owned] = write
            return
        for name in write.drop:
            earlier.put.pop(name, None)
        earlier.put.update(write.put)
        earlier.drop = [name for name in (*earlier.drop, *write.drop) if name not in write.put]
        earlier.expires_at = write.expires_at or earlier.expires_at
        earlier.batches += write.batches

    def send_again(self) -> None:
        """Redis answers again: write what it may not have. To write it twice changes nothing."""
        unsure, self._unsure = self._unsure, {}
        for write in unsure.values():
            self._send(write)

    async def revived(self, limit_s: float) -> None:
        """Return once no room is being kept anew any more, or after so long."""
        if self._reviving:
            await asyncio.wait(self._reviving, timeout=limit_s)

    @property
    def is_unsure(self) -> bool:
        """Whether there are changes that may not have been written."""
        return bool(self._unsure)


def told(future: asyncio.Future[Any]) -> Callable[[Any], None]:
    """A listener by which a future gets a reply."""

    def tell(reply: Any) -> None:
        if not future.done():
            future.set_result(reply)

    return tell


async def _never(_: Owned) -> bytes | None:
    return None
