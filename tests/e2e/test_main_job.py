"""The main job: make a room over REST, join it with real clients by its link, chat, and exchange what a call needs.

Every client is the npm package socket.io-client in a Node.js process of its own, as people are in browsers of theirs.
"""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from tests.support.js_client import JsClient, JsSocket, js_client
from tests.support.node import ScriptFailed
from tests.support.processes import ServerProcess, server_process

pytestmark = pytest.mark.usefixtures("node")

POLLING_WITH_UPGRADE = ("polling", "websocket")
WEBSOCKET_ALONE = ("websocket",)
TRANSPORTS = pytest.mark.parametrize("transports", [POLLING_WITH_UPGRADE, WEBSOCKET_ALONE], ids="+".join)

OFFER = {"type": "offer", "sdp": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"}
ANSWER = {"type": "answer", "sdp": "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\n"}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """The server as people start it."""
    with server_process(EVENTS_PER_S="0") as process:
        yield process


def post(url: str, body: dict[str, Any]) -> tuple[int, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.status, json.loads(response.read())


def make_room(server: ServerProcess, **wish: Any) -> str:
    """What `curl -X POST …/api/rooms` answers, and the id that its link names."""
    status, made = post(f"{server.url}/api/rooms", wish)
    assert status == 201
    assert made["url"] == f"{server.url}/r/{made['roomId']}"
    return str(made["url"]).rpartition("/r/")[2]


@asynccontextmanager
async def people(server: ServerProcess, count: int, transports: Sequence[str]) -> AsyncIterator[list[JsSocket]]:
    """So many clients, each in a process of its own, all settled on WebSocket."""
    async with AsyncExitStack() as stack:
        processes: list[JsClient] = [await stack.enter_async_context(js_client()) for _ in range(count)]
        sockets = [await process.connect(server.url, transports=transports) for process in processes]
        for socket in sockets:
            if transports[0] == "polling":
                await socket.wait_for("upgrade")
            assert (await socket.state())["transport"] == "websocket"
        yield sockets


@TRANSPORTS
async def test_two_join_by_the_link_chat_and_set_up_a_call(server: ServerProcess, transports: Sequence[str]) -> None:
    room = make_room(server, capacity=2)
    async with people(server, 3, transports) as (ada, bob, cy):
        one = await ada.ok("join-room", {"roomId": room, "name": "Ada"})
        two = await bob.ok("join-room", {"roomId": room, "name": "Bob"})
        joined = (await ada.wait_for("user-joined")).payload
        assert joined["participant"]["id"] == two["self"]["id"]
        assert [other["id"] for other in two["participants"]] == [one["self"]["id"]]
        assert joined["polite"] is not two["participants"][0]["polite"]

        await chats(ada, bob, room, one["self"])
        await chats(bob, ada, room, two["self"])
        # The newcomer calls, to the only other one, as in every tutorial.
        await negotiate(bob, ada, room, two["self"]["id"], one["self"]["id"])

        ack = await cy.request("join-room", {"roomId": room, "name": "Cy"})
        assert ack["error"]["code"] == "ROOM_FULL"
        assert ack["error"]["retryable"] is True
        await bob.ok("leave-room", {"roomId": room})
        await ada.wait_for("user-left")
        third = await cy.ok("join-room", {"roomId": room, "name": "Cy"})
        assert [message["text"] for message in third["messages"]] == ["Ada says hello", "Bob says hello"]


async def chats(sender: JsSocket, receiver: JsSocket, room: str, me: dict[str, Any]) -> None:
    text = f"{me['name']} says hello"
    ack = await sender.ok("send-message", {"roomId": room, "text": text})
    message = (await receiver.wait_for("message-received")).payload
    assert (message["id"], message["text"], message["sender"]) == (ack["id"], text, me["id"])
    assert ack["deliveredTo"] == 1


async def negotiate(connection: JsSocket, callee: JsSocket, room: str, caller_id: str, callee_id: str) -> None:
    assert await connection.ok("offer", {"roomId": room, "description": OFFER}) == {"delivery": "sent"}
    offered = (await callee.wait_for("offer-received")).payload
    assert offered == {"roomId": room, "from": caller_id, "description": OFFER}
    await callee.ok("answer", {"roomId": room, "to": offered["from"], "description": ANSWER})
    assert (await connection.wait_for("answer-received")).payload["description"] == ANSWER
    for sender, receiver, sender_id in ((connection, callee, caller_id), (callee, connection, callee_id)):
        for line in ("candidate:1 1 udp 1 127.0.0.1 9 typ host", None):
            candidate = None if line is None else {"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0}
            await sender.ok("ice-candidate", {"roomId": room, "candidate": candidate})
            heard = (await receiver.wait_for("ice-candidate-received")).payload
            assert heard == {"roomId": room, "from": sender_id, "candidate": candidate}


@TRANSPORTS
async def test_a_third_that_knows_the_link_joins_if_there_is_room(
    server: ServerProcess, transports: Sequence[str]
) -> None:
    room = make_room(server)
    async with people(server, 3, transports) as sockets:
        snapshots = [await socket.ok("join-room", {"roomId": room}) for socket in sockets]
        assert [len(snapshot["participants"]) for snapshot in snapshots] == [0, 1, 2]
        assert await sockets[0].refused("offer", {"roomId": room, "description": OFFER}) == "TARGET_REQUIRED"
        target = snapshots[2]["self"]["id"]
        await sockets[0].ok("offer", {"roomId": room, "to": target, "description": OFFER})
        await sockets[2].wait_for("offer-received")
        assert sockets[1].received("offer-received") == []


@TRANSPORTS
async def test_a_thousand_messages_of_five_arrive_everywhere_once_and_in_order(
    server: ServerProcess, transports: Sequence[str]
) -> None:
    room = make_room(server)
    async with people(server, 5, transports) as sockets:
        snapshots = [await socket.ok("join-room", {"roomId": room}) for socket in sockets]
        ids = [snapshot["self"]["id"] for snapshot in snapshots]

        async def talk(number: int) -> list[Any]:
            bodies = [{"roomId": room, "text": f"{number}/{index}"} for index in range(200)]
            return await sockets[number].request_all([["send-message", body] for body in bodies])

        acks = await asyncio.gather(*(talk(number) for number in range(5)))
        assert all(ack["ok"] for own in acks for ack in own)
        for number, socket in enumerate(sockets):
            # What was sent to this client before the answer to this request has arrived with it.
            await socket.refused("send-message", {"roomId": room, "text": ""})
            heard = socket.received("message-received")
            seqs = [message["seq"] for message in heard]
            own = [ack["data"]["seq"] for ack in acks[number]]
            assert len(heard) == 800
            assert seqs == sorted(set(seqs))
            assert own == sorted(set(own))
            assert sorted([*seqs, *own]) == list(range(min(*seqs, *own), min(*seqs, *own) + 1000))
            for other, sender in enumerate(ids):
                expected = [] if other == number else [f"{other}/{index}" for index in range(200)]
                assert [message["text"] for message in heard if message["sender"] == sender] == expected


# Which sites may use the server: one policy for REST and for Socket.IO

SITES = {
    "https://example.com": True,
    "https://mayfly-git-main-me.vercel.app": True,
    "https://example.com.evil.test": False,
    "https://a.b.vercel.app": False,
    "https://vercel.app.evil.test": False,
    "http://example.com": False,
    "https://example.com:8443": False,
    "null": False,
    "http://localhost:3000": False,
}


# A client that asks for a handshake and never comes back is noticed by its heartbeat.
SOON_NOTICED = {"PING_INTERVAL_S": "1", "PING_TIMEOUT_S": "1"}


@pytest.fixture(scope="module")
def guarded() -> Iterator[ServerProcess]:
    origins = "https://example.com, https://*.vercel.app"
    with server_process(CORS_ORIGINS=origins, ENVIRONMENT="production", **SOON_NOTICED) as process:
        yield process


@pytest.mark.parametrize(("origin", "allowed"), SITES.items())
def test_rest_tells_browsers_which_sites_are_allowed(guarded: ServerProcess, origin: str, allowed: bool) -> None:
    for method in ("GET", "OPTIONS"):
        request = urllib.request.Request(f"{guarded.url}/api/rooms", method=method)
        status, answer = fetch(request, {"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert answer.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        assert "Origin" in answer["Vary"]
        if method == "OPTIONS":
            assert status == (204 if allowed else 403)


def test_a_preflight_allows_what_the_contract_needs(guarded: ServerProcess) -> None:
    request = urllib.request.Request(f"{guarded.url}/api/rooms/x", method="OPTIONS")
    asked = {"Origin": "https://example.com", "Access-Control-Request-Method": "DELETE"}
    _, answer = fetch(request, asked)
    assert {"GET", "POST", "PATCH", "DELETE"} <= set(answer["Access-Control-Allow-Methods"].split(", "))
    allowed = answer["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key"} <= set(allowed)


def test_errors_can_be_read_by_an_allowed_site_too(guarded: ServerProcess) -> None:
    request = urllib.request.Request(f"{guarded.url}/api/rooms/nosuchroom")
    status, answer = fetch(request, {"Origin": "https://example.com"})
    assert status == 404
    assert answer["Access-Control-Allow-Origin"] == "https://example.com"


@TRANSPORTS
async def test_socket_io_admits_the_same_sites(guarded: ServerProcess, transports: Sequence[str]) -> None:
    async with js_client() as js:
        for origin, allowed in SITES.items():
            options: dict[str, Any] = {"transports": transports, "extraHeaders": {"Origin": origin}}
            if allowed:
                socket = await js.connect(guarded.url, **options)
                assert await socket.refused("join-room", {"roomId": "nosuchroom"}) == "ROOM_NOT_FOUND"
            else:
                with pytest.raises(ScriptFailed):
                    await js.connect(guarded.url, **options)


@pytest.mark.parametrize(("origin", "allowed"), SITES.items())
def test_a_polling_handshake_carries_the_cors_headers(guarded: ServerProcess, origin: str, allowed: bool) -> None:
    request = urllib.request.Request(f"{guarded.url}/socket.io/?EIO=4&transport=polling")
    status, answer = fetch(request, {"Origin": origin})
    assert (status == 200) is allowed
    assert answer.get("Access-Control-Allow-Origin") == (origin if allowed else None)


def test_the_servers_own_pages_need_no_setting(guarded: ServerProcess) -> None:
    for path in ("/api/rooms/x", "/socket.io/?EIO=4&transport=polling"):
        _, answer = fetch(urllib.request.Request(guarded.url + path), {"Origin": guarded.url})
        assert answer["Access-Control-Allow-Origin"] == guarded.url


def test_localhost_may_while_developing() -> None:
    with server_process(**SOON_NOTICED) as server:
        for path in ("/api/rooms/x", "/socket.io/?EIO=4&transport=polling"):
            for origin in ("http://localhost:3000", "http://127.0.0.1:5173"):
                _, answer = fetch(urllib.request.Request(server.url + path), {"Origin": origin})
                assert answer["Access-Control-Allow-Origin"] == origin


def fetch(request: urllib.request.Request, headers: dict[str, str]) -> tuple[int, Any]:
    """Status and headers, whatever the status."""
    for name, value in headers.items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers
