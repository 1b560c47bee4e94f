"""Offsets, by which socket.io-client has its connection state recovered: which frames of which rooms it has seen.

An offset names each room that its connection had a seat in by the room's epoch, with the position up to which it was
sent everything: `{epoch}.{position}`, several of them with commas between. To clients it is opaque.
"""

from __future__ import annotations

from collections.abc import Iterable

from rooms.limits import MAX_ROOMS_PER_CONNECTION

MAX_OFFSET_CHARS = 64 * MAX_ROOMS_PER_CONNECTION
MAX_POSITION_DIGITS = 15

Offsets = dict[str, int]
"""epoch → position"""


def offset(epoch: str, position: int) -> str:
    """The offset of a frame for those that have a seat in its room alone."""
    return f"{epoch}.{position}"


def offset_of_several(seen: Iterable[tuple[str, int]]) -> str:
    """The offset of a frame for one that has several seats."""
    return ",".join(f"{epoch}.{position}" for epoch, position in seen)


def read_offset(given: object) -> Offsets | None:
    """The positions that a client sent back, if they are any."""
    if not isinstance(given, str) or not given or len(given) > MAX_OFFSET_CHARS:
        return None
    seen: Offsets = {}
    for part in given.split(","):
        epoch, _, position = part.partition(".")
        if not epoch or not (position.isascii() and position.isdecimal()) or len(position) > MAX_POSITION_DIGITS:
            return None
        seen[epoch] = int(position)
    return seen
