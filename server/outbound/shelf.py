"""Where files lie: what the rules know of them, and the store that has their bytes, which follows.

Nothing waits for a file to be erased: from the moment that the rules have let go of it nobody opens it, and its bytes
follow as fast as the store takes that, again and again where it does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from rooms.files import File, Files, file_from
from rooms.ports import FileStore, StoreUnavailable
from rooms.records import FileRecord
from rooms.room import Room

log = logging.getLogger(__name__)

RETRY_FIRST_S = 0.25
RETRY_LONGEST_S = 5.0
BATCH = 100
CLEAR_EVERY_S = 60.0
"""How often what broken uploads of dead processes have left is looked for."""

MAX_LATE = 1_000
"""What happens in a room before its files are known, and concerns them: so much is made up for. Beyond that, files of
messages that are gone go with the room."""

PURGE_AFTER_S = 86_400.0
"""How long after its room's end a file goes by itself, where no process was there to erase it."""


class Shelf:
    """The files of a process. `started` tells what of them was there already, once the rooms are restored."""

    def __init__(self, store: FileStore, files: Files, on_restored: Callable[[File], None]) -> None:
        self.store = store
        self.files = files
        self.ready = False
        """Whether the store has been opened, and the files of an earlier process are known."""
        self.erased = 0
        """Files, and what was to be one, since the start."""
        self.is_here: Callable[[str], bool] | None = None
        """Set where other processes share the store: whether a room runs here. What belongs to others is let be."""
        self._unknown: dict[str, list[Callable[[], None]]] = {}
        """Rooms that have come here whose files are not known yet, and what is to be done once they are."""
        self._on_restored = on_restored
        self._readers: dict[str, list[Callable[[], None]]] = {}
        self._erase: dict[str, None] = {}
        self._update: dict[str, File] = {}
        self._prolong: dict[str, float] = {}
        self._ahead_s = 0.0
        self._work = asyncio.Event()
        self._cleared_at = 0.0

    @property
    def unwritten(self) -> int:
        """What the store has yet to erase or to change."""
        return len(self._erase) + len(self._update) + len(self._prolong)

    # What the store is to follow

    def erase(self, files: Iterable[File]) -> None:
        """Erase files that the rules have let go of."""
        self.erase_ids([file.id for file in files])

    @contextlib.contextmanager
    def sending(self, file_id: str, cut: Callable[[], None]) -> Iterator[None]:
        """While a file is sent: where it is erased meanwhile, `cut` is called, so that nothing of it waits unread."""
        readers = self._readers.setdefault(file_id, [])
        readers.append(cut)
        try:
            yield
        finally:
            readers.remove(cut)
            if not readers:
                self._readers.pop(file_id, None)

    def erase_ids(self, file_ids: Iterable[str]) -> None:
        """Erase files, or what there is of them."""
        for file_id in file_ids:
            for cut in list(self._readers.get(file_id, ())):
                cut()
            self._erase[file_id] = None
            self._update.pop(file_id, None)
            self._prolong.pop(file_id, None)
        if self._erase:
            self._work.set()

    def changed(self, files: Iterable[File], ahead_s: float) -> None:
        """Files were attached. `ahead_s`: how far the wall clock is ahead of the rules' one."""
        self._ahead_s = ahead_s
        self._update.update((file.id, file) for file in files)
        self._work.set()

    def room_changed(self, room: Room) -> None:
        """Its end may have been moved."""
        for file in self.files.of_room(room.id):
            self._prolong[file.id] = purge_at(room)
        if self._prolong:
            self._work.set()

    def took_in(self, room_id: str, ahead_s: float) -> None:
        """A room has come from another process: its files have to be looked for."""
        self._ahead_s = ahead_s
        self._unknown[room_id] = []
        self._work.set()

    def knows(self, room_id: str) -> bool:
        """Whether the files of a room that runs here are known."""
        return room_id not in self._unknown

    def once_known(self, room_id: str, action: Callable[[], None], *, always: bool = False) -> None:
        """Do this when the files of a room are known; at most `MAX_LATE` such things, unless `always`."""
        late = self._unknown[room_id]
        if always or len(late) < MAX_LATE:
            late.append(action)

    def gave_up(self, room_id: str) -> list[File]:
        """A room has gone to another process, and its files with it."""
        self._unknown.pop(room_id, None)
        gone = self.files.room_over(room_id)
        for file in gone:
            self._update.pop(file.id, None)
            self._prolong.pop(file.id, None)
        return gone

    # The background

    async def start(self, rooms: dict[str, Room], ahead_s: float, now: float) -> bool:
        """Open the store and learn what lies there; False where it does not answer."""
        if self.ready:
            return True
        try:
            await self.store.open()
            lasts = self.store.outlives_process and self.is_here is None
            kept = [record async for record in self.store.records()] if lasts else []
        except StoreUnavailable:
            return False
        for record in kept:
            self._restore(record, rooms, ahead_s, now)
        self.ready = True
        return True

    def _restore(self, record: FileRecord | str, rooms: dict[str, Room], ahead_s: float, now: float) -> None:
        if isinstance(record, str):
            self.erase_ids([record])  # sealed under another secret: nobody will ever open it
            return
        room, file = rooms.get(record.room_id), file_from(record, ahead_s)
        # A message that is seen once does not outlive the process that knows who has seen it.
        if room is None or record.once or (file.due_at is not None and file.due_at <= now):
            self.erase_ids([record.id])
            return
        self.files.add(file)
        self._on_restored(file)

    async def _learn(self) -> None:
        """Look for the files of rooms that have come here. Whose a file is, is sealed: all have to be looked at."""
        wanted = dict(self._unknown)
        async for record in self.store.records():
            # A room that has gone meanwhile, and maybe come again, is not looked for here.
            if isinstance(record, str) or not self._still(wanted, record.room_id):
                continue
            if any(file.id == record.id for file in self.files.of_room(record.room_id)):
                continue
            file = file_from(record, self._ahead_s)
            self.files.add(file)
            self._on_restored(file)
        for room_id in filter(lambda one: self._still(wanted, one), wanted):
            for action in self._unknown.pop(room_id):
                action()

    def _still(self, wanted: dict[str, list[Callable[[], None]]], room_id: str) -> bool:
        late = self._unknown.get(room_id)
        return late is not None and wanted.get(room_id) is late

    async def run(self) -> None:
        """Have the store follow, for ever."""
        pause_s = RETRY_FIRST_S
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLEAR_EVERY_S):
                    await self._work.wait()
            try:
                await self._follow()
                pause_s = RETRY_FIRST_S
            except StoreUnavailable:
                self._work.set()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, RETRY_LONGEST_S)

    async def close(self, limit_s: float) -> None:
        """Write what is left, within `limit_s`, and let go of the store. The next start erases what this does not."""
        with contextlib.suppress(TimeoutError, StoreUnavailable):
            async with asyncio.timeout(limit_s):
                await self._follow()
        await self.store.close()

    async def _follow(self) -> None:
        # Before anything is done: what comes while the store is asked is done in the next round.
        self._work.clear()
        if not self.ready:
            return
        if self._unknown:
            await self._learn()
        while batch := list(islice(self._erase, BATCH)):
            await self.store.erase(batch)
            self.erased += len(batch)
            for file_id in batch:
                self._erase.pop(file_id, None)
        while self._prolong:
            until = next(iter(self._prolong.values()))
            batch = [one for one, at in islice(self._prolong.items(), BATCH) if at == until]
            await self.store.prolong(batch, until)
            for file_id in batch:
                if self._prolong.get(file_id) == until:
                    del self._prolong[file_id]
        while self._update:
            file = next(iter(self._update.values()))
            await self.store.update(file.record(self._ahead_s))
            self._update.pop(file.id, None)
        if time.monotonic() - self._cleared_at >= CLEAR_EVERY_S:
            self._cleared_at = time.monotonic()
            await self._clear()

    async def _clear(self) -> None:
        cleared = await self.store.clear_abandoned()
        if cleared:
            log.info("Erased what %d broken uploads had left.", cleared)


def purge_at(room: Room) -> float:
    """When by the wall clock the store is to let go of a file by itself."""
    return room.expires_at + PURGE_AFTER_S
