"""How much may lie in rooms as files, and how many of them may be on their way at once.

What an upload says it will be is claimed before its first byte: of many that do not all fit, some are refused at once,
and none half-way. Where it does not say (chunked), the claim grows with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from rooms.errors import Code, Refused
from rooms.limits import MAX_FILES, MAX_FILES_PER_ROOM
from server.security.quotas import RETRY_MS, Keys, full

MAX_TRANSFERS = 128
"""Uploads of the process at once, and as many downloads: each has up to a MiB of memory."""

MAX_TRANSFERS_PER_ADDRESS = 64
"""Uploads of one address at once, and as many downloads."""

K = TypeVar("K")
TOO_LARGE = "This file is larger than files may be."


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBounds:
    """Bytes; 0 switches one off."""

    file: int = 0
    process: int = 0
    room: int = 0
    address: int = 0


@dataclass(slots=True)
class Claim:
    """What one file takes: as claimed while it is on its way, and as it is once it is complete."""

    room_id: str
    keys: Keys
    bytes: int = 0


class FileQuotas:
    """Counts of all files. Refusals are FILE_TOO_LARGE and QUOTA_EXCEEDED."""

    def __init__(self, bounds: FileBounds) -> None:
        self.bounds = bounds
        self.refused: Counter[str] = Counter()
        """Refusals by quota, since the start."""
        self.bytes = 0
        self.under_way: Counter[str] = Counter()
        """`upload` and `download` → how many"""
        self._claims: dict[str, Claim] = {}
        self._of_rooms: Counter[str] = Counter()  # bytes
        self._files_of_rooms: Counter[str] = Counter()
        self._of_addresses: Counter[str] = Counter()  # bytes
        self._transfers: Counter[tuple[str, str]] = Counter()

    def begin(self, file_id: str, room_id: str, keys: Keys, declared_bytes: int) -> None:
        """An upload is about to begin; `declared_bytes` is 0 where it does not say."""
        if len(self._claims) >= MAX_FILES:
            self._refuse("files", full("This server has as many files as it takes."))
        if self._files_of_rooms[room_id] >= MAX_FILES_PER_ROOM:
            self._refuse("files_per_room", _of_room())
        claim = Claim(room_id, keys)
        self._check(claim, declared_bytes)
        self._claims[file_id] = claim
        self._files_of_rooms[room_id] += 1
        self._add(claim, declared_bytes)

    def reaches(self, file_id: str, bytes_so_far: int) -> None:
        """An upload has so many bytes by now: its claim grows, if it was for less."""
        claim = self._claims[file_id]
        more = bytes_so_far - claim.bytes
        if more > 0:
            self._check(claim, more)
            self._add(claim, more)

    def settle(self, file_id: str, size_bytes: int) -> None:
        """The upload is complete."""
        claim = self._claims[file_id]
        self._add(claim, size_bytes - claim.bytes)

    def restored(self, file_id: str, room_id: str, size_bytes: int) -> None:
        """A file of an earlier process is there. Whose address it came from, nobody knows any more."""
        self._claims[file_id] = claim = Claim(room_id, ())
        self._files_of_rooms[room_id] += 1
        self._add(claim, size_bytes)

    def gone(self, file_id: str) -> None:
        """A file, or what was to be one, is not there any more."""
        claim = self._claims.pop(file_id, None)
        if claim is not None:
            self._add(claim, -claim.bytes)
            _take(self._files_of_rooms, claim.room_id, 1)

    @contextmanager
    def transfer(self, kind: str, keys: Keys) -> Iterator[None]:
        """An upload or download is under way; `kind` says which."""
        if self.under_way[kind] >= MAX_TRANSFERS:
            self._refuse(f"{kind}s", full("This server has as many transfers as it takes."))
        if any(self._transfers[kind, key] >= MAX_TRANSFERS_PER_ADDRESS for key in keys):
            self._refuse(f"{kind}s_per_address", _of_address("This address has too many transfers under way."))
        self.under_way[kind] += 1
        for key in keys:
            self._transfers[kind, key] += 1
        try:
            yield
        finally:
            self.under_way[kind] -= 1
            for key in keys:
                _take(self._transfers, (kind, key), 1)

    def _check(self, claim: Claim, more: int) -> None:
        bounds = self.bounds
        if 0 < bounds.file < claim.bytes + more:
            self._refuse("file", Refused(Code.FILE_TOO_LARGE, TOO_LARGE))
        if 0 < bounds.room < self._of_rooms[claim.room_id] + more:
            self._refuse("room_files", _of_room())
        if bounds.address and any(self._of_addresses[key] + more > bounds.address for key in claim.keys):
            self._refuse("address_files", _of_address("The files of this address are as many as it may have."))
        if 0 < bounds.process < self.bytes + more:
            self._refuse("file_bytes", full("This server has no place left for files of this size."))

    def _refuse(self, quota: str, refused: Refused) -> NoReturn:
        self.refused[quota] += 1
        raise refused

    def _add(self, claim: Claim, more: int) -> None:
        claim.bytes += more
        self.bytes += more
        for counts, key in ((self._of_rooms, claim.room_id), *((self._of_addresses, key) for key in claim.keys)):
            _take(counts, key, -more)


def _take(counts: Counter[K], key: K, less: int) -> None:
    counts[key] -= less
    if counts[key] <= 0:
        del counts[key]


def _of_room() -> Refused:
    return Refused(Code.QUOTA_EXCEEDED, "This room has as many files as it may have.", retry_after_ms=RETRY_MS)


def _of_address(message: str) -> Refused:
    return Refused(Code.QUOTA_EXCEEDED, message, retry_after_ms=RETRY_MS)
