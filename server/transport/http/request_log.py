"""One log line for each HTTP request: what was asked for, how it was answered, and how long that took.

Not who asked, and nothing that they sent: of the path its template alone (`/api/rooms/{room_id}`), of the query
nothing. Requests that come all the time by themselves (sockets, files, health, metrics) have none.
"""

from __future__ import annotations

import logging
import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from server.security.base32 import random_base32
from server.security.throttles import bucket
from server.transport.http.routes import Handler

log = logging.getLogger(__name__)

LINES_PER_S, LINES_AT_ONCE = 50.0, 500.0
"""Lines about requests; those beyond are counted, and told in one."""

ID_BYTES = 10
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = ("/socket.io/", "/web/", "/client/", "/vendor/", "/health", "/api/health", "/ready", "/metrics")
NO_ROUTE = "-"


class RequestLog:
    """An aiohttp middleware, the outermost. The id of a request is in its line, in its answer, and in other lines that
    are written while it is handled.
    """

    def __init__(self) -> None:
        self._allowance = bucket(LINES_PER_S, LINES_AT_ONCE, time.monotonic())
        self._untold = 0

    def middleware(self) -> Middleware:
        """The middleware itself: aiohttp takes a function that it has marked."""

        @web.middleware
        async def logged(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(QUIET):
                return await handler(request)
            return await self._handle(request, handler)

        return logged

    async def _handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id, began, status = random_base32(ID_BYTES), time.monotonic(), 499
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                response = await handler(request)
                status = response.status
                if not response.prepared:
                    response.headers["X-Request-Id"] = request_id
                return response
            except web.HTTPException as answer:
                status = answer.status
                raise
            finally:
                self._tell(request, status, time.monotonic() - began)

    def _tell(self, request: web.Request, status: int, took_s: float) -> None:
        """One line. 499: the caller went away before there was an answer."""
        if self._allowance.take(time.monotonic()):
            self._untold += 1
            return
        if self._untold:
            log.warning("%d requests have no line of their own.", self._untold)
            self._untold = 0
        method = request.method if request.method in METHODS else "OTHER"
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else NO_ROUTE
        took_ms = round(took_s * 1000, 1)
        fields = {"method": method, "route": route, "status": status, "ms": took_ms}
        log.info("%s %s %d, %.1f ms", method, route, status, took_ms, extra=fields)
