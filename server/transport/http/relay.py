"""HTTP requests that another node has to answer: about rooms that run there, and of sessions that poll there.

Nothing needs a balancer that keeps clients with one process. A session's id says which node it is on; a request that
comes to another goes to that one through its inbox, and is answered there by the same handlers, behind a connection
that is none. A WebSocket is not relayed: a client that tries one for a session elsewhere is told that there is no such
session, and stays with polling.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from hashlib import sha256
from typing import Any, Final

from aiohttp import web

from rooms.errors import Code, Refused
from server.cluster import http
from server.cluster.flows import Flows
from server.cluster.frames import Frame, Kind
from server.cluster.http import Answer
from server.cluster.links import Links
from server.cluster.rooms import Rooms
from server.security.file_quotas import FileBounds, FileQuotas
from server.security.quotas import Keys
from server.transport.engineio.budget import Budget
from server.transport.engineio.polling import Watch
from server.transport.http.asking import Begun, Exchange, unavailable
from server.transport.http.gathering import concerns_all, gather
from server.transport.http.unconnected import Unconnected

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TAG_CHARS: Final = 8
"""Of a session's id: which node it is on."""

MAX_RELAYED: Final = 4_000
"""Requests that wait for other nodes' answers at a time."""

MAX_RELAYED_BYTES: Final = 5 * 1_048_576
"""Of an answer that is added to those of other nodes. What goes to a client, or comes from one, has no such bound."""

MISDIRECTED: Final = 421
"""What a node answers another about a room that does not run there (RFC 9110, section 15.5.20)."""

TRIES: Final = 12
RETRY_S: Final = 0.05
ROOM: Final = "room_id"


RELAY: web.AppKey[HttpRelay] = web.AppKey("relay")
"""Only where rooms are shared out over several nodes."""


def tag_of(node: str) -> str:
    """What begins the ids of a node's sessions. It tells nobody anything."""
    return sha256(node.encode()).hexdigest()[:TAG_CHARS]


class HttpRelay:
    """Asks other nodes, and answers them."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._rooms: Rooms | None = None
        self._links: Links | None = None
        self._flows: Flows | None = None
        self._has_session: Callable[[str], bool] = lambda sid: False
        self._asked: dict[int, Exchange] = {}
        self._answering: dict[tuple[str, int], Unconnected] = {}
        self._transfers = FileQuotas(FileBounds())
        """Long bodies on their way: as many as files may be, of one address, too."""
        self.connect: Callable[[], asyncio.Protocol] | None = None
        """Makes what answers one HTTP connection; set by whoever runs the application."""
        self.unread = Budget(0)
        """What waits for slow readers, over all."""
        self.keys_of: Callable[[web.Request], Keys] = lambda request: (request.remote or "",)
        """Whose transfer it is."""
        self.engine_path = ""
        self.relayed = 0

    def join(self, rooms: Rooms, links: Links, has_session: Callable[[str], bool]) -> None:
        """From now on this node is one of several."""
        self._rooms, self._links, self._has_session = rooms, links, has_session
        self._flows = Flows(links)

    def leave(self) -> None:
        """It is alone again."""
        self._rooms = self._links = None
        for node in {exchange.node for exchange in self._asked.values()} | {node for node, _ in self._answering}:
            self._give_up(node)
        self._flows = None

    # Requests that came to this node

    @property
    def middleware(self) -> Any:
        """An aiohttp middleware."""

        @web.middleware
        async def relayed(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self._rooms is None:
                return await handler(request)
            if request.path == self.engine_path:
                return await self._poll(request, handler, self._rooms)
            room_id = request.match_info.get(ROOM)
            if isinstance(request.transport, Unconnected):
                return await _answer_here(request, handler, self._rooms, room_id, request.transport)
            if concerns_all(request):
                return await gather(request, handler, self._ask_all, self._rooms.me)
            if room_id is None or request.method == "OPTIONS" or self._rooms.is_here(room_id):
                return await handler(request)
            return await self._about(room_id, request, handler, self._rooms)

        return relayed

    async def _poll(self, request: web.Request, handler: Handler, rooms: Rooms) -> web.StreamResponse:
        sid = request.query.get("sid", "")
        if isinstance(request.transport, Unconnected):
            request.transport.admit()
            return await handler(request)
        if not sid or self._has_session(sid) or request.query.get("transport") != "polling":
            return await handler(request)
        node = _node_of(sid, rooms)
        if node is None:
            await rooms.look_again()  # it may have come since
            node = _node_of(sid, rooms)
        if node is None:
            return await handler(request)
        begun = Begun(request)
        await begun.begin()
        async with self._asking(node, begun) as exchange:
            return await exchange.pass_on(await exchange.head())

    async def _about(self, room_id: str, request: web.Request, handler: Handler, rooms: Rooms) -> web.StreamResponse:
        begun: Begun | None = None
        for number in range(TRIES):
            place = await _found(rooms, room_id, may_claim=True)
            if place is None or rooms.is_here(room_id):
                if begun is not None and begun.beginning:
                    break  # it came here while its body was read: whoever asks again finds it
                return await handler(request)
            if begun is None:
                begun = Begun(request)
                await begun.begin()
            async with self._asking(place, begun) as exchange:
                answer = await exchange.head()
                if answer.status != MISDIRECTED:
                    return await exchange.pass_on(answer)
            await asyncio.sleep(RETRY_S * number)
        raise Refused(Code.UNAVAILABLE, "The room is on its way to another node.", retry_after_ms=500)

    async def _ask_all(self, request: web.Request, limit_s: float) -> dict[str, Answer | None]:
        """What all other nodes answer; None of one that does not in time."""
        rooms = self._rooms
        others = sorted(set(rooms.nodes()) - {rooms.me}) if rooms is not None else []
        begun = Begun(request, without_body=True)

        async def ask(node: str) -> Answer | None:
            try:
                async with asyncio.timeout(limit_s), self._asking(node, begun, watched=False) as exchange:
                    return await exchange.whole(await exchange.head(), MAX_RELAYED_BYTES)
            except (Refused, TimeoutError):
                return None

        return dict(zip(others, await asyncio.gather(*map(ask, others)), strict=True))

    @asynccontextmanager
    async def _asking(self, node: str, begun: Begun, *, watched: bool = True) -> AsyncIterator[Exchange]:
        """One request to another node, for as long as its answer is waited for, and passed on."""
        links, flows, number = self._links, self._flows, next(self._numbers) & 0xFFFFFFFF
        if links is None or flows is None or len(self._asked) >= MAX_RELAYED:
            raise unavailable()
        request = begun.request

        def say(kind: Kind, about: int, body: bytes) -> bool:
            return links.send(node, kind, number, about, body)

        exchange = Exchange(node, number, begun, say, self.unread)
        with self._transfers.transfer("body", self.keys_of(request)) if begun.is_long else nullcontext():
            self._asked[number] = exchange
            try:
                exchange.begin(flows)
                self.relayed += 1
                with Watch(request, lambda: exchange.fail(unavailable())) if watched else nullcontext():
                    yield exchange
            finally:
                del self._asked[number]
                exchange.end()

    # What other nodes say

    def take(self, source: str, frame: Frame) -> None:
        """A frame about a request."""
        if frame.kind == Kind.REQUEST:
            self._answer(source, frame)
        elif frame.kind in FROM_ASKERS:
            answering = self._answering.get((source, frame.handle))
            if answering is not None:
                answering.told(frame)
        else:
            exchange = self._asked.get(frame.handle)
            if exchange is not None and exchange.node == source:
                exchange.take(frame)

    def _answer(self, source: str, frame: Frame) -> None:
        key, flows = (source, frame.handle), self._flows
        if self.connect is None or flows is None or len(self._answering) >= MAX_RELAYED:
            self._tell(key, Kind.RESPONSE, 0, b"")
            return
        asked = http.decode(frame.body)
        answering = self._answering[key] = Unconnected(key, asked, frame.number, flows, self._tell)
        answering.on_over = self._answering.__delitem__
        answering.begin(self.connect())

    def _tell(self, key: tuple[str, int], kind: Kind, number: int, body: bytes) -> None:
        if self._links is not None:
            self._links.tell(key[0], kind, key[1], number, body)

    def missed(self, node: str) -> None:
        """Something that a node said was missed: bodies in parts may have a hole."""
        self._give_up(node, in_parts_only=True)

    def node_gone(self, node: str) -> None:
        """A node is gone, and answers nobody."""
        for exchange in self._asked.values():
            exchange.is_over = exchange.is_over or exchange.node == node
        self._give_up(node)
        if self._flows is not None:
            self._flows.forget(node)

    def _give_up(self, node: str, *, in_parts_only: bool = False) -> None:
        for exchange in list(self._asked.values()):
            if exchange.node == node and (exchange.in_parts or not in_parts_only):
                exchange.fail(unavailable())
        for key, answering in list(self._answering.items()):
            if key[0] == node and (answering.in_parts or not in_parts_only):
                answering.abort()


FROM_ASKERS: Final = (Kind.CANCEL, Kind.BODY, Kind.MORE_ANSWER)


async def _answer_here(
    request: web.Request, handler: Handler, rooms: Rooms, room_id: str | None, transport: Unconnected
) -> web.StreamResponse:
    """Answer another node, unless it is about a room that does not run here."""
    if room_id is not None and request.method != "OPTIONS" and not rooms.is_here(room_id):
        await _found(rooms, room_id, may_claim=False)
        if not rooms.is_here(room_id):
            return web.Response(status=MISDIRECTED)
    transport.admit()
    return await handler(request)


def _node_of(sid: str, rooms: Rooms) -> str | None:
    return next((one for one in rooms.nodes() if one != rooms.me and sid.startswith(tag_of(one))), None)


async def _found(rooms: Rooms, room_id: str, *, may_claim: bool) -> str | None:
    """The node that runs a room; None where it is here, or nowhere: then the handler has the words for it."""
    try:
        return (await rooms.place(room_id, may_claim=may_claim)).node
    except Refused as refused:
        if refused.code is Code.UNAVAILABLE:
            raise
        return None
