"""What nodes tell each other: frames, and the batches in which they travel. Pure; nothing in it waits.

A batch is what one node has for another at the end of a loop turn. Numbers are little-endian. A batch is
`version u8, name length u8, sequence u64, seen u64, name of the sender`, then frames; a frame is
`kind u8, handle u32, number u32, body length u32, body`. The sequence counts the batches of one sender for one
receiver from 1 on, without a gap; 0 is a batch that only says what was seen. `seen` is the newest sequence of the other
direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from struct import Struct, error, pack, unpack_from
from typing import Final, NamedTuple

VERSION: Final = 1
MAX_NAME_BYTES: Final = 200
"""Of a node's name."""

MAX_FRAME_BYTES: Final = 6 * 1_048_576
"""Of one frame's body: the longest polling body, and what its head takes."""

MAX_BATCH_BYTES: Final = 16 * 1_048_576
MAX_FRAMES: Final = 65_536
"""Frames of one batch."""

_HEAD: Final = Struct("<BBQQ")
_FRAME: Final = Struct("<BIII")
FRAME_OVERHEAD: Final = _FRAME.size
BATCH_OVERHEAD: Final = _HEAD.size + MAX_NAME_BYTES


class Kind(IntEnum):
    """What a frame says. `handle` is the edge's number of a connection, unless said otherwise."""

    # From an edge to an owner
    PRESENT = 1
    """Facts about a connection (JSON), before its first command."""
    COMMAND = 2
    """A Socket.IO packet of the connection, after a u32: the edge's number of when it last found the room. `number` is
    the command's."""
    GONE = 3
    """The connection is gone."""
    HOLD = 4
    """The connection held a seat when the room's last owner went, and has seen what it is entitled to up to position
    `number` of this epoch: `room NUL participant NUL epoch`."""
    RECOVER = 5
    """As PRESENT, of a connection whose client asks for its state to be recovered."""
    KNOCKING = 6
    """The connection waited at the door of the room when its last owner went: `room NUL knock`."""
    # From an owner to an edge
    ONE = 10
    """A packet for one connection. An acknowledgement among them answers its command."""
    LONG = 11
    """The same, which does not count as unread."""
    MANY = 12
    """A packet for `handle` connections, whose handles (u32 each) come before it."""
    DONE = 13
    """The command of this number, which asked for no acknowledgement, is over."""
    BOUNCE = 14
    """The command of this number was not run: the room is not here. Nor is any other that the connection sent about the
    room, until the edge has looked for it again."""
    CLOSE = 15
    """Close the transport with code `number`."""
    CLOSE_LATER = 16
    """Close it, unless it holds a seat by then."""
    SEAT = 17
    """The connection has taken a seat, at position `number` of the room: `room NUL participant NUL epoch`."""
    UNSEAT = 18
    """It holds the seat no more."""
    MOVED = 19
    """The room of this id runs here no more."""
    RESET = 20
    """Something that the edge sent was missed: the owner has let go of all its connections."""
    RECOVERED = 21
    """Whether it was: `number` is 1 or 0. What it missed follows."""
    WAITS = 22
    """The connection waits at the door of a room: `room NUL knock`."""
    WAITS_NOT = 23
    """It waits there no more."""
    # HTTP, either way; `handle` is the asking node's number of the request
    REQUEST = 30
    """A request for the other to answer (`server.cluster.http`), and its body, or how that begins. So many bytes of an
    answer in parts are taken as `number` says, until MORE_ANSWER allows for others."""
    RESPONSE = 31
    """Its answer, whole; an empty one: there is none, or no more of it."""
    CANCEL = 32
    """Whoever asked has gone."""
    BODY = 33
    """The next part of the request's body, behind `number` (modulo 2³²) bytes that went before it as parts; an empty
    one is the end."""
    MORE_BODY = 34
    """Whoever answers takes `number` bytes more of the body."""
    HEAD = 35
    """The head of an answer whose body follows in parts."""
    PART = 36
    """The next part of that; as BODY."""
    MORE_ANSWER = 37
    """Whoever asked takes `number` bytes more of the answer."""


KINDS: Final = frozenset(int(kind) for kind in Kind)


class Frame(NamedTuple):
    """One thing that a node tells another."""

    kind: int
    handle: int
    number: int
    body: bytes


class Batch(NamedTuple):
    """What one node has told another at once."""

    source: str
    sequence: int
    seen: int
    frames: Sequence[Frame]


class BadBatch(ValueError):
    """Not a batch; nothing of it was taken."""


def encode_frame(kind: int, handle: int, number: int, body: bytes) -> bytes:
    """One frame. Raises `ValueError` where the body is too long."""
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError("a frame that is too long")
    return _FRAME.pack(kind, handle, number, len(body)) + body


def encode_batch(source: str, sequence: int, seen: int, frames: Iterable[bytes]) -> bytes:
    """A batch of encoded frames, which the caller keeps within `MAX_BATCH_BYTES` and `MAX_FRAMES`."""
    name = source.encode()
    return b"".join((_HEAD.pack(VERSION, len(name), sequence, seen), name, *frames))


def decode_batch(data: bytes) -> Batch:
    """The batch that `data` is, whole. Raises `BadBatch` where it is none, or crosses a bound."""
    if len(data) > MAX_BATCH_BYTES:
        raise BadBatch("too long")
    try:
        version, name_length, sequence, seen = _HEAD.unpack_from(data)
    except error:
        raise BadBatch("too short") from None
    at = _HEAD.size + name_length
    if version != VERSION or not 0 < name_length <= MAX_NAME_BYTES or len(data) < at:
        raise BadBatch("another version, or no name")
    try:
        source = data[_HEAD.size : at].decode()
    except UnicodeDecodeError:
        raise BadBatch("a name that is no text") from None
    return Batch(source, sequence, seen, _frames(data, at))


def _frames(data: bytes, at: int) -> list[Frame]:
    frames: list[Frame] = []
    size, unpack, end, new = _FRAME.size, _FRAME.unpack_from, len(data), tuple.__new__
    while at < end:
        if end - at < size:
            raise BadBatch("half a frame")
        kind, handle, number, length = unpack(data, at)
        at += size
        if kind not in KINDS or length > MAX_FRAME_BYTES or end - at < length or len(frames) >= MAX_FRAMES:
            raise BadBatch("an unknown frame, or a wrong length")
        frames.append(new(Frame, (kind, handle, number, data[at : at + length])))  # as `Frame(…)`, in half the time
        at += length
    return frames


def many_body(handles: Sequence[int], packet: bytes) -> bytes:
    """The body of a MANY frame."""
    return pack(f"<{len(handles)}I", *handles) + packet


def read_many(frame: Frame) -> tuple[tuple[int, ...], bytes]:
    """The handles and the packet of a MANY frame. Raises `BadBatch`."""
    count, body = frame.handle, frame.body
    if 4 * count > len(body):
        raise BadBatch("fewer handles than announced")
    return unpack_from(f"<{count}I", body), body[4 * count :]


def names_body(*names: str) -> bytes:
    """The body of a frame that names a room, a participant, …"""
    return "\0".join(names).encode()


def read_names(body: bytes, count: int) -> list[str]:
    """So many names of a body. Raises `BadBatch` where there are not as many."""
    try:
        names = body.decode().split("\0")
    except UnicodeDecodeError:
        raise BadBatch("names that are no text") from None
    if len(names) != count:
        raise BadBatch("too many names, or too few")
    return names
