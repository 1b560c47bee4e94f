"""How often one network address may call the API."""

from __future__ import annotations

import time
from collections import OrderedDict

from aiohttp import web

from rooms.errors import Refused
from server.security.guesses import GUESSES
from server.security.throttles import TokenBucket, bucket, too_many
from server.transport.http.callers import ACTOR, actor_of, is_for_admins, refuse_foreign_pages, site_of
from server.transport.http.routes import CONTEXT, MAX_ADDRESSES, Handler, address
from server.usecases.connections import BURST_FACTOR

BUCKETS: web.AppKey[OrderedDict[str, TokenBucket]] = web.AppKey("buckets", OrderedDict)


UNLIMITED = frozenset({"/api/health"})
"""What a host's own health checks ask for, always from the same address."""


@web.middleware
async def limited(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Who calls, how often, and from where: every call of the API counts, also one that finds nothing or is refused.

    Those with an API key do not count. Foreign pages are refused what they may not do, and a secret that opened
    nothing was a guess. One middleware for all of it: each is a step of every request.
    """
    if not request.path.startswith("/api/") or request.path in UNLIMITED:
        return await handler(request)
    site = site_of(request)
    if site is None:
        _count(request)
    request[ACTOR] = await actor_of(request, site)
    refuse_foreign_pages(request)
    try:
        return await handler(request)
    except Refused as refused:
        actor = request[ACTOR]
        if actor.is_stranger and refused.code in GUESSES:
            # The wrong keys of rooms do not count against the operator.
            request.app[CONTEXT].guesses.failed("admin" if is_for_admins(request) else "token", actor.address)
        raise


def _count(request: web.Request) -> None:
    """Count a request against its address (`EVENTS_PER_S`, as on a socket); refuse with RATE_LIMITED."""
    rate = request.app[CONTEXT].settings.events_per_s
    buckets = request.app[BUCKETS]
    connection = address(request)
    if connection not in buckets:
        buckets[connection] = bucket(rate, rate * BURST_FACTOR, time.monotonic())
        if len(buckets) > MAX_ADDRESSES:
            buckets.popitem(last=False)
    buckets.move_to_end(connection)
    wait_s = buckets[connection].take(time.monotonic())
    if wait_s:
        raise too_many(wait_s)
