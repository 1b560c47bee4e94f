"""What of a room has changed since it was written last, as fields to put and to drop."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Any, NamedTuple

from rooms.events import (
    Erased,
    Event,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    MessageDeleted,
    MessageUpdated,
    PollCreated,
    PollDeleted,
    PollUpdated,
    ReactionChanged,
    ReadChanged,
    SeatGranted,
    SeatTakenOver,
    StateChanged,
)
from rooms.history import History
from rooms.message import Message
from rooms.model import Knock, Seat
from rooms.recent_sends import SendResult
from rooms.room import Room
from rooms.state.events import encode, encode_extras, encode_message, encode_trace
from rooms.state.people import encode_invite, encode_poll, encode_seat
from rooms.state.sends import oldest_of, receipts


class Changes(NamedTuple):
    """Fields to put, and names of fields to drop."""

    put: dict[str, Any]
    drop: list[str]
    only_messages: bool = False
    """Whether nothing but messages is new: what is dropped is then known to be too old, and may as well stay."""


class Tracker:
    """Of one room. It looks at the room only in `changes`: until then it notes what is to be looked at."""

    __slots__ = (
        "_about",
        "_due",
        "_everybody",
        "_floor",
        "_gone",
        "_gone_order",
        "_held",
        "_invites",
        "_knocks",
        "_older",
        "_others",
        "_parts",
        "_polls",
        "_polls_about",
        "_referring",
        "_seats",
        "_seats_about",
        "_sent",
        "_seq",
        "_shown",
        "_traces",
        "room",
    )

    def __init__(self, room: Room) -> None:
        self.room = room
        self._others = self._everybody = True  # nothing is written yet
        self._about: set[int] = set()
        self._seats_about: set[str] = set()
        self._polls_about: set[str] = set()
        self._seats: set[str] = set()
        self._polls: set[str] = set()
        self._shown: set[int] = set()
        self._gone: dict[str, None] = {}
        self._gone_order = 0
        self._invites: dict[str, Any] = {}
        self._knocks: dict[str, Knock] = {}
        self._parts: dict[str, Any] = {}
        self._sent: dict[str, deque[int]] = {}
        self._seq, self._floor = 0, before_oldest(room.history)
        self._older = 0
        self._held: set[int] = set()  # up to the floor: what has a field with its content
        self._traces: deque[int] = deque()
        self._due = {seq: at for at, seq in room.expiring}
        self._referring: dict[int, list[int]] = {}

    @classmethod
    def of_written(cls, room: Room) -> Tracker:
        """Of a room that was just read from what is written of it."""
        tracker = cls(room)
        tracker.changes()
        return tracker

    def note(self, event: Event) -> None:
        """Something happened that is no message: messages are found by themselves."""
        self._others = True
        match event:
            case MemberJoined() | MemberUpdated():
                self._seats_about.add(event.participant.id)
            case MemberLeft() | SeatTakenOver() | SeatGranted() | ReadChanged():
                self._seats_about.add(event.participant_id)
            case StateChanged():
                self._everybody = True
            case MessageUpdated() | ReactionChanged():
                self._about.add(event.message.seq)
            case MessageDeleted():
                self._about.add(event.message_seq)
            case PollCreated() | PollUpdated():
                self._polls_about.add(event.poll.id)
            case PollDeleted():
                self._polls_about.add(event.poll_id)
            case _:
                pass

    def note_seat(self, participant_id: str) -> None:
        """A seat may have changed without an event."""
        self._others = True
        self._seats_about.add(participant_id)

    def is_behind(self) -> bool:
        """Whether the history let go of something by itself that is still written."""
        history = self.room.history
        moved = self._floor != history.floor or self._older != len(history._older or ())
        return moved or self._shown != self.room.shown.keys()

    def changes(self) -> Changes:
        """What differs from what is written, which is taken for written from now on."""
        put: dict[str, Any] = {}
        drop: list[str] = []
        plain = not self._others and not self._about
        self._history(put, drop)
        if self._others or self._shown != self.room.shown.keys():
            self._rest(put, drop)
            self._others = self._everybody = plain = False
        put["n"] = self._counters()
        return Changes(put, drop, plain)

    def _counters(self) -> tuple[Any, ...]:
        room, history = self.room, self.room.history
        return (
            room.seq,
            room.position,
            room.ordinals,
            room.came,
            room.peak,
            room.message_count,
            history.floor,
            history.floor_position,
            len(history._older or ()),
            room.empty_since,
            room.runtime.ahead_s,
        )

    # Events and messages

    def _history(self, put: dict[str, Any], drop: list[str]) -> None:
        room, history = self.room, self.room.history
        first, self._seq = self._seq + 1, room.seq
        new = room.seq + 1 - first
        events = history._events
        tail = list(islice(reversed(events), new))  # from the end: a history is a thousand times as long
        tail.reverse()
        senders: dict[str, Seat] = {}
        for seq, event in enumerate(tail, room.seq - len(tail) + 1):
            put[f"e:{seq}"] = encode_message(event) if type(event) is Message else encode(event)
            self._noted(put, drop, event, seq, senders)
        for seat in senders.values():
            self._forget_receipts(put, drop, seat)
        if self._floor != history.floor or self._older != len(history._older or ()):
            self._trim(put, drop, first)
        for seq in self._about:
            self._rewrite(put, drop, seq)
        self._about.clear()

    def _noted(self, put: dict[str, Any], drop: list[str], event: Any, seq: int, senders: dict[str, Seat]) -> None:
        """`senders`: is given those of whom receipts were put, and others may have to go."""
        if type(event) is Message:
            if event.client_message_id is not None:
                self._receipt(put, event, senders)
            if event.more is not None and event.more.due_at is not None:
                self._due[seq] = event.more.due_at
        elif isinstance(event, MessageUpdated | ReactionChanged):
            self._referring.setdefault(event.message.seq, []).append(seq)
        elif isinstance(event, MessageDeleted):
            self._receipts_of(put, drop, event.sender)

    def _receipt(self, put: dict[str, Any], message: Message, senders: dict[str, Seat]) -> None:
        seat = self.room.seats.get(message.sender)
        mark = message.client_message_id
        receipt = seat.sent.get(mark) if seat is not None and mark is not None else None
        if seat is None or receipt is None or receipt[0] != message.seq:
            return  # so many were sent since that it is forgotten again
        self._put_receipt(put, message.sender, mark, receipt)
        senders[seat.id] = seat

    def _receipts_of(self, put: dict[str, Any], drop: list[str], participant_id: str) -> None:
        """All that is not written: a message that is gone does not say any more which receipt is its own."""
        seat = self.room.seats.get(participant_id)
        if seat is None or not len(seat.sent):
            return
        written = set(self._sent.get(participant_id, ()))
        for mark, receipt in receipts(seat.sent):
            if receipt[0] not in written:
                self._put_receipt(put, participant_id, mark, receipt)
        self._forget_receipts(put, drop, seat)

    def _put_receipt(self, put: dict[str, Any], who: str, mark: Any, receipt: SendResult) -> None:
        seq, at, timestamp, reached = receipt
        put[f"d:{who}:{seq}"] = (mark, at, timestamp, reached)
        self._note_receipt(who, seq)

    def _note_receipt(self, who: str, seq: int) -> None:
        written = self._sent.get(who)
        if written is None:
            written = self._sent[who] = deque()
        if not written or written[-1] < seq:
            written.append(seq)
        elif seq not in written:
            self._sent[who] = deque(sorted((*written, seq)))

    def _forget_receipts(self, put: dict[str, Any], drop: list[str], seat: Seat) -> None:
        oldest, written = oldest_of(seat.sent), self._sent[seat.id]
        while written[0] < oldest:
            _drop(put, drop, f"d:{seat.id}:{written.popleft()}")

    def _trim(self, put: dict[str, Any], drop: list[str], first: int) -> None:
        """The history begins later than it was written to begin."""
        room, history = self.room, self.room.history
        if first <= history.floor:  # not all that is new is still there
            for participant_id in room.seats:
                self._receipts_of(put, drop, participant_id)
            self._due.update((seq, at) for at, seq in room.expiring)
        left, senders = range(self._floor + 1, history.floor + 1), dict[str, Seat]()
        self._floor = history.floor
        kept = {message.seq for message in history._older or ()}
        kept.update(history._referred or ())
        for seq in self._held - kept:
            self._let_go(put, drop, seq)
        for seq in left:
            if seq not in kept:
                self._let_go(put, drop, seq)
            elif seq >= first:
                message = history.find(seq)
                if message is not None:
                    put[f"e:{seq}"] = encode_message(message)
                    self._noted(put, drop, message, seq, senders)
        for seat in senders.values():
            self._forget_receipts(put, drop, seat)
        self._held, self._older = kept, len(history._older or ())
        self._referring = {about: seqs for about, seqs in self._referring.items() if seqs[-1] > history.floor}
        self._drop_traces(put, drop)

    def _let_go(self, put: dict[str, Any], drop: list[str], seq: int) -> None:
        trace = self.room.history.trace(seq)
        if trace is None:
            _drop(put, drop, f"e:{seq}")
            self._due.pop(seq, None)
        else:
            put[f"e:{seq}"] = encode_trace(trace, self._due.get(seq))
            self._traces.append(seq)
            if len(self._traces) > 1 and self._traces[-2] > seq:
                self._traces = deque(sorted(self._traces))

    def _drop_traces(self, put: dict[str, Any], drop: list[str]) -> None:
        traces = self.room.history._traces._known
        oldest = traces[0][0] if traces else self._floor + 1
        while self._traces and self._traces[0] < oldest:
            seq = self._traces.popleft()
            _drop(put, drop, f"e:{seq}")
            self._due.pop(seq, None)

    def _rewrite(self, put: dict[str, Any], drop: list[str], seq: int) -> None:
        """Something became of a message."""
        history = self.room.history
        message = history.find(seq)
        if message is not None:
            put[f"e:{seq}"] = encode_message(message)
        elif seq > history.floor:
            self._blank(put, seq)
            self._due.pop(seq, None)
        elif history.trace(seq) is None:
            _drop(put, drop, f"e:{seq}")
            self._held.discard(seq)
            self._due.pop(seq, None)
            if seq in self._traces:
                self._traces.remove(seq)
        for refers in self._referring.get(seq, ()):
            if refers > history.floor:
                self._blank(put, refers)
        if message is None:
            self._referring.pop(seq, None)

    def _blank(self, put: dict[str, Any], seq: int) -> None:
        event = self.room.history._events[seq - self.room.history.floor - 1]
        if type(event) is Erased:
            put[f"e:{seq}"] = encode(event)

    # All the rest

    def _rest(self, put: dict[str, Any], drop: list[str]) -> None:
        room = self.room
        for name, value in (
            ("room", settings(room)),
            ("bans", bans(room)),
            ("regretted", regretted(room)),
            ("retracted", retracted(room)),
        ):
            if self._parts.get(name) != value:
                put[name] = self._parts[name] = value
        self._invited(put, drop)
        self._knocked(put, drop)
        self._seated(put, drop)
        self._polled(put, drop)
        for seq in room.once:  # who has seen it is told to nobody
            message = room.history.find(seq)
            if message is not None:
                put[f"e:{seq}"] = encode_message(message)
        for seq, shown in room.shown.items():
            if seq not in self._shown:
                extras = encode_extras(shown.extras)
                put[f"v:{seq}"] = (shown.text, extras, shown.encrypted, shown.weight, shown.viewed, shown.until)
        for seq in self._shown - room.shown.keys():
            drop.append(f"v:{seq}")
        self._shown = set(room.shown)

    def _invited(self, put: dict[str, Any], drop: list[str]) -> None:
        now = {invite.id: invite for invite in self.room.invites.records()}
        before = self._invites
        for invite_id, invite in now.items():
            if before.get(invite_id) is not invite:
                put[f"i:{invite_id}"] = encode_invite(invite)
        drop += [f"i:{invite_id}" for invite_id in before.keys() - now.keys()]
        self._invites = now

    def _knocked(self, put: dict[str, Any], drop: list[str]) -> None:
        now, before = dict(self.room.knocks), self._knocks
        for knock_id, knock in now.items():
            if before.get(knock_id) is not knock:
                put[f"k:{knock_id}"] = (knock.name, knock.origin)
        drop += [f"k:{knock_id}" for knock_id in before.keys() - now.keys()]
        self._knocks = now

    def _seated(self, put: dict[str, Any], drop: list[str]) -> None:
        room = self.room
        about = {*self._seats, *room.seats, *room.pending} if self._everybody else self._seats_about
        for participant_id in about:
            seat = room.seats.get(participant_id)
            pending = seat is None
            seat = seat or room.pending.get(participant_id)
            if seat is not None:
                put[f"s:{participant_id}"] = encode_seat(seat, pending=pending)
                self._seats.add(participant_id)
                self._receipts_of(put, drop, participant_id)
            elif participant_id in self._seats:
                self._seats.discard(participant_id)
                _drop(put, drop, f"s:{participant_id}")
                for seq in self._sent.pop(participant_id, ()):
                    _drop(put, drop, f"d:{participant_id}:{seq}")
        self._seats_about = set()
        self._left(put, drop)

    def _left(self, put: dict[str, Any], drop: list[str]) -> None:
        gone = self.room.gone
        newest = []
        for participant_id in reversed(gone):
            if participant_id in self._gone:
                break
            newest.append(participant_id)
        for participant_id in reversed(newest):
            self._gone_order += 1
            self._gone[participant_id] = None
            put[f"g:{participant_id}"] = (self._gone_order, *gone[participant_id])
        while len(self._gone) > len(gone):
            oldest = next(iter(self._gone))
            del self._gone[oldest]
            _drop(put, drop, f"g:{oldest}")

    def _polled(self, put: dict[str, Any], drop: list[str]) -> None:
        polls = self.room.polls
        for poll_id in self._polls_about | (polls.keys() - self._polls):
            poll = polls.get(poll_id)
            if poll is not None:
                put[f"p:{poll_id}"] = encode_poll(poll, poll.seq)
                self._polls.add(poll_id)
            else:
                _drop(put, drop, f"p:{poll_id}")
                self._polls.discard(poll_id)
        self._polls_about.clear()


def before_oldest(history: History) -> int:
    """The `seq` before the first of what a history knows anything of."""
    known: list[int] = [
        history.floor + 1,
        *(message.seq for message in history._older or ()),
        *(history._referred or ()),
    ]
    if history._traces._known:
        known.append(history._traces._known[0][0])
    return min(known) - 1


def _drop(put: dict[str, Any], drop: list[str], name: str) -> None:
    put.pop(name, None)
    drop.append(name)


def settings(room: Room) -> tuple[Any, ...]:
    """What is chosen for a room, and who is its host."""
    return (
        room.epoch,
        room.created_at,
        room.expires_at,
        room.capacity,
        room.host_key_digest,
        room.invite_only,
        room.locked,
        room.lobby,
        room.log,
        room.encrypted,
        room.key_check,
        room.password_hash,
        room.host_id,
        room.made_by,
        room.keeps_receipts,
        room.message_ttl_s,
        room.pinned_id,
    )


def bans(room: Room) -> tuple[list[Any], list[Any], list[Any]]:
    """Who is banned."""
    return sorted(room.banned_ids), sorted(room.banned_origins), sorted(room.banned_subjects)


def regretted(room: Room) -> list[tuple[bytes, str]]:
    """Joins that were given up, in order."""
    return list(room.regretted.items())


def retracted(room: Room) -> list[tuple[str, int, bool]]:
    """Messages that were taken back, in order."""
    return [(one.message_id, one.seq, one.edited) for one in room.retractions]
