"""Rooms to records and back: what outlives the process. Messages never do."""

from __future__ import annotations

import hashlib
from types import MappingProxyType

from rooms.invites import Invites
from rooms.model import HOST, MEMBER, NO_ATTRIBUTES, Rights, Seat
from rooms.records import CallRecord, RoomRecord, SeatRecord, SessionRecord, Tombstone
from rooms.room import House, Room
from rooms.schedule import Task


def record_of(room: Room) -> RoomRecord:
    """What a store should keep of the room now, granted but untaken seats included."""
    seats = tuple(_seat_record(seat) for part in (room.seats, room.pending) for seat in part.values())
    return RoomRecord(
        id=room.id,
        created_at=room.created_at,
        expires_at=room.expires_at,
        capacity=room.capacity,
        host_key_digest=room.host_key_digest,
        host_id=room.host_id,
        invite_only=room.invite_only,
        locked=room.locked,
        lobby=room.lobby,
        log=room.log,
        encrypted=room.encrypted,
        key_check=room.key_check,
        password_hash=room.password_hash,
        seats=seats,
        invites=room.invites.records(),
        banned_ids=tuple(room.banned_ids),
        banned_origins=tuple(room.banned_origins),
        banned_subjects=tuple(room.banned_subjects),
        came=room.came,
        peak=room.peak,
        message_count=room.message_count,
        made_by=room.made_by,
        receipts=room.keeps_receipts,
        message_ttl_s=room.message_ttl_s,
    )


def _seat_record(seat: Seat) -> SeatRecord:
    return SeatRecord(
        id=seat.id,
        name=seat.name,
        role=seat.role,
        joined_at=seat.joined_at,
        token_digest=seat.token_digest,
        invite_id=seat.invite_id,
        provisional=seat.provisional,
        join_id_digest=seat.join_id_digest,
        attributes=tuple(seat.attributes.items()),
        subject=seat.subject,
        user_id=seat.user_id,
        can_speak=seat.rights.can_speak,
        can_call=seat.rights.can_call,
        can_invite=seat.rights.can_invite,
    )


def room_from(record: RoomRecord, house: House, epoch: str, now: float) -> Room:
    """A room as it was, under a new epoch, with everybody away from now on."""
    room = Room(
        house,
        id=record.id,
        epoch=epoch,
        created_at=record.created_at,
        expires_at=record.expires_at,
        capacity=record.capacity,
        host_key_digest=record.host_key_digest,
        invite_only=record.invite_only,
        locked=record.locked,
        lobby=record.lobby,
        log=record.log,
        encrypted=record.encrypted,
        key_check=record.key_check,
        password_hash=record.password_hash,
        host_id=record.host_id,
        invites=Invites.of(record.invites),
        banned_ids=set(record.banned_ids),
        banned_origins=set(record.banned_origins),
        banned_subjects=set(record.banned_subjects),
        came=record.came,
        peak=record.peak,
        message_count=record.message_count,
        made_by=record.made_by,
        keeps_receipts=record.receipts,
        message_ttl_s=record.message_ttl_s,
    )
    for kept in record.seats:
        room.ordinals += 1
        room.seats[kept.id] = Seat(
            id=kept.id,
            name=kept.name,
            role=MEMBER,
            joined_at=kept.joined_at,
            ordinal=room.ordinals,
            token_digest=kept.token_digest,
            away_since=now,
            invite_id=kept.invite_id,
            provisional=kept.provisional,
            join_id_digest=kept.join_id_digest,
            attributes=MappingProxyType(dict(kept.attributes)) if kept.attributes else NO_ATTRIBUTES,
            subject=kept.subject,
            user_id=kept.user_id,
            rights=Rights(can_speak=kept.can_speak, can_call=kept.can_call, can_invite=kept.can_invite),
        )
        house.schedule.add(now + house.grace_s, room.id, Task.GRACE, kept.id)
    # A seat that was only granted when the process died was not the host's yet, whatever it was to become.
    if room.host_id not in room.seats:
        room.host_id = next(iter(room.seats), None)
    if room.host_id is not None:
        room.seats[room.host_id].role = HOST
    room.note_if_empty(now)
    return room


def session_of(room: Room, grave: Tombstone, calls: tuple[CallRecord, ...] = ()) -> SessionRecord:
    """The line of the session log for a room that has ended."""
    return SessionRecord(
        id=hashlib.sha256(b"session:" + room.id.encode()).hexdigest()[:32],
        began_at=room.created_at,
        ended_at=grave.ended_at,
        reason=grave.reason,
        capacity=room.capacity,
        came=room.came,
        peak=room.peak,
        message_count=room.message_count,
        calls=calls,
    )
