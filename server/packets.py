"""Reading Socket.IO packets (Socket.IO protocol v5): what a client sent, before anybody asks what it means."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

MAX_ACK_DIGITS = 10
MAX_INT_DIGITS = 20
PLAIN_NAME = re.compile(r'\["([A-Za-z-]{1,64})"')


class BadPacket(ValueError):
    """Not a Socket.IO packet: whoever sent it is disconnected."""


def ack_id_of(data: str) -> tuple[str, int]:
    """The acknowledgement id of an EVENT packet (digits, or nothing) and where its JSON begins."""
    if data[1:2] == "[":
        return "", 1
    if data[1:3] == "/,":
        raise BadPacket("the default namespace is not named")
    end = data.find("[", 1, MAX_ACK_DIGITS + 2)
    digits = data[1:end] if end > 0 else ""
    if not digits.isdecimal() or not digits.isascii():
        raise BadPacket("no event")
    return digits, end


def name_of(data: str, start: int) -> str:
    """The event name of a packet that is not read any further; empty where it is not a plain one."""
    found = PLAIN_NAME.match(data, start)
    return found[1] if found else ""


def loads(text: str) -> Any:
    """JSON as a client may write it. Raises `BadPacket`, or `RecursionError` where it is nested too deep."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # orjson refuses lone surrogates, which half an emoji from JavaScript is, and gives up on depth without
        # saying so; the standard library tells the two from what is not JSON.
        try:
            return json.loads(text, parse_int=_number)
        except ValueError:
            raise BadPacket("not JSON") from None


def _number(digits: str) -> int | float:
    # Python refuses to make an int of too many digits; whatever has so many is out of every field's range anyway.
    return int(digits) if len(digits) < MAX_INT_DIGITS else float(digits)
