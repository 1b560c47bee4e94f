"""Other namespaces are python-socketio's and work as its documentation says; the default one is Mayfly's alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from server.app import HOST
from server.transport.socketio import NotHosted, SocketHost
from server.transport.socketio.host import MAX_HOSTED_ATTACHMENTS
from server.transport.socketio.packets import MAX_PACKET_BYTES
from tests.support.engine import eventually
from tests.support.pace import PACE
from tests.support.server import Server, running

DESK = "/desk"
LIMIT_S = 5.0 * PACE


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    # The Python client waits five seconds longer than a ping takes before it notices that it is out.
    async with running(ping_interval_s=2, ping_timeout_s=2) as server:
        yield server


@pytest.fixture
def host(server: Server) -> SocketHost:
    """The `sio` of python-socketio's documentation."""
    assert server.runner is not None
    return server.runner.app[HOST]


@asynccontextmanager
async def visitor(server: Server, *namespaces: str, transports: tuple[str, ...] = ("websocket",), auth: Any = None):
    """python-socketio's own client, on one transport for all of these namespaces."""
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(server.url, namespaces=list(namespaces), transports=list(transports), auth=auth)
    try:
        yield client
    finally:
        await client.disconnect()
        await client.wait()


def heard(client: socketio.AsyncClient, event: str, namespace: str = DESK) -> asyncio.Queue[Any]:
    """What a client is sent from now on."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    client.on(event, queue.put_nowait, namespace=namespace)
    return queue


async def take(queue: asyncio.Queue[Any]) -> Any:
    return await asyncio.wait_for(queue.get(), LIMIT_S)


@pytest.mark.parametrize("transports", [("websocket",), ("polling",), ("polling", "websocket")], ids="+".join)
async def test_handlers_answer_and_rooms_are_told(
    server: Server, host: SocketHost, transports: tuple[str, ...]
) -> None:
    @host.on("enter", namespace=DESK)
    async def enter(sid: str, room: str) -> list[str]:
        await host.enter_room(sid, room, namespace=DESK)
        return host.rooms(sid, namespace=DESK)

    async with (
        visitor(server, DESK, transports=transports) as one,
        visitor(server, DESK, transports=transports) as two,
    ):
        news = [heard(client, "news") for client in (one, two)]
        assert "red" in await one.call("enter", "red", namespace=DESK)
        await host.emit("news", {"for": "red"}, room="red", namespace=DESK)
        await host.emit("news", {"for": "all"}, namespace=DESK)
        assert [await take(news[0]), await take(news[0])] == [{"for": "red"}, {"for": "all"}]
        assert await take(news[1]) == {"for": "all"}


async def test_the_server_may_call_a_client_and_wait(server: Server, host: SocketHost) -> None:
    host.on("connect", lambda sid, environ: None, namespace=DESK)
    async with visitor(server, DESK) as client:
        client.on("add", lambda a, b: a + b, namespace=DESK)
        sid = client.get_sid(DESK)
        assert await host.call("add", (2, 3), to=sid, namespace=DESK, timeout=LIMIT_S) == 5


async def test_a_namespace_class_with_sessions_and_binary_data(server: Server, host: SocketHost) -> None:
    class Desk(socketio.AsyncNamespace):  # type: ignore[misc]
        async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any) -> None:
            if auth != {"key": "right"}:
                raise socketio.exceptions.ConnectionRefusedError("no key")
            await self.save_session(sid, {"name": "Ada"})

        async def on_echo(self, sid: str, data: bytes) -> tuple[str, bytes]:
            return (await self.get_session(sid))["name"], data

    host.register_namespace(Desk(DESK))
    async with visitor(server, DESK, auth={"key": "right"}) as client:
        assert await client.call("echo", b"\x00\xff", namespace=DESK) == ("Ada", b"\x00\xff")
    with pytest.raises(NotConnected):
        async with visitor(server, DESK, auth={"key": "wrong"}):
            raise AssertionError("was let in")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_an_attachment_is_given_whole_or_not_at_all(server: Server, host: SocketHost, transport: str) -> None:
    taken: list[int] = []

    @host.on("picture", namespace=DESK)
    async def picture(sid: str, data: bytes) -> int:
        taken.append(len(data))
        return len(data)

    async with visitor(server, DESK, transports=(transport,)) as client:
        assert await client.call("picture", bytes(MAX_PACKET_BYTES // 2), namespace=DESK) == MAX_PACKET_BYTES // 2
        gone = asyncio.Event()
        client.on("disconnect", gone.set, namespace=DESK)
        await client.emit("picture", bytes(MAX_PACKET_BYTES + 1), namespace=DESK)
        await asyncio.wait_for(gone.wait(), LIMIT_S)
    assert taken == [MAX_PACKET_BYTES // 2]


async def test_disconnecting_a_client_ends_its_namespace_and_no_other(server: Server, host: SocketHost) -> None:
    left: list[str] = []
    for namespace in (DESK, "/other"):
        host.on("connect", lambda sid, environ: None, namespace=namespace)
        host.on("disconnect", lambda sid, reason, name=namespace: left.append(name), namespace=namespace)
    host.on("echo", lambda sid, data: data, namespace="/other")
    async with visitor(server, DESK, "/other") as client:
        sid = client.get_sid(DESK)
        gone = heard(client, "disconnect")
        await host.disconnect(sid, namespace=DESK)
        await take(gone)
        assert left == [DESK]
        # It acts no more there, and goes on acting in the other.
        await client._send_packet(client.packet_class(2, data=["echo", 1], namespace=DESK, id=7))
        assert await client.call("echo", "still", namespace="/other") == "still"
    await eventually(lambda: left == [DESK, "/other"])


async def test_a_room_and_another_namespace_share_one_transport(server: Server, host: SocketHost) -> None:
    host.on("echo", lambda sid, data: data, namespace=DESK)
    made = await server.room()
    async with visitor(server, "/", DESK) as client:
        joined = await client.call("join-room", {"roomId": made["roomId"]})
        assert joined["ok"]
        assert await client.call("echo", "desk", namespace=DESK) == "desk"
        said = await client.call("send-message", {"roomId": made["roomId"], "text": "room"})
        assert said["ok"]
        assert host.transport_count == 1


async def test_a_handler_that_raises_at_the_end_leaves_nobody_behind(server: Server, host: SocketHost) -> None:
    def fails(sid: str, reason: str) -> None:
        raise RuntimeError("planted")

    host.on("connect", lambda sid, environ: None, namespace=DESK)
    host.on("disconnect", fails, namespace=DESK)
    async with visitor(server, DESK):
        assert host.manager.rooms[DESK]
    await eventually(lambda: not host.manager.rooms and not host.environ)


@asynccontextmanager
async def raw(server: Server) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A WebSocket that has had its Engine.IO handshake."""
    async with server.http.ws_connect(f"{server.url}/socket.io/?EIO=4&transport=websocket") as socket:
        assert (await socket.receive_str()).startswith("0")
        yield socket


async def test_a_namespace_that_nobody_serves_is_refused(server: Server) -> None:
    async with raw(server) as socket:
        await socket.send_str("40/nobody,")
        assert await socket.receive_str(timeout=LIMIT_S) == '44/nobody,{"message":"Invalid namespace"}'


TOO_MANY = f'45{MAX_HOSTED_ATTACHMENTS + 1}-/desk,["x"]'
UNREADABLE = [
    TOO_MANY,
    "40/desk,[1]",
    "42/desk,{",
    "42/desk,7",
    "45100000-/desk,[]",
    "49/desk,",
    "44/desk,{}",
]


@pytest.mark.parametrize("frame", [*UNREADABLE, "42/desk," + "[" * 100_000, f'42/desk,["{"x" * 300_000}"]'], ids=len)
async def test_what_cannot_be_read_closes_the_connection(server: Server, host: SocketHost, frame: str) -> None:
    host.on("connect", lambda sid, environ: None, namespace=DESK)
    async with raw(server) as socket:
        if not frame.startswith("40"):
            await socket.send_str("40/desk,")
            assert (await socket.receive_str(timeout=LIMIT_S)).startswith("40/desk,")
        await socket.send_str(frame)
        await socket.receive(timeout=LIMIT_S)
        assert socket.close_code == 1008


def test_the_default_namespace_cannot_be_addressed(host: SocketHost) -> None:
    for attempt in (
        lambda: host.on("connect", lambda sid, environ: None),
        lambda: host.event(lambda sid: None),
        lambda: host.register_namespace(socketio.AsyncNamespace("/")),
        lambda: host.emit("news", {}),
        lambda: host.emit("news", {}, namespace="/"),
        lambda: host.send("news", to="sid"),
        lambda: host.call("news", to="sid"),
        lambda: host.disconnect("sid"),
        lambda: host.enter_room("sid", "red"),
        lambda: host.leave_room("sid", "red"),
        lambda: host.close_room("red"),
        lambda: host.rooms("sid"),
        lambda: host.session("sid"),
        lambda: host.get_session("sid"),
        lambda: host.save_session("sid", {}),
        lambda: host.transport("sid"),
        lambda: host.get_environ("sid"),
    ):
        with pytest.raises(NotHosted, match="Mayfly"):
            attempt()
