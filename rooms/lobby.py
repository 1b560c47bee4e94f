"""The lobby: people without a seat knock, the host answers."""

from __future__ import annotations

from rooms.errors import Code, Refused
from rooms.events import Event, KnockAnswered, KnockReceived, StateChanged
from rooms.limits import KNOCK_INVITE_TTL_S, MAX_KNOCKS, MAX_KNOCKS_PER_ORIGIN, MAX_ROOMS_PER_CONNECTION
from rooms.model import Knock
from rooms.room import Room


def knock(room: Room, knock_id: str, name: str, origin: bytes | None, *, elsewhere: int = 0) -> list[Event]:
    """Ask to be let in. A knock with the id of an earlier one replaces it.

    `origin` is a digest of the network address, `elsewhere` at how many other doors the same one waits. Refused with
    BANNED, FORBIDDEN (no lobby), ROOM_LOCKED or RATE_LIMITED.
    """
    if origin is not None and origin in room.banned_origins:
        raise Refused(Code.BANNED, "You have been banned from this room.")
    if not room.lobby:
        raise Refused(Code.FORBIDDEN, "This room has no lobby: join it directly.")
    if room.locked:
        raise Refused(Code.ROOM_LOCKED, "This room is locked.")
    if knock_id not in room.knocks and _is_crowded(room, origin, elsewhere):
        raise Refused(Code.RATE_LIMITED, "Too many people are waiting.", retry_after_ms=10_000)
    room.knocks[knock_id] = Knock(id=knock_id, name=name, origin=origin)
    return [KnockReceived(room.id, knock_id, name)]


def _is_crowded(room: Room, origin: bytes | None, elsewhere: int) -> bool:
    if len(room.knocks) >= MAX_KNOCKS or elsewhere >= MAX_ROOMS_PER_CONNECTION:
        return True
    return origin is not None and sum(k.origin == origin for k in room.knocks.values()) >= MAX_KNOCKS_PER_ORIGIN


def answer(room: Room, knock_id: str, *, admit: bool, invite_id: str, token: str, now: float) -> list[Event]:
    """Let somebody in, by an invite for one, or send them away.

    Refused with PEER_NOT_FOUND, or RATE_LIMITED where the room has too many open invites: the knock then stays.
    """
    if knock_id not in room.knocks:
        raise Refused(Code.PEER_NOT_FOUND, "Nobody waits with this knock id.")
    if admit:
        wall = room.runtime.wall(now)
        room.invites.add(invite_id, token, uses=1, now=wall, expires_at=wall + KNOCK_INVITE_TTL_S)
    walk_away(room, knock_id)
    answered = KnockAnswered(room_id=room.id, knock_id=knock_id, admitted=admit, invite=token if admit else None)
    return [StateChanged(room.id), answered] if admit else [answered]


def walk_away(room: Room, knock_id: str) -> None:
    """Who knocked waits no longer: they were answered, have come in, or are gone."""
    room.knocks.pop(knock_id, None)
