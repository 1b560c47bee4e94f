"""Each HTTP request is measured once, for the metrics and for a line of the log: what was asked for, how it was
answered, and how long that took.

Not who asked, and nothing that they sent: of the path its template alone (`/api/rooms/{room_id}`), of the query
nothing. Requests that come all the time by themselves (sockets, files, health, metrics) have no line.
"""

from __future__ import annotations

import asyncio
import logging
import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from server.observability.metrics import METRICS
from server.observability.web import METHODS
from server.security.base32 import random_base32
from server.security.throttles import bucket
from server.transport.http.routes import Handler

log = logging.getLogger(__name__)

LINES_PER_S, LINES_AT_ONCE = 50.0, 500.0
"""Lines about requests; those beyond are counted, and told in one."""

ID_BYTES = 10
QUIET = ("/socket.io/", "/web/", "/client/", "/vendor/", "/health", "/api/health", "/ready", "/metrics")
NO_ROUTE = "-"


class RequestLog:
    """An aiohttp middleware, the outermost, which measures what the others do, too. The id of a request is in its line,
    in its answer, and in other lines that are written while it is handled.
    """

    def __init__(self) -> None:
        self._allowance = bucket(LINES_PER_S, LINES_AT_ONCE, time.monotonic())
        self._untold = 0

    def middleware(self) -> Middleware:
        """The middleware itself: aiohttp takes a function that it has marked."""

        @web.middleware
        async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(QUIET):
                return await self._measure(request, handler)
            request_id = random_base32(ID_BYTES)
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                response = await self._measure(request, handler, tell=True)
            if not response.prepared:
                response.headers["X-Request-Id"] = request_id
            return response

        return measured

    async def _measure(self, request: web.Request, handler: Handler, *, tell: bool = False) -> web.StreamResponse:
        """499: the client went away before there was an answer."""
        began, status = time.perf_counter(), 500
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as answer:
            status = answer.status
            raise
        except asyncio.CancelledError:
            status = 499
            raise
        finally:
            took_s, resource = time.perf_counter() - began, request.match_info.route.resource
            route = resource.canonical if resource is not None else None
            request.app[METRICS].http.note(request.method, route, status, took_s)
            if tell:
                self._tell(request.method, route, status, took_s)

    def _tell(self, method: str, route: str | None, status: int, took_s: float) -> None:
        """One line."""
        if self._allowance.take(time.monotonic()):
            self._untold += 1
            return
        if self._untold:
            log.warning("%d requests have no line of their own.", self._untold)
            self._untold = 0
        took_ms = round(took_s * 1000, 1)
        fields = {
            "method": method if method in METHODS else "OTHER",
            "route": route or NO_ROUTE,
            "status": status,
            "ms": took_ms,
        }
        log.info("%s %s %d, %.1f ms", fields["method"], fields["route"], status, took_ms, extra=fields)
