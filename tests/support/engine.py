"""A client that speaks HTTP and WebSocket byte by byte, and an engine under test with everything it said.

Nothing here uses a client library: what a test sends is what goes over the socket.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from aiohttp import web

from server.security.descriptors import Descriptors
from server.transport.engineio import EngineServer
from server.transport.engineio.polling import PollingCarrier
from server.transport.http.listener import DoorSite
from server.transport.http.runner import Runner
from tests.support.at_rest import engine_at_rest, tasks_ended
from tests.support.pace import PACE

LIMIT_S = 8.0 * PACE
PATH = "/engine.io/?EIO=4&transport="
MASK = b"\x0a\x0b\x0c\x0d"
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 section 1.3
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}


async def eventually(condition: Callable[[], Any], what: str = "the condition", limit_s: float = LIMIT_S) -> Any:
    """Wait until the condition holds; fail where it does not within the limit."""
    loop = asyncio.get_running_loop()
    end = loop.time() + limit_s * PACE
    while not (value := condition()):
        assert loop.time() < end, f"{what} did not come true within {limit_s} s"
        await asyncio.sleep(0.005)
    return value


@dataclass
class Answer:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> int:
        """The protocol's error code."""
        return int(json.loads(self.body)["code"])


class Connection:
    """One TCP connection that speaks HTTP."""

    opened: ClassVar[set[Connection]] = set()
    """What this test has open: at its end its clients go, and the engine must be at rest."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.opened.add(self)

    @classmethod
    async def open(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send_head(self, method: str, path: str, headers: dict[str, str] | None = None) -> None:
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.peer_port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    @property
    def peer_port(self) -> int:
        return int(self.writer.get_extra_info("peername")[1])

    async def answer(self) -> Answer:
        async with asyncio.timeout(LIMIT_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")[:-2]
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            size = int(headers.get("content-length", "0"))
            return Answer(int(first.split()[1]), headers, await self.reader.readexactly(size))

    async def ended(self) -> bytes:
        """What came before the server closed the connection."""
        async with asyncio.timeout(LIMIT_S):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def close(self) -> None:
        self.opened.discard(self)
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return

    def abort(self) -> None:
        self.opened.discard(self)
        self.writer.transport.abort()


def client_frame(payload: bytes, opcode: int = 1, *, fin: bool = True, masked: bool = True, rsv: int = 0) -> bytes:
    """A frame as a client sends it, or as it must not."""
    size = len(payload)
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    flag = 0x80 if masked else 0
    if size < 126:
        head = bytes((first, flag | size))
    elif size < 65_536:
        head = struct.pack("!BBH", first, flag | 126, size)
    else:
        head = struct.pack("!BBQ", first, flag | 127, size)
    if not masked:
        return head + payload
    keys = MASK * (size // 4 + 1)
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(keys[:size], "big")
    return head + MASK + mixed.to_bytes(size, "big")


class RawWebSocket(Connection):
    """A WebSocket after its handshake."""

    async def send(self, *texts: str) -> None:
        await self.send_raw(b"".join(client_frame(text.encode()) for text in texts))

    async def send_raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame; the server's frames are whole and unmasked."""
        first, payload = await self.raw_frame()
        assert first & 0xF0 == 0x80, "server frames are final and carry no extension"
        return first & 0x0F, payload

    async def raw_frame(self) -> tuple[int, bytes]:
        """First byte and payload of the next frame, as they are."""
        async with asyncio.timeout(LIMIT_S):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = struct.unpack("!H", await self.reader.readexactly(2))[0]
            elif size == 127:
                size = struct.unpack("!Q", await self.reader.readexactly(8))[0]
            return first, await self.reader.readexactly(size)

    async def text(self) -> str:
        """The next packet that is no ping; a ping is answered."""
        while True:
            opcode, payload = await self.frame()
            assert opcode == 1, f"a text frame was expected, not opcode {opcode} {payload!r}"
            if payload != b"2":
                return payload.decode()
            await self.send("3")

    async def close_code(self) -> int:
        """The code of the close frame that comes next, other frames skipped."""
        while True:
            opcode, payload = await self.frame()
            if opcode == 8:
                return int(struct.unpack_from("!H", payload)[0]) if payload else 1005

    async def finish(self) -> None:
        """Close as a browser does."""
        await self.send_raw(client_frame(struct.pack("!H", 1000), 8))
        await self.ended()
        await self.close()


@dataclass
class Rig:
    """An engine on a port, and what its handlers were told."""

    engine: EngineServer
    port: int
    root: str = "/engine.io/"
    runner: web.AppRunner | None = None
    events: list[tuple[str, ...]] = field(default_factory=list)

    def told(self, kind: str) -> list[tuple[str, ...]]:
        """The events of one kind, without it."""
        return [event[1:] for event in self.events if event[0] == kind]

    async def request(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """One request on a connection of its own."""
        path = path.replace("/engine.io/", self.root)
        connection = await Connection.open(self.port)
        extra = {"Content-Length": str(len(body))} if body or method in ("POST", "PUT") else {}
        connection.send_head(method, path, {**extra, **(headers or {})})
        connection.writer.write(body)
        try:
            return await connection.answer()
        finally:
            await connection.close()

    async def open_polling(self, headers: dict[str, str] | None = None) -> str:
        """A polling session's id."""
        answer = await self.request("GET", PATH + "polling", headers=headers)
        assert answer.status == 200, answer
        assert answer.text[0] == "0"
        return str(json.loads(answer.text.split("\x1e")[0][1:])["sid"])

    async def poll(self, sid: str) -> Answer:
        return await self.request("GET", f"{PATH}polling&sid={sid}")

    async def post(self, sid: str, body: str | bytes) -> Answer:
        data = body.encode() if isinstance(body, str) else body
        return await self.request("POST", f"{PATH}polling&sid={sid}", data)

    async def handshake(self, path: str, headers: dict[str, str] | None = None) -> tuple[RawWebSocket, int, str]:
        """Ask for a WebSocket; gives status and headers of the answer."""
        ws = await RawWebSocket.open(self.port)
        ws.send_head("GET", path.replace("/engine.io/", self.root), {**UPGRADE, **(headers or {})})
        async with asyncio.timeout(LIMIT_S):
            head = (await ws.reader.readuntil(b"\r\n\r\n")).decode()
        return ws, int(head.split()[1]), head

    async def open_websocket(self, headers: dict[str, str] | None = None) -> tuple[RawWebSocket, str]:
        """A WebSocket session and its id."""
        ws, status, _ = await self.handshake(PATH + "websocket", headers)
        assert status == 101
        opcode, payload = await ws.frame()
        assert opcode == 1
        assert payload[:1] == b"0"
        return ws, str(json.loads(payload[1:])["sid"])

    async def open_upgrading(self, sid: str) -> RawWebSocket:
        """A WebSocket for a polling session, before the probe."""
        ws, status, _ = await self.handshake(f"{PATH}websocket&sid={sid}")
        assert status == 101
        return ws

    async def gone(self, sid: str) -> str:
        """Wait for the disconnect event; gives its reason."""
        await eventually(lambda: [e for e in self.told("disconnect") if e[0] == sid], "the disconnect event")
        events = [event for event in self.told("disconnect") if event[0] == sid]
        assert len(events) == 1, "the disconnect event came more than once"
        return events[0][1]


@asynccontextmanager
async def serving(app: web.Application, engine: EngineServer | None = None) -> AsyncIterator[web.AppRunner]:
    """The application on a free port of 127.0.0.1; `engine` may have connections before aiohttp."""
    turns, direct = (engine.turns, engine.direct) if engine is not None else (None, None)
    runner = Runner(app, turns, access_log=None, shutdown_timeout=2, lingering_time=0.2)
    await runner.setup()
    await DoorSite(runner, "127.0.0.1", 0, Descriptors(0), turns, direct).start()
    try:
        yield runner
    finally:
        await runner.cleanup()


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[int]:
    """The port of the application."""
    async with serving(app) as runner:
        yield int(runner.addresses[0][1])


@asynccontextmanager
async def engine_rig(
    make: Callable[..., Any] = EngineServer, *, direct: bool = True, **options: Any
) -> AsyncIterator[Rig]:
    """An echoing engine."""
    options = {"cors_allowed_origins": "*", "ping_interval": 25, "ping_timeout": 20, **options}
    engine = make(**options)
    rig = Rig(engine, port=0)

    @engine.on("connect")  # type: ignore[untyped-decorator]
    def connect(sid: str, environ: dict[str, str]) -> None:
        rig.events.append(("connect", sid))

    @engine.on("disconnect")  # type: ignore[untyped-decorator]
    async def disconnect(sid: str, reason: str) -> None:
        rig.events.append(("disconnect", sid, reason))

    @engine.on("message")  # type: ignore[untyped-decorator]
    async def message(sid: str, data: Any) -> None:
        rig.events.append(("message", sid, data))
        await engine.send(sid, data)

    async with attached(engine, "/engine.io", direct=direct) as rig.runner:
        rig.port = rig.runner.addresses[0][1]
        yield rig


@asynccontextmanager
async def attached(engine: Any, path: str, *, direct: bool = True) -> AsyncIterator[web.AppRunner]:
    """The engine served. When its clients have gone, nothing may be left: no session, no connection, no task.

    Without `direct` aiohttp has every connection first.
    """
    app = web.Application()
    engine.attach(app, path)
    before = asyncio.all_tasks()
    async with serving(app, engine if direct and isinstance(engine, EngineServer) else None) as runner:
        port = int(runner.addresses[0][1])
        yield runner
        await clients_gone(engine, port, path)
        await eventually(lambda: not (runner.server and runner.server.connections), "the end of all connections")
        await engine_at_rest(engine)
    await tasks_ended(before)


async def clients_gone(engine: Any, port: int, path: str) -> None:
    """Cut what the test left open. Who polls says so: the server cannot see that it is gone before its heartbeat."""
    for connection in list(Connection.opened):
        connection.abort()
    leaving = Rig(engine, port, root=f"{path}/")
    for sid, session in list(engine.sockets.items()):
        if isinstance(session.carrier, PollingCarrier) and session.connected:
            await leaving.post(sid, "1")
