"""What happened in a room, in the past tense. Everything a client is told of a room starts as one of these.

Durable events carry `seq`, their place in the room, and `position`, which orders them and the snapshots of the room;
transient ones carry neither and are never replayed. `at` is a time that never steps (decision 0019), for ages
and order, not for people. That a message was sent has no event of its own: it is the message.
"""

from __future__ import annotations

from typing import NamedTuple

from rooms.message import DeleteReason, Message
from rooms.model import Change, EndReason, LeaveReason, Participant, RoomView
from rooms.poll import Poll


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
    reason: LeaveReason
    participant_count: int


class MemberUpdated(NamedTuple):
    """`change` is what differs."""

    room_id: str
    seq: int
    position: int
    at: float
    participant: Participant
    change: Change


class RoomUpdated(NamedTuple):
    """The room's settings or its host changed."""

    room_id: str
    seq: int
    position: int
    at: float
    room: RoomView


class MessageUpdated(NamedTuple):
    """Its author changed a message, which is as it is now."""

    room_id: str
    seq: int
    position: int
    at: float
    message: Message


class ReactionChanged(NamedTuple):
    """Somebody reacted to a message, or took that back."""

    room_id: str
    seq: int
    position: int
    at: float
    message: Message
    participant_id: str
    emoji: str
    on: bool


class MessageDeleted(NamedTuple):
    """A message is gone. `by` is empty where nobody did it, and for the room's owner; `audience` as the message's was.

    `message_seq` and `sender` are those of the message: they tell who has not heard of it.
    """

    room_id: str
    seq: int
    position: int
    at: float
    message_id: str
    message_seq: int
    sender: str
    audience: tuple[str, ...] | None
    by: str
    reason: DeleteReason


class PollCreated(NamedTuple):
    """Somebody asked. `shows_votes`: whether everybody sees who has voted for what."""

    room_id: str
    seq: int
    position: int
    at: float
    poll: Poll
    shows_votes: bool


class PollUpdated(NamedTuple):
    """Somebody voted, or the poll was closed; it is as it is now."""

    room_id: str
    seq: int
    position: int
    at: float
    poll: Poll
    shows_votes: bool


class PollDeleted(NamedTuple):
    """A poll is gone. `poll_seq` is that of its making."""

    room_id: str
    seq: int
    position: int
    at: float
    poll_id: str
    poll_seq: int


class Erased(NamedTuple):
    """In place of an event that nobody may have again, so that there is no hole."""

    seq: int
    position: int
    at: float


class ReadChanged(NamedTuple):
    """A participant has seen everything up to a `seq`."""

    room_id: str
    participant_id: str
    seq: int


class Broadcast(NamedTuple):
    """A participant sent something to the others, or to one, that is not kept. `data` is JSON as text."""

    room_id: str
    sender: str
    type: str
    data: str
    to: str | None


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
    reason: EndReason


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


AboutMessage = MessageUpdated | ReactionChanged | MessageDeleted
AboutPoll = PollCreated | PollUpdated | PollDeleted
Durable = MemberJoined | MemberLeft | MemberUpdated | Message | AboutMessage | AboutPoll | RoomUpdated
Transient = (
    SeatTakenOver | TypingChanged | ReadChanged | Broadcast | KnockReceived | KnockAnswered | RoomExpiring | RoomEnded
)
Silent = SeatGranted | StateChanged | RoomCreated | RoomRestored | CallStarted | CallEnded
Event = Durable | Transient | Silent
