"""A room: who sits in it, in which order things happened, and when it ends.

The methods change the room at once and return what happened, in order. Nothing waits inside, so nobody ever sees a
room half-changed. What is said is in `rooms.messages`, what hosts may in
`rooms.moderation`, knocking in `rooms.lobby`, coming in in `rooms.joining`.
"""

from __future__ import annotations

from collections import OrderedDict
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
    MessageDeleted,
    RoomEnded,
    RoomExpiring,
    RoomUpdated,
    SeatTakenOver,
    StateChanged,
    TypingChanged,
)
from rooms.history import History
from rooms.invites import Invites
from rooms.ledger import Ledger
from rooms.limits import EXPIRY_WARNINGS_S, GONE_SEATS, JOIN_REGRET_S, JOINS_REGRETTED, RECEIPTS_CAPACITY
from rooms.message import DeleteReason, Extras, Message
from rooms.model import (
    HOST,
    MEMBER,
    Change,
    EndReason,
    GoneSeat,
    Knock,
    LeaveReason,
    RoomStatus,
    RoomView,
    Seat,
)
from rooms.poll import Poll
from rooms.schedule import Schedule, Task


@dataclass(slots=True)
class Runtime:
    """What all rooms of a process share."""

    grace_s: float
    empty_ttl_s: float
    ahead_s: float = 0.0
    """How far the wall clock is ahead of `now`, which never steps; the sweeper keeps it true (decision 0019)."""
    schedule: Schedule = field(default_factory=Schedule)
    """What is due at some `now`."""
    calendar: Schedule = field(default_factory=Schedule)
    """What is due when the wall clock says so."""
    ledger: Ledger = field(default_factory=Ledger)
    """What the histories of all rooms hold, and the mailboxes."""

    def wall(self, now: float) -> float:
        """What the wall clock says at `now`: for what people are told, and for `expires_at`."""
        return now + self.ahead_s


@dataclass(slots=True)
class Shown:
    """What was seen once, by all who may see it, and is shown a second time to those whose answer was lost."""

    text: str
    extras: Extras
    encrypted: bool
    weight: int
    viewed: dict[str, float]
    """participant → until when"""
    until: float


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
    banned_ids: set[str] = field(default_factory=set)
    banned_origins: set[bytes] = field(default_factory=set)
    banned_subjects: set[bytes] = field(default_factory=set)
    gone: OrderedDict[str, GoneSeat] = field(default_factory=OrderedDict)
    regretted: OrderedDict[bytes, str] = field(default_factory=OrderedDict)
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

    def __post_init__(self) -> None:
        self.history = History(self.runtime.ledger)

    def view(self) -> RoomView:
        """What anyone with the link may know."""
        status: RoomStatus = "ended" if self.ended else "locked" if self.locked else "open"
        return RoomView(
            id=self.id,
            status=status,
            capacity=self.capacity,
            participant_count=len(self.seats),
            host_id=self.host_id,
            invite_only=self.invite_only,
            password_required=self.password_hash is not None,
            lobby=self.lobby,
            created_at=self.created_at,
            expires_at=self.expires_at,
            encrypted=self.encrypted,
            key_check=self.key_check,
            receipts=self.receipts,
            message_ttl_s=self.message_ttl_s,
            pinned_message_id=self.pinned_id,
        )

    @property
    def is_small(self) -> bool:
        """Whether it is shown who has read and who has voted for what."""
        return self.capacity <= RECEIPTS_CAPACITY

    @property
    def receipts(self) -> bool:
        """Whether it is told who has read what."""
        return self.keeps_receipts and self.is_small

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

    def remove(self, seat: Seat, reason: LeaveReason, now: float) -> list[Event]:
        """End a seat for good. If it was the host's, the longest seated becomes host, and hears who waits."""
        self.let_go(seat)
        del self.seats[seat.id]
        self.gone[seat.id] = GoneSeat(seat.token_digest, reason)
        if len(self.gone) > GONE_SEATS:
            self.gone.popitem(last=False)
        if seat.provisional and seat.invite_id is not None:
            self.invites.give_back(seat.invite_id)
        elif reason == "left":
            self._note_regret(seat, now)
        events = self.stop_typing(seat)
        seq, position = self.next()
        left = MemberLeft(
            room_id=self.id,
            seq=seq,
            position=position,
            at=now,
            participant_id=seat.id,
            reason=reason,
            participant_count=len(self.seats),
        )
        events.append(self.keep(left))
        events += self._view_no_more(seat.id, now)
        if self.host_id == seat.id:
            events += self._succession(now)
        self.note_if_empty(now)
        return events

    def _note_regret(self, seat: Seat, now: float) -> None:
        # To give the use back would let a second person in; the one who gave the join up may repeat it.
        spent = seat.invite_id or seat.use
        if spent is None or seat.join_id_digest is None or now - seat.joined_at > JOIN_REGRET_S:
            return
        self.regretted[seat.join_id_digest] = spent
        if len(self.regretted) > JOINS_REGRETTED:
            self.regretted.popitem(last=False)

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

    def _succession(self, now: float) -> list[Event]:
        self.host_id = None
        if not self.seats:
            return []
        # A host who is away cannot act, so anybody present comes first.
        heir = min(self.seats.values(), key=lambda seat: (not seat.connected, seat.ordinal))
        return [*self.make_host(heir, now), *self.waiting_for_host()]

    def waiting_for_host(self) -> list[KnockReceived]:
        """Every open knock, for the host; none while the host is away."""
        if self.host_id not in self.connected:
            return []
        return [KnockReceived(room_id=self.id, knock_id=k.id, name=k.name) for k in self.knocks.values()]

    def note_if_empty(self, now: float) -> None:
        """Start the clock of an empty room that people have been in."""
        if self.seats or self.pending or not self.came:
            self.empty_since = None
        elif self.empty_since is None:
            self.empty_since = now
            self.runtime.schedule.add(now + self.runtime.empty_ttl_s, self.id, Task.EMPTY)

    # Messages

    def erase(self, message: Message, by: str, reason: DeleteReason, now: float) -> list[Event]:
        """Take a message away, whose content is held, with everything that happened to it."""
        message_id, seq, sender, audience = message.id, message.seq, message.sender, message.audience
        self.once.pop(seq, None)
        self.history.erase(message)
        return self.erased(message_id, seq, sender, audience, by, reason, now)

    def erased(
        self,
        message_id: str,
        message_seq: int,
        sender: str,
        audience: tuple[str, ...] | None,
        by: str,
        reason: DeleteReason,
        now: float,
    ) -> list[Event]:
        """Tell that a message is gone; it is pinned no more."""
        seq, position = self.next()
        events = [
            self.keep(
                MessageDeleted(
                    room_id=self.id,
                    seq=seq,
                    position=position,
                    at=now,
                    message_id=message_id,
                    message_seq=message_seq,
                    sender=sender,
                    audience=audience,
                    by=by,
                    reason=reason,
                )
            )
        ]
        if self.pinned_id == message_id:
            self.pinned_id = None
            events.append(self.room_updated(now))
        return events

    def _view_no_more(self, participant_id: str, now: float) -> list[Event]:
        """Nobody waits for one who has left to see what is seen once."""
        events: list[Event] = []
        for seq in list(self.once):
            message = self.history.find(seq)
            if message is None or message.once is None:
                del self.once[seq]  # the history has given it up
                continue
            message.once.waiting.discard(participant_id)
            if not message.once.waiting:
                events += self.erase(message, "", "viewed", now)
        return events

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

    # The end

    def set_expiry(self, expires_at: float, now: float) -> None:
        """When by the wall clock the room ends, and its members are warned. Earlier plans no longer hold."""
        self.expires_at = expires_at
        self.runtime.calendar.add(expires_at, self.id, Task.EXPIRY)
        for ahead_s in EXPIRY_WARNINGS_S:
            if expires_at - ahead_s > self.runtime.wall(now):
                self.runtime.calendar.add(expires_at - ahead_s, self.id, Task.WARNING, repr(expires_at))

    def warn(self, planned_for: str) -> list[Event]:
        """A warning has come up; it holds if the expiry has not been moved since."""
        return [RoomExpiring(self.id, self.expires_at)] if planned_for == repr(self.expires_at) else []

    def end(self, reason: EndReason, now: float) -> list[Event]:
        """End for all, once and for good; nothing of what was said or who was here stays."""
        for seat in self.seats.values():
            self.let_go(seat)
        for part in (
            self.seats,
            self.pending,
            self.knocks,
            self.gone,
            self.regretted,
            self.banned_ids,
            self.banned_origins,
            self.banned_subjects,
            self.polls,
            self.expiring,
            self.once,
            self.shown,
        ):
            part.clear()
        self.invites.clear()
        self.history.clear()
        self.ended, self.host_id, self.password_hash = True, None, None
        return [RoomEnded(self.id, now, reason)]
