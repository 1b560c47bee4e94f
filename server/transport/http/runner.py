"""aiohttp's runner, with our own words to whoever sends what is no HTTP.

aiohttp answers a malformed request with what it could not read, and logs it: the bearer token of a request that some
proxy mangled would be in both.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from server.observability.sparing import Sparing
from server.transport.engineio.turns import Turns

log = logging.getLogger(__name__)

UNREADABLE = "400: Bad Request"
FAILED = "500: Internal Server Error"
UNEXPECTED = "417: Expectation Failed"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Runner(web.AppRunner):
    """Runs an application behind `Connection`s, whose requests wait their turn."""

    def __init__(self, app: web.Application, turns: Turns | None = None, **options: Any) -> None:
        super().__init__(app, **options)
        self._turns = turns or Turns()

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return Listener(made, Sparing(), self._turns)


class Listener(web.Server):
    """Makes a `Connection` for each TCP connection, and otherwise is the server that it is given."""

    def __init__(self, made: web.Server, sparing: Sparing, turns: Turns) -> None:
        super().__init__(
            _in_turn(made.request_handler, turns), request_factory=made.request_factory, loop=made._loop, **made._kwargs
        )
        self.sparing = sparing

    def __call__(self) -> web.RequestHandler:
        """A handler for a new connection."""
        return Connection(self, loop=self._loop, **self._kwargs)


def _in_turn(handler: Handler, turns: Turns) -> Handler:
    """A few requests in each loop turn; and aiohttp repeats an `Expect` that it does not know, which we do not."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        await turns.mine()
        try:
            return await handler(request)
        except web.HTTPExpectationFailed:
            return web.Response(status=417, text=UNEXPECTED)

    return handle


class Connection(web.RequestHandler):
    """One HTTP connection. What it sends that is no HTTP goes neither back to it nor into a log."""

    __slots__ = ("_sparing",)

    def __init__(self, manager: Listener, **options: object) -> None:
        super().__init__(manager, **options)  # type: ignore[arg-type]
        self._sparing = manager.sparing

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A fixed answer that closes the connection. Raises `ConnectionError` where another one has begun."""
        kind = type(exc).__name__ if exc is not None else "no answer"
        if self._sparing.admits(kind):
            log.warning("A request was answered with %d before it reached the application: %s", status, kind)
        if request.writer.output_size > 0:
            raise ConnectionError("An answer has begun already.")
        response = web.Response(status=status, text=UNREADABLE if status < 500 else FAILED)
        response.headers.update({"Server": "mayfly", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"})
        response.force_close()
        return response
