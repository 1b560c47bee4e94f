"""From the token that somebody shows at the door to what the room is told of them."""

from __future__ import annotations

from types import MappingProxyType

from rooms.errors import Code, Refused
from rooms.limits import MAX_NAME_CHARS
from rooms.model import NO_ATTRIBUTES, Rights, Voucher
from rooms.room import Room
from server.protocol.fields import clean_name
from server.protocol.requests import JoinRoom
from server.security.claims import Claims, invalid, subject_digest
from server.usecases.context import Context

DOTS = 2
"""In a JSON Web Token; in no key of ours there is any."""


async def claims_of(ctx: Context, request: JoinRoom) -> Claims | None:
    """What the request's token claims; None where there is none and none is needed.

    Refused with UNAUTHORIZED where one is needed, with TOKEN_INVALID, TOKEN_EXPIRED or UNAVAILABLE.
    """
    mode = ctx.settings.takes_join_tokens
    if request.token is None:
        if mode == "required" and request.host_key is None:
            raise Refused(Code.UNAUTHORIZED, "This server needs a join token.")
        return None
    if mode == "off":
        # To let its bearer in without a look would let in somebody whose rights it may have limited.
        raise invalid("This server takes no join tokens.")
    return await ctx.tokens.check(request.token, request.room_id, ctx.wall())


async def bearer_claims(ctx: Context, secret: str, room: Room) -> Claims | None:
    """What a join token claims that is shown over REST in place of a host key; None for what is no token at all.

    One that is good once is for joining. Refused as in `claims_of`.
    """
    if ctx.settings.takes_join_tokens == "off" or secret.count(".") != DOTS:
        return None
    claims = await ctx.tokens.check(secret, room.id, ctx.wall())
    if claims.use is not None:
        raise invalid("It is good once, to join.")
    if subject_digest(claims, room.host_key_digest) in room.banned_subjects:
        raise Refused(Code.BANNED, "You have been banned from this room.")
    return claims


def voucher_of(claims: Claims, room: Room) -> Voucher:
    """What a room is told of the one who showed a token."""
    return Voucher(
        subject_digest(claims, room.host_key_digest),
        name=clean_name(claims.name or "")[:MAX_NAME_CHARS].strip() or None,
        is_host=claims.is_host,
        user_id=claims.user_id,
        rights=Rights(can_speak=claims.can_speak, can_call=claims.can_call, can_invite=claims.can_invite),
        attributes=MappingProxyType(dict(claims.attributes)) if claims.attributes else NO_ATTRIBUTES,
        use=claims.use,
    )
