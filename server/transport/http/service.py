"""What operators and machines ask: health, readiness, metrics, figures."""

from __future__ import annotations

import time

from aiohttp import web

from rooms.errors import Code, Refused
from server.cluster.ownership import Role
from server.observability.metrics import FIGURES
from server.protocol import views
from server.transport.http.callers import ACTOR
from server.transport.http.routes import CONTEXT, json_response, page_limit
from server.usecases import operating

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
    _for_the_operator(request)
    return json_response(request.app[FIGURES].as_json())


@routes.get("/api/admin/sessions")
async def session_log(request: web.Request) -> web.Response:
    """The content-free log of rooms that have ended, newest first: 200 `{sessions}`."""
    _for_the_operator(request)
    limit = page_limit(request, operating.SESSIONS_PER_PAGE)
    lines = await operating.sessions(request.app[CONTEXT], limit, request.query.get("before"))
    return json_response({"sessions": [views.session(line) for line in lines]})


def _for_the_operator(request: web.Request) -> None:
    if not request.app[CONTEXT].settings.admin_key.get_secret_value():
        raise web.HTTPNotFound
    request[ACTOR].as_admin()
