"""Reading Socket.IO packets (Socket.IO protocol v5): what a client sent, before anybody asks what it means."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from server.protocol.decoding import Decoded, decode
from server.transport.engineio.messages import BinaryHead, Head

MAX_PACKET_BYTES = 262_144
"""A request that is longer is neither kept nor read, but refused: four times the longest SDP."""

MAX_ACK_DIGITS = 10
_LAST_START = MAX_ACK_DIGITS + 2
MAX_INT_DIGITS = 20
MAX_ATTACHMENTS = 10
"""Binary attachments that one packet may announce, as in socket.io-parser. More close the connection."""

MAX_ATTACHMENT_BYTES = 4 * 1_048_576
"""Bytes that the attachments of one packet may have together; they are dropped as they arrive."""

BINARY_HEADER = re.compile(r"[56](\d{1,3})-(\d{0,10})(?=\[)", re.ASCII)
PLAIN_NAME = re.compile(r'\["([A-Za-z-]{1,64})"')


def is_too_long(data: str | bytes) -> bool:
    """Whether a packet is longer than is kept, or the beginning of one that was."""
    return isinstance(data, Head | BinaryHead) or len(data) > MAX_PACKET_BYTES


class BadPacket(ValueError):
    """Not a Socket.IO packet: whoever sent it is disconnected."""


class Unread(Exception):
    """An EVENT packet that is not read in full, and whose sender is told so."""

    def __init__(self, event: str, ack_id: str, *, too_large: bool) -> None:
        super().__init__("too large" if too_large else "nested too deep")
        self.event = event
        self.ack_id = ack_id
        self.too_large = too_large


def read_event(data: str) -> tuple[str, str, list[Any] | Decoded]:
    """An EVENT packet in the default namespace: acknowledgement id (digits, or nothing), event name, arguments.

    Of the most frequent requests, where they are in order, the payload comes checked already.

    Raises `BadPacket` where it is none, `Unread` where it is too large or too deep to be one.
    """
    start = data.find("[", 1, _LAST_START)
    ack_id = data[1:start]
    if start != 1 and not (start > 0 and ack_id.isdecimal() and ack_id.isascii()):
        raise BadPacket("no event, or the default namespace is named")
    if data.__class__ is Head or len(data) > MAX_PACKET_BYTES:
        raise Unread(_name_of(data, start), ack_id, too_large=True)
    text = data[start:]
    decoded = decode(text)
    if decoded is not None:
        return ack_id, decoded[0], decoded
    try:
        args = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            args = _loads_slowly(text)
        except RecursionError:
            raise Unread(_name_of(data, start), ack_id, too_large=False) from None
    if not isinstance(args, list) or not args or not isinstance(args[0], str):
        raise BadPacket("not an event")
    return ack_id, args.pop(0), args


def read_frequent(data: str) -> tuple[str, Decoded] | None:
    """What `read_event` makes of one of the most frequent requests; None where it is none, or not in order."""
    start = data.find("[", 1, _LAST_START)
    ack_id = data[1:start]
    if start != 1 and not (start > 0 and ack_id.isdecimal() and ack_id.isascii()):
        return None
    decoded = decode(data[start:])
    return None if decoded is None else (ack_id, decoded)


class BinaryHeader(NamedTuple):
    """The first part of a BINARY_EVENT or BINARY_ACK packet; so many binary messages follow it."""

    event: str
    ack_id: str
    attachments: int


def read_binary_header(data: str) -> BinaryHeader:
    """The header of a packet with attachments, in the default namespace. Raises `BadPacket` where it is none."""
    found = BINARY_HEADER.match(data)
    if found is None or int(found[1]) > MAX_ATTACHMENTS:
        raise BadPacket("no packet with attachments, or too many of them")
    return BinaryHeader(_name_of(data, found.end()), found[2], int(found[1]))


@dataclass(slots=True)
class Attachments:
    """What is still to come of a packet whose header was read: so many messages, so many bytes at most."""

    missing: int
    bytes_left: int = MAX_ATTACHMENT_BYTES

    def drop(self, data: str | bytes) -> bool:
        """Take the next one and keep nothing of it; true where it was the last. `BadPacket` where it is none."""
        self.missing -= 1
        self.bytes_left -= data.size if isinstance(data, BinaryHead) else len(data)
        if isinstance(data, str) or self.bytes_left < 0:
            raise BadPacket("not an attachment, or too large")
        return self.missing == 0


def _name_of(data: str, start: int) -> str:
    """The event name of a packet that is not read any further; empty where it is not a plain one."""
    found = PLAIN_NAME.match(data, start)
    return found[1] if found else ""


def loads(text: str) -> Any:
    """JSON as a client may write it. Raises `BadPacket`, or `RecursionError` where it is nested too deep."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _loads_slowly(text)


def _loads_slowly(text: str) -> Any:
    # orjson refuses lone surrogates, which half an emoji from JavaScript is, and gives up on depth without saying so;
    # the standard library tells the two from what is not JSON.
    try:
        return json.loads(text, parse_int=_number)
    except ValueError:
        raise BadPacket("not JSON") from None


def _number(digits: str) -> int | float:
    # Python refuses to make an int of too many digits; whatever has so many is out of every field's range anyway.
    return int(digits) if len(digits) < MAX_INT_DIGITS else float(digits)
