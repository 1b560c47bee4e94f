"""Documents as the database gets them: what people wrote, and what points to them, is sealed.

Of a logged message that is its text, its author's name, and its extras; of a room, where there is a secret that lasts,
the digests of addresses and users that are banned or seated. A digest of an address is no secret by itself: there are
only so many addresses. Names of seats are sealed before they come here (`rooms.seals`); what was not is left out.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

from rooms.records import LoggedMessage, RoomRecord
from storage import documents
from storage.documents import Document
from storage.texts import Texts, Unreadable

log = logging.getLogger(__name__)

SEALED = "sealed"
WRITTEN = ("senderName", "text", "extras")
"""Fields of a message that are sealed."""

UNKNOWN_SUBJECT = b""
"""Stands for the digest of a user that cannot be opened, or is kept elsewhere: somebody did vouch for the seat."""


class Sealing:
    """To documents and back. `digests`: whether those are sealed, too, since the secret is one that lasts."""

    def __init__(self, secret: str, *, digests: bool) -> None:
        self._texts = Texts(secret)
        self._digests = digests
        self._complained = False

    def message(self, document: Document) -> Document:
        """A message's document, with what was written sealed."""
        open_ = {key: value for key, value in document.items() if key not in WRITTEN}
        written = json.dumps({key: document.get(key) for key in WRITTEN}).encode()
        return open_ | {SEALED: self._texts.seal(document["roomId"], document["_id"], written)}

    def read_message(self, document: Document) -> LoggedMessage | None:
        """The message; also one that was written before messages were sealed. None where it cannot be opened."""
        if SEALED in document:
            try:
                written = self._texts.open(document["roomId"], document["_id"], document[SEALED])
            except Unreadable:
                self._complain()
                return None
            document = document | json.loads(written)
        return documents.from_document(LoggedMessage, document)

    def room(self, record: RoomRecord) -> Document:
        """A live room's document."""
        seats = tuple(seat.without_names() for seat in record.seats)
        digests = _digests_of(record) if self._digests else None
        if digests is None:
            return documents.live_document(replace(record, seats=seats))
        bare = replace(
            record,
            banned_origins=(),
            banned_subjects=(),
            seats=tuple(seat if seat.subject is None else replace(seat, subject=UNKNOWN_SUBJECT) for seat in seats),
        )
        sealed = self._texts.seal(record.id, "digests", json.dumps(digests).encode())
        return documents.live_document(bare) | {SEALED: sealed}

    def read_room(self, document: Document) -> RoomRecord:
        """The room. Where its digests cannot be opened, nobody is banned by address or user any more."""
        record = documents.from_document(RoomRecord, document)
        if SEALED not in document:
            return record
        try:
            digests = json.loads(self._texts.open(record.id, "digests", document[SEALED]))
        except Unreadable:
            self._complain()
            return record
        return _with_digests(record, digests)

    def _complain(self) -> None:
        if not self._complained:
            self._complained = True
            log.warning("STORAGE_SECRET is another one than before: what was sealed under that cannot be read.")


def _digests_of(record: RoomRecord) -> dict[str, Any] | None:
    """The digests that point to people; None where there are none."""
    subjects = [None if seat.subject is None else seat.subject.hex() for seat in record.seats]
    if not (any(each is not None for each in subjects) or record.banned_origins or record.banned_subjects):
        return None
    return {
        "origins": [digest.hex() for digest in record.banned_origins],
        "subjects": [digest.hex() for digest in record.banned_subjects],
        "seats": subjects,
    }


def _with_digests(record: RoomRecord, digests: dict[str, Any]) -> RoomRecord:
    seats = tuple(
        seat if subject is None else replace(seat, subject=bytes.fromhex(subject))
        for seat, subject in zip(record.seats, digests["seats"], strict=True)
    )
    return replace(
        record,
        seats=seats,
        banned_origins=tuple(map(bytes.fromhex, digests["origins"])),
        banned_subjects=tuple(map(bytes.fromhex, digests["subjects"])),
    )
