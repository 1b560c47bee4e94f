"""Counts what happens in rooms: a subscriber of the publisher, to `COUNTED`."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rooms.events import CallStarted, Event, MemberJoined, MemberLeft, RoomEnded
from rooms.room import Room

COUNTED: Final = (MemberJoined, MemberLeft, CallStarted, RoomEnded)


class Happenings:
    """Counters since the start."""

    def __init__(self) -> None:
        self.seats_taken = 0
        self.seats_left: Counter[str] = Counter()
        """By reason."""
        self.calls_started = 0
        self.rooms_ended: Counter[str] = Counter()

    def note(self, _: Room, event: Event) -> None:
        """Take note of an event. It keeps nothing of it."""
        kind = type(event)
        if kind is MemberJoined:
            self.seats_taken += 1
        elif isinstance(event, MemberLeft):
            self.seats_left[event.reason] += 1
        elif kind is CallStarted:
            self.calls_started += 1
        elif isinstance(event, RoomEnded):
            self.rooms_ended[event.reason] += 1
