"""What a store keeps of a room: frozen snapshots without behaviour, and the content-free log.

All times are seconds since the Unix epoch (UTC). Secrets appear only as SHA-256 digests, passwords only as the
string that their hash function made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rooms.extras import NO_EXTRAS, Extras
from rooms.message import Message
from rooms.model import EndReason, Role


@dataclass(frozen=True, slots=True)
class SeatRecord:
    """One person's place, as needed to take it back after the process has died."""

    id: str
    # Empty where it is sealed, as are attributes and user id.
    name: str
    role: Role
    joined_at: float
    token_digest: bytes
    invite_id: str | None = None
    # True until the process that redeemed the invite knows that the seat was handed out: such a seat, found after
    # a crash and never taken back, gives its use of the invite back when it ends.
    provisional: bool = False
    # Lets the one whose reply was lost repeat the join after a restart.
    join_id_digest: bytes | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    # Of whoever came in with a join token: who it is, as a digest for this room, and what it may.
    subject: bytes | None = None
    user_id: str | None = None
    can_speak: bool = True
    can_call: bool = True
    can_invite: bool = True
    # What it says of itself, under the seat's key; and that key, as `rooms.model.Sealed` has it.
    sealed: bytes | None = None
    sealed_by_token: bytes | None = None
    sealed_by_join: bytes | None = None

    def without_names(self) -> SeatRecord:
        """For a store that others can read: without what was never sealed, either."""
        return replace(self, name="", attributes=(), user_id=None)


@dataclass(frozen=True, slots=True)
class InviteRecord:
    """An invitation: `used` of `uses` redemptions are spent."""

    id: str
    token_digest: bytes
    uses: int
    used: int
    created_at: float
    expires_at: float
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Retraction:
    """That a message was taken away, or (`edited`) its text: never which it was, nor whose. See `rooms.retractions`."""

    message_id: str
    seq: int
    """Of the event by which it was, in the epoch of the message."""
    edited: bool = False


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A live room: its settings, seats, invites and bans, and which messages were taken back; never its messages."""

    id: str
    created_at: float
    expires_at: float
    capacity: int
    host_key_digest: bytes
    host_id: str | None = None
    invite_only: bool = False
    locked: bool = False
    lobby: bool = False
    log: bool = False
    encrypted: bool = False
    key_check: str | None = None
    password_hash: str | None = None
    seats: tuple[SeatRecord, ...] = ()
    invites: tuple[InviteRecord, ...] = ()
    banned_ids: tuple[str, ...] = ()
    banned_origins: tuple[bytes, ...] = ()
    banned_subjects: tuple[bytes, ...] = ()
    came: int = 0
    peak: int = 0
    message_count: int = 0
    made_by: str | None = None
    receipts: bool = True
    message_ttl_s: float | None = None
    retractions: tuple[Retraction, ...] = ()


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of a room that has ended, so that its link can answer 410 until `until`."""

    room_id: str
    reason: EndReason
    ended_at: float
    until: float


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call in a room, without content: from the first answer to the moment no pair is left."""

    started_at: float
    ended_at: float
    peak: int
    connected: bool

    def moved(self, seconds: float) -> CallRecord:
        """The same call on another clock, which is ahead by so much."""
        return replace(self, started_at=self.started_at + seconds, ended_at=self.ended_at + seconds)


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One line of the session log: that a room was, how many came, and why it ended. No name, no text, no room id."""

    id: str  # a digest of the room id: writing the same end twice keeps one line
    began_at: float
    ended_at: float
    reason: EndReason
    capacity: int
    came: int
    peak: int
    message_count: int
    calls: tuple[CallRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """A message of a room whose creator asked for a log. `id` sorts in the order of sending.

    From `expires_at` on nobody is shown it.
    """

    id: str
    room_id: str
    seq: int
    epoch: str
    sender: str
    sender_name: str
    text: str
    timestamp: float
    encrypted: bool = False
    extras: Extras | None = None
    edited_at: float | None = None
    expires_at: float | None = None


def logged(message: Message) -> LoggedMessage:
    """What a log keeps of a message, as it is now."""
    more = message.more
    return LoggedMessage(
        id=message.id,
        room_id=message.room_id,
        seq=message.seq,
        epoch=message.epoch,
        sender=message.sender,
        sender_name=message.sender_name,
        text=message.text,
        timestamp=message.timestamp,
        encrypted=message.encrypted,
        extras=more.extras if more is not None and more.extras != NO_EXTRAS else None,
        edited_at=more.edited_at if more is not None else None,
        expires_at=more.expires_at if more is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was erased when a room ended."""

    messages: int = 0
    seats: int = 0
    invites: int = 0


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that lies in a room; its bytes are kept beside. `audience` and `once` are those of its message.

    `content_type` and `name` are None where they were not told, as in encrypted rooms.
    `expires_at` is by the wall clock.
    """

    id: str
    room_id: str
    owner: str
    bytes: int
    content_type: str | None = None
    name: str | None = None
    expires_at: float | None = None
    message_id: str | None = None
    audience: tuple[str, ...] | None = None
    once: bool = False


@dataclass(frozen=True, slots=True)
class HookRecord:
    """A webhook that has not been taken yet. `address` is a digest of where it goes; times are by the wall clock."""

    address: str
    number: int
    """Counts up: the order of those of one address."""
    id: str
    room_id: str
    body: bytes = field(repr=False)
    queued_at: float
    purge_at: float
