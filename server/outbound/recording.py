"""The publisher, where a change of a room is written before it is told (`server.cluster.recorder`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from rooms.events import Event
from rooms.message import Message
from rooms.room import Room
from server.outbound.delivery import Delivery
from server.outbound.journal import Journal
from server.outbound.presence import Presence
from server.outbound.publisher import Publisher


class Notes(Protocol):
    """Where is noted what is to be written of a room."""

    def message(self, room: Room) -> None:
        """Somebody said something."""

    def note(self, room: Room, events: Iterable[Event]) -> None:
        """Something happened, or may have changed what is told to nobody."""


class RecordingPublisher(Publisher):
    """A publisher that has each change written."""

    def __init__(
        self, notes: Notes, delivery: Delivery, journal: Journal, presence: Presence, *, log_messages: bool
    ) -> None:
        super().__init__(delivery, journal, presence, log_messages=log_messages)
        self._notes = notes

    def commit(self, room: Room, events: Iterable[Event], *, but: str | None = None) -> None:
        """As `Publisher.commit`."""
        happened = list(events)
        self._notes.note(room, happened)
        super().commit(room, happened, but=but)

    def message(self, room: Room, message: Message) -> dict[str, Any]:
        """As `Publisher.message`."""
        self._notes.message(room)
        return Publisher.message(self, room, message)  # half of what `super()` costs, for each message
