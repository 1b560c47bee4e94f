"""What a site is told of its rooms: when they begin and end, who comes and goes, calls, knocks. Never what was said.

A subscriber of the publisher turns what happened into messages and hands them to an outbox.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from rooms.events import (
    CallEnded,
    CallStarted,
    Event,
    KnockAnswered,
    KnockReceived,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    RoomCreated,
    RoomEnded,
    RoomRestored,
)
from rooms.model import Participant
from rooms.room import Room
from server.outbound.hook_queue import Hook, HookQueue
from server.outbound.outbox import Outbox
from server.protocol import views

ID_BYTES = 16


@dataclass(slots=True)
class _Known:
    """What is remembered of a room, to tell of its end: who is in it, and which knocks were told."""

    people: dict[str, Participant] = field(default_factory=dict)
    knocks: set[str] = field(default_factory=set)


class Webhooks:
    """Tells every address. `with_names`: also what people are called."""

    def __init__(
        self, outbox: Outbox, new_id: Callable[[int], str], wall: Callable[[], float], *, with_names: bool
    ) -> None:
        self.outbox = outbox
        self._new_id = new_id
        self._wall = wall
        self._with_names = with_names
        self._rooms: dict[str, _Known] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def __call__(self, room: Room, event: Event) -> None:
        """Something happened: a `server.outbound.publisher.Subscriber`."""
        match event:
            case RoomCreated():
                self._tell(room, "room.created")
            case RoomRestored():
                people = {seat.id: seat.participant for seat in room.seats.values()}
                self._rooms[room.id] = _Known(people, set(room.knocks))
            case MemberJoined():
                self._joined(room, event.participant)
            case MemberUpdated():
                self._known(room).people[event.participant.id] = event.participant
            case MemberLeft():
                self._left(room, event.participant_id, event.reason)
            case KnockReceived() | KnockAnswered():
                self._knocked(room, event)
            case CallStarted():
                self._tell(room, "call.started")
            case CallEnded():
                self._tell(room, "call.ended", peak=event.peak, durationS=round(event.duration_s, 3))
            case RoomEnded():
                self._ended(room, event.reason)

    @property
    def queues(self) -> Sequence[HookQueue]:
        """One for each address."""
        return self.outbox.queues

    def moved(self, room_id: str) -> None:
        """A room runs elsewhere: nothing of it is remembered."""
        self._rooms.pop(room_id, None)

    def _joined(self, room: Room, who: Participant) -> None:
        if room.came == 1:
            self._tell(room, "room.started")
        self._known(room).people[who.id] = who
        self._tell(room, "participant.joined", **self._person(who))

    def _left(self, room: Room, participant_id: str, reason: str) -> None:
        who = self._known(room).people.pop(participant_id, None)
        person = self._person(who) if who is not None else {"participantId": participant_id}
        self._tell(room, "participant.left", **person, reason=reason)

    def _knocked(self, room: Room, event: KnockReceived | KnockAnswered) -> None:
        told = self._known(room).knocks
        # Each new host hears of those who wait, and some have walked away.
        told &= room.knocks.keys()
        if isinstance(event, KnockReceived) and event.knock_id not in told:
            told.add(event.knock_id)
            self._tell(room, "knock.received", knockId=event.knock_id)

    def _ended(self, room: Room, reason: str) -> None:
        known = self._rooms.pop(room.id, None)
        for who in known.people.values() if known is not None else ():
            self._tell(room, "participant.left", **self._person(who), reason=reason)
        duration_s = round(max(0.0, self._wall() - room.created_at), 3)
        self._tell(room, "room.ended", reason=reason, came=room.came, peak=room.peak, durationS=duration_s)

    def _known(self, room: Room) -> _Known:
        known = self._rooms.get(room.id)
        if known is None:
            known = self._rooms[room.id] = _Known()
        return known

    def _person(self, who: Participant) -> dict[str, Any]:
        person: dict[str, Any] = {"participantId": who.id, "role": who.role}
        if who.user_id is not None:
            person["userId"] = who.user_id
        if self._with_names:
            person["name"] = who.name
        return person

    def _tell(self, room: Room, kind: str, **data: Any) -> None:
        at = self._wall()
        body = orjson.dumps({"type": kind, "timestamp": views.iso(at), "data": {"roomId": room.id, **data}})
        self.outbox.put(Hook(f"msg_{self._new_id(ID_BYTES)}", room.id, body, time.monotonic(), at))
