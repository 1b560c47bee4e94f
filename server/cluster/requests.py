"""Which room a request is about, read from its Socket.IO packet without taking it apart."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import orjson

MAX_ACK_DIGITS: Final = 10
MAX_ROOM_ID_CHARS: Final = 64
_LAST_START: Final = MAX_ACK_DIGITS + 2
_KEY: Final = '"roomId":"'
_PLAIN: Final = re.compile(r'2([0-9]{0,10})\["[^"\\]*",\{"roomId":"([^"\\]{1,64})"')
"""As every client of ours writes it: the room comes first."""

_NEW: Final = tuple.__new__


REPEATABLE: Final = frozenset(
    {
        "read", "typing", "update-media", "update-self", "get-ice-servers", "vote", "pin-message", "update-room",
        "view-message", "react", "call-state",
    }
)  # fmt: skip
"""Requests that may be run twice: the second time nothing is changed, and the answer is the same."""

_KNOWN_AGAIN: Final = {
    "join-room": ('"resume":{', '"clientJoinId":"'),
    "send-message": ('"clientMessageId":"',),
}
"""Requests that may be run twice where they carry one of these: the room knows them again."""


_TAKES_BACK: Final = (b'2["message-deleted"', b'2["message-updated"', b'2["poll-deleted"')


class Addressed(NamedTuple):
    """What is known of a request before anybody runs it."""

    ack_id: str
    """Digits; empty where no acknowledgement is asked for."""
    room_id: str


def addressed(packet: str) -> Addressed | None:
    """The room that an EVENT packet of the default namespace is about; None where it names none, or is no such packet.

    Within a JSON string every quotation mark has a backslash before it, so `"roomId":"` is a key wherever it stands; if
    it stands there once, a request that has a room at all has this one.
    """
    plain = _PLAIN.match(packet)
    if plain is not None and packet.find('"roomId"', plain.end()) < 0:
        return _NEW(Addressed, plain.groups())  # as `Addressed(…)`, at half of its cost
    start = packet.find("[", 1, _LAST_START)
    ack_id = packet[1:start]
    if start < 1 or not (start == 1 or (ack_id.isdecimal() and ack_id.isascii())):
        return None
    at = packet.find(_KEY, start)
    if at >= 0 and packet.find('"roomId"', at + len(_KEY)) < 0:
        begin = at + len(_KEY)
        end = packet.find('"', begin, begin + MAX_ROOM_ID_CHARS + 1)
        room_id = packet[begin:end] if end > begin else ""
        if room_id and "\\" not in room_id:
            return Addressed(ack_id, room_id)
    room_id = _parsed(packet[start:])
    return Addressed(ack_id, room_id) if room_id else None


def _parsed(text: str) -> str:
    try:
        args: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ""
    asked = args[1] if isinstance(args, list) and len(args) > 1 else None
    room_id = asked.get("roomId") if isinstance(asked, dict) else asked
    if isinstance(room_id, str) and 0 < len(room_id) <= MAX_ROOM_ID_CHARS and "\0" not in room_id:
        return room_id
    return ""


def may_be_repeated(packet: str) -> bool:
    """Whether a request that was perhaps run may be run once more."""
    begin = packet.find('["', 1, _LAST_START) + 2
    event = packet[begin : packet.find('"', begin, begin + 64)] if begin > 1 else ""
    return event in REPEATABLE or any(key in packet for key in _KNOWN_AGAIN.get(event, ()))


def acknowledged(packet: bytes) -> str:
    """The acknowledgement id that an ACK packet answers; empty where it is none."""
    return packet[1 : packet.find(b"[", 1, _LAST_START)].decode() if packet[:1] == b"3" else ""


def takes_back(packet: bytes) -> bool:
    """Whether an EVENT packet says that what was sent before is gone."""
    return packet.startswith(_TAKES_BACK)


def seen_in(packet: bytes) -> list[tuple[str, int]]:
    """The `(epoch, position)` that an EVENT packet's offset names; none where it carries no offset."""
    if not packet.endswith(b'"]'):
        return []
    try:
        offset = packet[packet.rfind(b'"', 0, -2) + 1 : -2].decode("ascii")
    except UnicodeDecodeError:
        return []
    found = []
    for part in offset.split(","):
        epoch, dot, position = part.partition(".")
        if not dot or not position.isdecimal() or len(position) > MAX_ACK_DIGITS:
            return []
        found.append((epoch, int(position)))
    return found
