"""Which calls there are, seen from the signals that pass: no content, only who is in and how long it lasted.

Two participants are partners from the answer to an offer between them until one of them hangs up or leaves. A room's
call is all of its pairs: it begins with the first one and ends when none is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from rooms.errors import Code, Refused
from rooms.events import CallEnded, CallStarted, Event
from rooms.records import CallRecord
from signaling.negotiation import Kind, OnChange

CallProgress = Literal["joined", "connected", "failed", "ended"]
"""How a participant says its call goes; `ended`: it hung up, and stays."""

MESH_PARTICIPANTS = 8
"""People in one call. Each sends its media to each other one, so a call of n costs everybody n - 1 uplinks; a larger
one needs an SFU (docs/calls.md)."""

MAX_PARTNERS = MESH_PARTICIPANTS - 1
"""Others whom one participant may be in a call with at once."""

CALLS_RECORDED = 100
"""Calls of one room that its line of the session log tells of; later ones are counted with none of their own."""


@dataclass(slots=True)
class _Call:
    started_at: float
    peak: int = 2
    connected: bool = False


@dataclass(slots=True)
class _RoomCalls:
    """`offers` is at most one entry for each ordered pair of seats, `partners` at most `MAX_PARTNERS` for each seat."""

    offers: dict[str, set[str]] = field(default_factory=dict)  # offerer → those who have not answered yet
    partners: dict[str, set[str]] = field(default_factory=dict)
    current: _Call | None = None
    ended: list[CallRecord] = field(default_factory=list)

    def is_offered(self, offerer: str, answerer: str) -> bool:
        return answerer in self.offers.get(offerer, ())

    def has_place_for(self, one: str, other: str) -> bool:
        theirs = self.partners.get(one, ())
        return other in theirs or len(theirs) < MAX_PARTNERS

    def join(self, one: str, other: str, now: float) -> bool:
        """Two are in a call with each other; returns whether one begins with it."""
        for offerer, answerer in ((one, other), (other, one)):  # where both have offered, one answer settles both
            self._settle(offerer, answerer)
            self.partners.setdefault(offerer, set()).add(answerer)
        begins = self.current is None
        if self.current is None:
            self.current = _Call(now)
        self.current.peak = max(self.current.peak, len(self.partners))
        return begins

    def _settle(self, offerer: str, answerer: str) -> None:
        unanswered = self.offers.get(offerer)
        if unanswered is not None:
            unanswered.discard(answerer)
            if not unanswered:
                del self.offers[offerer]

    def part(self, participant: str, now: float) -> CallRecord | None:
        """Somebody is out of it; returns the record of the call that ends with it."""
        self.offers.pop(participant, None)
        for partner in self.partners.pop(participant, ()):
            theirs = self.partners[partner]
            theirs.discard(participant)
            if not theirs:
                del self.partners[partner]
        return None if self.partners else self.finish(now)

    def withdraw_offers_to(self, participant: str) -> list[str]:
        """Returns who had made them."""
        offerers = [offerer for offerer, unanswered in self.offers.items() if participant in unanswered]
        for offerer in offerers:
            self._settle(offerer, participant)
        return offerers

    def finish(self, now: float) -> CallRecord | None:
        """Nobody is in a call any more."""
        if self.current is None:
            return None
        call, self.current = self.current, None
        record = CallRecord(started_at=call.started_at, ended_at=now, peak=call.peak, connected=call.connected)
        if len(self.ended) < CALLS_RECORDED:
            self.ended.append(record)
        return record


class Calls:
    """room id → who is in a call with whom, and the calls that have ended."""

    def __init__(self) -> None:
        self._rooms: dict[str, _RoomCalls] = {}
        self.on_change: OnChange | None = None
        """Told what is to be kept, where rooms outlive the process."""

    def _changed(self, room_id: str, *participants: str) -> None:
        if self.on_change is not None:
            self.on_change(room_id, [("call",), *((kind, who) for who in participants for kind in "ot")])

    @property
    def active(self) -> int:
        """Rooms in which a call goes on now."""
        return sum(1 for calls in self._rooms.values() if calls.current is not None)

    def check(self, room_id: str, sender: str, target: str, kind: Kind) -> None:
        """Refuse with ROOM_FULL an offer, or an answer to one, that would give either side too many partners.

        Changes nothing. An answer that nobody asked for makes no pair, so it is not looked at.
        """
        calls = self._rooms.get(room_id)
        if calls is None or kind is Kind.CANDIDATE or (kind is Kind.ANSWER and not calls.is_offered(target, sender)):
            return
        if not (calls.has_place_for(sender, target) and calls.has_place_for(target, sender)):
            message = f"A call takes {MESH_PARTICIPANTS} participants."
            raise Refused(Code.ROOM_FULL, message, retry_after_ms=5_000)

    def note(self, room_id: str, sender: str, target: str, kind: Kind, now: float) -> Sequence[Event]:
        """Take note of a signal that has passed `check` and was routed."""
        if kind is Kind.OFFER:
            calls = self._rooms.setdefault(room_id, _RoomCalls())
            calls.offers.setdefault(sender, set()).add(target)
            self._changed(room_id, sender)
        elif kind is Kind.ANSWER:
            found = self._rooms.get(room_id)
            if found is None or not found.is_offered(target, sender):
                return ()
            begins = found.join(sender, target, now)
            self._changed(room_id, sender, target)
            if begins:
                return (CallStarted(room_id),)
        return ()

    def is_in(self, room_id: str, participant: str) -> bool:
        """Whether a participant is in a call with anybody."""
        calls = self._rooms.get(room_id)
        return calls is not None and participant in calls.partners

    def reported(self, room_id: str, participant: str, state: CallProgress, now: float) -> Sequence[Event]:
        """A participant says how its call goes."""
        calls = self._rooms.get(room_id)
        if calls is None:
            return ()
        if state == "connected" and calls.current is not None and participant in calls.partners:
            calls.current.connected = True
            self._changed(room_id)
        elif state == "ended":
            return self._parted(room_id, calls, participant, now)
        return ()

    def left(self, room_id: str, participant: str, now: float) -> Sequence[Event]:
        """A participant is out of the room."""
        calls = self._rooms.get(room_id)
        if calls is None:
            return ()
        self._changed(room_id, *calls.withdraw_offers_to(participant))
        return self._parted(room_id, calls, participant, now)

    def _parted(self, room_id: str, calls: _RoomCalls, participant: str, now: float) -> Sequence[Event]:
        partners = tuple(calls.partners.get(participant, ()))
        record = calls.part(participant, now)
        self._changed(room_id, participant, *partners)
        return _ended(room_id, record)

    def end(self, room_id: str, now: float) -> tuple[tuple[CallRecord, ...], Sequence[Event]]:
        """The room is over: the records of all its calls, what happened, and nothing kept."""
        calls = self._rooms.pop(room_id, None)
        if calls is None:
            return (), ()
        last = calls.finish(now)
        return tuple(calls.ended), _ended(room_id, last)


def _ended(room_id: str, call: CallRecord | None) -> Sequence[Event]:
    return (CallEnded(room_id, call.peak, call.ended_at - call.started_at),) if call is not None else ()
