"""Whose name a store cannot read, and when it is known again. Only where the store outlives the process."""

from __future__ import annotations

from rooms import seals
from rooms.model import Seal, Seat
from rooms.room import Room
from server.security.seals import SeatSeal, new_seal, opened_by_join, opened_by_token
from server.usecases.context import Context


def seal_of_new(ctx: Context, seat_id: str, token: str, join_id: str | None) -> Seal | None:
    """The key of a seat that is about to be granted."""
    return new_seal(seat_id, token, join_id) if ctx.store.outlives_process else None


def resumed(ctx: Context, room: Room, seat: Seat, token: str) -> None:
    """The holder of a seat has shown its resume token: what it said of itself before a restart is known again."""
    if not ctx.store.outlives_process or seat.seal is not None:
        return
    seal = opened_by_token(seat.id, seat.sealed, token) if seat.sealed is not None else None
    _reveal(ctx, room, seat, seal or new_seal(seat.id, token, None))


def joined_again(ctx: Context, room: Room, seat: Seat, token: str, join_id: str | None) -> None:
    """The holder of a seat has repeated its join, and gets `token`."""
    if not ctx.store.outlives_process:
        return
    if isinstance(seat.seal, SeatSeal):
        seat.seal = seat.seal.renewed(token)
        return
    kept = seat.sealed
    seal = opened_by_join(seat.id, kept, join_id) if kept is not None and join_id is not None else None
    _reveal(ctx, room, seat, seal.renewed(token) if seal is not None else new_seal(seat.id, token, join_id))


def _reveal(ctx: Context, room: Room, seat: Seat, seal: Seal) -> None:
    ctx.publisher.commit(room, seals.reveal(room, seat, seal, ctx.clock()))
