"""Carries a session over HTTP long-polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from aiohttp import web
from engineio import AsyncServer

from server.transport.engineio import packets
from server.transport.engineio.frames import TRY_AGAIN_LATER
from server.transport.engineio.outbox import Outbox
from server.transport.engineio.session import Session

Reason: Final = AsyncServer.reason


class BodyError(Exception):
    """A POST cannot be taken; `status` says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Answered(Protocol):
    """A connection that a poll came on, where it can say what of its answers is not read."""

    @property
    def unsent_bytes(self) -> int:
        """Bytes of answers that have not left this process."""

    impatient: bool
    """Whether whoever does not read its next answer is cut soon, without being called back."""

    def recall(self) -> None:
        """Something in them was taken back: the client reads on, or is cut."""


class PollingCarrier:
    """One pending GET at most, one POST at most."""

    __slots__ = ("_answered", "_keep_last", "_session", "_taken_bytes", "_takes", "_waiter", "posting")

    name = "polling"

    def __init__(self, session: Session, keep_last: Callable[[str, bytes], None]) -> None:
        self._session = session
        self._keep_last = keep_last
        self._waiter: asyncio.Future[bytes | None] | None = None
        self.posting = False
        self._takes = 0
        self._taken_bytes = 0
        self._answered: list[Answered] = []  # connections that may not have read their answer

    @property
    def polled(self) -> bool:
        """Whether a GET is pending."""
        return self._waiter is not None

    def trust(self) -> None:
        """Each POST asks the session what it may hold."""

    def flush(self, outbox: Outbox) -> None:
        """Wake the pending GET; it takes what waits at that moment. Until one comes, what waits is counted."""
        if not self._answer(None):
            outbox.count_in(self._session.core.output, self._session)

    def has_taken_all(self, outbox: Outbox) -> bool:
        """Whether the client has polled for all that waited."""
        return not outbox.frames

    def hold_reading(self) -> None:
        """Nothing to hold: the POST that filled the inbox is not answered before there is room."""

    def resume_reading(self) -> None:
        """See `hold_reading`."""

    def close(self, outbox: Outbox, code: int, text: str, final: bytes, *, linger: bool) -> None:
        """Answer the pending GET with what waits and the last packet, or keep both for the next one."""
        body = outbox.take_payload()
        body = body + b"\x1e" + final if body else final
        if not self._answer(body) and linger:
            self._keep_last(self._session.sid, body)

    def abort(self) -> None:
        """Nothing waits any more; the next request is refused."""
        self._answer(packets.CLOSE_BODY)

    def noop(self) -> None:
        """Answer the pending GET with a NOOP, so that an upgrade may go on."""
        self._answer(packets.NOOP_BODY)

    async def poll(self, request: web.BaseRequest) -> bytes:
        """Wait until there is something to send; gives the body of the response.

        A connection that is lost meanwhile ends the session. The caller sees to it that `polled` is false.
        """
        session = self._session
        self._answers_on(request.protocol)
        if len(session.outbox):
            return self._taken()
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = None
        if session.probe is not None and session.probe.answered:
            timer = loop.call_later(session.core.limits.probe_poll_s, self.noop)
        try:
            with Watch(request, self._connection_lost):
                body = await self._waiter
        except asyncio.CancelledError:
            session.lost(Reason.TRANSPORT_CLOSE)
            raise
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()
        # What woke us may have left over a WebSocket meanwhile.
        return (self._taken() or packets.NOOP_BODY) if body is None else body

    def recall(self, outbox: Outbox) -> int:
        """Behind the next poll, where something waits for it. What waits in answers is cut with their connections."""
        for connection in self._answered:
            connection.recall()
        return self._takes + 1 if outbox.frames else 0

    def has_sent(self, mark: int, outbox: Outbox) -> bool:
        """Whether the client has polled for it."""
        return self._takes >= mark

    def progress(self) -> int:
        """What it polled for."""
        return self._taken_bytes

    def over(self) -> None:
        """Nobody calls its answers back any more: whoever does not read them, or the last one, is cut."""
        for connection in self._answered:
            connection.impatient = True
            connection.recall()

    def _answers_on(self, connection: Any) -> None:
        self._answered = [one for one in self._answered if one.unsent_bytes and one is not connection]
        if hasattr(connection, "recall"):
            self._answered.append(connection)

    def _taken(self) -> bytes:
        body = self._session.outbox.take_payload()
        self._takes += 1
        self._taken_bytes += len(body)
        self._session.taken_all()
        return body

    def _answer(self, body: bytes | None) -> bool:
        if self._waiter is None or self._waiter.done():
            return False
        self._waiter.set_result(body)
        return True

    def _connection_lost(self) -> None:
        self._answer(packets.NOOP_BODY)
        self._session.lost(Reason.TRANSPORT_CLOSE)


class Body:
    """The body of a POST on its way, with its place in the budget of unfinished input."""

    __slots__ = ("_full", "_limits", "_max_bytes", "_payload", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._limits = session.core.limits
        self._max_bytes, kept_bytes = session.bounds
        self._payload = packets.Payload(max_packets=self._limits.packets_per_payload, kept_bytes=kept_bytes)
        self._full = False

    async def read(self, request: web.BaseRequest) -> list[str | bytes]:
        """Its packets, however many pieces it comes in. Raises `BodyError`, `packets.PacketError`."""
        if (request.content_length or 0) > self._max_bytes:
            raise BodyError(413, "body is too big")
        try:
            async with asyncio.timeout(self._limits.body_timeout_s):
                await self._take(request)
        except TimeoutError:
            raise BodyError(408, "body came too slowly") from None
        except (ConnectionError, web.HTTPException, web.RequestPayloadError):
            raise BodyError(400, "body is broken") from None
        finally:
            self._session.core.input.note(self, 0)
        return self._payload.finish()

    async def _take(self, request: web.BaseRequest) -> None:
        total = 0
        while chunk := await request.content.readany():
            total += len(chunk)
            if total > self._max_bytes:
                raise BodyError(413, "body is too big")
            self._payload.feed(chunk)
            self._session.core.input.note(self, self._payload.held_bytes)
            if self._full:
                raise BodyError(503, "too much unfinished input")

    def shed(self) -> None:
        """All together have sent too much that is unfinished, and this client the most."""
        self._full = True
        self._payload.clear()
        self._session.close(Reason.TRANSPORT_ERROR, TRY_AGAIN_LATER, "too much unfinished input")


class Watch(asyncio.Protocol):
    """Stands between a connection and aiohttp while a GET is pending: aiohttp does not tell of a client that left."""

    def __init__(self, request: web.BaseRequest, on_lost: Callable[[], None]) -> None:
        self._protocol = request.protocol
        self._transport = request.transport
        self._on_lost = on_lost
        self.pause_writing = self._protocol.pause_writing  # type: ignore[method-assign]
        self.resume_writing = self._protocol.resume_writing  # type: ignore[method-assign]
        self.data_received = self._protocol.data_received  # type: ignore[method-assign]

    def __enter__(self) -> None:
        if self._transport is None:
            self._on_lost()
        else:
            self._transport.set_protocol(self)

    def __exit__(self, *_: object) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.set_protocol(self._protocol)
        self._on_lost = _nothing

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left."""
        self._on_lost()
        self._protocol.connection_lost(exc)


def _nothing() -> None:
    return None
