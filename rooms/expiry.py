"""Messages that disappear by themselves, by a clock that never steps. One plan for each room: its next."""

from __future__ import annotations

import heapq

from rooms.erasing import erase, erased
from rooms.events import Event
from rooms.limits import MESSAGES_KNOWN
from rooms.message import Message, message_id
from rooms.room import Room
from rooms.schedule import Task

TIDY_ABOVE = 2 * MESSAGES_KNOWN
"""Expiries that are planned in one room before those are let go of whose messages are gone."""


EXPIRED_AT_ONCE = 50
"""Messages of one room that are taken away before others have their turn."""


def plan(room: Room, message: Message) -> None:
    """Remember when a message expires, if it does."""
    if message.more is None or message.more.due_at is None:
        return
    if len(room.expiring) >= TIDY_ABOVE:
        _tidy(room)
    heapq.heappush(room.expiring, (message.more.due_at, message.seq))
    if room.expiring[0][1] == message.seq:
        room.runtime.schedule.add(message.more.due_at, room.id, Task.MESSAGES)


def _tidy(room: Room) -> None:
    # What is known no more than by its expiry goes too: whoever holds it knows when it expires.
    history = room.history
    room.expiring = [one for one in room.expiring if history.find(one[1]) is not None or history.trace(one[1])]
    heapq.heapify(room.expiring)


def expire(room: Room, now: float) -> list[Event]:
    """Take away what has expired by now, `EXPIRED_AT_ONCE` at most: the rest is due at once, when others had a turn."""
    events: list[Event] = []
    for _ in range(EXPIRED_AT_ONCE):
        if not room.expiring or room.expiring[0][0] > now:
            break
        _, seq = heapq.heappop(room.expiring)
        message, trace = room.history.find(seq), room.history.trace(seq)
        if message is not None:
            events += erase(room, message, "", "expired", now)
        elif trace is not None:
            _, at, sender, to = trace
            room.history.forget_trace(seq)
            audience = None if to is None else (sender, to)
            events += erased(
                room,
                message_id=message_id(seq, at, room.epoch),
                message_seq=seq,
                sender=sender,
                audience=audience,
                by="",
                reason="expired",
                now=now,
            )
    if room.expiring:
        room.runtime.schedule.add(room.expiring[0][0], room.id, Task.MESSAGES)
    return events
