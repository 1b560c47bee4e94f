"""A request that another node answers, as the node sees it that the client has come to.

Its body goes there, and the answer comes from there, no faster than either end takes it: while it is not taken nothing
is read, and TCP tells the sender.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from aiohttp import StreamReader, web

from rooms.errors import Code, Refused
from server.cluster import http
from server.cluster.flows import PART_BYTES, WINDOW_BYTES, Flows, Inflow, Outflow
from server.cluster.frames import BadBatch, Frame, Kind
from server.cluster.http import Answer, Asked, Head
from server.transport.engineio.budget import Budget
from server.transport.http.unconnected import WHOLE_BYTES

ANSWER_S: Final = 60.0
"""How long another node may take to take more of a body, to answer, and to go on with its answer. A poll is answered
after a ping interval, at the latest."""

BEGIN_S: Final = 1.0
"""After so long a body goes in parts, if not all of it has come: how long it may take is for its handler to say."""

Say = Callable[[Kind, int, bytes], bool]


def unavailable() -> Refused:
    """What a client is told where the other node fails before it has answered."""
    return Refused(Code.UNAVAILABLE, "The node that has to answer this does not.", retry_after_ms=500)


class Begun:
    """The body of a request, of which the beginning was read. That is kept until another node has taken the request:
    one that has not the room takes nothing more of it, and the next is asked."""

    def __init__(self, request: web.Request, *, without_body: bool = False) -> None:
        self.request = request
        self.beginning = b""
        self.is_read = without_body
        """Whether there is nothing left to read."""

    async def begin(self) -> None:
        """Read all of what is short and comes soon, else how it begins. Raises where the body is broken."""
        content, beginning = self.request.content, bytearray()
        if content.at_eof():
            self.is_read = True
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(BEGIN_S):
                while not content.at_eof() and len(beginning) < WHOLE_BYTES:
                    beginning += await _read(content, WHOLE_BYTES - len(beginning))
        self.beginning = bytes(beginning)
        self.is_read = content.at_eof()

    @property
    def length(self) -> int | None:
        """Of the whole body; None where nobody knows: aiohttp has undone whatever coding it came in."""
        if self.is_read:
            return len(self.beginning)
        return None if "Content-Encoding" in self.request.headers else self.request.content_length

    @property
    def is_long(self) -> bool:
        """Whether the other node has to take it in parts for more than the client's slowness."""
        length = self.length
        return length is None or length > WHOLE_BYTES

    def asked(self) -> Asked:
        """The request, and as much of the body as there is."""
        request = self.request
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in http.HOP_BY_HOP]
        return Asked(request.method, request.path_qs, headers, request.remote or "", self.beginning, self.length)


class Exchange:
    """One request, from when it is sent to the other node until its answer is with the client."""

    def __init__(self, node: str, number: int, begun: Begun, say: Say, unread: Budget) -> None:
        self.node = node
        self.number = number
        self._begun = begun
        self._say = say
        self._unread = unread
        self._head: asyncio.Future[Answer | Head] = asyncio.get_running_loop().create_future()
        self._inflow: Inflow | None = None
        self._out: Outflow | None = None
        self._sending: asyncio.Task[None] | None = None
        self.is_over = False
        """Whether the other node has nothing more to do for it."""

    @property
    def in_parts(self) -> bool:
        """Whether parts of it are on their way."""
        return not self.is_over and (self._out is not None or self._inflow is not None)

    def begin(self, flows: Flows) -> None:
        """Send it. Refused with UNAVAILABLE where the other node has too much to take."""
        if not self._say(Kind.REQUEST, WINDOW_BYTES, http.encode(self._begun.asked())):
            raise unavailable()
        if not self._begun.is_read:
            self._out = Outflow(flows, self.node, Kind.BODY, self.number, 0)
            self._sending = asyncio.get_running_loop().create_task(self._send(self._out))

    async def _send(self, out: Outflow) -> None:
        """The rest of the body, as the client sends it and the other node takes it."""
        content = self._begun.request.content
        try:
            while True:
                async with asyncio.timeout(ANSWER_S):
                    await out.drained()
                data = await _read(content, min(PART_BYTES, out.credit))
                if not data:
                    break
                out.write(data)
            out.end()
        except TimeoutError:
            self.fail(unavailable())
        except Exception as error:  # whatever it is, whoever waits for the answer is told
            self.fail(error)

    # What the other node says

    def take(self, frame: Frame) -> None:
        """A frame about this request."""
        try:
            match frame.kind:
                case Kind.RESPONSE:
                    self._answered(frame.body)
                case Kind.HEAD:
                    self._answers(http.read_head(frame.body, self._begun.request.method))
                case Kind.PART if self._inflow is not None:
                    self._inflow.put(frame.number, frame.body)
                    self._unread.note(self, self._inflow.held)
                    self.is_over = self._inflow.ended
                case Kind.MORE_BODY if self._out is not None:
                    self._out.grant(frame.number)
        except BadBatch:
            self.fail(unavailable())

    def _answered(self, data: bytes) -> None:
        self.is_over = True
        if self._inflow is not None:
            self.fail(unavailable())
            self.shed()  # at once: it may have been taken back, and the client not read
        elif not data:
            self.fail(unavailable())
        elif not self._head.done():
            self._head.set_result(http.read_answer(data, self._begun.request.method))

    def _answers(self, head: Head) -> None:
        if not self._head.done():
            self._inflow = Inflow(WINDOW_BYTES, self._take_more)
            self._head.set_result(head)

    def _take_more(self, more: int) -> None:
        if not self.is_over and not self._say(Kind.MORE_ANSWER, more, b""):
            self.fail(unavailable())

    def fail(self, why: Exception) -> None:
        """There is no answer, or no more of it."""
        if not self._head.done():
            self._head.set_exception(why)
            self._head.exception()  # whoever waited may have gone
        if self._inflow is not None and not self._inflow.ended:
            self._inflow.fail(why)

    # The answer

    async def head(self) -> Answer | Head:
        """The answer, if it is short, or else its head. Raises what went wrong."""
        if self._sending is not None:
            either: set[asyncio.Future[Any]] = {self._sending, self._head}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._head
        except TimeoutError:
            raise unavailable() from None

    async def pass_on(self, answer: Answer | Head) -> web.StreamResponse:
        """Give the client its answer. One that breaks off is cut, so that nobody takes it for the whole."""
        request = self._begun.request
        if isinstance(answer, Answer):
            return _response(answer)
        response = web.StreamResponse(status=answer.status)
        _set_headers(response, answer)
        response.content_length = answer.length
        await response.prepare(request)
        try:
            left = answer.length
            while part := await self._next():
                left -= len(part)
                await response.write(part)
            if left:
                raise ConnectionError("half an answer")
            await response.write_eof()
        except (ConnectionError, TimeoutError, Refused):
            self.shed()
        return response

    async def whole(self, answer: Answer | Head, at_most: int) -> Answer:
        """The answer, all of it. Raises `Refused` where it is longer, or breaks off."""
        if isinstance(answer, Answer):
            return answer
        body = bytearray()
        while part := await self._next():
            body += part
            if len(body) > min(at_most, answer.length):
                raise unavailable()
        if len(body) < answer.length:
            raise unavailable()
        return Answer(answer.status, answer.headers, bytes(body))

    async def _next(self) -> bytes:
        inflow = self._inflow
        if inflow is None:
            return b""
        async with asyncio.timeout(ANSWER_S):
            part = await inflow.next()
        self._unread.note(self, inflow.held)
        return part

    def shed(self) -> None:
        """Cut the client's connection: it does not read, or there is nothing more to read."""
        if self._begun.request.transport is not None:
            self._begun.request.transport.abort()

    def end(self) -> None:
        """Nobody waits for it any more."""
        if not self.is_over:
            self._say(Kind.CANCEL, 0, b"")
        self.is_over = True
        self._unread.note(self, 0)
        if self._sending is not None:
            self._sending.cancel()
        if self._out is not None:
            self._out.drop()


async def _read(content: StreamReader, at_most: int) -> bytes:
    """Some of a body; nothing where it has ended. Refused with INVALID_PAYLOAD where it breaks off."""
    try:
        data = await content.read(at_most)
    except ConnectionError:
        raise _broken() from None
    if not data and not content.at_eof():
        raise _broken()
    return data


def _broken() -> Refused:
    return Refused(Code.INVALID_PAYLOAD, "The body cannot be read.")


def _response(answer: Answer) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body)
    _set_headers(response, answer)
    return response


def _set_headers(response: web.StreamResponse, answer: Answer | Head) -> None:
    response.headers.popall("Content-Type", None)
    for name, value in answer.headers:
        response.headers.add(name, value)
