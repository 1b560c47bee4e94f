"""aiohttp's runner, with our own words to whoever sends what is no HTTP.

aiohttp answers a malformed request with what it could not read, and logs it: the bearer token of a request that some
proxy mangled would be in both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from server.cluster.flows import PART_BYTES
from server.observability.sparing import Sparing
from server.transport.engineio.budget import Budget
from server.transport.engineio.deadlines import Deadlines
from server.transport.engineio.limits import EngineLimits
from server.transport.engineio.recall import Recalls
from server.transport.engineio.turns import Turns
from server.transport.engineio.unacknowledged import unacknowledged
from server.transport.http.relay import RELAY
from server.transport.http.urls import keep_no_urls

log = logging.getLogger(__name__)

UNREAD_ABOVE_BYTES = 0
"""Of responses that neither a client nor the kernel has taken, per connection; what is more counts among what waits for
slow readers."""

UNREAD_S = 30.0
"""How long a client may leave it at that before its connection is cut."""

API, FILES = "/api/", "/files/"
"""Paths: what is answered there tells what was said, and nobody could call it back from another node. So whoever does
not read it is cut soon (`engineio.recall`); but a file, whose readers are cut where it is erased."""

MAX_IDLE = 1_000
"""Connections that are kept open between two requests; beyond it the one that has rested longest is closed."""

FILE_NAME = "X-File-Name"

SEARCH = "q="
"""What is looked for in messages is in the query."""

UNREADABLE = "400: Bad Request"
FAILED = "500: Internal Server Error"
UNEXPECTED = "417: Expectation Failed"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Runner(web.AppRunner):
    """Runs an application behind `HttpConnection`s, whose requests wait their turn."""

    def __init__(
        self, app: web.Application, turns: Turns | None = None, unread: Budget | None = None, **options: Any
    ) -> None:
        keep_no_urls()
        super().__init__(app, **options)
        self._turns = Turns() if turns is None else turns
        self._unread = Budget(0) if unread is None else unread
        self._relay = app.get(RELAY)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        listener = Listener(made, Sparing(), self._turns, self._unread)
        if self._relay is not None:
            self._relay.connect, self._relay.unread = listener.for_another_node, listener.unread
        return listener


class Listener(web.Server):
    """Makes a `HttpConnection` for each TCP connection, and otherwise is the server that it is given."""

    def __init__(self, made: web.Server, sparing: Sparing, turns: Turns, unread: Budget) -> None:
        super().__init__(
            _in_turn(made.request_handler, turns), request_factory=made.request_factory, loop=made._loop, **made._kwargs
        )
        self.sparing = sparing
        self.unread = unread
        """What waits for slow readers, over all."""
        self.stalled: Deadlines[HttpConnection] = Deadlines(UNREAD_S, lambda connection: connection.shed())
        limits = EngineLimits()
        self.recalls = Recalls(limits.recall_look_s, limits.recall_looks, limits.recall_least_bytes)
        """Those that do not read what is, or may soon be, taken back."""
        self.idle: dict[HttpConnection, None] = {}
        """Those between two requests; the longest first."""

    def __call__(self) -> web.RequestHandler:
        """A handler for a new connection."""
        return HttpConnection(self, loop=self._loop, **self._kwargs)

    def for_another_node(self) -> web.RequestHandler:
        """A handler for a request that another node has read: there is no coding left to undo, nor a rest of a body to
        wait for, and some of it lies there."""
        own = {"auto_decompress": False, "lingering_time": 0, "read_bufsize": PART_BYTES}
        return HttpConnection(self, loop=self._loop, **{**self._kwargs, **own})


def _in_turn(handler: Handler, turns: Turns) -> Handler:
    """A few requests in each loop turn; and aiohttp repeats an `Expect` that it does not know, which we do not."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        if isinstance(connection, HttpConnection):
            connection.works()
            connection.impatient = request.path.startswith(API) and FILES not in request.path
        await turns.mine()
        try:
            response = await handler(request)
        except web.HTTPExpectationFailed:
            response = web.Response(status=417, text=UNEXPECTED)
        if FILE_NAME in request.headers or SEARCH in request.query_string:
            response.force_close()  # aiohttp keeps a head for as long as its connection rests
        if isinstance(connection, HttpConnection) and response.status != 101:
            connection.rests()
        return response

    return handle


def forget(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Let go of what was said, both ways: aiohttp holds the two until the next request on their connection."""
    request._read_bytes = request._post = None
    response.headers.clear()
    if isinstance(response, web.Response):
        response._body = response._compressed_body = None


class HttpConnection(web.RequestHandler):
    """One HTTP connection. What it sends that is no HTTP goes neither back to it nor into a log."""

    __slots__ = ("_listener", "foregone", "impatient")

    def __init__(self, manager: Listener, **options: object) -> None:
        super().__init__(manager, **options)  # type: ignore[arg-type]
        self._listener = manager
        self.foregone: Exception | None = None
        """What its first request is refused with: it was asked about before (`engineio.direct`)."""
        self.impatient = False
        """Whether what is answered is not to lie here unread, even if nobody takes it back."""

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer, and keep nothing of it."""
        finished = await super().finish_response(request, resp, start_time)
        forget(request, finished[0])
        return finished

    # What lies here unread.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A request is about to come."""
        transport.set_write_buffer_limits(UNREAD_ABOVE_BYTES)  # type: ignore[attr-defined]
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """The client does not read: what lies here counts, and not for ever. aiohttp writes nothing more meanwhile."""
        super().pause_writing()
        if self.transport is not None:
            self._listener.stalled.add(self)
            # Twice: until the last byte has left, the response holds its body, too.
            self._listener.unread.note(self, 2 * self.transport.get_write_buffer_size())
            if self.impatient:
                self.recall()

    def resume_writing(self) -> None:
        """It has read."""
        self._forget()
        super().resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is gone, or is somebody else's."""
        self._forget()
        self.works()
        super().connection_lost(exc)

    def shed(self) -> None:
        """Cut it: this client does not read."""
        self._listener.stalled.discard(self)
        if self.transport is not None:
            self.transport.abort()

    @property
    def unsent_bytes(self) -> int:
        """Of answers, that have not left this process."""
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def recall(self) -> None:
        """Something in them is taken back, or may be at any time: the client reads on, or is cut."""
        if self.unsent_bytes:
            self._listener.recalls.watch(self, 0)

    def has_sent(self, mark: int) -> bool:
        """Whether all of it has left; nothing new is written meanwhile."""
        return not self.unsent_bytes

    def progress(self) -> int:
        """Grows by what the client takes."""
        return -unacknowledged(self.transport) if self.transport is not None else 0

    def stalled(self) -> None:
        """The client does not read what was taken back."""
        self.shed()

    def _forget(self) -> None:
        self._listener.recalls.discard(self)
        self._listener.stalled.discard(self)
        self._listener.unread.note(self, 0)

    # Connections between two requests.

    def works(self) -> None:
        """A request has come."""
        self._listener.idle.pop(self, None)

    def rests(self) -> None:
        """It was answered; whoever has rested longest may have to go for this one."""
        idle = self._listener.idle
        if len(idle) >= MAX_IDLE:
            oldest = next(iter(idle))
            del idle[oldest]
            oldest.force_close()
        idle[self] = None

    # What is no HTTP.

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A fixed answer that closes the connection. Raises `ConnectionError` where another one has begun."""
        kind = type(exc).__name__ if exc is not None else "no answer"
        if self._listener.sparing.admits(kind):
            log.warning("A request was answered with %d before it reached the application: %s", status, kind)
        if request.writer.output_size > 0:
            raise ConnectionError("An answer has begun already.")
        response = web.Response(status=status, text=UNREADABLE if status < 500 else FAILED)
        response.headers.update({"Server": "mayfly", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"})
        response.force_close()
        return response
