"""Talking: messages, typing, and what a participant says of its devices and its call."""

from __future__ import annotations

from collections.abc import Sequence

from rooms.errors import Code, Refused
from rooms.events import Event, MessagePosted, TypingChanged, new_message
from rooms.model import Seat
from rooms.receipts import Receipt
from rooms.room import Room

MUTE = "The join token does not let its bearer speak."

Posted = tuple[Receipt, MessagePosted | None, Sequence[Event]]
"""The receipt, the message, and what else happened. A repetition changes nothing: there is no message, and the receipt
is that of the first time."""


def post(
    room: Room,
    seat: Seat,
    text: str,
    now: float,
    client_message_id: str | None = None,
    to: str | None = None,
    encrypted: bool = False,
) -> Posted:
    """Say something to all, or to one (`to`).

    Refused with ENCRYPTION_REQUIRED where the room is encrypted and the text is not, with FORBIDDEN where the seat may
    not speak, and with PEER_NOT_FOUND where `to` is not in the room.
    """
    if room.encrypted and not encrypted:
        raise Refused(Code.ENCRYPTION_REQUIRED)
    if not seat.rights.can_speak:
        raise Refused(Code.FORBIDDEN, MUTE)
    if client_message_id is not None:
        earlier = seat.sent.get(client_message_id)
        if earlier is not None:
            return earlier, None, ()
    seat_id = seat.id
    if to is None:
        reached = len(room.connected) - (seat_id in room.connected)
    elif to in room.seats and to != seat_id:
        reached = 1 if to in room.connected else 0
    else:
        raise Refused(Code.PEER_NOT_FOUND, "This participant is not in the room.")
    room.seq = seq = room.seq + 1
    room.position = position = room.position + 1
    timestamp = now + room.house.ahead_s
    message = new_message(
        (room.id, seq, position, now, room.epoch, seat_id, seat.name, text, client_message_id, to, encrypted, timestamp)
    )
    room.history.append(message)
    room.message_count += 1
    receipt = (seq, now, timestamp, reached)
    if client_message_id is not None:
        seat.sent.keep(client_message_id, receipt)
    return receipt, message, room.stop_typing(seat) if seat.typing else ()


def post_from_outside(
    room: Room, sender_name: str, text: str, now: float, *, encrypted: bool = False
) -> tuple[Receipt, MessagePosted]:
    """A message of the room's owner, sent without a seat. Its `sender` is the empty string.

    Refused with ENCRYPTION_REQUIRED where the room is encrypted and the text is not.
    """
    if room.encrypted and not encrypted:
        raise Refused(Code.ENCRYPTION_REQUIRED)
    seq, position = room.next()
    wall = room.house.wall(now)
    message = MessagePosted(room.id, seq, position, now, room.epoch, "", sender_name, text, None, None, encrypted, wall)
    room.history.append(message)
    room.message_count += 1
    return (seq, now, wall, len(room.connected)), message


def set_typing(room: Room, seat: Seat, *, is_typing: bool) -> list[Event]:
    """Begin or stop typing."""
    if seat.typing == is_typing:
        return []
    seat.typing = is_typing
    return [TypingChanged(room.id, seat.id, is_typing)]


def set_media(
    room: Room,
    seat: Seat,
    now: float,
    *,
    audio: bool | None = None,
    video: bool | None = None,
    screen: bool | None = None,
    hand_raised: bool | None = None,
    can_call: bool | None = None,
) -> list[Event]:
    """Say which devices are on. What is None stays; nothing is told where nothing changed."""
    given = {"audio": audio, "video": video, "screen": screen, "hand_raised": hand_raised, "can_call": can_call}
    media = seat.media._replace(**{name: value for name, value in given.items() if value is not None})
    if not seat.rights.can_call:
        media = media._replace(can_call=False)
    if media == seat.media:
        return []
    seat.media = media
    return [room.updated(seat, "media", now)]


def require_call(seat: Seat) -> None:
    """Refuse with FORBIDDEN whoever may not call."""
    if not seat.rights.can_call:
        raise Refused(Code.FORBIDDEN, "The join token does not let its bearer call.")


def set_in_call(room: Room, seat: Seat, now: float, *, in_call: bool) -> list[Event]:
    """Enter the room's call, or hang up. It outlives a lost connection, as the media does; it ends with the seat.

    Refused with FORBIDDEN where the seat may not call.
    """
    if in_call:
        require_call(seat)
    if seat.in_call == in_call:
        return []
    seat.in_call = in_call
    return [room.updated(seat, "call", now)]
