"""Relaying offers, answers and candidates: who may send to whom, in which order, and what waits for whom.

Signals go from one seat to another of the same room. To a seat that is away they wait in its mailbox, in order,
within bounds. A pair whose mailbox lost something is told to restart ICE when the seat comes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rooms.errors import Code, Refused
from rooms.ledger import Ledger
from rooms.model import Seat
from rooms.room import Room
from signaling.negotiation import Kind, Mark, Negotiations, OnChange

MAILBOX_SIGNALS = 256
MAILBOX_BYTES = 512 * 1024
MAILBOX_AGE_S = 60.0


class Signal(NamedTuple):
    """One offer, answer or candidate on its way. `body` is `{"description": …}` or `{"candidate": …}`, as sent."""

    kind: Kind
    sender: str
    body: Mapping[str, Any]
    negotiation_id: str | None
    at: float
    size: int
    number: int = 0
    """In the order of all that have waited in this process."""


@dataclass(slots=True, eq=False)
class _Mailbox:
    ledger: Ledger
    signals: deque[Signal] = field(default_factory=deque)
    size: int = 0
    lost_from: dict[str, bool] = field(default_factory=dict)
    """sender → whether an answer was among what is lost"""
    broken: set[str] = field(default_factory=set)
    """Senders whose signals are no use without what was lost, until their next offer."""
    listed: bool = False

    @property
    def held_bytes(self) -> int:
        return self.size

    @property
    def quiet_since(self) -> float:
        return self.signals[-1].at if self.signals else 0.0

    def age(self, now: float) -> float:
        self.drop_older_than(now - MAILBOX_AGE_S)
        return self.signals[0].at + MAILBOX_AGE_S if self.signals else now + MAILBOX_AGE_S

    def give_up(self) -> None:
        while self.signals:
            self._lose(self.signals[0].sender)

    def put(self, signal: Signal) -> None:
        self.drop_older_than(signal.at - MAILBOX_AGE_S)
        if signal.kind is Kind.OFFER:
            self._begin_afresh(signal.sender)
        elif signal.sender in self.broken:
            self._note_lost(signal.sender, [signal])
            return
        self.signals.append(signal)
        self.size += signal.size
        self.ledger.add(self, signal.size)
        while len(self.signals) > MAILBOX_SIGNALS or self.size > MAILBOX_BYTES:
            self._lose(self.signals[0].sender)

    def _begin_afresh(self, sender: str) -> None:
        self._replace_unanswered_offer(sender)
        self.broken.discard(sender)
        # An offer makes good an offer. Whoever waits for an answer that is lost waits on, and must be told.
        if not self.lost_from.get(sender):
            self.lost_from.pop(sender, None)

    def _replace_unanswered_offer(self, sender: str) -> None:
        # A newer offer of the same peer replaces the older one, and its candidates with it. What came before stays:
        # an answer lost here would leave the one who waits for it waiting.
        own = [index for index, kept in enumerate(self.signals) if kept.sender == sender]
        for index in reversed(own):
            if self.signals[index].kind is Kind.ANSWER:
                return
            if self.signals[index].kind is Kind.OFFER:
                replaced = {later for later in own if later >= index}
                self._keep([kept for place, kept in enumerate(self.signals) if place not in replaced])
                return

    def take(self, now: float) -> list[Signal]:
        self.drop_older_than(now - MAILBOX_AGE_S)
        taken = list(self.signals)
        self._keep([])
        return taken

    def has_lost(self, now: float) -> bool:
        self.drop_older_than(now - MAILBOX_AGE_S)
        return bool(self.lost_from)

    def refill(self, signals: list[Signal]) -> None:
        """Hold what was held elsewhere."""
        self._keep([])
        self.signals = deque(signals)
        self.size = sum(signal.size for signal in signals)
        self.ledger.add(self, self.size)

    def tell_lost(self, now: float) -> set[str]:
        self.drop_older_than(now - MAILBOX_AGE_S)
        lost = set(self.lost_from)
        self.lost_from.clear()
        self.broken.clear()
        return lost

    def forget(self, sender: str) -> None:
        self._keep([kept for kept in self.signals if kept.sender != sender])
        self.lost_from.pop(sender, None)
        self.broken.discard(sender)

    def drop_older_than(self, limit: float) -> None:
        while self.signals and self.signals[0].at < limit:
            self._lose(self.signals[0].sender)

    def _lose(self, sender: str) -> None:
        # Half a negotiation only confuses: without its head, the rest of this peer's goes too.
        self._note_lost(sender, [kept for kept in self.signals if kept.sender == sender])
        self._keep([kept for kept in self.signals if kept.sender != sender])

    def _note_lost(self, sender: str, lost: list[Signal]) -> None:
        has_answer = any(signal.kind is Kind.ANSWER for signal in lost)
        self.lost_from[sender] = self.lost_from.get(sender, False) or has_answer
        self.broken.add(sender)

    def _keep(self, signals: list[Signal]) -> None:
        self.signals = deque(signals)
        size = sum(signal.size for signal in signals)
        self.ledger.remove(self.size - size)
        self.size = size


@dataclass(slots=True)
class _Lines:
    negotiations: Negotiations = field(default_factory=Negotiations)
    mailboxes: dict[str, _Mailbox] = field(default_factory=dict)


class Relay:
    """room id → the negotiations and mailboxes of its members."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self._ledger = ledger if ledger is not None else Ledger()
        self._rooms: dict[str, _Lines] = {}
        self._number = 0
        self.on_change: OnChange | None = None
        """Told what is to be kept, where rooms outlive the process."""

    def __len__(self) -> int:
        return len(self._rooms)

    def route(
        self,
        room: Room,
        sender: Seat,
        target: Seat,
        kind: Kind,
        body: Mapping[str, Any],
        now: float,
        *,
        negotiation_id: str | None,
        size: int,
        away: bool = False,
    ) -> Signal:
        """Stamp a signal with its sender, and keep it where its target is away, or `away`: no connection speaks for it.

        Refused with STALE_NEGOTIATION. `size` is in bytes.
        """
        lines = self._rooms.get(room.id)
        if lines is None:
            lines = self._rooms[room.id] = _Lines()
        lines.negotiations.admit(kind, sender.id, target.id, negotiation_id)
        signal = Signal(kind, sender.id, body, negotiation_id, now, size)
        if away or not target.connected:
            self._number += 1
            signal = signal._replace(number=self._number)
            lines.mailboxes.setdefault(target.id, _Mailbox(self._ledger)).put(signal)
            self._changed(room.id, [("b", target.id)])
        if kind is not Kind.CANDIDATE:
            self._changed(room.id, [("q", *sorted((sender.id, target.id)))])
        return signal

    def _changed(self, room_id: str, marks: Iterable[Mark]) -> None:
        if self.on_change is not None:
            self.on_change(room_id, marks)

    def count_from(self, number: int) -> None:
        """Give no signal a number up to this one, which another process has given."""
        self._number = max(self._number, number)

    def collect(self, room_id: str, participant_id: str, now: float) -> list[Signal]:
        """What waited for a participant that is back, in the order sent. `lost_from` still tells of what is gone."""
        box = self._mailbox(room_id, participant_id)
        if box is None:
            return []
        self._changed(room_id, [("b", participant_id)])
        return box.take(now)

    def has_lost(self, room_id: str, participant_id: str, now: float) -> bool:
        """Whether `lost_from` would name anybody."""
        box = self._mailbox(room_id, participant_id)
        return box is not None and box.has_lost(now)

    def lost_from(self, room_id: str, participant_id: str, now: float) -> set[str]:
        """Whose signals to this participant were lost since it was last told; telling is once."""
        box = self._mailbox(room_id, participant_id)
        if box is None:
            return set()
        self._changed(room_id, [("b", participant_id)])
        return box.tell_lost(now)

    def _mailbox(self, room_id: str, participant_id: str) -> _Mailbox | None:
        lines = self._rooms.get(room_id)
        return lines.mailboxes.get(participant_id) if lines else None

    def forget(self, room_id: str, participant_id: str) -> None:
        """A participant has left for good."""
        lines = self._rooms.get(room_id)
        if lines is None:
            return
        box = lines.mailboxes.pop(participant_id, None)
        if box is not None:
            box.take(0.0)
        for box in lines.mailboxes.values():
            box.forget(participant_id)
        boxes: list[Mark] = [("b", who) for who in (participant_id, *lines.mailboxes)]
        self._changed(room_id, [*boxes, *lines.negotiations.forget(participant_id)])

    def came_from_elsewhere(self, room: Room) -> None:
        """A room has come from another process, where signals may have waited: whoever is in its call is told so."""
        in_call = [seat.id for seat in room.seats.values() if seat.in_call]
        if len(in_call) < 2:
            return
        lines = self._rooms.setdefault(room.id, _Lines())
        for one in in_call:
            box = lines.mailboxes.setdefault(one, _Mailbox(self._ledger))
            for other in in_call:
                if other != one:
                    box.lost_from.setdefault(other, False)
        self._changed(room.id, [("b", one) for one in in_call])

    def end(self, room_id: str) -> None:
        """The room is over."""
        lines = self._rooms.pop(room_id, None)
        for box in lines.mailboxes.values() if lines else ():
            box.take(0.0)


def target_of(room: Room, sender: Seat, to: str | None) -> Seat:
    """Whom a signal is for: the one named, or the only other one. Refused with PEER_NOT_FOUND or TARGET_REQUIRED.

    Seats that are away count only where nobody else is there: the page of a peer that was reloaded and did not resume
    leaves its old seat behind for the grace period.
    """
    if to is not None:
        target = room.seats.get(to)
        if target is None or target is sender:
            raise Refused(Code.PEER_NOT_FOUND, "This participant is not in the room.")
        return target
    others = [seat for seat in room.seats.values() if seat is not sender]
    present = [seat for seat in others if seat.connected]
    candidates = present or others
    if not candidates:
        raise Refused(Code.PEER_NOT_FOUND, "Nobody else is in the room.")
    if len(candidates) > 1:
        raise Refused(Code.TARGET_REQUIRED, "Several others are in the room: say which one with `to`.")
    return candidates[0]
