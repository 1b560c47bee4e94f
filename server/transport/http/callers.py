"""Who calls: what the bearer secret of a request proves, made into an `Actor` once; and from which page it comes."""

from __future__ import annotations

import hmac
from dataclasses import replace

from aiohttp import web

from rooms.digests import digest
from rooms.errors import Code, Refused
from rooms.model import Seat
from rooms.room import Room
from server.security.actor import Actor
from server.security.admin_key import AdminKey
from server.security.api_keys import name_of
from server.security.claims import Claims
from server.security.quotas import Keys
from server.transport.http.routes import CONTEXT, ORIGINS, address
from server.usecases.context import Context
from server.usecases.vouching import bearer_claims

READING = frozenset({"GET", "HEAD", "OPTIONS"})
ELSEWHERE = frozenset({"cross-site", "same-site"})
"""What a browser says in `Sec-Fetch-Site` of a request that another site's page makes (W3C Fetch Metadata)."""

ACTOR: web.RequestKey[Actor] = web.RequestKey("actor", Actor)
ADMIN_KEY: web.AppKey[AdminKey] = web.AppKey("admin_key", AdminKey)
ROOM = "room_id"


def bearer(request: web.Request) -> str | None:
    """The secret of `Authorization: Bearer …`, if there is one."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def site_of(request: web.Request) -> str | None:
    """The name of the API key that the request bears; None where it bears none, or another secret."""
    keys = request.app[CONTEXT].settings.api_keys
    secret = bearer(request) if keys else None
    return name_of(secret, keys) if secret is not None else None


async def actor_of(request: web.Request, site: str | None) -> Actor:
    """What the caller has proved. It is not refused here, as a rule: what it asks for may need nothing."""
    ctx, secret = request.app[CONTEXT], bearer(request)
    room = _room(ctx, request.match_info.get(ROOM))
    if site is not None:
        return Actor(address(request), room=room, site=site, showed=True)
    actor = Actor(
        address(request),
        _keys(request),
        room,
        has_admin_key=_is_admin(request, secret),
        showed=secret is not None,
    )
    if secret is None or room is None:
        return actor
    if room.is_host_key(secret):
        return replace(actor, has_host_key=True)
    seat = _seat(room, secret)
    if seat is not None:
        return replace(actor, seat=seat)
    identity, refusal = await _identity(ctx, secret, room)
    return replace(actor, identity=identity, refusal=refusal)


def _is_admin(request: web.Request, secret: str | None) -> bool:
    """Whether it is the operator. The admin key may be a word that somebody thought of: guesses at it have to wait."""
    key = request.app[ADMIN_KEY]
    return key.is_set and is_for_admins(request) and key.is_it(secret, address(request))


def payer_of(request: web.Request) -> Keys:
    """Under what quotas of addresses count a request; nothing with an API key."""
    return () if site_of(request) is not None else _keys(request)


def _keys(request: web.Request) -> Keys:
    forwarded_for = ",".join(request.headers.getall("X-Forwarded-For", ())) or None
    return request.app[CONTEXT].quotas.keys(request.remote, forwarded_for)


def is_for_admins(request: web.Request) -> bool:
    """Whether the path is one of the operator's."""
    return request.path.startswith("/api/admin/")


def _room(ctx: Context, room_id: str | None) -> Room | None:
    """The live room of this id, if it is here: to refuse it, or to ask for the rooms, is for whoever needs it."""
    if not ctx.serving:
        return None
    try:
        return ctx.find(room_id) if room_id is not None else None
    except Refused:
        return None


def _seat(room: Room, secret: str) -> Seat | None:
    given, found = digest(secret), None
    for seat in room.seats.values():
        for kept in (seat.token_digest, seat.earlier_token_digest):
            if kept is not None and hmac.compare_digest(given, kept):
                found = seat
    return found


async def _identity(ctx: Context, secret: str, room: Room) -> tuple[Claims | None, Refused | None]:
    try:
        return await bearer_claims(ctx, secret, room), None
    except Refused as refused:
        return None, refused


def refuse_foreign_pages(request: web.Request) -> None:
    """Nothing is changed for a page of a foreign origin, also not where a browser would not ask before it sends."""
    if request.method not in READING:
        headers = request.headers
        unnamed = "Origin" not in headers and headers.get("Sec-Fetch-Site", "").lower() in ELSEWHERE
        if unnamed or not request.app[ORIGINS].allows(request):
            raise Refused(Code.FORBIDDEN, "This origin is not allowed.")
