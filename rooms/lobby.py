"""The lobby: people without a seat knock, the host answers."""

from __future__ import annotations

from rooms.errors import Code, Refused
from rooms.events import Event, KnockAnswered
from rooms.limits import KNOCK_INVITE_TTL_S, MAX_KNOCKS, MAX_KNOCKS_PER_ORIGIN, MAX_ROOMS_PER_CONNECTION
from rooms.model import Knock
from rooms.room import Room


def knock(room: Room, knock_id: str, name: str, connection: str, origin: bytes | None) -> list[Event]:
    """Ask to be let in. A second knock of the same connection replaces the first and keeps its id.

    `origin` is a digest of the network address. Refused with BANNED, FORBIDDEN (no lobby), ROOM_LOCKED or RATE_LIMITED.
    """
    if origin is not None and origin in room.banned_origins:
        raise Refused(Code.BANNED, "You have been banned from this room.")
    if not room.lobby:
        raise Refused(Code.FORBIDDEN, "This room has no lobby: join it directly.")
    if room.locked:
        raise Refused(Code.ROOM_LOCKED, "This room is locked.")
    earlier = next((k for k in room.knocks.values() if k.connection == connection), None)
    if earlier is None and _is_crowded(room, connection, origin):
        raise Refused(Code.RATE_LIMITED, "Too many people are waiting.", retry_after_ms=10_000)
    room.house.knocking.setdefault(connection, set()).add(room.id)
    waiting = Knock(earlier.id if earlier else knock_id, name, connection, origin)
    room.knocks[waiting.id] = waiting
    return [event for event in room.waiting_for_host() if event.knock_id == waiting.id]


def _is_crowded(room: Room, connection: str, origin: bytes | None) -> bool:
    if len(room.knocks) >= MAX_KNOCKS or len(room.house.knocking.get(connection, ())) >= MAX_ROOMS_PER_CONNECTION:
        return True
    return origin is not None and sum(k.origin == origin for k in room.knocks.values()) >= MAX_KNOCKS_PER_ORIGIN


def answer(room: Room, knock_id: str, *, admit: bool, invite_id: str, token: str, now: float) -> list[Event]:
    """Let somebody in, by an invite for one, or send them away.

    Refused with PEER_NOT_FOUND, or RATE_LIMITED where the room has too many open invites: the knock then stays.
    """
    waiting = room.knocks.get(knock_id)
    if waiting is None:
        raise Refused(Code.PEER_NOT_FOUND, "Nobody waits with this knock id.")
    if admit:
        wall = room.house.wall(now)
        room.invites.add(invite_id, token, uses=1, now=wall, expires_at=wall + KNOCK_INVITE_TTL_S)
    room.stop_knocking(waiting.connection)
    return [KnockAnswered(room.id, admit, token if admit else None, waiting.connection)]


def walk_away(room: Room, connection: str) -> None:
    """The connection that knocked is gone."""
    room.stop_knocking(connection)
