"""What a participant says of itself and does: name, devices, call, typing, reading; and what it sends without its being
kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rooms.errors import Code, Refused
from rooms.events import Broadcast, Event, ReadChanged, TypingChanged
from rooms.model import Seat
from rooms.rights import require_call, require_voice
from rooms.room import Room


def update_self(
    room: Room,
    seat: Seat,
    now: float,
    *,
    name: str | None = None,
    idle: bool | None = None,
    attributes: Mapping[str, str] | None = None,
) -> list[Event]:
    """Change one's name, all of one's attributes, or whether one is idle. What is None stays.

    Refused with FORBIDDEN where the name of a verified participant is to be another.
    """
    if seat.verified and name is not None and name != seat.name:
        raise Refused(Code.FORBIDDEN, "The name of a verified participant comes from its join token.")
    before = seat.participant
    if name is not None:
        seat.name = name
    if idle is not None:
        seat.idle = idle
    if attributes is not None:
        seat.attributes = MappingProxyType(dict(attributes))
    return [room.updated(seat, "self", now)] if seat.participant != before else []


def read(room: Room, seat: Seat, seq: int) -> list[Event]:
    """Everything up to `seq` has been seen. It only goes forward, and not beyond what there is.

    Nothing is kept or told where the room has no receipts.
    """
    reached = min(seq, room.seq)
    if not room.receipts or reached <= seat.read_seq:
        return []
    seat.read_seq = reached
    return [ReadChanged(room_id=room.id, participant_id=seat.id, seq=reached)]


def send_aside(room: Room, seat: Seat, type_: str, data: str, to: str | None = None) -> tuple[int, Broadcast]:
    """Send something to the others, or to one; returns how many are connected to get it, and what they get.

    Refused with FORBIDDEN where the seat may not speak, and with PEER_NOT_FOUND where `to` is not in the room.
    """
    require_voice(seat)
    if to is not None and (to not in room.seats or to == seat.id):
        raise Refused(Code.PEER_NOT_FOUND)
    reached = room.connected - {seat.id} if to is None else room.connected & {to}
    return len(reached), Broadcast(room_id=room.id, sender=seat.id, type=type_, data=data, to=to)


def set_typing(room: Room, seat: Seat, *, is_typing: bool) -> list[Event]:
    """Begin or stop typing."""
    if seat.typing == is_typing:
        return []
    seat.typing = is_typing
    return [TypingChanged(room_id=room.id, participant_id=seat.id, is_typing=is_typing)]


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
