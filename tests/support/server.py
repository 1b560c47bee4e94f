"""A server on a real socket, and clients that show every frame.

`Client` speaks Engine.IO 4 and Socket.IO 5 over a WebSocket by itself, so that a test sees exactly what was sent:
how many acknowledgements, which arguments, in which order. Whatever it receives is held against the models of the
published schemas at once: an event that does not fit its model exactly fails the test.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from jsonschema import ValidationError  # type: ignore[import-untyped]

from rooms.ports import Store
from server.__main__ import LINGERING_S
from server.app import DESCRIPTORS, HOST, WEBHOOKS, create_app
from server.clocks import Clocks
from server.outbound.webhooks import Webhooks
from server.protocol.answers import ErrorAnswer
from server.protocol.events import EVENTS, WITH_OFFSET
from server.settings import Settings
from server.transport.http.listener import DoorSite
from server.transport.http.routes import CONTEXT
from server.transport.http.runner import Runner
from server.usecases.context import Context
from tests.support.at_rest import REST_LIMIT_S, app_at_rest, tasks_ended
from tests.support.documented import check_status
from tests.support.pace import PACE
from tests.support.shapes import check_ack, fits

LIMIT_S = 10.0 * PACE
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Heard:
    """One event, as it came."""

    name: str
    args: list[Any]

    @property
    def payload(self) -> Any:
        return self.args[0]


class Client:
    """One Socket.IO connection over a WebSocket. Use `Server.connect()`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.heard: list[Heard] = []
        self.acks: dict[int, list[Any]] = {}
        self.connected: dict[str, Any] = {}
        self.pings = 0
        self.faults: list[str] = []
        self._names: dict[int, str] = {}
        self._numbers = itertools.count(1)
        self._changed = asyncio.Condition()
        self.reader: asyncio.Task[None] | None = None

    # Sending

    async def send(self, frame: str) -> None:
        """One Engine.IO packet, as it is."""
        await self.socket.send_str(frame)

    async def begin(self, event: str, *args: Any) -> int:
        """Send a request and return its acknowledgement id, without waiting for the answer."""
        number = next(self._numbers)
        self._names[number] = event
        await self.send(f"42{number}{json.dumps([event, *args])}")
        return number

    async def answer(self, number: int) -> Any:
        """The acknowledgement of that id."""
        await self._until(lambda: number in self.acks, f"the acknowledgement of {self._names.get(number)}")
        return self.acks[number][0]

    async def request(self, event: str, *args: Any) -> Any:
        """Send a request and return its whole acknowledgement."""
        return await self.answer(await self.begin(event, *args))

    async def raw_request(self, event: str, args_json: str) -> Any:
        """A request whose arguments are given as JSON text, which `json.dumps` would not write."""
        number = next(self._numbers)
        self._names[number] = event
        await self.send(f'42{number}["{event}",{args_json}]')
        return await self.answer(number)

    async def ok(self, event: str, **payload: Any) -> Any:
        """The data of a request that must be granted."""
        ack = await self.request(event, payload)
        assert ack["ok"], f"{event} was refused: {ack['error']}"
        return ack["data"]

    async def refused(self, event: str, **payload: Any) -> str:
        """The code of a request that must be refused."""
        ack = await self.request(event, payload)
        assert not ack["ok"], f"{event} was granted"
        return str(ack["error"]["code"])

    async def emit(self, event: str, *args: Any) -> None:
        """Send a request that asks for no acknowledgement."""
        await self.send(f"42{json.dumps([event, *args])}")

    # Receiving

    async def sync(self) -> None:
        """Return when everything that the server sent to this client before is in `heard`."""
        await self.request("a-round-trip", {})

    async def wait_for(self, name: str, where: Callable[[Any], bool] = lambda payload: True) -> Any:
        """The payload of the first event of that name that satisfies `where`, past or future."""

        def found() -> list[Heard]:
            return [one for one in self.heard if one.name == name and where(one.payload)]

        await self._until(lambda: bool(found()), f"{name}; heard {[one.name for one in self.heard][-20:]}")
        return found()[0].payload

    async def wait_for_count(self, name: str, count: int) -> None:
        """Return when so many events of that name have come."""
        await self._until(lambda: len(self.all(name)) >= count, f"{count} times {name}")

    def all(self, name: str) -> list[Any]:
        """The payloads of all events of that name so far."""
        return [one.payload for one in self.heard if one.name == name]

    async def closed(self) -> int | None:
        """Wait until the server has closed the transport; returns the WebSocket close code."""
        assert self.reader is not None
        await asyncio.wait_for(asyncio.shield(self.reader), LIMIT_S)
        return self.socket.close_code

    async def leave(self) -> None:
        """Close the transport."""
        await self.socket.close()
        if self.reader is not None:
            await self.reader

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(LIMIT_S), self._changed:
                while not condition():
                    assert self.reader is not None
                    assert not self.reader.done(), f"the connection was closed before {what}"
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"no {what} in {LIMIT_S} s") from None

    async def read(self) -> None:
        """Take everything that comes, until the transport is closed."""
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                if message.data == "2":
                    self.pings += 1
                    await self.socket.send_str("3")
                else:
                    self._take(message.data)
                async with self._changed:
                    self._changed.notify_all()
        async with self._changed:
            self._changed.notify_all()

    def _take(self, data: str) -> None:
        if data.startswith("40"):
            self.connected = json.loads(data[2:])
        elif data.startswith("42"):
            self._take_event(json.loads(data[2:]))
        elif data.startswith("43"):
            start = data.index("[")
            self._take_ack(int(data[2:start]), json.loads(data[start:]))
        elif data.startswith("44"):
            self.connected = {"refused": json.loads(data[2:].partition(",")[2] if data[2] == "/" else data[2:])}

    def _take_event(self, packet: list[Any]) -> None:
        heard = Heard(packet[0], packet[1:])
        self.heard.append(heard)
        try:
            fits(EVENTS[heard.name], heard.payload)
            offset = heard.args[1:]
            expected = [str] if heard.name in WITH_OFFSET else []
            assert [type(part) for part in offset] == expected, "a durable event carries one string offset"
        except (KeyError, ValueError, AssertionError, ValidationError) as error:
            self.faults.append(f"{heard.name}: {error}")

    def _take_ack(self, number: int, args: list[Any]) -> None:
        self.acks.setdefault(number, []).append(args[0])
        try:
            assert len(args) == 1
            check_ack(self._names.get(number, ""), args[0])
        except (KeyError, ValueError, AssertionError, ValidationError) as error:
            self.faults.append(f"ack of {self._names.get(number)}: {error}")


class Answered:
    """A REST response, read to its end."""

    def __init__(self, response: aiohttp.ClientResponse, text: str) -> None:
        self.status = response.status
        self.headers = response.headers
        self.text = text

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The error code of a refusal, whose shape is checked."""
        fits(ErrorAnswer, self.json)
        return str(self.json["error"]["code"])


class Server:
    """A running server, in this process (`running()`) or in another one (`talking_to()`)."""

    def __init__(self, url: str, http: aiohttp.ClientSession, runner: web.AppRunner | None = None) -> None:
        self.url = url
        self.http = http
        self.clients: list[Client] = []
        self._runner = runner

    @property
    def runner(self) -> web.AppRunner:
        assert self._runner is not None, "the server runs in another process"
        return self._runner

    @property
    def webhooks(self) -> Webhooks:
        return self.runner.app[WEBHOOKS]

    @property
    def context(self) -> Context:
        return self.runner.app[CONTEXT]

    async def connect(
        self, auth: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> Client:
        """A client in the default namespace; `query` is added to that of its handshake."""
        client = await self.open(headers, query)
        await client.send("40" + (json.dumps(auth) if auth is not None else ""))
        await client._until(lambda: bool(client.connected), "CONNECT")
        return client

    async def open(self, headers: Mapping[str, str] | None = None, query: str = "") -> Client:
        """A transport without a Socket.IO CONNECT."""
        url = f"{self.url}/socket.io/?EIO=4&transport=websocket{query and f'&{query}'}"
        socket = await self.http.ws_connect(url, max_msg_size=0, headers=headers)
        client = Client(socket)
        client.reader = asyncio.create_task(client.read())
        self.clients.append(client)
        return client

    async def call(self, method: str, path: str, *, key: str | None = None, **options: Any) -> Answered:
        """A REST call; `key` is sent as the bearer token."""
        headers = dict(options.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        async with self.http.request(method, self.url + path, headers=headers, **options) as response:
            check_status(method, path, response.status)
            return Answered(response, await response.text())

    async def polling_ended(self) -> None:
        """Return once no session polls any more: a client whose process ends at once may not have said so."""
        sockets = self.runner.app[HOST].eio.sockets
        async with asyncio.timeout(LIMIT_S):
            while not all(session.upgraded for session in sockets.values()):
                await asyncio.sleep(0.01)

    async def room(self, **wish: Any) -> Any:
        """The answer of `POST /api/rooms`."""
        made = await self.call("POST", "/api/rooms", json=wish)
        assert made.status == 201, made.text
        return made.json

    async def seated(self, room_id: str, **wish: Any) -> tuple[Client, Any]:
        """A new client in the room, and its snapshot."""
        client = await self.connect()
        return client, await client.ok("join-room", roomId=room_id, **wish)

    async def pair(self, **wish: Any) -> tuple[str, Client, Any, Client, Any]:
        """A room with two people: `(room id, first, its snapshot, second, its snapshot)`."""
        made = await self.room(**wish)
        first, one = await self.seated(made["roomId"], name="Ada")
        second, two = await self.seated(made["roomId"], name="Bob")
        await first.wait_for("user-joined")
        return made["roomId"], first, one, second, two


@asynccontextmanager
async def running(
    *,
    store: Store | None = None,
    clock: Callable[[], float] | None = None,
    clocks: Clocks | None = None,
    rest_limit_s: float = REST_LIMIT_S,
    **settings: Any,
) -> AsyncIterator[Server]:
    """A server on a free port of 127.0.0.1, in this process. When its clients have gone, nothing may be left."""
    before = asyncio.all_tasks()
    # The process is that of the tests, whose own weight is no server's.
    chosen = {"stun_urls": ("stun:127.0.0.1:9",), "memory_budget_mb": 0, **settings}
    app = create_app(Settings(_env_file=None, **chosen), store=store, clock=clock, clocks=clocks)  # type: ignore[call-arg]
    engine = app[HOST].eio
    runner = Runner(app, engine.turns, engine.output, access_log=None, shutdown_timeout=1.0, lingering_time=LINGERING_S)
    await runner.setup()
    try:
        await DoorSite(runner, LOOPBACK, 0, app[DESCRIPTORS], engine.turns, engine.direct).start()
        async with talking_to(f"http://{LOOPBACK}:{runner.addresses[0][1]}", runner) as server:
            yield server
        await app_at_rest(app, rest_limit_s)
    finally:
        await runner.cleanup()
    await tasks_ended(before)


@asynccontextmanager
async def talking_to(url: str, runner: web.AppRunner | None = None) -> AsyncIterator[Server]:
    """A server that runs already. On the way out every client's faults fail the test."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        server = Server(url, http, runner)
        yield server
        for client in server.clients:
            await client.leave()
        faults = [fault for client in server.clients for fault in client.faults]
        doubled = [acks for client in server.clients for acks in client.acks.values() if len(acks) != 1]
        assert not faults, faults
        assert doubled == []


class Clock:
    """A clock that the test sets. It starts at the real time."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
