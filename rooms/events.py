"""What happened in a room, in the past tense. Everything a client is told of a room starts as one of these.

Durable events carry `seq`, their place in the room, and `position`, which orders them and the snapshots of the room;
transient ones carry neither and are never replayed. `at` is a time that never steps (decision 0019), for ages
and order, not for people.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

from rooms.model import Participant, RoomView

AT_DIGITS = 12
"""Hexadecimal digits of the milliseconds in a message's id."""


class MemberJoined(NamedTuple):
    """A new seat was taken. `participant_count`: how many are now."""

    room_id: str
    seq: int
    position: int
    at: float
    participant: Participant
    participant_count: int


class MemberLeft(NamedTuple):
    """A seat is gone for good. `participant_count`: how many are left."""

    room_id: str
    seq: int
    position: int
    at: float
    participant_id: str
    reason: str
    participant_count: int


class MemberUpdated(NamedTuple):
    """`change` is what differs: `role`, `media`, `call` or `connected`."""

    room_id: str
    seq: int
    position: int
    at: float
    participant: Participant
    change: str


def message_id(seq: int, at: float, epoch: str) -> str:
    """An id that sorts in the order of sending within its room: milliseconds, then `seq`, then the room's epoch.

    `at` never goes back, whatever is done to the wall clock. The id is made where it is told and not kept, one string
    less for each message that a room remembers.
    """
    return f"{_hexadecimal(int(at * 1000))}{seq & 0xFFFFFFFF:08x}{epoch}"


@lru_cache(maxsize=64)
def _hexadecimal(at_ms: int) -> str:
    # A busy server makes many ids in a millisecond, and to write it was a fortieth of what a message costs.
    return f"{at_ms:0{AT_DIGITS}x}"


def sent_at(message_id: str) -> float:
    """The `at` of which an id was made, to the millisecond; 0 where it was not made here."""
    try:
        return int(message_id[:AT_DIGITS], 16) / 1000
    except ValueError:
        return 0.0


_MessageFields = tuple[str, int, int, float, str, str, str, str, str | None, str | None, bool, float]


class MessagePosted(NamedTuple):
    """Somebody said something. `to` is set on a private message; `timestamp` is what the wall clock said."""

    room_id: str
    seq: int
    position: int
    at: float
    epoch: str
    sender: str
    sender_name: str
    text: str
    client_message_id: str | None
    to: str | None
    encrypted: bool
    timestamp: float

    @property
    def id(self) -> str:
        """The message's id."""
        return message_id(self.seq, self.at, self.epoch)


new_message: Callable[[_MessageFields], MessagePosted] = partial(tuple.__new__, MessagePosted)
"""`MessagePosted` of its fields, without the detour of a named tuple's own `__new__`: this runs for each message."""


class RoomUpdated(NamedTuple):
    """The room's settings or its host changed."""

    room_id: str
    seq: int
    position: int
    at: float
    room: RoomView


class SeatTakenOver(NamedTuple):
    """The seat was taken back while somebody still held it, who is out now."""

    room_id: str
    participant_id: str


class TypingChanged(NamedTuple):
    """Somebody began or stopped typing."""

    room_id: str
    participant_id: str
    is_typing: bool


class KnockReceived(NamedTuple):
    """Somebody waits in the lobby; for the host."""

    room_id: str
    knock_id: str
    name: str


class KnockAnswered(NamedTuple):
    """The answer to a knock, for who knocked. `invite` lets an admitted one join."""

    room_id: str
    knock_id: str
    admitted: bool
    invite: str | None


class RoomExpiring(NamedTuple):
    """The end is near."""

    room_id: str
    expires_at: float


class RoomEnded(NamedTuple):
    """The room is over, for all that sit in it and all that wait at its door."""

    room_id: str
    at: float
    reason: str


class SeatGranted(NamedTuple):
    """A seat is kept for somebody who is about to take it. `spent`: an invite was, which a crash must not forget."""

    room_id: str
    participant_id: str
    spent: bool


class StateChanged(NamedTuple):
    """What a store keeps of the room has changed in a way that nobody is told of: an invite, a token, a place freed."""

    room_id: str


class RoomCreated(NamedTuple):
    """A room was made, and is kept."""

    room_id: str


class RoomRestored(NamedTuple):
    """A room of an earlier process is here, as it was."""

    room_id: str


class CallStarted(NamedTuple):
    """Two participants of the room are in a call with each other, and nobody was before."""

    room_id: str


class CallEnded(NamedTuple):
    """Nobody is in a call any more. `peak`: how many were at once."""

    room_id: str
    peak: int
    duration_s: float


Durable = MemberJoined | MemberLeft | MemberUpdated | MessagePosted | RoomUpdated
Transient = SeatTakenOver | TypingChanged | KnockReceived | KnockAnswered | RoomExpiring | RoomEnded
Silent = SeatGranted | StateChanged | RoomCreated | RoomRestored | CallStarted | CallEnded
Event = Durable | Transient | Silent
