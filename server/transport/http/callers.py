"""Who calls: a site with its API key, a room's owner, or a page, and from which origin."""

from __future__ import annotations

from aiohttp import web

from rooms.errors import Code, Refused
from rooms.room import Room
from server.security.api_keys import name_of
from server.security.quotas import Keys
from server.transport.http.routes import CONTEXT, ORIGINS, address, as_owner, bearer, find_room

READING = frozenset({"GET", "HEAD", "OPTIONS"})
ELSEWHERE = frozenset({"cross-site", "same-site"})
"""What a browser says in `Sec-Fetch-Site` of a request that another site's page makes (W3C Fetch Metadata)."""


def api_key_of(request: web.Request) -> str | None:
    """The name of the API key that the request bears; None where it bears none, or another secret."""
    keys = request.app[CONTEXT].settings.api_keys
    secret = bearer(request) if keys else None
    return name_of(secret, keys) if secret is not None else None


def bears_api_key(request: web.Request) -> bool:
    """Whether the operator's own site or script calls: no limit or quota of an address counts it."""
    return api_key_of(request) is not None


def payer(request: web.Request) -> Keys:
    """What the caller is counted under by quotas; nothing where it is not counted, as for a holder of an API key."""
    if bears_api_key(request):
        return ()
    forwarded_for = ",".join(request.headers.getall("X-Forwarded-For", ())) or None
    return request.app[CONTEXT].quotas.keys(request.remote, forwarded_for)


def as_site(request: web.Request) -> str:
    """The name of the caller's API key; else UNAUTHORIZED or FORBIDDEN."""
    name = api_key_of(request)
    if name is not None:
        return name
    if bearer(request) is None:
        raise Refused(Code.UNAUTHORIZED, "This needs an API key, as a bearer token.")
    request.app[CONTEXT].guard.failed("token", address(request))
    raise Refused(Code.FORBIDDEN, "This is not an API key.")


def as_maker(request: web.Request) -> str | None:
    """Whether the caller may make a room (`ROOM_CREATION`); the name of its API key, if it has one.

    A foreign page has been refused before (`refuse_foreign_pages`): what is left without a key is our own page, a page
    of `CORS_ORIGINS`, or a script, which could call itself either.
    """
    settings = request.app[CONTEXT].settings
    if settings.who_makes_rooms == "key" or (settings.api_keys and bearer(request) is not None):
        return as_site(request)
    return None


def as_ender(request: web.Request) -> Room:
    """The room that the path names, for whoever has its host key or made it with an API key."""
    name = api_key_of(request)
    if name is None:
        return as_owner(request)
    room = find_room(request)
    if room.made_by != name:
        raise Refused(Code.FORBIDDEN, "This API key did not make the room.")
    return room


def refuse_foreign_pages(request: web.Request) -> None:
    """Nothing is changed for a page of a foreign origin, also not where a browser would not ask before it sends."""
    if request.method not in READING:
        headers = request.headers
        unnamed = "Origin" not in headers and headers.get("Sec-Fetch-Site", "").lower() in ELSEWHERE
        if unnamed or not request.app[ORIGINS].allows(request):
            raise Refused(Code.FORBIDDEN, "This origin is not allowed.")
