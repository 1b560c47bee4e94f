"""Files that people lay down in a room: whose they are, who may open them, and when they go.

The rules know what a file is called and how long it is; its bytes are a store's business. A file is laid down, attached
to one message by whoever laid it down, and erased with that message, with its room, when its time is over, or, where it
was never attached, after `UNATTACHED_S`. The room's owner, who acts by the host key and has no seat, is the empty
string.
"""

from __future__ import annotations

import heapq
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rooms.errors import Code, Refused
from rooms.limits import MAX_ATTACHED_FILES, MAX_CONTENT_TYPE_CHARS, MAX_FILE_NAME_CHARS, UNATTACHED_S
from rooms.records import FileRecord

CONTENT_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(\s*;[\x20-\x7e]*)?")
"""A media type with its parameters (RFC 9110, section 8.3.1)."""

FORMS = ("multipart/", "application/x-www-form-urlencoded")
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of writing: by them "gpj.exe" would be read as something else."""


@dataclass(slots=True, eq=False)
class File:
    """One file that lies in a room.

    `due_at`: when it goes by itself, on the clock that never steps. `audience`: who may open it, where not everybody
    in the room may. `viewed`: of a message that is seen once, who has seen it and until when its files open for them.
    """

    id: str
    room_id: str
    owner: str
    bytes: int
    content_type: str | None = None
    name: str | None = None
    due_at: float | None = None
    message_id: str | None = None
    audience: frozenset[str] | None = None
    viewed: Mapping[str, float] | None = None
    gone: bool = False

    def belongs_to(self, participant_id: str, *, is_host: bool) -> bool:
        """Whether this participant laid it down. What the host key laid down is the host's, too."""
        return self.owner == participant_id or (self.owner == "" and is_host)

    def opens_for(self, participant_id: str, now: float, *, is_host: bool = False) -> bool:
        """Whether this participant may open it: once attached, whoever may see its message."""
        if self.gone or (self.due_at is not None and self.due_at <= now):
            return False
        if self.belongs_to(participant_id, is_host=is_host):
            return True
        if self.viewed is not None:
            return self.viewed.get(participant_id, 0.0) > now
        if self.audience is not None:
            return participant_id in self.audience
        return self.message_id is not None

    def complete(self, now: float) -> None:
        """All of it is there. If nobody attaches it, it goes after `UNATTACHED_S`."""
        self.due_at = now + UNATTACHED_S

    def record(self, ahead_s: float) -> FileRecord:
        """What a store keeps of it. `ahead_s`: how far the wall clock is ahead."""
        return FileRecord(
            id=self.id,
            room_id=self.room_id,
            owner=self.owner,
            bytes=self.bytes,
            content_type=self.content_type,
            name=self.name,
            expires_at=None if self.due_at is None else self.due_at + ahead_s,
            message_id=self.message_id,
            audience=None if self.audience is None else tuple(sorted(self.audience)),
            once=self.viewed is not None,
        )


def file_from(record: FileRecord, ahead_s: float) -> File:
    """The file of a record that a store has kept."""
    return File(
        id=record.id,
        room_id=record.room_id,
        owner=record.owner,
        bytes=record.bytes,
        content_type=record.content_type,
        name=record.name,
        due_at=None if record.expires_at is None else record.expires_at - ahead_s,
        message_id=record.message_id,
        audience=None if record.audience is None else frozenset(record.audience),
    )


@dataclass(slots=True)
class _Room:
    files: dict[str, File] = field(default_factory=dict)
    attached: dict[str, list[File]] = field(default_factory=dict)
    """message id → its files"""


class Files:
    """The files of all rooms of a process. What a method returns is gone from here, and is to be erased elsewhere."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        self._due: list[tuple[float, str, str]] = []
        """a heap of: when, room, file; entries are not withdrawn"""
        self.count = 0
        self.bytes = 0

    def add(self, file: File) -> None:
        """A file lies in its room from now on."""
        room = self._rooms.setdefault(file.room_id, _Room())
        room.files[file.id] = file
        if file.message_id is not None:
            room.attached.setdefault(file.message_id, []).append(file)
        self.count += 1
        self.bytes += file.bytes
        self._plan(file)

    def opened(self, room_id: str, file_id: str, participant_id: str, now: float, *, is_host: bool) -> File:
        """A file that this participant may open; else NOT_FOUND, whether or not there is one."""
        file = self._find(room_id, file_id)
        if file is None or not file.opens_for(participant_id, now, is_host=is_host):
            raise Refused(Code.NOT_FOUND, "There is no such file.")
        return file

    def to_attach(
        self, room_id: str, file_ids: Sequence[str], participant_id: str, now: float, *, is_host: bool
    ) -> tuple[File, ...]:
        """The files that this participant wants to attach to its next message.

        Refused with NOT_FOUND where one of them is not there, is somebody else's or is attached already, and with
        INVALID_PAYLOAD where one is named twice or there are too many.
        """
        if len(file_ids) > MAX_ATTACHED_FILES or len(set(file_ids)) < len(file_ids):
            raise Refused(Code.INVALID_PAYLOAD, details={"attachments": "are too many, or one of them comes twice"})
        found = [self._find(room_id, file_id) for file_id in file_ids]
        files = tuple(
            file
            for file in found
            if file is not None
            and file.message_id is None
            and file.belongs_to(participant_id, is_host=is_host)
            and file.opens_for(participant_id, now, is_host=is_host)
        )
        if len(files) < len(found):
            raise Refused(Code.NOT_FOUND, "One of the files is not there, or is attached already.")
        return files

    def attach(
        self,
        files: Iterable[File],
        message_id: str,
        *,
        due_at: float | None = None,
        audience: Iterable[str] | None = None,
        viewed: Mapping[str, float] | None = None,
    ) -> None:
        """The message was sent: its files live and die with it, and open for whoever may see it.

        `due_at`: when the message expires; `audience`: who may see it, if not everybody; `viewed`: of one that is seen
        once, the mapping of who has seen it to the time until which it is shown to them again, kept up by the message.
        """
        for file in files:
            file.message_id, file.due_at, file.viewed = message_id, due_at, viewed
            file.audience = None if audience is None else frozenset(audience)
            self._rooms[file.room_id].attached.setdefault(message_id, []).append(file)
            self._plan(file)

    def message_gone(self, room_id: str, message_id: str) -> list[File]:
        """A message was taken away, and its files with it."""
        room = self._rooms.get(room_id)
        return self._remove_all(room.attached.get(message_id, ()) if room is not None else ())

    def seen_by_all(self, room_id: str, message_id: str, viewed: Mapping[str, float], until: float) -> None:
        """All have seen a message that is seen once: its files stay until nobody's time to open them is left."""
        room = self._rooms.get(room_id)
        for file in room.attached.get(message_id, ()) if room is not None else ():
            file.viewed, file.due_at = viewed, until
            self._plan(file)

    def participant_gone(self, room_id: str, participant_id: str) -> list[File]:
        """A seat has ended: what it laid down and did not attach, nobody can attach any more."""
        room = self._rooms.get(room_id)
        files = room.files.values() if room is not None else ()
        return self._remove_all([file for file in files if file.owner == participant_id and file.message_id is None])

    def room_over(self, room_id: str) -> list[File]:
        """The room has ended, and everything in it."""
        room = self._rooms.get(room_id)
        return self._remove_all(room.files.values() if room is not None else ())

    def of_room(self, room_id: str) -> list[File]:
        """All files that lie in a room."""
        room = self._rooms.get(room_id)
        return list(room.files.values()) if room is not None else []

    def remove(self, file: File) -> bool:
        """Take one file away; False where it is gone already."""
        if file.gone:
            return False
        room = self._rooms[file.room_id]
        del room.files[file.id]
        if file.message_id is not None:
            room.attached[file.message_id].remove(file)
            if not room.attached[file.message_id]:
                del room.attached[file.message_id]
        if not room.files:
            del self._rooms[file.room_id]
        file.gone = True
        self.count -= 1
        self.bytes -= file.bytes
        return True

    def due(self, now: float) -> Iterator[File]:
        """The files whose time is over. They are gone from here."""
        while self._due and self._due[0][0] <= now:
            at, room_id, file_id = heapq.heappop(self._due)
            file = self._find(room_id, file_id)
            if file is not None and file.due_at == at and self.remove(file):
                yield file

    def _find(self, room_id: str, file_id: str) -> File | None:
        room = self._rooms.get(room_id)
        return None if room is None else room.files.get(file_id)

    def _remove_all(self, files: Iterable[File]) -> list[File]:
        return [file for file in list(files) if self.remove(file)]

    def _plan(self, file: File) -> None:
        if file.due_at is not None:
            heapq.heappush(self._due, (file.due_at, file.room_id, file.id))
        if len(self._due) > 2 * self.count + 64:
            self._due = [one for one in self._due if self._holds(*one)]
            heapq.heapify(self._due)

    def _holds(self, at: float, room_id: str, file_id: str) -> bool:
        file = self._find(room_id, file_id)
        return file is not None and file.due_at == at


def content_type_of(given: str | None) -> str | None:
    """The media type that a file is said to have, if it is said.

    Refused with INVALID_PAYLOAD where it is none, is too long, or is that of a form: the body is the file itself.
    """
    if not given:
        return None
    if len(given) > MAX_CONTENT_TYPE_CHARS or not CONTENT_TYPE.fullmatch(given):
        raise Refused(Code.INVALID_PAYLOAD, details={"Content-Type": "is no media type, or too long"})
    if given.lower().startswith(FORMS):
        raise Refused(Code.INVALID_PAYLOAD, details={"Content-Type": "is that of a form; send the file as the body"})
    return given


def name_of(given: str | None) -> str | None:
    """The name of a file as others are shown it: no folders, no control characters, nothing that turns the writing.

    Refused with INVALID_PAYLOAD where it is longer than `MAX_FILE_NAME_CHARS`.
    """
    if not given:
        return None
    if len(given) > MAX_FILE_NAME_CHARS:
        raise Refused(Code.INVALID_PAYLOAD, details={"X-File-Name": f"has more than {MAX_FILE_NAME_CHARS} characters"})
    last = re.split(r"[/\\]", given)[-1]
    shown = "".join(one for one in last if one not in TURNING and unicodedata.category(one) not in ("Cc", "Cs"))
    cleaned = shown.strip()
    return cleaned if cleaned.strip(".") else None
