"""What a participant says of itself, what it has read, and what it sends to the others without its being kept."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rooms.errors import Code, Refused
from rooms.events import Broadcast, Event, ReadChanged
from rooms.model import Seat
from rooms.rights import require_voice
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
    """Change one's name, attributes (as a whole), or whether one is there. What is None stays.

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
