"""The one way out: what happened in a room is kept, told, cleaned up after, and handed to whoever subscribed.

A use case hands over the events that the rules returned, and says nothing else: which of them change what a store
keeps, who is told, and what is let go of is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, get_args

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

SAVED = frozenset({MemberJoined, MemberLeft, MessageUpdated, RoomUpdated, SeatGranted, StateChanged})
"""Events after which a store keeps something else of the room."""

LET_GO: Final = frozenset({MemberLeft, SeatTakenOver, KnockAnswered, RoomEnded})
"""Events after which somebody holds a seat, or waits at a door, no more."""

SILENT: Final = frozenset(get_args(Silent))

SAVED_CHANGES: frozenset[Change] = frozenset({"role", "self"})
"""Changes of a participant that a store keeps."""

SAVED_IN_PART: Final = frozenset({MemberUpdated, MessageDeleted})


class Publisher:
    """Commits what happened. Nothing in it waits but `settle`."""

    def __init__(self, delivery: Delivery, journal: Journal, presence: Presence, *, log_messages: bool) -> None:
        self._delivery = delivery
        self._journal = journal
        self._presence = presence
        self._log_messages = log_messages
        self._subscribers: dict[type, tuple[Subscriber, ...]] = dict.fromkeys(get_args(Event), ())
        self.messages = 0
        """Messages committed since the start."""

    def subscribe(self, subscriber: Subscriber, *kinds: type) -> None:
        """Hand events of these kinds, or all but messages, to `subscriber`, once they are told. It must not raise."""
        for kind in kinds or tuple(self._subscribers):
            self._subscribers[kind] += (subscriber,)

    def commit(self, room: Room, events: Iterable[Event], *, but: str | None = None) -> None:
        """Keep and tell what happened, in order. `but` is a connection that is told the same by its own answer."""
        changed = False
        for event in events:
            kind = type(event)
            if type(event) is Message:
                self.message(room, event)
                continue
            # Not `isinstance`, which takes a dozen steps for a dozen kinds: this runs three times for each join.
            if kind not in SILENT:
                self._delivery.tell_all(room, event, but)  # type: ignore[arg-type]
            if kind in LET_GO:
                self._let_go(event)
            if room.log and self._log_messages:
                self._log(event)
            for subscriber in self._subscribers[kind]:
                subscriber(room, event)
            changed = changed or kind in SAVED or (kind in SAVED_IN_PART and _is_saved(event))
        if changed:
            self._journal.changed(room)

    async def settle(self, room: Room, events: Sequence[Event], *, but: str | None = None) -> bool:
        """Commit, and return once a restart cannot undo it; False where the store failed.

        While the store is known to be down nobody is kept waiting, but for what must not be granted on a guess.
        """
        self.commit(room, events, but=but)
        if not self._journal.outlives_process:
            return True
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
            connection = self._presence.connection_of(event.room_id, event.participant_id)
            if connection is not None:
                self._delivery.out_of_reach((connection,))
            self._presence.release(event.room_id, event.participant_id)
        elif isinstance(event, KnockAnswered):
            self._presence.walk_away(event.room_id, event.knock_id)
        elif isinstance(event, RoomEnded):
            self._delivery.out_of_reach(self._presence.in_room(event.room_id).values())
            self._presence.room_over(event.room_id)


def _is_saved(event: Event) -> bool:
    if isinstance(event, MemberUpdated):
        return event.change in SAVED_CHANGES
    # What expires is not remembered: whoever holds it knows when it does.
    return isinstance(event, MessageDeleted) and event.reason != "expired"
