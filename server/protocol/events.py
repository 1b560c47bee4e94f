"""What the server sends, as pydantic models: events and their parts. Nothing in the hot path runs through them.

They are the source of the published schemas, and tests hold every event that is really sent against them: no field
may be missing, unknown or of another type. A field that `absent` marks is left out rather than sent as null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rooms.errors import Code
from rooms.message import DeleteReason
from rooms.model import EndReason, LeaveReason, Role, RoomStatus
from server.protocol.fields import Kind
from server.protocol.requests import AnswerDescription, CandidateInit, OfferDescription

ISO_MILLISECONDS = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"

Time = Annotated[str, Field(pattern=ISO_MILLISECONDS, json_schema_extra={"format": "date-time"})]
Count = Annotated[int, Field(ge=0)]
Seq = Annotated[int, Field(ge=1)]
Reason = Literal[LeaveReason, "replaced", EndReason, "server-shutdown"]
Action = Literal["resume", "rejoin", "none"]


def absent() -> Any:
    """Marks a field that may be left out, but is never null."""
    return Field(default=None)


class Sent(BaseModel):
    """The base of everything the server sends."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, alias_generator=to_camel
    )


class Media(Sent):
    """What a participant says of its own devices. `canCall` is false where its browser has no WebRTC."""

    audio: bool
    video: bool
    screen: bool
    hand_raised: bool
    can_call: bool


class Participant(Sent):
    """What others see of a seat. `id` stays the same across reconnects and is not the Socket.IO `sid`.

    `inCall`: it has entered the room's call and not hung up. `idle` is what its client says. `attributes` are left out
    of a list of participants, and `attributesOmitted` says so, where those of all would be too long. `verified`: the
    operator's site says who it is, and its name; `userId` is how that site calls it.
    """

    id: str
    name: str
    role: Role
    connected: bool
    joined_at: Time
    media: Media
    in_call: bool
    idle: bool
    attributes: dict[str, str] = absent()
    attributes_omitted: Literal[True] = absent()
    verified: Literal[True] = absent()
    user_id: str = absent()


class OtherParticipant(Participant):
    """Somebody else in a snapshot. `needsIceRestart`: signals of this participant were lost while you were away."""

    polite: bool
    needs_ice_restart: Literal[True] = absent()


class Room(Sent):
    """What anyone who has the link may know of a room. `hostId` is null while nobody is in.

    `keyCheck` is as its creator gave it; by it a client tells whether the key in its link is that of the room.
    `receipts`: it is told who has read what. `messageTtlS`: how long messages last that are sent from now on, or null.
    """

    id: str
    status: RoomStatus
    capacity: Seq
    participant_count: Count
    host_id: str | None
    invite_only: bool
    password_required: bool
    lobby: bool
    encrypted: bool
    receipts: bool
    message_ttl_s: float | None
    pinned_message_id: str | None
    created_at: Time
    expires_at: Time
    key_check: str = absent()


class IceServer(Sent):
    """An `RTCIceServer` (W3C WebRTC, section 4.2.2)."""

    urls: list[str]
    username: str = absent()
    credential: str = absent()


class Limits(Sent):
    """What the server accepts: sizes of requests, requests a second (0: any number) and how many at once.

    `fileBytes` is the largest file; 0: none, as files are off.
    """

    message_chars: Count
    sealed_chars: Count
    name_chars: Count
    sdp_bytes: Count
    candidate_chars: Count
    call_participants: Count
    rooms_per_socket: Count
    file_bytes: Count
    events_per_s: float = Field(ge=0)
    burst: float = Field(ge=0)


class ErrorObject(Sent):
    """The error object. `details` maps a field to the reason it was refused for, never to its value."""

    code: Code = Field(strict=False)
    message: str
    retryable: bool
    retry_after_ms: Seq = absent()
    details: dict[str, str] = absent()


class Reaction(Sent):
    """How many reacted with an emoji, the first of them by name. `mine`: whoever is told this is among them."""

    emoji: str
    count: Seq
    participant_ids: list[str]
    mine: Literal[True] = absent()


class AttachedFile(Sent):
    """A file that is attached to a message. What is not told of it is not known: it is inside, where it is sealed."""

    file_id: str
    bytes: Count
    content_type: str = absent()
    name: str = absent()


class MessageReceived(Sent):
    """Somebody said something. `sender` is a participant id, or empty for the room's owner over REST.

    `kind`, `data` and `replyTo` are as its author gave them. `viewOnce`: its text is seen with `view-message`.
    `expiresAt`: by then it is gone. `editedAt` and `reactions` come where it is told later, in a snapshot or on a page.
    """

    id: str
    room_id: str
    text: str
    sender: str
    sender_name: str
    timestamp: Time
    seq: Seq
    epoch: str
    client_message_id: str = absent()
    to: str = absent()
    encrypted: Literal[True] = absent()
    kind: Kind = absent()
    data: Any = absent()
    reply_to: str = absent()
    attachments: list[AttachedFile] = absent()
    view_once: Literal[True] = absent()
    expires_at: Time = absent()
    edited_at: Time = absent()
    reactions: list[Reaction] = absent()


class MessageUpdated(Sent):
    """Its author changed a message: `text` and `data` are what they are now."""

    room_id: str
    id: str
    text: str
    data: Any = absent()
    edited_at: Time
    seq: Seq
    encrypted: Literal[True] = absent()


GoneReason = Literal[DeleteReason, "forgotten"]


class MessageDeleted(Sent):
    """A message is gone. `by` is who did it; empty where it expired, and for the room's owner over REST.

    `forgotten`, in `missed` alone: it was edited in an earlier epoch, and what it says since is not known.
    """

    room_id: str
    id: str
    by: str
    reason: GoneReason
    seq: Seq


class ReactionChanged(Sent):
    """Somebody reacted to a message, or took that back."""

    room_id: str
    id: str
    participant_id: str
    emoji: str
    on: bool
    seq: Seq


class ReadChanged(Sent):
    """A participant has seen everything up to a `seq`."""

    room_id: str
    participant_id: str
    seq: Count


class BroadcastReceived(Sent):
    """A participant sent something that is not kept. `from` is the participant id that the server stamped."""

    room_id: str
    from_: str = Field(alias="from")
    type: str
    data: Any


class Poll(Sent):
    """A question with options; `counts` and `choices` go by their order. `votes`: participant id to choices, unless the
    poll is anonymous or the room may have more than 50 people.
    """

    poll_id: str
    author: str
    question: str
    options: list[str]
    multiple: bool
    anonymous: bool
    closes_at: Time = absent()
    counts: list[Count]
    votes: dict[str, list[Count]] = absent()
    closed: bool
    seq: Seq
    encrypted: Literal[True] = absent()


class PollCreated(Sent):
    """Somebody asked."""

    room_id: str
    poll: Poll
    seq: Seq


class PollUpdated(Sent):
    """Somebody voted, or the poll was closed."""

    room_id: str
    poll_id: str
    counts: list[Count]
    votes: dict[str, list[Count]] = absent()
    closed: bool
    seq: Seq


class PollDeleted(Sent):
    """A poll is gone."""

    room_id: str
    poll_id: str
    seq: Seq


class UserJoined(Sent):
    """A new participant. `polite` is the flag to use towards it."""

    room_id: str
    seq: Seq
    participant: Participant
    polite: bool
    participant_count: Count


class UserLeft(Sent):
    """A participant is gone for good."""

    room_id: str
    seq: Seq
    participant_id: str
    reason: Reason
    participant_count: Count


class UserUpdated(Sent):
    """The name, role, media, call, connection, attributes or presence of a participant changed."""

    room_id: str
    seq: Seq
    participant: Participant


class RoomUpdated(Sent):
    """The room's settings, its host or its pinned message changed."""

    room_id: str
    seq: Seq
    room: Room


class MissedMessage(Sent):
    """A missed `message-received`."""

    event: Literal["message-received"]
    payload: MessageReceived


class MissedJoin(Sent):
    """A missed `user-joined`."""

    event: Literal["user-joined"]
    payload: UserJoined


class MissedLeave(Sent):
    """A missed `user-left`."""

    event: Literal["user-left"]
    payload: UserLeft


class MissedUpdate(Sent):
    """A missed `user-updated`."""

    event: Literal["user-updated"]
    payload: UserUpdated


class MissedRoomUpdate(Sent):
    """A missed `room-updated`."""

    event: Literal["room-updated"]
    payload: RoomUpdated


class MissedEdit(Sent):
    """A missed `message-updated`."""

    event: Literal["message-updated"]
    payload: MessageUpdated


class MissedDeletion(Sent):
    """A missed `message-deleted`."""

    event: Literal["message-deleted"]
    payload: MessageDeleted


class MissedReaction(Sent):
    """A missed `reaction-changed`."""

    event: Literal["reaction-changed"]
    payload: ReactionChanged


class MissedPoll(Sent):
    """A missed `poll-created`."""

    event: Literal["poll-created"]
    payload: PollCreated


class MissedVote(Sent):
    """A missed `poll-updated`."""

    event: Literal["poll-updated"]
    payload: PollUpdated


class MissedPollDeletion(Sent):
    """A missed `poll-deleted`."""

    event: Literal["poll-deleted"]
    payload: PollDeleted


Missed = Annotated[
    MissedMessage
    | MissedEdit
    | MissedDeletion
    | MissedReaction
    | MissedPoll
    | MissedVote
    | MissedPollDeletion
    | MissedJoin
    | MissedLeave
    | MissedUpdate
    | MissedRoomUpdate,
    Field(discriminator="event"),
]


class RoomJoined(Sent):
    """The full picture of a room. It replaces what the client knew. `missed` comes where `recovered`; elsewhere it
    holds `message-deleted` of messages of earlier epochs alone. `forgotten`: these were too many, and all messages
    of earlier epochs have to go. `reads` (up to which `seq` each participant has seen everything) comes where the room
    has receipts.
    """

    room_id: str
    self: Participant
    room: Room
    participants: list[OtherParticipant]
    typing: list[str]
    messages: list[MessageReceived]
    polls: list[Poll]
    reads: dict[str, Count] = absent()
    ice_servers: list[IceServer]
    ice_expires_at: Time | None
    epoch: str
    seq: Count
    recovered: bool
    missed: list[Missed] = absent()
    forgotten: Literal[True] = absent()
    resume_token: str
    resume_ttl_s: float = Field(ge=0)
    limits: Limits


class RoomLeft(Sent):
    """This socket's seat is gone. `action` says what to do about it."""

    room_id: str
    reason: Reason
    action: Action


class SignalReceived(Sent):
    """What the three signals have in common. `from` is the participant id that the server stamped."""

    room_id: str
    from_: str = Field(alias="from")
    negotiation_id: str = absent()


class OfferReceived(SignalReceived):
    """An offer for this participant."""

    description: OfferDescription


class AnswerReceived(SignalReceived):
    """An answer for this participant."""

    description: AnswerDescription


class IceCandidateReceived(SignalReceived):
    """A candidate for this participant; null is the end of candidates."""

    candidate: CandidateInit | None


class TypingChanged(Sent):
    """Somebody began or stopped typing."""

    room_id: str
    participant_id: str
    is_typing: bool


class KnockReceived(Sent):
    """Somebody waits in the lobby. For the host."""

    room_id: str
    knock_id: str
    name: str


class KnockAnswered(Sent):
    """The answer to a knock. `invite` comes where `admitted`, is good for one join and for five minutes."""

    room_id: str
    admitted: bool
    invite: str = absent()


class RoomExpiring(Sent):
    """The room ends soon: 60 s and 10 s ahead."""

    room_id: str
    expires_at: Time


class ServerDraining(Sent):
    """The process is about to stop. Reconnect after `retryAfterMs` and resume."""

    retry_after_ms: Count


class RequestFailed(Sent):
    """A request that asked for no acknowledgement was refused."""

    event: str
    error: ErrorObject


EVENTS: dict[str, type[Sent]] = {
    "room-joined": RoomJoined,
    "room-left": RoomLeft,
    "user-joined": UserJoined,
    "user-left": UserLeft,
    "user-updated": UserUpdated,
    "message-received": MessageReceived,
    "message-updated": MessageUpdated,
    "message-deleted": MessageDeleted,
    "reaction-changed": ReactionChanged,
    "read-changed": ReadChanged,
    "poll-created": PollCreated,
    "poll-updated": PollUpdated,
    "poll-deleted": PollDeleted,
    "broadcast-received": BroadcastReceived,
    "offer-received": OfferReceived,
    "answer-received": AnswerReceived,
    "ice-candidate-received": IceCandidateReceived,
    "typing-changed": TypingChanged,
    "room-updated": RoomUpdated,
    "knock-received": KnockReceived,
    "knock-answered": KnockAnswered,
    "room-expiring": RoomExpiring,
    "server-draining": ServerDraining,
    "request-failed": RequestFailed,
}
"""Every event that the server may send."""

DURABLE = frozenset(
    {
        "message-received",
        "message-updated",
        "message-deleted",
        "reaction-changed",
        "poll-created",
        "poll-updated",
        "poll-deleted",
        "user-joined",
        "user-left",
        "user-updated",
        "room-updated",
    }
)
"""Events with a place in the `seq` of their room."""

WITH_OFFSET = DURABLE | {"room-joined"}
"""Events that carry a string offset as a second argument, for socket.io-client's connection state recovery."""
