"""The recent durable events of a room, bounded by count, size and age, and who may have which of them again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain, islice

from rooms.events import Durable, MemberUpdated, MessagePosted
from rooms.ledger import Ledger
from rooms.limits import (
    BACKLOG_MESSAGES,
    CHAR_BYTES,
    EVENT_OVERHEAD_BYTES,
    HISTORY_AGE_S,
    HISTORY_BYTES,
    HISTORY_EVENTS,
)


def entitled(event: MessagePosted, participant_id: str) -> bool:
    """Whether this participant may see the message: it is public, or from or to it."""
    return event.to is None or participant_id in (event.to, event.sender)


class History:
    """Durable events in `seq` order without holes, from `floor + 1` on; what a newcomer sees may go back further."""

    __slots__ = (
        "_age_checked_until",
        "_bytes",
        "_events",
        "_ledger",
        "_messages",
        "_older",
        "_older_bytes",
        "floor",
        "floor_position",
        "listed",
    )

    def __init__(self, ledger: Ledger | None = None) -> None:
        self._ledger = ledger if ledger is not None else Ledger()
        self.listed = False
        self._events: deque[Durable] = deque()
        self._messages = 0  # among the events
        self._older: deque[MessagePosted] | None = None  # what of the backlog is no longer among the events
        self._bytes = 0
        self._older_bytes = 0
        self._age_checked_until = 0.0  # nothing grows too old before
        self.floor = 0
        """The highest `seq` that is no longer here."""
        self.floor_position = -1
        """The position of that event."""

    def __len__(self) -> int:
        return len(self._events)

    def append(self, event: Durable) -> None:
        """Add the newest event; the oldest go where a bound is crossed."""
        events = self._events
        events.append(event)
        if isinstance(event, MessagePosted):
            size = EVENT_OVERHEAD_BYTES + CHAR_BYTES * len(event.text)
            self._messages += 1
            if self._older is not None and self._messages + len(self._older) > BACKLOG_MESSAGES:
                self._drop_of_older()
        else:
            size = EVENT_OVERHEAD_BYTES
        self._bytes += size
        # One long message can weigh as much as many short ones.
        while len(events) > HISTORY_EVENTS or self._bytes > HISTORY_BYTES:
            self._drop_oldest()
        if event.at > self._age_checked_until:
            # Not at each event: in a busy room the oldest lies far away in memory.
            self._drop_older_than(event.at - HISTORY_AGE_S)
            self._age_checked_until = events[0].at + HISTORY_AGE_S
        # As `Ledger.add`, in place: this runs for each message.
        ledger = self._ledger
        ledger.used_bytes += size
        if not self.listed or 0 < ledger.limit_bytes < ledger.used_bytes:
            ledger.add(self, 0)

    @property
    def held_bytes(self) -> int:
        """What it weighs, the backlog included."""
        return self._bytes + self._older_bytes

    @property
    def quiet_since(self) -> float:
        """When its newest event happened."""
        newest = self._events or self._older
        return newest[-1].at if newest else 0.0

    def age(self, now: float) -> float:
        """Let go of what is too old, also where nothing happens any more; returns when more will be."""
        self._drop_older_than(now - HISTORY_AGE_S)
        return self._events[0].at + HISTORY_AGE_S if self._events else now + HISTORY_AGE_S

    def give_up(self) -> None:
        """Forget everything, so that whoever asks for it gets a fresh snapshot: the memory is needed elsewhere."""
        if self._events:
            self.floor, self.floor_position = self._events[-1].seq, self._events[-1].position
        self.clear()

    def since(self, seq: int, now: float) -> Iterator[Durable] | None:
        """The events after `seq`, or None where some of them are gone or `seq` lies ahead of the room."""
        self._drop_older_than(now - HISTORY_AGE_S)
        newest = self._events[-1].seq if self._events else self.floor
        if seq < self.floor or seq > newest:
            return None
        return (event for event in self._events if event.seq > seq)

    def after_position(self, position: int, now: float) -> list[Durable] | None:
        """The events after a position, or None where some of them are gone."""
        self._drop_older_than(now - HISTORY_AGE_S)
        if self.floor_position > position:
            return None
        return [event for event in self._events if event.position > position]

    def seq_at(self, position: int) -> int:
        """The `seq` of the newest event up to a position that `after_position` still reaches back to."""
        return max((event.seq for event in self._events if event.position <= position), default=self.floor)

    def backlog(self, participant_id: str) -> list[MessagePosted]:
        """The last messages that this participant may see, oldest first."""
        return [message for message in self._last_messages() if entitled(message, participant_id)]

    def messages(self) -> list[MessagePosted]:
        """The last public messages, oldest first."""
        return [message for message in self._last_messages() if message.to is None]

    def message_count(self) -> int:
        """How many messages are held, public and private."""
        return self._messages + len(self._older or ())

    def clear(self) -> None:
        """Forget everything."""
        self._ledger.remove(self.held_bytes)
        self._events.clear()
        self._older = None
        self._messages = self._bytes = self._older_bytes = 0

    def _last_messages(self) -> list[MessagePosted]:
        newest_first = (event for event in reversed(self._events) if isinstance(event, MessagePosted))
        found = list(islice(chain(newest_first, reversed(self._older or ())), BACKLOG_MESSAGES))
        return found[::-1]

    def _drop_oldest(self) -> None:
        event = self._events.popleft()
        size = _weight(event)
        self._bytes -= size
        self._ledger.remove(size)
        if isinstance(event, MessagePosted):
            self._messages -= 1
            if self._messages < BACKLOG_MESSAGES:
                self._keep_for_newcomers(event, size)
        self.floor = event.seq
        self.floor_position = event.position

    def _keep_for_newcomers(self, message: MessagePosted, size: int) -> None:
        if self._older is None:
            self._older = deque()
        elif len(self._older) >= BACKLOG_MESSAGES:
            self._drop_of_older()
        if self._older is None:
            self._older = deque()
        self._older.append(message)
        self._older_bytes += size
        self._ledger.used_bytes += size

    def _drop_of_older(self) -> None:
        if self._older:
            size = _weight(self._older.popleft())
            self._older_bytes -= size
            self._ledger.remove(size)
        self._older = self._older or None

    def _drop_older_than(self, limit: float) -> None:
        while self._events and self._events[0].at < limit:
            self._drop_oldest()


def _weight(event: Durable) -> int:
    return EVENT_OVERHEAD_BYTES + (CHAR_BYTES * len(event.text) if isinstance(event, MessagePosted) else 0)


def replayable(events: Iterator[Durable] | list[Durable], participant_id: str) -> list[Durable]:
    """What a participant that was away is shown of `events`, in order.

    Its own messages, other people's private ones and its own comings and goings are left out; of several updates of
    one participant only the last is left, because state is replaced and not replayed.
    """
    kept: list[Durable] = []
    last_update: dict[str, int] = {}
    for event in events:
        if isinstance(event, MessagePosted):
            if event.sender == participant_id or not entitled(event, participant_id):
                continue
        elif isinstance(event, MemberUpdated):
            if event.participant.id == participant_id and event.change == "connected":
                continue
            last_update[event.participant.id] = event.seq
        kept.append(event)
    return [
        event
        for event in kept
        if not isinstance(event, MemberUpdated) or last_update[event.participant.id] == event.seq
    ]
