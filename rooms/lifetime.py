"""How long a room lasts: when it expires or is given up as empty, who is warned, and its end."""

from __future__ import annotations

from rooms.events import Event, RoomEnded, RoomExpiring
from rooms.limits import EXPIRY_WARNINGS_S
from rooms.model import EndReason
from rooms.room import Room
from rooms.schedule import Task


def note_if_empty(room: Room, now: float) -> None:
    """Start the clock of an empty room that people have been in."""
    if room.seats or room.pending or not room.came:
        room.empty_since = None
    elif room.empty_since is None:
        room.empty_since = now
        room.runtime.schedule.add(now + room.runtime.empty_ttl_s, room.id, Task.EMPTY)


def set_expiry(room: Room, expires_at: float, now: float) -> None:
    """When by the wall clock the room ends, and its members are warned. Earlier plans no longer hold."""
    room.expires_at = expires_at
    room.runtime.calendar.add(expires_at, room.id, Task.EXPIRY)
    for ahead_s in EXPIRY_WARNINGS_S:
        if expires_at - ahead_s > room.runtime.wall(now):
            room.runtime.calendar.add(expires_at - ahead_s, room.id, Task.WARNING, repr(expires_at))


def warn(room: Room, planned_for: str) -> list[Event]:
    """A warning has come up; it holds if the expiry has not been moved since."""
    return [RoomExpiring(room.id, room.expires_at)] if planned_for == repr(room.expires_at) else []


def end(room: Room, reason: EndReason, now: float) -> list[Event]:
    """End for all, once and for good; nothing of what was said or who was here stays."""
    for seat in room.seats.values():
        room.let_go(seat)
    for part in (
        room.seats,
        room.pending,
        room.knocks,
        room.gone,
        room.regretted,
        room.polls,
        room.expiring,
        room.once,
        room.shown,
    ):
        part.clear()
    room.banned_ids = frozenset()
    room.banned_origins = room.banned_subjects = frozenset()
    room.invites.clear()
    room.retractions = ()
    room.history.clear()
    room.ended, room.host_id, room.password_hash = True, None, None
    return [RoomEnded(room.id, now, reason)]
