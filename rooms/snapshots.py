"""Rooms to records and back: what outlives the process. Messages never do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import MappingProxyType

from rooms import seals
from rooms.invites import Invites
from rooms.lifetime import note_if_empty
from rooms.limits import RETRACTION_BYTES
from rooms.model import HOST, MEMBER, NO_ATTRIBUTES, Rights, Role, Sealed, Seat
from rooms.records import CallRecord, RoomRecord, SeatRecord, SessionRecord, Tombstone
from rooms.room import Room
from rooms.runtime import Runtime
from rooms.schedule import Task


def record_of(room: Room) -> RoomRecord:
    """What a store should keep of the room now, granted but untaken seats included.

    Those are counted as if they were taken, so that there is nothing more to keep once they are, as a rule.
    """
    seats = sorted((*room.seats.values(), *room.pending.values()), key=lambda seat: seat.ordinal)
    host_id = room.host_id or (seats[0].id if seats else None)
    return RoomRecord(
        id=room.id,
        created_at=room.created_at,
        expires_at=room.expires_at,
        capacity=room.capacity,
        host_key_digest=room.host_key_digest,
        host_id=host_id,
        invite_only=room.invite_only,
        locked=room.locked,
        lobby=room.lobby,
        log=room.log,
        encrypted=room.encrypted,
        key_check=room.key_check,
        password_hash=room.password_hash,
        seats=tuple(_seat_record(seat, HOST if seat.id == host_id else MEMBER) for seat in seats),
        invites=room.invites.records(),
        banned_ids=tuple(room.banned_ids),
        banned_origins=tuple(room.banned_origins),
        banned_subjects=tuple(room.banned_subjects),
        came=room.came + len(room.pending),
        peak=max(room.peak, len(seats)) if room.pending else room.peak,
        message_count=room.message_count,
        made_by=room.made_by,
        receipts=room.keeps_receipts,
        message_ttl_s=room.message_ttl_s,
        retractions=room.retractions,
    )


def _seat_record(seat: Seat, role: Role) -> SeatRecord:
    kept = seals.sealed(seat)
    record = SeatRecord(
        id=seat.id,
        name=seat.name,
        role=role,
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
        sealed=kept.text if kept is not None else None,
        sealed_by_token=kept.by_token if kept is not None else None,
        sealed_by_join=kept.by_join if kept is not None else None,
    )
    return record if kept is None else record.without_names()


def room_from(
    record: RoomRecord, runtime: Runtime, epoch: str, now: float, guest_name: Callable[[str], str] = str
) -> Room:
    """A room as it was, under a new epoch, with everybody away from now on.

    `guest_name` is what somebody of that id is called whose name can be read only when they are back.
    """
    room = _empty_room_from(record, runtime, epoch)
    if room.retractions:
        room.history.weigh(RETRACTION_BYTES * len(room.retractions))
    for kept in record.seats:
        room.ordinals += 1
        room.seats[kept.id] = _seat_from(kept, room.ordinals, now, guest_name)
        runtime.schedule.add(now + runtime.grace_s, room.id, Task.GRACE, kept.id)
    # A seat that was only granted when the process died was not the host's yet, whatever it was to become.
    if room.host_id not in room.seats:
        room.host_id = next(iter(room.seats), None)
    if room.host_id is not None:
        room.seats[room.host_id].role = HOST
    note_if_empty(room, now)
    return room


def _empty_room_from(record: RoomRecord, runtime: Runtime, epoch: str) -> Room:
    return Room(
        runtime,
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
        banned_ids=frozenset(record.banned_ids),
        banned_origins=frozenset(record.banned_origins),
        banned_subjects=frozenset(record.banned_subjects),
        came=record.came,
        peak=record.peak,
        message_count=record.message_count,
        made_by=record.made_by,
        keeps_receipts=record.receipts,
        message_ttl_s=record.message_ttl_s,
        retractions=record.retractions,
    )


def _seat_from(kept: SeatRecord, ordinal: int, now: float, guest_name: Callable[[str], str]) -> Seat:
    return Seat(
        id=kept.id,
        name=kept.name or guest_name(kept.id),
        role=MEMBER,
        joined_at=kept.joined_at,
        ordinal=ordinal,
        token_digest=kept.token_digest,
        away_since=now,
        invite_id=kept.invite_id,
        provisional=kept.provisional,
        join_id_digest=kept.join_id_digest,
        attributes=MappingProxyType(dict(kept.attributes)) if kept.attributes else NO_ATTRIBUTES,
        subject=kept.subject,
        user_id=kept.user_id,
        rights=Rights(can_speak=kept.can_speak, can_call=kept.can_call, can_invite=kept.can_invite),
        sealed=_sealed(kept),
    )


def _sealed(kept: SeatRecord) -> Sealed | None:
    if kept.sealed is None or kept.sealed_by_token is None:
        return None
    return Sealed(kept.sealed, kept.sealed_by_token, kept.sealed_by_join)


def session_of(room: Room, tombstone: Tombstone, calls: tuple[CallRecord, ...] = ()) -> SessionRecord:
    """The line of the session log for a room that has ended."""
    return SessionRecord(
        id=hashlib.sha256(b"session:" + room.id.encode()).hexdigest()[:32],
        began_at=room.created_at,
        ended_at=tombstone.ended_at,
        reason=tombstone.reason,
        capacity=room.capacity,
        came=room.came,
        peak=room.peak,
        message_count=room.message_count,
        calls=calls,
    )
