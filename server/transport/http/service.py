"""What operators and machines ask without a key: health, readiness, metrics."""

from __future__ import annotations

import time

from aiohttp import web

from rooms.errors import Code, Refused
from server import BUILD
from server.cluster.ownership import Role
from server.observability.metrics import METRICS
from server.transport.http.routes import CONTEXT, json_response

routes = web.RouteTableDef()


@routes.get("/health")
@routes.get("/api/health")
async def health(request: web.Request) -> web.Response:
    """200 where the process serves, with what it depends on; `degraded` does not fail."""
    ctx = request.app[CONTEXT]
    waiting = ctx.ownership.role is Role.WAITING
    healthy = ctx.journal.healthy and (ctx.restored or waiting)
    rooms = ctx.rooms
    shared = rooms is None or rooms.one_database
    return json_response(
        {
            "status": "ok" if healthy and shared and not ctx.draining else "degraded",
            "storage": {"kind": ctx.store.name, "ok": healthy} | ({"shared": shared} if rooms is not None else {}),
            "bus": {"kind": "redis", "ok": rooms.reachable} if rooms is not None else {"kind": "none", "ok": True},
            "draining": ctx.draining,
            "uptimeS": round(time.monotonic() - request.app[METRICS].started_at, 1),
            "build": BUILD,
        }
    )


@routes.get("/ready")
async def ready(request: web.Request) -> web.Response:
    """200 only where new rooms can be made; also where another process would hand its rooms over for that."""
    ctx = request.app[CONTEXT]
    if ctx.draining:
        raise Refused(Code.SERVER_DRAINING, retry_after_ms=2_000)
    waiting = ctx.ownership.role is Role.WAITING
    if not (ctx.restored or waiting) or not ctx.journal.healthy:
        raise Refused(Code.UNAVAILABLE, "The store does not answer.", retry_after_ms=2_000)
    if ctx.ownership.refused:
        raise Refused(Code.UNAVAILABLE, "Another process has the rooms.", retry_after_ms=2_000)
    return json_response({"status": "ready"})


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Prometheus text exposition format."""
    text = request.app[METRICS].prometheus()
    return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
