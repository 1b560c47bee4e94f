"""The things a room is made of: seats, what others see of them, and what a creator may choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, Protocol

from rooms.recent_sends import RecentSends

Role = Literal["host", "member"]
HOST: Final = "host"
MEMBER: Final = "member"

LeaveReason = Literal["left", "timeout", "kicked", "banned"]
"""Why a seat is gone while its room goes on."""

EndReason = Literal["room-ended", "room-expired"]
"""Why a room is over."""

Change = Literal["role", "self", "media", "call", "connected"]
"""What of a participant differs from before; `self`: its name, attributes, or whether it is there."""

RoomStatus = Literal["open", "locked", "ended"]


class Media(NamedTuple):
    """What a participant says of its own devices; replaced as a whole, never replayed."""

    audio: bool = False
    video: bool = False
    screen: bool = False
    hand_raised: bool = False
    can_call: bool = True


NO_MEDIA = Media()
NO_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType({})


class Rights(NamedTuple):
    """What a participant may do besides being here. Only a voucher takes one away."""

    can_speak: bool = True
    can_call: bool = True
    can_invite: bool = True


ALL_RIGHTS = Rights()


@dataclass(frozen=True, slots=True)
class Voucher:
    """What somebody whom the operator trusts says of the one at the door: the claims of a join token.

    `subject` is a digest of who it is, for this room alone: bans go by it. `user_id` is what others may know of it.
    `name` is None where nothing was said of it. `use` names a voucher that is good for one seat.
    """

    subject: bytes
    name: str | None = None
    is_host: bool = False
    user_id: str | None = None
    rights: Rights = ALL_RIGHTS
    attributes: Mapping[str, str] = field(default_factory=lambda: NO_ATTRIBUTES)
    use: str | None = None


class Participant(NamedTuple):
    """What others see of a seat."""

    id: str
    name: str
    role: Role
    connected: bool
    joined_at: float
    media: Media
    in_call: bool = False
    idle: bool = False
    attributes: Mapping[str, str] = NO_ATTRIBUTES
    verified: bool = False
    user_id: str | None = None

    @property
    def attribute_chars(self) -> int:
        """How long its attributes are, names and values."""
        return sum(len(name) + len(value) for name, value in self.attributes.items())


class Sealed(NamedTuple):
    """What somebody says of itself, as a store may keep it: `text` under a key of the seat, and that key twice.

    `by_token`: under the resume token; `by_join`: under what marks repetitions of the join, if there is such a mark.
    """

    text: bytes
    by_token: bytes
    by_join: bytes | None = None


class Seal(Protocol):
    """The key of one seat, which is in no store, and the forms of it that may be."""

    by_token: bytes
    by_join: bytes | None

    def close(self, text: bytes) -> bytes:
        """Seal."""
        ...

    def open(self, sealed: bytes) -> bytes | None:
        """What was sealed; None where this is not the key."""
        ...


class Said(NamedTuple):
    """What somebody says of itself, or a voucher of it."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    user_id: str | None


@dataclass(slots=True)
class Seat:
    """One person's place in a room. It outlives the connection that holds it.

    `connected` is false while nobody holds the seat; `away_since` then says since when. `ordinal` is the place in
    the order of joining: of two seats the later one is the polite peer (protocol page, rule 7). `idle` is what the
    client says, whatever the connection does; `attributes` are replaced as a whole; up to `read_seq` it has seen all.
    `subject` is set where a voucher let it in; `use` names that voucher where it is good for one seat, `use_due` says
    that it is not spent yet, and `used_by` for whom it is: the first seat that was granted for the same join.
    `seal` is its key (`rooms.seals`), None where there is no need of one, or nobody has brought it since a restart;
    `sealed` is what a store has of it, which says `said`.
    """

    id: str
    name: str
    role: Role
    joined_at: float
    ordinal: int
    token_digest: bytes
    media: Media = NO_MEDIA
    connected: bool = False
    away_since: float | None = None
    typing: bool = False
    in_call: bool = False
    idle: bool = False
    attributes: Mapping[str, str] = field(default_factory=lambda: NO_ATTRIBUTES)
    read_seq: int = 0
    joined_seq: int = 0
    invite_id: str | None = None
    provisional: bool = False
    origin: bytes | None = None
    join_id_digest: bytes | None = None
    earlier_token_digest: bytes | None = None
    subject: bytes | None = None
    user_id: str | None = None
    rights: Rights = ALL_RIGHTS
    use: str | None = None
    use_due: bool = False
    used_by: str = ""
    sent: RecentSends = field(default_factory=RecentSends)
    seal: Seal | None = field(default=None, repr=False)
    sealed: Sealed | None = None
    said: Said | None = field(default=None, repr=False)

    @property
    def participant(self) -> Participant:
        """What others see now."""
        return Participant(
            id=self.id,
            name=self.name,
            role=self.role,
            connected=self.connected,
            joined_at=self.joined_at,
            media=self.media,
            in_call=self.in_call,
            idle=self.idle,
            attributes=self.attributes,
            verified=self.verified,
            user_id=self.user_id,
        )

    @property
    def verified(self) -> bool:
        """Whether somebody vouches for who it is, and for its name."""
        return self.subject is not None


class GoneSeat(NamedTuple):
    """What is remembered of a seat that has ended."""

    token_digest: bytes
    reason: LeaveReason


@dataclass(frozen=True, slots=True)
class Knock:
    """Somebody who waits in the lobby."""

    id: str
    name: str
    origin: bytes | None = None


class RoomView(NamedTuple):
    """What anyone who has the link may know of a room."""

    id: str
    status: RoomStatus
    capacity: int
    participant_count: int
    host_id: str | None
    invite_only: bool
    password_required: bool
    lobby: bool
    created_at: float
    expires_at: float
    encrypted: bool = False
    key_check: str | None = None
    receipts: bool = True
    message_ttl_s: float | None = None
    pinned_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class RoomOptions:
    """What the creator of a room chose. `password_hash` is made by the caller; `None` means no password.

    `made_by` names the key of the site that made it, which may find it again and end it.
    `key_check` is opaque here: by it a client tells whether the key in its link is the one of this room.
    """

    capacity: int
    expires_in_s: float
    invite_only: bool = False
    lobby: bool = False
    log: bool = False
    encrypted: bool = False
    key_check: str | None = None
    password_hash: str | None = None
    made_by: str | None = None
    receipts: bool = True
    message_ttl_s: float | None = None
