"""The requests of clients as pydantic models (typed dictionaries where they come in great numbers): the only place
where shapes and sizes are checked.

Fields are camelCase on the wire. Unknown fields are ignored, wrong types and sizes are refused, and no error ever
carries what was sent.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal, Required, TypeVar

import orjson
from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from rooms.errors import Code, Refused
from rooms.limits import (
    MAX_ATTACHED_FILES,
    MAX_ATTRIBUTES,
    MAX_ATTRIBUTES_BYTES,
    MAX_BROADCAST_BYTES,
    MAX_DATA_BYTES,
    MAX_EMOJI_CHARS,
    MAX_INVITE_USES,
    MAX_MESSAGE_CHARS,
    MAX_MESSAGE_TTL_S,
    MAX_NAME_CHARS,
    MAX_OPTION_CHARS,
    MAX_OPTIONS,
    MAX_QUESTION_CHARS,
    MAX_SEALED_CHARS,
    MAX_TYPE_CHARS,
    MIN_MESSAGE_TTL_S,
    MIN_OPTIONS,
)
from signaling.calls import CallProgress

MAX_ID_CHARS = 64
MAX_SECRET_CHARS = 256
MAX_TOKEN_CHARS = 8_192
MAX_SDP_BYTES = 65_536
MAX_CANDIDATE_CHARS = 2_048
MAX_DETAILS = 8
"""How many refused fields an error names."""


def clean_name(name: str) -> str:
    """Without control characters, and with single spaces."""
    if not name.isprintable():
        name = "".join(c for c in name if unicodedata.category(c) != "Cc")
    return " ".join(name.split())


def _looks_like_sdp(sdp: str) -> str:
    # RFC 8866, section 5: a session description begins with its version line.
    if not sdp.startswith("v=0"):
        raise ValueError("is not a session description")
    if len(sdp.encode()) > MAX_SDP_BYTES:
        raise ValueError(f"is longer than {MAX_SDP_BYTES} bytes")
    return sdp


def _json_of(max_bytes: int) -> AfterValidator:
    """Makes JSON text of a value: what passes it on neither looks into it nor keeps it in parts."""

    def encode(value: object) -> str:
        try:
            encoded = orjson.dumps(value)
        except TypeError:
            # Half an emoji, a number of too many digits, or nested too deep.
            raise ValueError("cannot be written as JSON") from None
        if len(encoded) > max_bytes:
            raise ValueError(f"is longer than {max_bytes} bytes as JSON")
        return encoded.decode()

    return AfterValidator(encode)


def _fit_attributes(attributes: dict[str, str]) -> dict[str, str]:
    if len(orjson.dumps(attributes)) > MAX_ATTRIBUTES_BYTES:
        raise ValueError(f"is longer than {MAX_ATTRIBUTES_BYTES} bytes as JSON")
    return attributes


Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]
Secret = Annotated[str, Field(min_length=1, max_length=MAX_SECRET_CHARS)]
Token = Annotated[str, Field(min_length=1, max_length=MAX_TOKEN_CHARS)]
"""A JSON Web Token (RFC 7519) in its compact form."""

Name = Annotated[str, Field(max_length=MAX_NAME_CHARS), AfterValidator(clean_name)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_SEALED_CHARS)]
"""A text as it is sent. What was not sealed is held to `MAX_MESSAGE_CHARS`, by `check_length`."""

TextOrNone = Annotated[str, Field(max_length=MAX_SEALED_CHARS)]
"""The same, where it may be empty beside something else; held to that by `check_said`."""

Data = Annotated[Any, _json_of(MAX_DATA_BYTES)]
"""Any JSON. As a payload it is JSON text."""

Kind = Literal["text", "image", "voice", "video", "file", "sticker", "location", "custom"]
Ttl = Annotated[float, Field(ge=MIN_MESSAGE_TTL_S, le=MAX_MESSAGE_TTL_S, allow_inf_nan=False)]
Attributes = Annotated[dict[str, str], Field(max_length=MAX_ATTRIBUTES), AfterValidator(_fit_attributes)]

OTHER_SPELLINGS = {"username": "name", "userName": "name", "offer": "description", "answer": "description"}
"""What tutorials call a field → what it is called here."""

OwnName: Any = Field(None, validation_alias=AliasChoices("name", "username", "userName"))
"""One's own name, also as most tutorials spell it."""

Sdp = Annotated[
    str, Field(max_length=MAX_SDP_BYTES, json_schema_extra={"pattern": "^v=0"}), AfterValidator(_looks_like_sdp)
]


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
    last_seq: int | None = Field(None, ge=0)


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

    seq: int = Field(ge=0)


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

    choices: Annotated[list[int], Field(max_length=MAX_OPTIONS)]


class UpdateSelf(InRoom):
    """`update-self`. `attributes` replace those before, all of them."""

    name: Annotated[Name, Field(min_length=1)] | None = None
    idle: bool | None = None
    attributes: Attributes | None = None


class BroadcastRequest(InRoom):
    """`broadcast`: any JSON, for the others or for one."""

    type: Annotated[str, Field(min_length=1, max_length=MAX_TYPE_CHARS)]
    data: Annotated[Any, _json_of(MAX_BROADCAST_BYTES)]
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
    capacity: int | None = Field(None, ge=1)
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

    capacity: int | None = Field(None, ge=1)
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

    uses: int = Field(1, ge=1, le=MAX_INVITE_USES)
    expires_in_s: float | None = Field(None, ge=1, allow_inf_nan=False)


class OutsideMessage(Payload):
    """`POST /api/rooms/{roomId}/messages`. `text` may be empty where there are attachments."""

    text: TextOrNone
    sender_name: Name = "Host"
    encrypted: bool = False
    attachments: Attachments | None = None


def check_length(text: str) -> None:
    """Refuse a text that is not sealed and longer than one may be."""
    if len(text) > MAX_MESSAGE_CHARS:
        reason = f"String should have at most {MAX_MESSAGE_CHARS} characters"
        raise Refused(Code.INVALID_PAYLOAD, details={"text": reason})


def check_said(text: str, *, carries: bool, encrypted: bool) -> None:
    """Refuse a text that is empty where the message carries nothing else, or too long where it is not sealed."""
    if not text and not carries:
        raise Refused(Code.INVALID_PAYLOAD, details={"text": "String should have at least 1 character"})
    if not encrypted:
        check_length(text)


def check_poll(request: CreatePoll) -> None:
    """Refuse texts of a poll that are not sealed and longer than one may be."""
    if request.encrypted:
        return
    details = {}
    if len(request.question) > MAX_QUESTION_CHARS:
        details["question"] = f"String should have at most {MAX_QUESTION_CHARS} characters"
    if any(len(option) > MAX_OPTION_CHARS for option in request.options):
        details["options"] = f"Strings should have at most {MAX_OPTION_CHARS} characters"
    if details:
        raise Refused(Code.INVALID_PAYLOAD, details=details)


P = TypeVar("P", bound=Payload)


def parse(model: type[P], value: object) -> P:
    """Check what a client sent. Raises `Refused` INVALID_PAYLOAD with field → reason, never the value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise not_of_the_shape(value, error) from None


def not_of_the_shape(value: object, error: ValidationError) -> Refused:
    """The refusal of something that a client sent and a model did not take."""
    if not isinstance(value, dict):
        return Refused(Code.INVALID_PAYLOAD, "A request carries one JSON object.")
    return Refused(Code.INVALID_PAYLOAD, details=_reasons(error))


def _reasons(error: ValidationError) -> dict[str, str]:
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MAX_DETAILS]
    return {_field(e["loc"]): e["msg"].removeprefix("Value error, ") for e in found}


def _field(place: tuple[int | str, ...]) -> str:
    first, *rest = map(str, place or ("",))
    return ".".join((OTHER_SPELLINGS.get(first, first), *rest))
