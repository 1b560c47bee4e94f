"""Messages that are seen once: by each who was here when they were sent, and then no more."""

from __future__ import annotations

from typing import NamedTuple

from rooms.erasing import erase
from rooms.errors import Code, Refused
from rooms.events import Event
from rooms.extras import Extras
from rooms.limits import VIEW_AGAIN_S
from rooms.message import Message, Once, Shown, seq_in
from rooms.messages import find
from rooms.model import Seat
from rooms.room import Room
from rooms.schedule import Task


class View(NamedTuple):
    """What is seen."""

    text: str
    extras: Extras
    encrypted: bool


def view(room: Room, seat: Seat, message_id: str, now: float) -> tuple[View, list[Event]]:
    """See a message once. The same seat may repeat it for `VIEW_AGAIN_S`; the last one to see it takes it away.

    Refused with MESSAGE_NOT_FOUND for everybody who was not seated when it was sent.
    """
    again = room.shown.get(seq_in(message_id))
    if again is not None and again.viewed.get(seat.id, 0.0) > now:
        return View(again.text, again.extras, again.encrypted), []
    message = find(room, seat.id, message_id)
    once = message.once
    if once is None or seat.id not in once.audience or once.viewed.get(seat.id, now + 1) <= now:
        raise Refused(Code.MESSAGE_NOT_FOUND)
    once.viewed.setdefault(seat.id, now + VIEW_AGAIN_S)
    once.waiting.discard(seat.id)
    seen = View(message.text, message.extras, message.encrypted)
    return seen, [] if once.waiting else _seen_by_all(room, seat.id, message, once, now)


def view_no_more(room: Room, participant_id: str, now: float) -> list[Event]:
    """Nobody waits any more for one who has left. Who has seen a message may repeat that for as long as before."""
    events: list[Event] = []
    for seq in list(room.once):
        message = room.history.find(seq)
        if message is None or message.once is None:
            del room.once[seq]  # the history has given it up
            continue
        message.once.waiting.discard(participant_id)
        if not message.once.waiting:
            events += _seen_by_all(room, "", message, message.once, now)
    return events


def _seen_by_all(room: Room, by: str, message: Message, once: Once, now: float) -> list[Event]:
    until = max(once.viewed.values(), default=0.0)
    if message.more is not None and message.more.due_at is not None:
        until = min(until, message.more.due_at)
    if until > now:
        _show_again(room, message, once, until)
    return erase(room, message, by, "viewed", now)


def _show_again(room: Room, message: Message, once: Once, until: float) -> None:
    shown = Shown(
        text=message.text,
        extras=message.extras,
        encrypted=message.encrypted,
        weight=message.weight,
        viewed={who: min(at, until) for who, at in once.viewed.items()},
        until=until,
    )
    room.shown[message.seq] = shown
    room.history.weigh(shown.weight)
    room.runtime.schedule.add(shown.until, room.id, Task.SHOWN, str(message.seq))


def hide(room: Room, seq: int) -> None:
    """What was shown a second time is gone now, too."""
    shown = room.shown.pop(seq, None)
    if shown is not None:
        room.history.weigh(-shown.weight)
