"""The outermost middleware: how many requests there were, how they were answered, and how long it took."""

from __future__ import annotations

import time

from aiohttp import web

from server.observability.metrics import METRICS
from server.transport.http.routes import Handler


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note each answer by the route as the code has it."""
    started, status = time.perf_counter(), 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as answer:
        status = answer.status
        raise
    finally:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else None
        request.app[METRICS].http.note(request.method, route, status, time.perf_counter() - started)
