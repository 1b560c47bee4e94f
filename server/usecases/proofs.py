"""What somebody who wants in shows that takes time to check: a join token, a password."""

from __future__ import annotations

from typing import Final, NamedTuple

from rooms.model import Voucher
from server.protocol.requests import JoinRoom
from server.usecases.connections import Connection
from server.usecases.context import Context
from server.usecases.vouching import claims_of, voucher_of


class Proofs(NamedTuple):
    """What was found of them. `good_until`: when the voucher's token expires; `took_time`: others had a turn."""

    is_host: bool = False
    voucher: Voucher | None = None
    good_until: float = 0.0
    password_ok: bool | None = None
    took_time: bool = False


NOTHING: Final = Proofs()
HOST_KEY: Final = Proofs(is_host=True)


def shown_at_once(ctx: Context, request: JoinRoom) -> Proofs | None:
    """What is shown where nothing takes time to check; None where `prove` has to."""
    if request.token is not None or request.password is not None or ctx.settings.takes_join_tokens == "required":
        return None
    return NOTHING if request.host_key is None else HOST_KEY


async def prove(ctx: Context, connection: Connection, request: JoinRoom) -> Proofs:
    """Check them. Refused as in `claims_of` and `Context.find`, and with RATE_LIMITED after too many passwords."""
    claims = await claims_of(ctx, request)
    room = ctx.find(request.room_id)  # which may have ended or moved meanwhile
    voucher = voucher_of(claims, room) if claims is not None else None
    is_host = request.host_key is not None or (voucher is not None and voucher.is_host)
    # The host key opens every door by itself: no guesses of others behind the same address may stand in its way.
    password = request.password if not is_host else None
    password_ok, kept = None, room.password_hash
    if password is not None and kept is not None:
        try:
            password_ok = await ctx.passwords.matches(password, kept, connection.address)
        finally:
            if room.ended:
                ctx.passwords.forget(kept)
    return Proofs(
        is_host=is_host,
        voucher=voucher,
        good_until=claims.expires_at if claims is not None else 0.0,
        password_ok=password_ok,
        took_time=claims is not None or password is not None,
    )
