"""The one way out: what happened in a room is kept, told, cleaned up after, and handed to whoever subscribed.

A use case hands over the events that the rules returned, and says nothing else: which of them change what a store
keeps, who is told, and what is let go of is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rooms.events import (
    Event,
    KnockAnswered,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    MessageDeleted,
    MessageUpdated,
    RoomEnded,
    RoomUpdated,
    SeatGranted,
    SeatTakenOver,
    Silent,
    StateChanged,
)
from rooms.message import Message
from rooms.model import Change
from rooms.room import Room
from server.outbound.delivery import Delivery
from server.outbound.journal import Journal
from server.outbound.presence import Presence

Subscriber = Callable[[Room, Event], None]

SAVED = frozenset({MemberJoined, MemberLeft, RoomUpdated, SeatGranted, StateChanged})
"""Events after which a store keeps something else of the room."""

SAVED_CHANGES: frozenset[Change] = frozenset({"role", "self"})
"""Changes of a participant that a store keeps."""


class Publisher:
    """Commits what happened. Nothing in it waits but `settle`."""

    def __init__(self, delivery: Delivery, journal: Journal, presence: Presence, *, log_messages: bool) -> None:
        self._delivery = delivery
        self._journal = journal
        self._presence = presence
        self._log_messages = log_messages
        self._subscribers: list[Subscriber] = []
        self.messages = 0
        """Messages committed since the start."""

    def subscribe(self, subscriber: Subscriber) -> None:
        """Hand every event but messages to `subscriber`, once it has been told. It must not raise or wait."""
        self._subscribers.append(subscriber)

    def commit(self, room: Room, events: Iterable[Event], *, but: str | None = None) -> None:
        """Keep and tell what happened, in order. `but` is a connection that is told the same by its own answer."""
        changed = False
        for event in events:
            kind = type(event)
            if type(event) is Message:
                self.message(room, event)
                continue
            if not isinstance(event, Silent):
                self._delivery.tell_all(room, event, but)
            self._let_go(event)
            if room.log and self._log_messages:
                self._log(event)
            for subscriber in self._subscribers:
                subscriber(room, event)
            changed = changed or kind in SAVED or (isinstance(event, MemberUpdated) and event.change in SAVED_CHANGES)
        if changed:
            self._journal.changed(room)

    async def settle(self, room: Room, events: Sequence[Event], *, but: str | None = None) -> bool:
        """Commit, and return once a restart cannot undo it; False where the store failed.

        While the store is known to be down nobody is kept waiting, but for what must not be granted on a guess.
        """
        self.commit(room, events, but=but)
        insist = any(isinstance(event, SeatGranted) and event.spent for event in events)
        return await self._journal.saved(room, insist=insist)

    def message(self, room: Room, message: Message) -> dict[str, Any]:
        """Commit a message: this runs for each. Returns what the others are told."""
        self.messages += 1
        told = self._delivery.message(room, message)
        if room.log and self._log_messages and message.audience is None and not message.gone:
            self._journal.log_message(message)
        return told

    def _log(self, event: Event) -> None:
        """The log follows what becomes of a message; of one that not everybody may see it knows nothing."""
        if isinstance(event, MessageDeleted):
            self._journal.erase_message(event.room_id, event.message_id)
        elif isinstance(event, MessageUpdated) and event.message.audience is None:
            self._journal.log_message(event.message, again=True)

    def _let_go(self, event: Event) -> None:
        if isinstance(event, MemberLeft | SeatTakenOver):
            self._presence.release(event.room_id, event.participant_id)
        elif isinstance(event, KnockAnswered):
            self._presence.walk_away(event.room_id, event.knock_id)
        elif isinstance(event, RoomEnded):
            self._presence.room_over(event.room_id)
