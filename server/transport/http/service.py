"""What operators and machines ask: health, readiness, metrics, figures."""

from __future__ import annotations

import hmac
import time

from aiohttp import web

from rooms.errors import Code, Refused
from server.cluster.ownership import Role
from server.observability.metrics import FIGURES
from server.transport.http.routes import CONTEXT, address, bearer, json_response

routes = web.RouteTableDef()


@routes.get("/health")
@routes.get("/api/health")
async def health(request: web.Request) -> web.Response:
    """200 where the process serves, with what it depends on; `degraded` does not fail."""
    ctx = request.app[CONTEXT]
    waiting = ctx.ownership.role is Role.WAITING
    healthy = ctx.journal.healthy and (ctx.restored or waiting)
    return json_response(
        {
            "status": "ok" if healthy and not ctx.draining else "degraded",
            "storage": {"kind": ctx.store.name, "ok": healthy},
            "bus": {"kind": "none", "ok": True},
            "draining": ctx.draining,
            "uptimeS": round(time.monotonic() - request.app[FIGURES].started_at, 1),
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
    text = request.app[FIGURES].prometheus()
    return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


@routes.get("/api/admin/stats")
async def stats(request: web.Request) -> web.Response:
    """Figures for the operator; off without `ADMIN_KEY`."""
    ctx = request.app[CONTEXT]
    kept = ctx.settings.admin_key.get_secret_value()
    given = bearer(request)
    if not kept:
        raise web.HTTPNotFound
    # The admin key may be a word that somebody thought of. The wrong keys of rooms do not count against it.
    ctx.guard.check("admin", address(request))
    if given is None:
        raise Refused(Code.UNAUTHORIZED, "Send the admin key as a bearer token.")
    # Headers that are not UTF-8 come with surrogates in place of their bytes.
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), kept.encode()):
        ctx.guard.failed("admin", address(request))
        raise Refused(Code.FORBIDDEN, "This is not the admin key.")
    return json_response(request.app[FIGURES].as_json())
