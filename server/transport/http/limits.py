"""How often one network address may call the API."""

from __future__ import annotations

import time
from collections import OrderedDict

from aiohttp import web

from server.security.throttles import TokenBucket, bucket, too_many
from server.transport.http.callers import bears_api_key, refuse_foreign_pages
from server.transport.http.routes import CONTEXT, MAX_ADDRESSES, Handler, address
from server.usecases.connections import BURST_FACTOR

BUCKETS: web.AppKey[OrderedDict[str, TokenBucket]] = web.AppKey("buckets", OrderedDict)


UNLIMITED = frozenset({"/api/health"})
"""What a host's own health checks ask for, always from the same address."""


@web.middleware
async def limited(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every call of the API counts, also one that finds nothing or is refused; not those with an API key.

    Then foreign pages are refused what they may not do. One middleware for both: each is a step of every request.
    """
    if request.path.startswith("/api/"):
        if request.path not in UNLIMITED and not bears_api_key(request):
            _count(request)
        refuse_foreign_pages(request)
    return await handler(request)


def _count(request: web.Request) -> None:
    """Count a request against its address (`EVENTS_PER_S`, as on a socket); refuse with RATE_LIMITED."""
    rate = request.app[CONTEXT].settings.events_per_s
    buckets = request.app[BUCKETS]
    caller = address(request)
    if caller not in buckets:
        buckets[caller] = bucket(rate, rate * BURST_FACTOR, time.monotonic())
        if len(buckets) > MAX_ADDRESSES:
            buckets.popitem(last=False)
    buckets.move_to_end(caller)
    wait_s = buckets[caller].take(time.monotonic())
    if wait_s:
        raise too_many(wait_s)
