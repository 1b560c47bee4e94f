"""The requests of clients as pydantic models (typed dictionaries where they come in great numbers). What one field may
be is in `fields`, what no model can say in `checks`; nowhere else are shapes and sizes checked.

Fields are camelCase on the wire. Unknown fields are ignored, wrong types and sizes are refused, and no error ever
carries what was sent.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from rooms.limits import (
    MAX_ATTACHED_FILES,
    MAX_BROADCAST_BYTES,
    MAX_EMOJI_CHARS,
    MAX_INVITE_USES,
    MAX_MESSAGE_CHARS,
    MAX_MESSAGE_TTL_S,
    MAX_OPTIONS,
    MAX_TYPE_CHARS,
    MIN_OPTIONS,
)
from server.protocol.fields import (
    MAX_CANDIDATE_CHARS,
    MAX_ID_CHARS,
    WHOLE,
    Attributes,
    Capacity,
    Data,
    Id,
    Kind,
    Name,
    Sdp,
    Secret,
    Seq,
    Text,
    TextOrNone,
    Token,
    Ttl,
    json_of,
)
from signaling.calls import CallProgress

OTHER_SPELLINGS = {"username": "name", "userName": "name", "offer": "description", "answer": "description"}
"""What tutorials call a field → what it is called here."""

OwnName: Any = Field(None, validation_alias=AliasChoices("name", "username", "userName"))
"""One's own name, also as most tutorials spell it."""

SnapshotIn = Literal["ack", "event", "both"]
"""Where a client reads the snapshot of a room that it joins."""


class Payload(BaseModel):
    """The base of every shape on the wire."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", hide_input_in_errors=True, alias_generator=to_camel
    )


class InRoom(Payload):
    """Any request about a room."""

    room_id: Id


class ByRoom(InRoom):
    """A request about a room that is named, where nothing else is to be said, by its id alone: a bare string."""

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: object) -> object:
        return {"roomId": value} if isinstance(value, str) else value


class MediaState(Payload):
    """Which of its devices a participant says are on. `canCall`: whether its browser can call at all."""

    audio: bool | None = None
    video: bool | None = None
    screen: bool | None = None
    hand_raised: bool | None = None
    can_call: bool | None = None


class ResumeRequest(Payload):
    """Taking a seat back; `epoch` and `lastSeq` say what was seen last."""

    participant_id: Id
    resume_token: Secret
    epoch: Id | None = None
    last_seq: Seq | None = None


class JoinRoom(ByRoom):
    """`join-room`. `clientJoinId` marks the repetitions of one join, so that a lost reply costs no second seat.

    `snapshot` says where the client reads the snapshot, so that it is sent once; `both` unless told.
    """

    name: Name | None = OwnName
    host_key: Secret | None = None
    invite: Secret | None = None
    password: Secret | None = None
    token: Token | None = None
    media: MediaState | None = None
    resume: ResumeRequest | None = None
    client_join_id: Annotated[str, Field(min_length=16, max_length=MAX_ID_CHARS)] | None = None
    snapshot: SnapshotIn | None = None


class LeaveRoom(ByRoom):
    """`leave-room`."""


class AttachmentWish(TypedDict):
    """A file that the sender has laid down in the room (`POST /api/rooms/{roomId}/files`)."""

    __pydantic_config__ = Payload.model_config  # type: ignore[misc]

    fileId: Id


Attachments = Annotated[list[AttachmentWish], Field(max_length=MAX_ATTACHED_FILES)]


class SendMessage(TypedDict, total=False):
    """`send-message`."""

    # A dictionary, with the names of the wire: an object for each message would cost as much again as the check.
    __pydantic_config__ = Payload.model_config  # type: ignore[misc]

    roomId: Required[Id]
    text: Required[TextOrNone]
    clientMessageId: Id | None
    to: Id | None
    encrypted: bool | None
    kind: Kind | None
    data: Data | None
    replyTo: Id | None
    attachments: Attachments | None
    ttlS: Ttl | None
    viewOnce: Literal[True] | None


class AboutMessage(InRoom):
    """`delete-message`, `view-message`."""

    id: Id


class EditMessage(AboutMessage):
    """`edit-message`. Without `data` that of the message stays."""

    text: TextOrNone
    data: Data | None = None
    encrypted: bool | None = None


class React(AboutMessage):
    """`react`: put a reaction (`on`), or take it back."""

    emoji: Annotated[str, Field(min_length=1, max_length=MAX_EMOJI_CHARS)]
    on: bool


class Read(InRoom):
    """`read`: everything up to `seq` has been seen."""

    seq: Seq


class PinMessage(InRoom):
    """`pin-message`; null pins none."""

    id: Id | None


class CreatePoll(InRoom):
    """`create-poll`. Where it is sealed, its texts may be as long as sealed ones."""

    question: Text
    options: Annotated[list[Text], Field(min_length=MIN_OPTIONS, max_length=MAX_OPTIONS)]
    multiple: bool | None = None
    anonymous: bool | None = None
    closes_in_s: Annotated[float, Field(ge=1, le=MAX_MESSAGE_TTL_S, allow_inf_nan=False)] | None = None
    encrypted: bool | None = None


class AboutPoll(InRoom):
    """`close-poll`, `delete-poll`."""

    poll_id: Id


class Vote(AboutPoll):
    """`vote`: numbers of options, from 0; none takes a vote back."""

    choices: Annotated[list[Annotated[int, WHOLE]], Field(max_length=MAX_OPTIONS)]


class UpdateSelf(InRoom):
    """`update-self`. `attributes` replace those before, all of them."""

    name: Annotated[Name, Field(min_length=1)] | None = None
    idle: bool | None = None
    attributes: Attributes | None = None


class BroadcastRequest(InRoom):
    """`broadcast`: any JSON, for the others or for one."""

    type: Annotated[str, Field(min_length=1, max_length=MAX_TYPE_CHARS)]
    data: Annotated[Any, json_of(MAX_BROADCAST_BYTES)]
    to: Id | None = None


class OfferDescription(Payload):
    """An `RTCSessionDescriptionInit` of type offer."""

    type: Literal["offer"]
    sdp: Sdp


class AnswerDescription(Payload):
    """An `RTCSessionDescriptionInit` of type answer."""

    type: Literal["answer"]
    sdp: Sdp


class SignalRequest(InRoom):
    """What the three signals have in common."""

    to: Id | None = None
    negotiation_id: Id | None = None


class Offer(SignalRequest):
    """`offer`. The description may come as `offer`, too."""

    description: OfferDescription = Field(validation_alias=AliasChoices("description", "offer"))


class Answer(SignalRequest):
    """`answer`. The description may come as `answer`, too."""

    description: AnswerDescription = Field(validation_alias=AliasChoices("description", "answer"))


class CandidateInit(TypedDict, total=False):
    """An `RTCIceCandidateInit` (W3C WebRTC, section 4.8.1)."""

    # A dictionary, with the names of the wire: it is checked and then passed on as it is, many times a call.
    __pydantic_config__ = Payload.model_config  # type: ignore[misc]

    candidate: Annotated[str, Field(max_length=MAX_CANDIDATE_CHARS)]
    sdpMid: Annotated[str, Field(max_length=MAX_ID_CHARS)] | None
    sdpMLineIndex: Annotated[int, Field(ge=0, le=65_535)] | None
    usernameFragment: Annotated[str, Field(max_length=256)] | None


class IceCandidate(SignalRequest):
    """`ice-candidate`; `null` means the end of candidates."""

    candidate: CandidateInit | None


class GetIceServers(InRoom):
    """`get-ice-servers`."""


class CallState(InRoom):
    """`call-state`: how the sender's call goes. `joined`: it enters; `ended`: it hung up and stays."""

    state: CallProgress


class UpdateMedia(InRoom, MediaState):
    """`update-media`."""


class SetTyping(InRoom):
    """`typing`; begins unless told otherwise."""

    is_typing: bool = True


class KnockRequest(InRoom):
    """`knock`."""

    name: Name | None = OwnName


class AnswerKnock(InRoom):
    """`answer-knock`."""

    knock_id: Id
    admit: bool


class AboutParticipant(InRoom):
    """`kick`, `ban`, `transfer-host`."""

    participant_id: Id


class RoomSettings(Payload):
    """What a host may change; ceilings come from the settings of the server. `messageTtlS`: null is without end."""

    locked: bool | None = None
    capacity: Capacity | None = None
    lobby: bool | None = None
    expires_in_s: float | None = Field(None, ge=1, allow_inf_nan=False)
    receipts: bool | None = None
    message_ttl_s: Ttl | None = None


class UpdateRoom(InRoom, RoomSettings):
    """`update-room`."""


class EndRoom(InRoom):
    """`end-room`."""


class CreateRoom(Payload):
    """`POST /api/rooms`."""

    capacity: Capacity | None = None
    expires_in_s: float | None = Field(None, ge=1, allow_inf_nan=False)
    invite_only: bool = False
    password: Secret | None = None
    lobby: bool = False
    log: bool = False
    encrypted: bool = False
    key_check: Id | None = None
    receipts: bool = True
    message_ttl_s: Ttl | None = None


class CreateInvite(Payload):
    """`POST /api/rooms/{roomId}/invites`."""

    uses: Annotated[int, Field(ge=1, le=MAX_INVITE_USES), WHOLE] = 1
    expires_in_s: float | None = Field(None, ge=1, allow_inf_nan=False)


# What `check_said` holds a message to, for machines.
_SOMETHING_SAID: list[JsonValue] = [
    {"properties": {"text": {"minLength": 1}}},
    {"properties": {"attachments": {"type": "array", "minItems": 1}}, "required": ["attachments"]},
]
_NOT_TOO_LONG: list[JsonValue] = [
    {"properties": {"text": {"maxLength": MAX_MESSAGE_CHARS}}},
    {"properties": {"encrypted": {"const": True}}, "required": ["encrypted"]},
]


class OutsideMessage(Payload):
    """`POST /api/rooms/{roomId}/messages`. `text` may be empty where there are attachments."""

    model_config = ConfigDict(json_schema_extra={"allOf": [{"anyOf": one} for one in (_SOMETHING_SAID, _NOT_TOO_LONG)]})

    text: TextOrNone
    sender_name: Name = "Host"
    encrypted: bool = False
    attachments: Attachments | None = None
