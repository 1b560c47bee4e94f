"""How often one network address may ask for something new."""

from __future__ import annotations

import time
from collections import OrderedDict

from aiohttp import web

from server.connections import BURST_FACTOR, TokenBucket, bucket, too_many
from server.rest.http import CONTEXT, MAX_ADDRESSES, address

BUCKETS: web.AppKey[OrderedDict[str, TokenBucket]] = web.AppKey("buckets", OrderedDict)


def allow(request: web.Request) -> None:
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
