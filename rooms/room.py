"""A room: who sits in it, who holds a seat and who is host, and in which order things happened.

The methods change the room at once and return what happened, in order. Nothing waits inside, so nobody ever sees a
room half-changed. Other rules change it in the same way: `rooms.joining` and `rooms.leaving`, `rooms.messages` and
`rooms.erasing`, `rooms.moderation`, `rooms.lobby`, and `rooms.lifetime` for its end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rooms.digests import matches
from rooms.events import (
    AboutMessage,
    AboutPoll,
    Event,
    KnockReceived,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    RoomUpdated,
    SeatTakenOver,
    StateChanged,
    TypingChanged,
)
from rooms.history import History
from rooms.invites import Invites
from rooms.limits import RECEIPTS_CAPACITY
from rooms.message import Shown
from rooms.model import (
    HOST,
    MEMBER,
    Change,
    GoneSeat,
    Knock,
    RoomStatus,
    RoomView,
    Seat,
)
from rooms.poll import Poll
from rooms.records import Retraction
from rooms.runtime import Runtime
from rooms.schedule import Task


@dataclass(slots=True)
class Room:
    """One conversation. `pending` seats are granted but not taken yet: they count, but nobody sees them."""

    runtime: Runtime
    id: str
    epoch: str
    created_at: float
    expires_at: float
    capacity: int
    host_key_digest: bytes
    invite_only: bool = False
    locked: bool = False
    lobby: bool = False
    log: bool = False
    encrypted: bool = False
    key_check: str | None = None
    password_hash: str | None = None
    host_id: str | None = None
    seats: dict[str, Seat] = field(default_factory=dict)
    pending: dict[str, Seat] = field(default_factory=dict)
    connected: set[str] = field(default_factory=set)
    """ids of the participants that somebody holds the seat of at this moment"""
    invites: Invites = field(default_factory=lambda: Invites({}))
    history: History = field(init=False)
    knocks: dict[str, Knock] = field(default_factory=dict)
    banned_ids: frozenset[str] = frozenset()
    banned_origins: frozenset[bytes] = frozenset()
    banned_subjects: frozenset[bytes] = frozenset()
    gone: dict[str, GoneSeat] = field(default_factory=dict)
    regretted: dict[bytes, str] = field(default_factory=dict)
    """digest of a join that was given up → the invite or voucher that it spent, which it alone may use again"""
    seq: int = 0
    position: int = 0
    """How many frames with an offset there were: one for each durable event, and one for each snapshot."""
    ordinals: int = 0
    came: int = 0
    peak: int = 0
    message_count: int = 0
    empty_since: float | None = None
    ended: bool = False
    made_by: str | None = None
    keeps_receipts: bool = True
    """Whether it is told who has read what, while the room may not have too many people."""
    message_ttl_s: float | None = None
    pinned_id: str | None = None
    polls: dict[str, Poll] = field(default_factory=dict)
    expiring: list[tuple[float, int]] = field(default_factory=list)
    """A heap: when a message expires, and its `seq`; see `rooms.expiry`."""
    once: dict[int, None] = field(default_factory=dict)
    """`seq`s of messages that are seen once, and that somebody has not seen yet."""
    shown: dict[int, Shown] = field(default_factory=dict)
    retractions: tuple[Retraction, ...] = ()
    """What was taken back, the oldest first; see `rooms.retractions`."""

    def __post_init__(self) -> None:
        self.history = History(self.runtime.ledger)

    def view(self) -> RoomView:
        """What anyone with the link may know."""
        return RoomView(
            id=self.id,
            status=self.status,
            capacity=self.capacity,
            participant_count=self.participant_count,
            host_id=self.host_id,
            invite_only=self.invite_only,
            password_required=self.password_required,
            lobby=self.lobby,
            created_at=self.created_at,
            expires_at=self.expires_at,
            encrypted=self.encrypted,
            key_check=self.key_check,
            receipts=self.receipts,
            message_ttl_s=self.message_ttl_s,
            pinned_message_id=self.pinned_message_id,
        )

    # As in `RoomView`: a room can be shown without one.

    @property
    def status(self) -> RoomStatus:
        """Whether it takes guests."""
        return "ended" if self.ended else "locked" if self.locked else "open"

    @property
    def participant_count(self) -> int:
        """How many seats are taken."""
        return len(self.seats)

    @property
    def password_required(self) -> bool:
        """Whether guests need a password."""
        return self.password_hash is not None

    @property
    def pinned_message_id(self) -> str | None:
        """The message that is pinned, if one is."""
        return self.pinned_id

    @property
    def is_small(self) -> bool:
        """Whether it is shown who has read and who has voted for what."""
        return self.capacity <= RECEIPTS_CAPACITY

    @property
    def receipts(self) -> bool:
        """Whether it is told who has read what."""
        return self.keeps_receipts and self.capacity <= RECEIPTS_CAPACITY

    def next(self) -> tuple[int, int]:
        """The `seq` and the position of the durable event that is about to happen."""
        self.seq += 1
        return self.seq, self.tick()

    def tick(self) -> int:
        """The next position."""
        self.position += 1
        return self.position

    def keep(self, event: MemberJoined | MemberLeft | MemberUpdated | RoomUpdated | AboutMessage | AboutPoll) -> Event:
        """Put a durable event into the history."""
        self.history.append(event)
        return event

    def is_host_key(self, key: str) -> bool:
        """Whether this is the key that `POST /api/rooms` returned."""
        return matches(key, self.host_key_digest)

    # Seats

    def hold(self, seat: Seat) -> None:
        """Somebody holds the seat from now on."""
        seat.connected, seat.away_since, seat.provisional = True, None, False
        self.connected.add(seat.id)

    def let_go(self, seat: Seat) -> None:
        """Nobody holds the seat from now on."""
        seat.connected = False
        self.connected.discard(seat.id)

    def take(self, seat: Seat, now: float) -> list[Event]:
        """Give a kept seat back; whoever held it is out, and what they were typing is not typed on."""
        events: list[Event] = [StateChanged(self.id)] if seat.provisional else []
        if seat.connected:
            seat.provisional = False
            taken_over = SeatTakenOver(room_id=self.id, participant_id=seat.id)
            return [*events, taken_over, *self.stop_typing(seat)]
        self.hold(seat)
        return [*events, self.updated(seat, "connected", now)]

    def drop(self, seat: Seat, now: float) -> list[Event]:
        """Whoever held the seat has vanished. It waits for the grace period."""
        if not seat.connected or seat.id not in self.seats:
            return []
        self.let_go(seat)
        seat.away_since = now
        self.runtime.schedule.add(now + self.runtime.grace_s, self.id, Task.GRACE, seat.id)
        events: list[Event] = self.stop_typing(seat)
        events.append(self.updated(seat, "connected", now))
        return events

    def make_host(self, seat: Seat, now: float) -> list[Event]:
        """Hand the host's role over. There is exactly one host while anyone is in."""
        events: list[Event] = []
        old = self.seats.get(self.host_id) if self.host_id else None
        if old is seat:
            return events
        if old is not None:
            old.role = MEMBER
            events.append(self.updated(old, "role", now))
        seat.role, self.host_id = HOST, seat.id
        events += [self.updated(seat, "role", now), self.room_updated(now)]
        return events

    def waiting_for_host(self) -> list[KnockReceived]:
        """Every open knock, for the host; none while the host is away."""
        if self.host_id not in self.connected:
            return []
        return [KnockReceived(room_id=self.id, knock_id=k.id, name=k.name) for k in self.knocks.values()]

    # Events

    def updated(self, seat: Seat, change: Change, now: float) -> Event:
        """Tell that a seat's role, media, call or connection changed."""
        seq, position = self.next()
        updated = MemberUpdated(
            room_id=self.id, seq=seq, position=position, at=now, participant=seat.participant, change=change
        )
        return self.keep(updated)

    def room_updated(self, now: float) -> Event:
        """Tell that the settings or the host changed."""
        seq, position = self.next()
        return self.keep(RoomUpdated(room_id=self.id, seq=seq, position=position, at=now, room=self.view()))

    def stop_typing(self, seat: Seat) -> list[Event]:
        """Nobody types who is away, gone, or has just sent."""
        if not seat.typing:
            return []
        seat.typing = False
        return [TypingChanged(room_id=self.id, participant_id=seat.id, is_typing=False)]
