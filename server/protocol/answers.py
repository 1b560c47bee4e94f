"""What the server answers, as pydantic models: the data of acknowledgements and the bodies of REST responses.

Like `server.protocol.events`, they are for the published schemas and for tests, not for the hot path.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from server.protocol.acknowledgements import SignalDelivery
from server.protocol.events import (
    AttachedFile,
    Count,
    ErrorObject,
    IceServer,
    MessageReceived,
    Participant,
    Room,
    RoomJoined,
    Sent,
    Time,
    absent,
)


class Empty(Sent):
    """Granted; there is nothing more to say."""


class SeatTaken(Sent):
    """How `join-room` is acknowledged with `snapshot: "event"`: the picture itself comes as `room-joined`."""

    room_id: str
    participant_id: str
    resume_token: str
    resume_ttl_s: float = Field(ge=0)


class SentMessage(Sent):
    """`deliveredTo` is how many connected others it went to at once."""

    id: str
    seq: int = Field(ge=1)
    timestamp: Time
    delivered_to: Count


class MessageAccepted(SentMessage):
    """`duplicate`: the same `clientMessageId` was accepted before, and this is the answer of that time."""

    duplicate: bool


class Changed(Sent):
    """A change, and its place in the room; where nothing changed, the room's newest."""

    seq: Count


class Viewed(Sent):
    """What is seen once."""

    text: str
    data: Any = absent()
    attachments: list[AttachedFile] = absent()
    encrypted: Literal[True] = absent()


class PollAccepted(Sent):
    """The new poll."""

    poll_id: str
    seq: int = Field(ge=1)


class BroadcastAccepted(Sent):
    """`deliveredTo` is how many connected others it went to."""

    delivered_to: Count


class SignalAccepted(Sent):
    """`buffered`: the target is away, and gets it if it comes back in time."""

    delivery: SignalDelivery


class FileLaidDown(Sent):
    """A file that lies in the room. It goes at `expiresAt`, unless its author attaches it to a message before."""

    file_id: str
    bytes: Count
    expires_at: Time


class IceServers(Sent):
    """`expiresAt` is null where nothing expires."""

    ice_servers: list[IceServer]
    expires_at: Time | None


ACKS: dict[str, type[Sent]] = {
    "join-room": RoomJoined,
    "leave-room": Empty,
    "send-message": MessageAccepted,
    "edit-message": Changed,
    "delete-message": Changed,
    "view-message": Viewed,
    "react": Changed,
    "read": Empty,
    "create-poll": PollAccepted,
    "vote": Changed,
    "close-poll": Changed,
    "delete-poll": Changed,
    "offer": SignalAccepted,
    "answer": SignalAccepted,
    "ice-candidate": SignalAccepted,
    "get-ice-servers": IceServers,
    "call-state": Empty,
    "update-media": Empty,
    "update-self": Changed,
    "broadcast": BroadcastAccepted,
    "typing": Empty,
    "knock": Empty,
    "answer-knock": Empty,
    "kick": Empty,
    "ban": Empty,
    "update-room": Room,
    "pin-message": Changed,
    "transfer-host": Empty,
    "end-room": Empty,
}
"""The data of the acknowledgement of each request."""

BRIEF_ACKS: dict[str, type[Sent]] = {"join-room": SeatTaken}
"""What it is in its place where the request says that an event is to carry it."""


class RoomCreated(Sent):
    """`hostKey` is told this once: a repetition with an Idempotency-Key that others may guess goes without."""

    room_id: str
    url: str
    host_key: str = absent()
    room: Room


class RoomAnswer(Sent):
    """A room."""

    room: Room


class Rooms(Sent):
    """A page of rooms, in the order of their ids."""

    rooms: list[Room]


class Users(Sent):
    """Who is in a room."""

    participants: list[Participant]


class ErasedCounts(Sent):
    """How much was erased."""

    messages: Count
    seats: Count
    invites: Count


class Erased(Sent):
    """The room is over."""

    erased: ErasedCounts


class Invite(Sent):
    """An invite, without its token."""

    invite_id: str
    uses: int = Field(ge=1)
    used: Count
    created_at: Time
    expires_at: Time
    revoked: bool


class InviteStanding(Sent):
    """What an invite is worth now: `usesLeft` people can still come in with it, until `expiresAt`."""

    uses_left: int = Field(ge=1)
    expires_at: Time


class InviteCreated(Invite):
    """A new invite. Its token, `invite`, is told this once; `url` carries it in the fragment."""

    invite: str
    url: str


class Invites(Sent):
    """All invites of a room."""

    invites: list[Invite]


class Messages(Sent):
    """A page of messages, newest first."""

    messages: list[MessageReceived]


class Storage(Sent):
    """The store of the process."""

    kind: str
    ok: bool


class HealthStorage(Storage):
    """`shared`, with Redis: whether all processes on it use one database, as far as is known."""

    shared: bool = absent()


class Health(Sent):
    """`degraded`: it serves, but not all of what it depends on does. `bus`: what processes share; `none` where one is
    alone.
    """

    status: Literal["ok", "degraded"]
    storage: HealthStorage
    bus: Storage
    draining: bool
    uptime_s: float = Field(ge=0)
    build: Literal["pure", "compiled"]


class Ready(Sent):
    """New rooms can be made."""

    status: Literal["ready"]


class Rates(Sent):
    """Averages since the start."""

    requests_per_s: float = Field(ge=0)


class ErrorAnswer(Sent):
    """The body of every refused REST call."""

    error: ErrorObject


class MemoryUse(Sent):
    """`budgetBytes` 0: no bound."""

    resident_bytes: Count
    budget_bytes: Count


class StorageState(Sent):
    """`unwritten`: rooms, ends of rooms and messages that the store does not have yet."""

    kind: str
    ok: bool
    unwritten: Count


class Stats(Sent):
    """The metrics of the processes that answered, for people. `requests` is by outcome: `ok`, or the error code.

    `processes`: how many they are. `uptimeS` and `draining` are of the one that was asked, `loopLagP99Ms` is the worst.

    `joins` and `resumes` are by result, in lower case; `disconnects` by reason. `owner`: whether the rooms are here.
    """

    processes: int = Field(ge=1)
    uptime_s: float = Field(ge=0)
    owner: bool
    draining: bool
    rooms: Count
    tombstones: Count
    seats: Count
    seats_away: Count
    sockets: Count
    transports: Count
    calls: Count
    in_call: Count
    messages: Count
    requests: dict[str, int]
    joins: dict[str, int]
    resumes: dict[str, int]
    disconnects: dict[str, int]
    rates: Rates
    loop_lag_p99_ms: float = Field(ge=0)
    memory: MemoryUse
    storage: StorageState
    dropped_log_messages: Count


class AdminRoom(Sent):
    """A room as its operator sees it: no name, no text. `madeBy`: the name of the API key that made it."""

    id: str
    status: Literal["open", "locked", "ended"]
    capacity: int = Field(ge=1)
    participant_count: Count
    away_count: Count
    in_call_count: Count
    message_count: Count
    created_at: Time
    expires_at: Time
    encrypted: bool
    invite_only: bool
    password_required: bool
    lobby: bool
    log: bool
    made_by: str = absent()


class AdminRooms(Sent):
    """One page of rooms, and how many there are in all."""

    rooms: list[AdminRoom]
    total: Count


class PastCall(Sent):
    """A call in a room that has ended; `connected`: media flowed."""

    started_at: Time
    ended_at: Time
    peak: Count
    connected: bool


class Session(Sent):
    """A room that has ended: no name, no text, no room id. `id` is for paging; `came` counts seats, `peak` at once."""

    id: str
    created_at: Time
    ended_at: Time
    reason: Literal["room-ended", "room-expired"]
    capacity: Count
    came: Count
    peak: Count
    messages: Count
    calls: list[PastCall]


class Sessions(Sent):
    """A page of the session log, newest end first."""

    sessions: list[Session]
