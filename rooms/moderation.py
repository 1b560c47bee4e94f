"""What only the host may do with people and settings."""

from __future__ import annotations

from enum import Enum
from typing import Final

from rooms.errors import Code, Refused
from rooms.events import Event, StateChanged
from rooms.leaving import leave
from rooms.lifetime import set_expiry
from rooms.limits import MAX_BANS
from rooms.message import message_id, seq_in
from rooms.model import HOST, Seat
from rooms.records import InviteRecord
from rooms.room import Room


class Unchanged(Enum):
    """Where None is a value, too: what is to stay as it is."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


def require_host(seat: Seat) -> None:
    """Refuse with FORBIDDEN whoever is not the host."""
    if seat.role != HOST:
        raise Refused(Code.FORBIDDEN, "Only the host may do this.")


def target(room: Room, participant_id: str) -> Seat:
    """The seat of a participant, else PEER_NOT_FOUND."""
    found = room.seats.get(participant_id)
    if found is None:
        raise Refused(Code.PEER_NOT_FOUND, "This participant is not in the room.")
    return found


def kick(room: Room, host: Seat, participant_id: str, now: float, *, ban: bool = False) -> list[Event]:
    """Put somebody out; the seat's token is dead from now on. A ban also keeps the address out, but for
    those whom a fresh invite or voucher vouches for, and whoever a voucher says that it is, whatever else it shows.
    Refused with RATE_LIMITED where a room has `MAX_BANS` bans.
    """
    seat = target(room, participant_id)
    if seat is host:
        raise Refused(Code.FORBIDDEN, "A host leaves with leave-room.")
    if ban:
        if len(room.banned_ids) >= MAX_BANS:
            raise Refused(Code.RATE_LIMITED, f"A room has at most {MAX_BANS} bans.")
        room.banned_ids |= {seat.id}
        if seat.origin is not None:
            room.banned_origins |= {seat.origin}
        if seat.subject is not None:
            room.banned_subjects |= {seat.subject}
    return leave(room, seat, "banned" if ban else "kicked", now)


def update(
    room: Room,
    now: float,
    *,
    locked: bool | None = None,
    capacity: int | None = None,
    lobby: bool | None = None,
    expires_in_s: float | None = None,
    receipts: bool | None = None,
    message_ttl_s: float | Unchanged | None = UNCHANGED,
) -> list[Event]:
    """Change settings. A capacity below the number of people here puts nobody out.

    How long messages last is for those that are sent from now on.
    """
    before = room.view()
    if locked is not None:
        room.locked = locked
    if capacity is not None:
        room.capacity = capacity
    if lobby is not None:
        room.lobby = lobby
    if receipts is not None:
        room.keeps_receipts = receipts
    if not isinstance(message_ttl_s, Unchanged):
        room.message_ttl_s = message_ttl_s
    if expires_in_s is not None:
        set_expiry(room, room.runtime.wall(now) + expires_in_s, now)
    return [room.room_updated(now)] if room.view() != before else []


def pin(room: Room, host: Seat, message_id_: str | None, now: float) -> list[Event]:
    """Pin a message for everybody in place of another, or none.

    Refused with MESSAGE_NOT_FOUND, and with FORBIDDEN where not everybody may see it.
    """
    if message_id_ is not None:
        message, trace = room.history.find(seq_in(message_id_)), room.history.trace(seq_in(message_id_))
        if message is not None and message.id == message_id_ and message.is_for(host.id):
            is_public = message.audience is None
        elif trace is not None and message_id(trace[0], trace[1], room.epoch) == message_id_:
            is_public = trace[3] is None
        else:
            raise Refused(Code.MESSAGE_NOT_FOUND)
        if not is_public:
            raise Refused(Code.FORBIDDEN, "What not everybody may see cannot be pinned.")
    if message_id_ == room.pinned_id:
        return []
    room.pinned_id = message_id_
    return [room.room_updated(now)]


def transfer(room: Room, host: Seat, participant_id: str, now: float) -> list[Event]:
    """Make somebody else the host."""
    return [*room.make_host(target(room, participant_id), now), *room.waiting_for_host()]


def invite(
    room: Room, invite_id: str, token: str, now: float, *, uses: int, expires_in_s: float | None
) -> tuple[InviteRecord, list[Event]]:
    """Make an invite that ends with the room at the latest. Refused with RATE_LIMITED where there are too many."""
    wall = room.runtime.wall(now)
    expires_at = room.expires_at if expires_in_s is None else min(wall + expires_in_s, room.expires_at)
    record = room.invites.add(invite_id, token, uses=uses, now=wall, expires_at=expires_at)
    return record, [StateChanged(room.id)]


def revoke(room: Room, invite_id: str) -> list[Event]:
    """Make an invite useless. Refused with INVITE_INVALID where there is none of this id."""
    room.invites.revoke(invite_id)
    return [StateChanged(room.id)]
