"""Files over REST: laying one down piece by piece, reading a part of one, taking one away; and what follows for files
from what happens in a room.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from rooms.errors import Code, Refused
from rooms.events import Event, MemberLeft, MessageDeleted, RoomEnded, RoomUpdated
from rooms.extras import Attachment
from rooms.files import File, content_type_of, name_of
from rooms.limits import MAX_FILE_NAME_CHARS as MAX_FILE_NAME_CHARS
from rooms.message import Message
from rooms.model import HOST
from rooms.ports import FILE_CHUNK_BYTES, FileLost, StoreUnavailable
from rooms.room import Room
from server.outbound.shelf import Shelf, purge_at
from server.protocol.requests import AttachmentWish
from server.security.file_quotas import TOO_LARGE
from server.security.quotas import Keys
from server.usecases.context import Context

FILE_ID_BYTES = 16
OWNER = ""
"""Who acts as the room's owner, and has no seat."""

PIECE_BYTES = 65_536
"""What is sent of a file at a time: a reader that takes less than this in half a minute is let go of."""

NOT_NOW_MS = 2_000
NOT_YET_MS = 500


def shelf_of(ctx: Context) -> Shelf:
    """Where files lie; NOT_FOUND where they are off, and UNAVAILABLE until it is known what lies there."""
    if ctx.shelf is None:
        raise Refused(Code.NOT_FOUND, "This server takes no files.")
    if not ctx.shelf.ready:
        raise Refused(Code.UNAVAILABLE, "Files are not there yet.", retry_after_ms=NOT_NOW_MS)
    return ctx.shelf


def _shelf_with(ctx: Context, room: Room) -> Shelf:
    """The shelf, once it is known what of this room lies there: a room may have come from another process just now."""
    shelf = shelf_of(ctx)
    if not shelf.knows(room.id):
        raise Refused(Code.UNAVAILABLE, "The files of this room are not known yet.", retry_after_ms=NOT_YET_MS)
    return shelf


def is_host(room: Room, participant_id: str) -> bool:
    """Whether somebody may do what the host may: the holder of the host key, and whoever has the role."""
    if participant_id == OWNER:
        return True
    seat = room.seats.get(participant_id)
    return seat is not None and seat.role == HOST


@dataclass(slots=True)
class Declared:
    """What an upload says of itself. `bytes` is None where it does not say."""

    bytes: int | None
    content_type: str | None
    name: str | None


@dataclass(slots=True)
class Upload:
    """One file on its way in, held a chunk at a time. Either `finish` or `abandon` ends it."""

    ctx: Context
    shelf: Shelf
    room: Room
    file: File
    _chunk: bytearray = field(default_factory=bytearray)
    _chunks: int = 0
    _done: bool = False
    _in_doubt: bool = False

    @property
    def wants(self) -> int:
        """How many bytes `write` takes at most, so that nothing of a chunk is held twice."""
        return FILE_CHUNK_BYTES - len(self._chunk)

    async def write(self, data: bytes) -> None:
        """Take the next bytes. It returns when there is place for more."""
        self.file.bytes += len(data)
        self.ctx.file_quotas.reaches(self.file.id, self.file.bytes)
        self._chunk += data
        if len(self._chunk) >= FILE_CHUNK_BYTES:
            await self._put()

    async def finish(self) -> File:
        """All bytes are there: the file may be attached from now on."""
        if self._chunk:
            await self._put()
        self._check()
        ctx, file = self.ctx, self.file
        file.complete(ctx.clock())
        await self._ask(self.shelf.store.finish(file.record(ctx.runtime.ahead_s), purge_at(self.room)))
        self._check()
        ctx.files.add(file)
        ctx.file_quotas.settle(file.id, file.bytes)
        self._done = True
        return file

    def abandon(self) -> None:
        """Nothing comes of it, unless it was finished: what there is of it is erased."""
        if self._done:
            return
        self.ctx.file_quotas.gone(self.file.id)
        # A write that was given up may still be carried out: the note of the upload outlives it, and is found later.
        if not self._in_doubt:
            self.shelf.erase_ids([self.file.id])

    async def _put(self) -> None:
        self._check()
        chunk, self._chunk = bytes(self._chunk), bytearray()
        await self._ask(self.shelf.store.add_chunk(self.file.id, self._chunks, chunk, purge_at(self.room)))
        self._chunks += 1

    async def _ask(self, call: Awaitable[None]) -> None:
        try:
            await call
        except FileLost:
            raise Refused(Code.TIMEOUT, "The file took too long to arrive.") from None
        except StoreUnavailable:
            self._in_doubt = True
            raise Refused(Code.UNAVAILABLE, "The file could not be stored.", retry_after_ms=NOT_NOW_MS) from None

    def _check(self) -> None:
        """Refuse to go on where the room, or the seat that sends this, is not there any more."""
        self.ctx.find(self.room.id)
        if self.file.owner != OWNER and self.file.owner not in self.room.seats:
            raise Refused(Code.FORBIDDEN, "This seat has ended.")


def begin(ctx: Context, room: Room, owner: str, payer: Keys, declared: Declared) -> Upload:
    """Begin an upload, before any of its bytes is read. What may be refused is refused here."""
    shelf = shelf_of(ctx)
    if ctx.draining:
        raise Refused(Code.SERVER_DRAINING, retry_after_ms=NOT_NOW_MS)
    largest = ctx.file_quotas.bounds.file
    if declared.bytes is not None and 0 < largest < declared.bytes:
        raise Refused(Code.FILE_TOO_LARGE, TOO_LARGE)
    # What a sealed file is and how it is called is inside; what was said of it all the same is not kept.
    content_type = None if room.encrypted else content_type_of(declared.content_type)
    name = None if room.encrypted else name_of(declared.name)
    ctx.memory.check()
    file = File(ctx.new_id(FILE_ID_BYTES), room.id, owner, 0, content_type, name)
    ctx.file_quotas.begin(file.id, room.id, payer, declared.bytes or 0)
    return Upload(ctx, shelf, room, file)


def opened(ctx: Context, room: Room, reader: str, file_id: str) -> File:
    """A file that this reader may open, else NOT_FOUND; UNAVAILABLE where that is not known yet."""
    _shelf_with(ctx, room)
    return ctx.files.opened(room.id, file_id, reader, ctx.clock(), is_host=is_host(room, reader))


async def pieces(ctx: Context, file: File, start: int, stop: int) -> AsyncGenerator[memoryview, None]:
    """The bytes of a file from `start` to before `stop`, some at a time.

    Raises `FileLost` where it is erased meanwhile, and `StoreUnavailable`.
    """
    shelf = shelf_of(ctx)
    record = file.record(ctx.runtime.ahead_s)
    at = start
    while at < stop:
        if file.gone:
            raise FileLost
        number, skipped = divmod(at, FILE_CHUNK_BYTES)
        chunk = memoryview(await shelf.store.chunk(record, number))[skipped : skipped + stop - at]
        if not chunk:
            raise FileLost
        for place in range(0, len(chunk), PIECE_BYTES):
            if file.gone:
                raise FileLost
            yield chunk[place : place + PIECE_BYTES]
        at += len(chunk)


def sending(ctx: Context, file: File, cut: Callable[[], None]) -> AbstractContextManager[None]:
    """While a file is sent: where it is erased, its reader is cut."""
    return shelf_of(ctx).sending(file.id, cut)


def delete(ctx: Context, room: Room, actor: str, file_id: str) -> None:
    """Take a file away: one's own, or any that one may open as host. Its message stays, and says that it was there."""
    file = opened(ctx, room, actor, file_id)
    host = is_host(room, actor)
    if not host and not file.belongs_to(actor, is_host=host):
        raise Refused(Code.FORBIDDEN, "Only who laid a file down, and the host, may take it away.")
    _erase(ctx, [file] if ctx.files.remove(file) else [])


# Files and messages


def wanted(
    ctx: Context, room: Room, author: str, attachments: Iterable[AttachmentWish] | None, now: float
) -> tuple[File, ...]:
    """The files that somebody wants to attach to the message that comes next; see `Files.to_attach`. UNAVAILABLE where
    they are not known yet.
    """
    if not attachments:
        return ()
    if ctx.shelf is not None:
        _shelf_with(ctx, room)
    file_ids = [one["fileId"] for one in attachments]
    return ctx.files.to_attach(room.id, file_ids, author, now, is_host=is_host(room, author))


def told_of(files: Sequence[File]) -> tuple[Attachment, ...]:
    """What a message says of its files."""
    return tuple(Attachment(file.id, file.bytes, file.content_type, file.name) for file in files)


def attach(ctx: Context, files: Sequence[File], message: Message | None) -> None:
    """The message was sent, and is about to be told: whoever hears of it may open its files."""
    if not files or message is None or ctx.shelf is None:
        return
    once = message.once
    due_at = message.more.due_at if message.more is not None else None
    ctx.files.attach(
        files,
        message.id,
        due_at=due_at,
        audience=message.audience if once is None else None,
        viewed=once.viewed if once is not None else None,
    )
    ctx.shelf.changed(files, ctx.runtime.ahead_s)


def _message_gone(ctx: Context, room: Room, event: MessageDeleted) -> None:
    shown = room.shown.get(event.message_seq) if event.reason == "viewed" else None
    if shown is not None:
        ctx.files.seen_by_all(room.id, event.message_id, shown.viewed, shown.until)
    else:
        _erase(ctx, ctx.files.message_gone(room.id, event.message_id))


# What follows


def sweep(ctx: Context, now: float) -> None:
    """Take away the files whose time is over."""
    _erase(ctx, list(ctx.files.due(now)))


FOLLOWED: Final = (MemberLeft, RoomEnded, MessageDeleted, RoomUpdated)


def follow_room(ctx: Context, room: Room, event: Event) -> None:
    """What happens in a room happens to its files. A subscriber of the publisher, to `FOLLOWED`."""
    if ctx.shelf is None:
        return
    if not ctx.shelf.knows(room.id):
        ctx.shelf.once_known(room.id, lambda: follow_room(ctx, room, event), always=isinstance(event, RoomEnded))
        return
    match event:
        case MemberLeft():
            _erase(ctx, ctx.files.participant_gone(room.id, event.participant_id))
        case RoomEnded():
            _erase(ctx, ctx.files.room_over(room.id))
        case MessageDeleted():
            _message_gone(ctx, room, event)
        case RoomUpdated():
            ctx.shelf.room_changed(room)


def _erase(ctx: Context, files: list[File]) -> None:
    if files and ctx.shelf is not None:
        for file in files:
            ctx.file_quotas.gone(file.id)
        ctx.shelf.erase(files)
