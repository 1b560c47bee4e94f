"""Coming back: who may take a seat back, and what it means for whoever held it."""

from __future__ import annotations

from rooms import seals
from rooms.digests import digest, matches
from rooms.errors import Code, Refused
from rooms.events import Event, StateChanged
from rooms.model import Seal, Seat
from rooms.room import Room


def reclaim(room: Room, participant_id: str, token: str) -> Seat:
    """The seat that this token takes back.

    Refused with BANNED, RESUME_EXPIRED (a true token of a seat that has ended) or RESUME_INVALID (anything else).
    """
    found = room.seats.get(participant_id)
    if found is not None and matches(token, found.token_digest):
        found.earlier_token_digest = None
        return found
    if found is not None and found.earlier_token_digest and matches(token, found.earlier_token_digest):
        return found
    if participant_id in room.banned_ids:
        raise Refused(Code.BANNED, "You have been banned from this room.")
    gone = room.gone.get(participant_id)
    if matches(token, gone.token_digest if gone else b"") and gone and gone.reason != "kicked":
        raise Refused(Code.RESUME_EXPIRED, "This seat has ended. Join afresh.")
    raise Refused(Code.RESUME_INVALID, "This seat cannot be resumed. Join afresh.")


def same_join(room: Room, join_id: str | None) -> Seat | None:
    """The seat that an earlier try of the same join has opened."""
    if join_id is None or not room.seats:
        return None
    wanted = digest(join_id)
    return next((s for s in room.seats.values() if s.join_id_digest == wanted), None)


def renew_token(room: Room, seat: Seat, token: str) -> list[Event]:
    """Give a seat another token, because the reply that carried the first may be lost.

    The first stays good until the other one has been used: it is the new reply that may be lost.
    """
    seat.earlier_token_digest = seat.token_digest
    seat.token_digest = digest(token)
    return [StateChanged(room.id)]


def come_back(
    room: Room,
    seat: Seat,
    now: float,
    *,
    seal: Seal | None = None,
    new_token: str | None = None,
    holds_it: bool = False,
) -> list[Event]:
    """Take a seat back, unless whoever comes back `holds_it` already.

    `seal` opens what a store has kept of what its holder said of itself; `new_token` is for who has lost the first.
    """
    events = renew_token(room, seat, new_token) if new_token is not None else []
    if seal is not None:
        events += seals.reveal(room, seat, seal, now)
    return events if holds_it else [*events, *room.take(seat, now)]
