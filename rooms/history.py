"""The recent durable events of a room, bounded by count, size and age; what newcomers see; and its messages by id."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain, islice

from rooms.events import Durable, Erased, MemberUpdated, MessageUpdated, ReactionChanged
from rooms.ledger import Ledger
from rooms.limits import (
    BACKLOG_MESSAGES,
    CHAR_BYTES,
    EVENT_OVERHEAD_BYTES,
    HISTORY_AGE_S,
    HISTORY_BYTES,
    HISTORY_EVENTS,
    TRACE_BYTES,
)
from rooms.message import Message, Trace
from rooms.traces import Traces

Kept = Durable | Erased
REFERRING = (MessageUpdated, ReactionChanged)
"""Events that hold the message they are about."""


class History:
    """Durable events in `seq` order without holes, from `floor + 1` on; what a newcomer sees may go back further.

    A message's id contains its `seq`, and with that it is found: no index has to be kept up for each message that is
    sent. A list, not a deque: that of a room where nothing is said is an eighth as large, and to take the oldest of a
    thousand costs a tenth of a microsecond more.
    """

    __slots__ = (
        "_age_checked_until",
        "_bytes",
        "_events",
        "_ledger",
        "_messages",
        "_older",
        "_older_bytes",
        "_other_bytes",
        "_referred",
        "_traces",
        "floor",
        "floor_position",
        "listed",
    )

    def __init__(self, ledger: Ledger | None = None) -> None:
        self._ledger = ledger if ledger is not None else Ledger()
        self.listed = False
        self._events: list[Kept] = []
        self._messages = 0  # among the events
        self._older: deque[Message] | None = None  # what of the backlog is no longer among the events
        self._referred: dict[int, Message] | None = None  # by seq: held by nothing but later events about them
        self._traces = Traces(self._ledger)  # of messages whose content is not held any more
        self._bytes = 0  # of the events, and of what they refer to
        self._older_bytes = 0
        self._other_bytes = 0  # what else the room holds of what was said
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
        if type(event) is Message:
            size = EVENT_OVERHEAD_BYTES + CHAR_BYTES * len(event.text)
            if event.more is not None:
                size += event.more.weight
            self._messages += 1
            if self._older is not None and self._messages + len(self._older) > BACKLOG_MESSAGES:
                self._drop_of_older()
        else:
            size = _weight(event)
            if isinstance(event, REFERRING):
                self._refer(event)
        self._bytes += size
        # One long message can weigh as much as many short ones.
        while (len(events) > HISTORY_EVENTS or self._bytes > HISTORY_BYTES) and len(events) > 1:
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
        """What it weighs, the backlog and what is known of other messages included."""
        return self._bytes + self._older_bytes + self._other_bytes + TRACE_BYTES * len(self._traces)

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
        other = self._other_bytes
        self.clear()
        self.weigh(other)

    def weigh(self, more_bytes: int) -> None:
        """The room holds so many bytes more, or less, that are no events: polls, what is shown a second time."""
        self._other_bytes += more_bytes
        self._ledger.add(self, more_bytes)

    # Who missed what

    def since(self, seq: int, now: float) -> Iterator[Kept] | None:
        """The events after `seq`, or None where some of them are gone or `seq` lies ahead of the room."""
        self._drop_older_than(now - HISTORY_AGE_S)
        newest = self._events[-1].seq if self._events else self.floor
        if seq < self.floor or seq > newest:
            return None
        return (event for event in self._events if event.seq > seq)

    def after_position(self, position: int, now: float) -> list[Kept] | None:
        """The events after a position, or None where some of them are gone."""
        self._drop_older_than(now - HISTORY_AGE_S)
        if self.floor_position > position:
            return None
        return [event for event in self._events if event.position > position]

    def seq_at(self, position: int) -> int:
        """The `seq` of the newest event up to a position that `after_position` still reaches back to."""
        return max((event.seq for event in self._events if event.position <= position), default=self.floor)

    # Messages

    def backlog(self, participant_id: str) -> list[Message]:
        """The last messages that this participant may see, oldest first. The room's owner is the empty string."""
        if not self._messages and not self._older:
            return []
        return [message for message in self._last_messages() if message.is_for(participant_id)]

    def find(self, seq: int) -> Message | None:
        """The message of this `seq`, while its content is held."""
        if seq > self.floor:
            place = seq - self.floor - 1
            event = self._events[place] if place < len(self._events) else None
            return event if type(event) is Message else None
        found = self._referred.get(seq) if self._referred is not None else None
        return found or next((message for message in self._older or () if message.seq == seq), None)

    def trace(self, seq: int) -> Trace | None:
        """What is known of the message of this `seq` when its content is not held any more."""
        return self._traces.find(seq)

    def message_count(self) -> int:
        """How many messages are held, public and private."""
        return self._messages + len(self._older or ()) + len(self._referred or ())

    def reweighed(self, message: Message, before: int) -> None:
        """A message has changed, which weighed `before` until now."""
        more = message.weight - before
        if self._older and message.seq <= self.floor and message in self._older:
            self._older_bytes += more
        else:
            self._bytes += more
        self._ledger.used_bytes += more

    def erase(self, message: Message) -> None:
        """Let go of a message, of everything that happened to it, and of its content, whoever still refers to it."""
        weight = message.weight
        if message.seq > self.floor:
            self._blank(message.seq)
            self._messages -= 1
            self._weigh_events(EVENT_OVERHEAD_BYTES - weight)
        elif self._referred is not None and self._referred.pop(message.seq, None) is not None:
            self._weigh_events(-weight)
        elif self._older is not None:
            self._older.remove(message)
            self._older_bytes -= weight
            self._ledger.used_bytes -= weight
        if message.more is not None and message.more.last_seq > self.floor:
            for event in [e for e in self._events if isinstance(e, REFERRING) and e.message is message]:
                self._blank(event.seq)
        message.erase()

    def forget_trace(self, seq: int) -> None:
        """Nothing is to be known any more of the message of this `seq`."""
        self._traces.forget(seq)

    def clear(self) -> None:
        """Forget everything."""
        self._ledger.remove(self.held_bytes)
        self._events.clear()
        self._traces.clear()
        self._older = self._referred = None
        self._messages = self._bytes = self._older_bytes = self._other_bytes = 0

    # The bounds

    def _last_messages(self) -> list[Message]:
        newest_first = (event for event in reversed(self._events) if type(event) is Message)
        found = list(islice(chain(newest_first, reversed(self._older or ())), BACKLOG_MESSAGES))
        return found[::-1]

    def _weigh_events(self, more_bytes: int) -> None:
        self._bytes += more_bytes
        self._ledger.used_bytes += more_bytes

    def _blank(self, seq: int) -> None:
        place = seq - self.floor - 1
        event = self._events[place]
        self._events[place] = Erased(seq=event.seq, position=event.position, at=event.at)

    def _refer(self, event: MessageUpdated | ReactionChanged) -> None:
        more = event.message.have_more()
        more.last_seq = event.seq
        if isinstance(event, MessageUpdated):
            # The newest tells how the message is now, and that is all that anybody has to know.
            if more.updated_seq > self.floor:
                self._blank(more.updated_seq)
            more.updated_seq = event.seq

    def _drop_oldest(self) -> None:
        event = self._events.pop(0)
        self.floor = event.seq
        self.floor_position = event.position
        if type(event) is Message:
            size = EVENT_OVERHEAD_BYTES + CHAR_BYTES * len(event.text)
            if event.more is not None:
                size += event.more.weight
            self._messages -= 1
            if self._messages < BACKLOG_MESSAGES:
                self._keep_for_newcomers(event, size)
            else:
                size = self._let_go(event, size)
        else:
            size = _weight(event)
            if isinstance(event, REFERRING):
                size += self._refers_no_more(event)
        self._bytes -= size
        self._ledger.used_bytes -= size

    def _let_go(self, message: Message, size: int) -> int:
        """The bytes that are free when the history holds a message no more: none while later events refer to it."""
        if message.more is not None and message.more.last_seq > self.floor:
            if self._referred is None:
                self._referred = {}
            self._referred[message.seq] = message
            return 0
        self._traces.add(message)
        return size

    def _refers_no_more(self, event: MessageUpdated | ReactionChanged) -> int:
        """The bytes that are free, besides its own, when an event leaves that referred to a message."""
        message = event.message
        if self._referred is None or message.more is None or message.more.last_seq != event.seq:
            return 0
        if self._referred.pop(message.seq, None) is None:
            return 0
        self._traces.add(message)
        return message.weight

    def _keep_for_newcomers(self, message: Message, size: int) -> None:
        if self._older is not None and len(self._older) >= BACKLOG_MESSAGES:
            self._drop_of_older()
        if self._older is None:
            self._older = deque()
        self._older.append(message)
        self._older_bytes += size
        self._ledger.used_bytes += size

    def _drop_of_older(self) -> None:
        if self._older:
            message = self._older.popleft()
            size = message.weight
            self._older_bytes -= size
            self._ledger.used_bytes -= size
            self._weigh_events(size)
            self._weigh_events(-self._let_go(message, size))
        self._older = self._older or None

    def _drop_older_than(self, limit: float) -> None:
        while self._events and self._events[0].at < limit:
            self._drop_oldest()


def _weight(event: Kept) -> int:
    if isinstance(event, MemberUpdated):
        return EVENT_OVERHEAD_BYTES + CHAR_BYTES * event.participant.attribute_chars
    return EVENT_OVERHEAD_BYTES
