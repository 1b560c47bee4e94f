"""What the rooms need of a store, stated as obligations. `storage/` fulfils them; one contract suite checks each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from rooms.records import FileRecord, HookRecord, LoggedMessage, Purged, RoomRecord, SessionRecord, Tombstone


class StoreUnavailable(Exception):
    """The store did not answer in time or cannot be reached. The call may have had its effect; repeating it is safe."""


class StoreUnfit(Exception):
    """The store is none that may be used, and the process does not start. Says why, in a sentence for the operator."""


class NotOwner(StoreUnavailable):
    """Another process has taken the rooms over: this one can write nothing of them any more, now or later."""


class RoomExists(Exception):
    """`create_room` met a room or a tombstone of that id."""


class Store(Protocol):
    """Keeps live rooms, tombstones, the session log and, where asked, messages.

    One process writes to a room, one call at a time. Every call may raise `StoreUnavailable` within a bounded time,
    and every call but `create_room` may be repeated without a second effect. Where several processes can reach the
    store, those that write may also raise `NotOwner`.
    """

    name: str
    """`memory` or `mongodb`, for `/health`."""

    outlives_process: bool
    """Whether what is saved is there after a restart. Where it is not, saving a room is not worth its cost."""

    async def open(self) -> None:
        """Connect and make the indexes."""

    async def close(self) -> None:
        """Let go of every connection. The store is not used afterwards."""

    async def ping(self) -> None:
        """Return only if the store answers."""

    async def create_room(self, record: RoomRecord) -> None:
        """Keep a new room. Raises `RoomExists` where the id is taken, by a live room or a tombstone."""

    async def save_room(self, record: RoomRecord) -> None:
        """Replace what is kept of a live room, as a whole and atomically. Never brings back one that has ended."""

    async def end_room(self, tombstone: Tombstone, session: SessionRecord | None) -> Purged:
        """Erase the room, its seats, names, invites and messages; keep the tombstone and the line of the log.

        From the first moment on, the room is no longer live: a crash half-way leaves messages at most, which
        `open` erases. Returns what was erased by this call.
        """

    async def find_room(self, room_id: str) -> RoomRecord | Tombstone | None:
        """What is kept of one room, for a process that does not own it; a tombstone may be too old to count."""

    def live_rooms(self, now: float) -> AsyncIterator[RoomRecord]:
        """Every room that has not ended, also those whose `expires_at` has passed (the caller ends them)."""
        ...

    def tombstones(self, now: float) -> AsyncIterator[Tombstone]:
        """Every tombstone with `until` after `now`, whether or not a clean-up of old ones has run."""
        ...

    async def append_messages(self, messages: Sequence[LoggedMessage]) -> None:
        """Keep messages of live rooms. A message whose `id` is kept already is left as it is."""

    async def replace_messages(self, messages: Sequence[LoggedMessage]) -> None:
        """Put messages in place of those of the same ids. What is not kept is not made."""

    async def erase_messages(self, messages: Sequence[tuple[str, str]]) -> None:
        """Erase messages, given as room id and message id. Nothing of them is left."""

    async def messages(
        self, room_id: str, *, before: str | None, after: str | None = None, limit: int, now: float
    ) -> list[LoggedMessage]:
        """At most `limit` messages of the room with an id below `before`, newest first, none that has expired at `now`.

        With `after`: those that follow this id directly, which are newest first, too.
        """
        ...

    async def identity(self) -> str:
        """What names the database to every process that uses it, as long as it is there; empty where no other can."""

    async def newest_message_id(self) -> str | None:
        """The highest id of all messages that are kept, of whatever room."""
        ...

    async def spend(self, use: str, by: str, until: float, now: float) -> bool:
        """Note, until `until`, that a voucher which is good once was used; false where it was, but by somebody else.

        Raises `StoreUnavailable` also where nothing more can be noted.
        """
        ...

    async def unspend(self, use: str, by: str) -> None:
        """Take that back: the one who used it got nothing for it."""

    async def sessions(self, *, limit: int, now: float, before: str | None = None) -> list[SessionRecord]:
        """The newest lines of the session log, at most `limit`, newest end first, none that is too old at `now`.

        With `before`: those that follow the line of this id; none where there is no such line any more.
        """
        ...


FILE_CHUNK_BYTES = 245_760
"""Bytes of a file in each of its chunks but the last: sealed, and with what a store keeps beside it, below 256 KiB."""


class FileLost(Exception):
    """A file is not there any more, or is not what was put there."""


class HookStore(Protocol):
    """Keeps webhooks that wait for longer, for the next process.

    Every call may raise `StoreUnavailable` within a bounded time, and may be repeated without a second effect.
    """

    async def open(self) -> None:
        """Connect and make the indexes."""

    async def close(self) -> None:
        """Let go of every connection. The store is not used afterwards."""

    async def load(self, address: str, limit: int) -> list[HookRecord]:
        """The first that are kept for an address, in their order. What cannot be read is left out."""
        ...

    async def keep(self, hooks: Sequence[HookRecord]) -> None:
        """Keep more."""

    async def forget(self, address: str, hook_ids: Sequence[str]) -> None:
        """Keep these no more. Nothing of them is left."""


class FileStore(Protocol):
    """Keeps the bytes of files in chunks of `FILE_CHUNK_BYTES`, and beside them what a restart has to know.

    Every call may raise `StoreUnavailable` within a bounded time, and may be repeated without a second effect.
    """

    name: str
    """`memory` or `mongo`, as in `FILE_STORE`."""

    outlives_process: bool
    """Whether files are there after a restart."""

    async def open(self) -> None:
        """Connect and make the indexes."""

    async def close(self) -> None:
        """Let go of every connection. The store is not used afterwards."""

    async def add_chunk(self, file_id: str, number: int, data: bytes, purge_at: float) -> None:
        """Keep the next chunk of an upload. At `purge_at` (wall clock) it goes at the latest, whoever is there to see.

        Raises `FileLost` where the upload was taken for abandoned.
        """

    async def finish(self, record: FileRecord, purge_at: float) -> None:
        """All chunks are there: keep the file. Raises `FileLost` where the upload was taken for abandoned."""

    async def update(self, record: FileRecord) -> None:
        """Replace what is kept beside the bytes. What is not there is not made."""

    async def chunk(self, record: FileRecord, number: int) -> bytes:
        """One chunk of a finished file. Raises `FileLost` where it is not there, or not as it was put there."""
        ...

    async def erase(self, file_ids: Sequence[str]) -> None:
        """Erase files, or what there is of their uploads. Nothing of them is left."""

    async def prolong(self, file_ids: Sequence[str], purge_at: float) -> None:
        """Files may stay longer than was said when they came."""

    def records(self) -> AsyncIterator[FileRecord | str]:
        """Every finished file; of one whose record cannot be read, its id."""
        ...

    async def clear_abandoned(self) -> int:
        """Erase what uploads have left that were never finished, of whatever process; returns how many."""
        ...
