"""The HTTP side of Engine.IO: which request opens, polls, posts or upgrades, and what a refused one is told."""

from __future__ import annotations

import gzip
from collections.abc import Container
from inspect import isawaitable
from typing import Protocol

from aiohttp import web

from server.transport.engineio import handshake, packets
from server.transport.engineio.core import Core
from server.transport.engineio.frames import NORMAL, PROTOCOL_ERROR
from server.transport.engineio.last_packets import LastPackets
from server.transport.engineio.messages import Head
from server.transport.engineio.opening import PROTOCOL_VERSION, Opening, accepted
from server.transport.engineio.origins import OriginPolicy
from server.transport.engineio.polling import Body, BodyError, PollingCarrier, Reason
from server.transport.engineio.ports import Owner
from server.transport.engineio.refusals import Refusal, Refused, Unwelcome
from server.transport.engineio.session import Session
from server.transport.engineio.takeover import Detached, refuse, take_over
from server.transport.engineio.upgrade import Probe, TurnedAway
from server.transport.engineio.websocket import WebSocketCarrier


class Engine(Protocol):
    """What the endpoint asks of the engine."""

    origins: OriginPolicy
    transports: Container[str | None]
    allow_upgrades: bool

    def open_session(self, sid: str) -> Session | None:
        """The session of this id that is open."""

    def cookie_header(self, sid: str) -> dict[str, str]:
        """The Set-Cookie header of a handshake, where a cookie is asked for."""

    def compresses(self, size: int) -> bool:
        """Whether a polling response of so many bytes is worth compressing."""


class Endpoint:
    """Answers the requests of one engine."""

    def __init__(self, engine: Engine, opening: Opening, last: LastPackets) -> None:
        self._engine = engine
        self._opening = opening
        self._last = last

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The response to any request on the engine's path."""
        origins = self._engine.origins
        headers: dict[str, str] = {}
        try:
            if not origins.allows(request):
                raise Refused(Refusal.FORBIDDEN)
            headers = origins.headers(request)
            if request.method == "OPTIONS":
                return web.Response(status=204, headers=headers)
            response = await self._route(request, headers)
        except Refused as refused:
            response = refused.response()
        except Unwelcome as unwelcome:
            response = unwelcome.response
        except BodyError as error:
            response = web.json_response({"code": 3, "message": str(error)}, status=error.status)
            response.force_close()
        if response.status != 101:
            response.headers.update(headers)
            if handshake.wants_websocket(request.headers):
                refuse(request, response)
        return response

    async def _route(self, request: web.BaseRequest, headers: dict[str, str]) -> web.StreamResponse:
        query = request.query
        transport, sid = query.get("transport"), query.get("sid")
        if transport not in self._engine.transports:
            raise Refused(Refusal.UNKNOWN_TRANSPORT)
        websocket = handshake.wants_websocket(request.headers)
        if websocket is not (transport == "websocket") or "j" in query:
            raise Refused(Refusal.BAD_REQUEST)
        if not sid:
            if request.method != "GET":
                raise Refused(Refusal.BAD_METHOD)
            if query.get("EIO") != PROTOCOL_VERSION:
                raise Refused(Refusal.UNSUPPORTED_VERSION)
            return await (self._open_websocket if websocket else self._open_polling)(request, headers)
        if websocket:
            return self._upgrade(request, self._session(sid), headers)
        if request.method == "GET":
            return await self._poll(request, sid)
        if request.method == "POST":
            return await self._post(request, self._session(sid))
        raise Refused(Refusal.METHOD_NOT_ALLOWED)

    def _session(self, sid: str) -> Session:
        session = self._engine.open_session(sid)
        if session is None:
            raise Refused(Refusal.UNKNOWN_SID)
        return session

    # Opening.

    async def _open_polling(self, request: web.BaseRequest, headers: dict[str, str]) -> web.StreamResponse:
        session = await self._admit(request, "polling")
        carrier = PollingCarrier(session, self._last.keep)
        body = session.outbox.take_payload()
        session.use(carrier)
        headers.update(self._engine.cookie_header(session.sid))
        return self._payload(request, body)

    async def _open_websocket(self, request: web.BaseRequest, headers: dict[str, str]) -> web.StreamResponse:
        key = _websocket_key(request)
        session = await self._admit(request, "websocket")
        headers = {**headers, **self._engine.cookie_header(session.sid)}
        try:
            carrier, response = _accept(request, key, headers, session.core, session)
        except ConnectionResetError:
            session.lost(Reason.TRANSPORT_CLOSE)
            raise Refused(Refusal.BAD_REQUEST) from None
        session.use(carrier)
        carrier.data_received(response.early)
        return response

    async def _admit(self, request: web.BaseRequest, transport: str) -> Session:
        """A new session that the connect handler let in; its first packet waits in its outbox."""
        foregone = getattr(request.protocol, "foregone", None)
        if foregone is not None:
            # It was refused before aiohttp saw it (`direct.py`), and counted.
            request.protocol.foregone = None  # type: ignore[attr-defined]
            raise foregone
        session, verdict = self._opening.begin(request, transport)
        if isawaitable(verdict):
            await self._opening.let_in(session, verdict)
        else:
            self._opening.settle(session, verdict)
        return session

    def _upgrade(self, request: web.BaseRequest, session: Session, headers: dict[str, str]) -> web.StreamResponse:
        key = _websocket_key(request)
        if not self._engine.allow_upgrades:
            raise Refused(Refusal.BAD_REQUEST)
        if session.probe is not None or session.upgraded:
            return _turn_away(request, handshake.accept_response(key, handshake.lines(headers)), session.core)
        probe = Probe(session)
        try:
            probe.carrier, response = _accept(request, key, headers, session.core, probe)
        except ConnectionResetError:
            probe.abandon()
            raise Refused(Refusal.BAD_REQUEST) from None
        probe.carrier.data_received(response.early)
        return response

    # Polling.

    async def _poll(self, request: web.BaseRequest, sid: str) -> web.StreamResponse:
        last = self._last.take(sid)
        if last is not None:
            return self._payload(request, last)
        session = self._session(sid)
        carrier = _polling(session)
        if carrier.polled:
            session.close(Reason.TRANSPORT_ERROR, PROTOCOL_ERROR, "duplicate poll")
            raise Refused(Refusal.BAD_REQUEST)
        return self._payload(request, await carrier.poll(request))

    async def _post(self, request: web.BaseRequest, session: Session) -> web.StreamResponse:
        carrier = _polling(session)
        if carrier.posting:
            session.close(Reason.TRANSPORT_ERROR, PROTOCOL_ERROR, "overlapping posts")
            raise Refused(Refusal.BAD_REQUEST)
        carrier.posting = True
        try:
            await self._take_body(request, session)
        finally:
            carrier.posting = False
        return web.Response(body=b"ok", content_type="text/html")

    async def _take_body(self, request: web.BaseRequest, session: Session) -> None:
        try:
            received = await Body(session).read(request)
        except (BodyError, packets.PacketError) as error:
            session.close(Reason.TRANSPORT_ERROR, PROTOCOL_ERROR, "invalid payload")
            if isinstance(error, BodyError):
                raise
            raise Refused(Refusal.BAD_REQUEST) from None
        if not session.connected:
            raise Refused(Refusal.UNKNOWN_SID)
        turns, each = session.core.turns, session.core.limits.messages_per_turn
        for number, packet in enumerate(received):
            if number % each == 0:
                await turns.mine()
            (session.receive_head if isinstance(packet, Head) else session.receive)(packet)
        if session.reason == Reason.TRANSPORT_ERROR:
            raise Refused(Refusal.BAD_REQUEST)
        await session.inbox.ready()

    def _payload(self, request: web.BaseRequest, body: bytes) -> web.Response:
        response = web.Response(body=body, content_type="text/plain", charset="utf-8")
        response.headers["Cache-Control"] = "no-store"
        if self._engine.compresses(len(body)) and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.body = gzip.compress(body, compresslevel=1)
            response.headers["Content-Encoding"] = "gzip"
        return response


def _turn_away(request: web.BaseRequest, head: bytes, core: Core) -> web.StreamResponse:
    try:
        carrier, response = take_over(request, head, lambda t: WebSocketCarrier(core, t, TurnedAway()))
    except ConnectionResetError:
        raise Refused(Refusal.BAD_REQUEST) from None
    carrier.shut(NORMAL, "upgraded already")
    carrier.data_received(response.early)
    return response


def _polling(session: Session) -> PollingCarrier:
    if not isinstance(session.carrier, PollingCarrier):
        raise Refused(Refusal.BAD_REQUEST)
    return session.carrier


def _websocket_key(request: web.BaseRequest) -> str:
    key = handshake.valid_key(request.headers)
    if key is None or request.method != "GET":
        raise Refused(Refusal.BAD_REQUEST)
    return key


def _accept(
    request: web.BaseRequest, key: str, headers: dict[str, str], core: Core, owner: Owner
) -> tuple[WebSocketCarrier, Detached]:
    """Answer 101 and give the connection to a WebSocket of `owner`. Raises `ConnectionResetError`."""
    head, make = accepted(core, owner, request.headers, key, handshake.lines(headers))
    return take_over(request, head, make)
