"""What people say of themselves, as a store may keep it: sealed under secrets that only they hold.

A name, attributes and a user id are sealed under a key of the seat, and that key under the seat's resume token and
under what marks repetitions of its join. The process knows neither of them any more; the key it keeps while it lives.
After a restart the seat has a guest's name until its holder comes back with one of the two.
"""

from __future__ import annotations

import json
from types import MappingProxyType

from rooms.events import Event, StateChanged
from rooms.model import NO_ATTRIBUTES, Said, Seal, Sealed, Seat
from rooms.room import Room


def sealed(seat: Seat) -> Sealed | None:
    """What a store may keep of what somebody says of itself; None where nothing is sealed."""
    if seat.seal is None:
        return seat.sealed
    said, kept = _said(seat), seat.sealed
    text = kept.text if kept is not None and seat.said == said else seat.seal.close(_as_bytes(said))
    seat.said, seat.sealed = said, Sealed(text, seat.seal.by_token, seat.seal.by_join)
    return seat.sealed


def reveal(room: Room, seat: Seat, seal: Seal, now: float) -> list[Event]:
    """The holder has come back and brought the key: what it said of itself is known, and told, again.

    Where it does not open anything, the seat keeps the name that it has, and is sealed anew.
    """
    plain = seal.open(seat.sealed.text) if seat.sealed is not None else None
    seat.seal = seal
    if plain is None:
        seat.sealed = None
        return [StateChanged(room.id)]
    before = seat.participant
    seat.name, attributes, seat.user_id = json.loads(plain)
    seat.attributes = MappingProxyType(dict(attributes)) if attributes else NO_ATTRIBUTES
    seat.said = _said(seat)
    return [room.updated(seat, "self", now)] if seat.participant != before else []


def _as_bytes(said: Said) -> bytes:
    # A lone surrogate, which JSON can smuggle in, must not fail its room.
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")


def _said(seat: Seat) -> Said:
    return Said(seat.name, tuple(seat.attributes.items()), seat.user_id)
