"""A message that is taken away, and what becomes of all that hung on it."""

from __future__ import annotations

from functools import partial

from rooms import retractions
from rooms.events import Event, MessageDeleted
from rooms.message import DeleteReason, Message
from rooms.room import Room


def erase(room: Room, message: Message, by: str, reason: DeleteReason, now: float) -> list[Event]:
    """Take a message away, whose content is held, with everything that happened to it."""
    # What it says of itself is read before it is empty.
    tell = partial(
        erased, room, message_id=message.id, message_seq=message.seq, sender=message.sender, audience=message.audience
    )
    room.once.pop(message.seq, None)
    room.history.erase(message)
    return tell(by=by, reason=reason, now=now)


def erased(
    room: Room,
    *,
    message_id: str,
    message_seq: int,
    sender: str,
    audience: tuple[str, ...] | None,
    by: str,
    reason: DeleteReason,
    now: float,
) -> list[Event]:
    """Tell that a message is gone; it is pinned no more."""
    seq, position = room.next()
    if reason != "expired":
        retractions.note(room, message_id, seq)
    events = [
        room.keep(
            MessageDeleted(
                room_id=room.id,
                seq=seq,
                position=position,
                at=now,
                message_id=message_id,
                message_seq=message_seq,
                sender=sender,
                audience=audience,
                by=by,
                reason=reason,
            )
        )
    ]
    if room.pinned_id == message_id:
        room.pinned_id = None
        events.append(room.room_updated(now))
    return events
