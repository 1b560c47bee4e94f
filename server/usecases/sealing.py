"""Whose name a store cannot read, and when it is known again. Only where the store outlives the process."""

from __future__ import annotations

from rooms.model import Seal, Seat
from server.security.seals import SeatSeal, new_seal, opened_by_join, opened_by_token
from server.usecases.context import Context


def seal_of_new(ctx: Context, seat_id: str, token: str, join_id: str | None) -> Seal | None:
    """The key of a seat that is about to be granted."""
    return new_seal(seat_id, token, join_id) if ctx.store.outlives_process else None


def seal_of_returning(ctx: Context, seat: Seat, token: str, join_id: str | None, *, resumes: bool) -> Seal | None:
    """The seal of a seat that is taken back: it opens what its holder said before a restart, and closes it from now on.

    None where nothing is sealed, or it is open already. `resumes`: the holder has shown `token`; else it has repeated
    its join, and is given `token`.
    """
    if not ctx.store.outlives_process or (resumes and seat.seal is not None):
        return None
    if isinstance(seat.seal, SeatSeal):
        seat.seal = seat.seal.renewed(token)
        return None
    kept = seat.sealed
    if resumes:
        return (opened_by_token(seat.id, kept, token) if kept is not None else None) or new_seal(seat.id, token, None)
    opened = opened_by_join(seat.id, kept, join_id) if kept is not None and join_id is not None else None
    return opened.renewed(token) if opened is not None else new_seal(seat.id, token, join_id)
