"""Records as MongoDB documents and back, without any I/O.

A document has the record's fields in camelCase, the record's own id as `_id`, times as seconds since
the Unix epoch (doubles, so that what is read equals what was written), and digests as binary. `purgeAt`
alone is a date: MongoDB's TTL index needs one. Fields that this version does not know are ignored, and
fields that are missing take the record's default, so that processes of neighbouring versions can share
one database during a deployment.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from rooms.records import LoggedMessage, RoomRecord, SessionRecord, Tombstone

Document = dict[str, Any]
Record = TypeVar("Record")
_Plan = tuple[tuple[str, str, Any, bool], ...]

LIVE = "live"
ENDED = "ended"

# A live room is ended by its process. Where none came back to do so, MongoDB removes it this much later.
LIVE_PURGE_MARGIN_S = 24 * 3600
SESSION_LOG_DAYS = 90
"""How long a line of the session log is kept, unless the operator says otherwise."""

DAY_S = 24 * 3600

_ID_FIELDS: dict[type, str] = {
    RoomRecord: "id",
    Tombstone: "room_id",
    SessionRecord: "id",
    LoggedMessage: "id",
}


def live_document(record: RoomRecord) -> Document:
    """The document of a live room. It replaces the one before it as a whole."""
    return {**_encode(record), "state": LIVE, "purgeAt": live_purge_at(record)}


def live_purge_at(record: RoomRecord) -> datetime.datetime:
    """When MongoDB may remove a live room, and its messages, that nobody came back to end."""
    return _date(record.expires_at + LIVE_PURGE_MARGIN_S)


def ended_document(
    tombstone: Tombstone, session: SessionRecord | None, session_days: int = SESSION_LOG_DAYS
) -> Document:
    """The document that takes the place of a live room when it ends.

    `unfinished` holds what still has to be done after that one atomic step: the line of the session log (or
    `None`), and, implicitly, erasing the messages. It is removed when both are done. No line is kept for 0 days.
    """
    pending = None if session is None or not session_days else session_document(session, session_days)
    return {
        **_encode(tombstone),
        "state": ENDED,
        "unfinished": {"session": pending},
        "purgeAt": _date(tombstone.until),
    }


def session_document(record: SessionRecord, days: int = SESSION_LOG_DAYS) -> Document:
    """One line of the session log, which stays for so many days."""
    return {**_encode(record), "purgeAt": _date(record.ended_at + days * DAY_S)}


def message_document(message: LoggedMessage, purge_at: datetime.datetime) -> Document:
    """A logged message; `purge_at` is that of its room. One that expires earlier goes when it does."""
    if message.expires_at is not None:
        purge_at = min(purge_at, _date(message.expires_at))
    return {**_encode(message), "purgeAt": purge_at}


def spent_document(use: str, by: str, until: float) -> Document:
    """That a voucher which is good once was used, and by whom (the id of a seat)."""
    return {"_id": use, "by": by, "purgeAt": _date(until)}


def from_document(kind: type[Record], document: Mapping[str, Any]) -> Record:
    """The record in a document. Raises `KeyError` where a field without a default is missing."""
    values: dict[str, Any] = {}
    for name, key, hint, required in plan_of(kind):
        if key in document:
            values[name] = _decode(hint, document[key])
        elif required:
            raise KeyError(f"{kind.__name__}: no {key}")
    return kind(**values)


def is_record(hint: object) -> bool:
    """Whether a field of this type is a document of its own."""
    return isinstance(hint, type) and is_dataclass(hint)


def _date(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _encode(value: Any) -> Any:
    if is_dataclass(value):
        return {key: _encode(getattr(value, name)) for name, key, _, _ in plan_of(type(value))}
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, str):
        # JSON can smuggle in a lone surrogate, which BSON cannot hold: one such name must not fail its room.
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def _decode(hint: Any, value: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        if value is None:
            return None
        hint = next(option for option in get_args(hint) if option is not type(None))
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        return tuple(_decode(item, element) for element in value)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_document(hint, value)
    return bytes(value) if hint is bytes else value


_PLANS: dict[type, _Plan] = {}


def plan_of(kind: type) -> _Plan:
    """For each field: its name, its key in a document, its type, and whether a document must have it."""
    if kind in _PLANS:
        return _PLANS[kind]
    hints = get_type_hints(kind)
    id_field = _ID_FIELDS.get(kind)
    _PLANS[kind] = tuple(
        (
            field.name,
            "_id" if field.name == id_field else _camel(field.name),
            hints[field.name],
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(kind)
    )
    return _PLANS[kind]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
