"""Two real processes and one real Redis: people on different nodes are in one room, as if there were one process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.support.js_client import JsClient, JsSocket, js_client
from tests.support.nodes import NodeProcess, nodes
from tests.support.redis import RedisServer

SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
CANDIDATE = {"candidate": "candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host", "sdpMid": "0", "sdpMLineIndex": 0}


@pytest.fixture(scope="module")
def pair(redis_server: RedisServer) -> Iterator[list[NodeProcess]]:
    with nodes(redis_server, 2) as started:
        yield started


@dataclass
class Place:
    one: NodeProcess
    other: NodeProcess
    js: JsClient
    http: aiohttp.ClientSession

    async def room(self, node: NodeProcess, **wish: Any) -> Any:
        async with self.http.post(f"{node.url}/api/rooms", json=wish) as answer:
            assert answer.status == 201, await answer.text()
            return await answer.json()

    async def seated(self, node: NodeProcess, room_id: str, **wish: Any) -> tuple[JsSocket, Any]:
        socket = await self.js.connect(node.url)
        return socket, await socket.ok("join-room", {"roomId": room_id, **wish})

    async def pair(self, **wish: Any) -> tuple[Any, JsSocket, Any, JsSocket, Any]:
        """A room on the first node, its host there, and a second person through the other node."""
        made = await self.room(self.one, **wish)
        ada, a = await self.seated(self.one, made["roomId"], name="Ada", hostKey=made["hostKey"])
        bob, b = await self.seated(self.other, made["roomId"], name="Bob")
        await ada.wait_for("user-joined")
        return made, ada, a, bob, b


class Balancer:
    """Sends each request to the next node, on a connection of its own."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._turn = 0
        self.sent = [0] * len(ports)
        self.url = ""

    def turn_to(self, number: int) -> None:
        """Send the next request to this node."""
        self._turn = number - 1
        self.sent = [0] * len(self._ports)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, which is closed after one answer unless it is a WebSocket's."""
        self._turn += 1
        turn = self._turn % len(self._ports)
        self.sent[turn] += 1
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._ports[turn])
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if b"upgrade: websocket" not in head.lower():
                head = re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", head).replace(
                    b"\r\n", b"\r\nConnection: close\r\n", 1
                )
            up_writer.write(head)
            await asyncio.wait(
                {asyncio.ensure_future(_pipe(reader, up_writer)), asyncio.ensure_future(_pipe(up_reader, writer))},
                return_when=asyncio.FIRST_COMPLETED,
            )
        up_writer.close()
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@pytest_asyncio.fixture
async def balancer(pair: list[NodeProcess]) -> AsyncIterator[Balancer]:
    made = Balancer([node.port for node in pair])
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


@pytest_asyncio.fixture
async def place(pair: list[NodeProcess]) -> AsyncIterator[Place]:
    async with js_client() as js, aiohttp.ClientSession() as http:
        yield Place(pair[0], pair[1], js, http)
        await js.leave()


async def test_chat_goes_both_ways_in_order_and_is_acknowledged_once(place: Place) -> None:
    made, ada, _, bob, _ = await place.pair()
    room_id = made["roomId"]

    def said(who: str) -> list[tuple[str, dict[str, str]]]:
        return [("send-message", {"roomId": room_id, "text": f"{who} {n}"}) for n in range(200)]

    answers = await asyncio.gather(ada.request_all(said("ada")), bob.request_all(said("bob")))
    seqs = [[ack["data"]["seq"] for ack in acks] for acks in answers]
    assert all(one == sorted(one) for one in seqs)
    assert len(set(seqs[0] + seqs[1])) == 400
    await ada.wait_for("message-received", lambda payload: payload["text"] == "bob 199")
    await bob.wait_for("message-received", lambda payload: payload["text"] == "ada 199")
    assert [one["text"] for one in ada.received("message-received")] == [f"bob {n}" for n in range(200)]
    assert [one["text"] for one in bob.received("message-received")] == [f"ada {n}" for n in range(200)]


async def test_signals_typing_and_devices_reach_the_other_node(place: Place) -> None:
    made, ada, a, bob, b = await place.pair()
    room_id = made["roomId"]
    await bob.ok("typing", {"roomId": room_id, "isTyping": True})
    assert (await ada.wait_for("typing-changed")).payload["participantId"] == b["self"]["id"]
    offer = {"roomId": room_id, "to": a["self"]["id"], "description": {"type": "offer", "sdp": SDP}}
    assert (await bob.ok("offer", offer))["delivery"] == "sent"
    came = (await ada.wait_for("offer-received")).payload
    assert came["from"] == b["self"]["id"]
    answer = {"roomId": room_id, "to": b["self"]["id"], "description": {"type": "answer", "sdp": SDP}}
    answer["negotiationId"] = came.get("negotiationId")
    assert (await ada.ok("answer", answer))["delivery"] == "sent"
    await bob.wait_for("answer-received")
    for number in range(20):
        candidate = {**CANDIDATE, "sdpMLineIndex": number}
        await bob.emit("ice-candidate", {"roomId": room_id, "to": a["self"]["id"], "candidate": candidate})
    await ada.wait_for("ice-candidate-received", lambda one: one["candidate"]["sdpMLineIndex"] == 19)
    lines = [one["candidate"]["sdpMLineIndex"] for one in ada.received("ice-candidate-received")]
    assert lines == list(range(20)), "no candidate before its offer, and none out of order"
    await bob.ok("update-media", {"roomId": room_id, "audio": True})
    await ada.wait_for("user-updated")


async def test_leaving_and_coming_back(place: Place) -> None:
    made, ada, _, bob, b = await place.pair()
    room_id = made["roomId"]
    await bob.ok("leave-room", {"roomId": room_id})
    assert (await ada.wait_for("user-left")).payload["participantId"] == b["self"]["id"]
    assert await bob.refused("send-message", {"roomId": room_id, "text": "x"}) == "NOT_IN_ROOM"
    await bob.ok("join-room", {"roomId": room_id, "name": "Bob again"})
    await ada.wait_for("user-joined", lambda payload: payload["participant"]["name"] == "Bob again")


async def test_who_is_put_out_through_another_node_is_closed_there(place: Place) -> None:
    made, ada, _, bob, b = await place.pair()
    room_id = made["roomId"]
    await ada.ok("kick", {"roomId": room_id, "participantId": b["self"]["id"]})
    left = (await bob.wait_for("room-left")).payload
    assert left == {"roomId": room_id, "reason": "kicked", "action": "none"}
    assert await bob.refused("join-room", {"roomId": room_id, "name": "Bob"}) == "FORBIDDEN"
    await bob.wait_for("disconnect")


async def test_who_is_put_out_but_sits_in_a_room_elsewhere_stays(place: Place) -> None:
    made, ada, _, bob, b = await place.pair()
    second = await place.room(place.other)
    await bob.ok("join-room", {"roomId": second["roomId"]})
    await ada.ok("kick", {"roomId": made["roomId"], "participantId": b["self"]["id"]})
    await bob.wait_for("room-left")
    await asyncio.sleep(1.3)  # longer than a connection may linger
    assert (await bob.state())["connected"]
    await bob.ok("send-message", {"roomId": second["roomId"], "text": "still here"})


async def test_a_connection_that_vanishes_from_the_other_node_may_come_back(place: Place) -> None:
    made, ada, _, bob, b = await place.pair()
    await bob.terminate()
    dropped = await ada.wait_for("user-updated")
    assert dropped.payload["participant"]["connected"] is False
    again = await place.js.connect(place.one.url)
    await ada.ok("send-message", {"roomId": made["roomId"], "text": "meanwhile"})
    resume = {"participantId": b["self"]["id"], "resumeToken": b["resumeToken"], "epoch": b["epoch"]}
    resume["lastSeq"] = b["seq"]
    back = await again.ok("join-room", {"roomId": made["roomId"], "resume": resume})
    assert back["self"]["id"] == b["self"]["id"]
    assert back["recovered"]
    assert "meanwhile" in str(back["missed"])


async def test_knocks_are_answered_across_nodes(place: Place) -> None:
    made = await place.room(place.one, lobby=True)
    room_id = made["roomId"]
    ada, _ = await place.seated(place.one, room_id, hostKey=made["hostKey"])
    bob = await place.js.connect(place.other.url)
    assert await bob.refused("join-room", {"roomId": room_id}) == "LOBBY_WAITING"
    await bob.ok("knock", {"roomId": room_id, "name": "Bob"})
    knock = (await ada.wait_for("knock-received")).payload
    await ada.ok("answer-knock", {"roomId": room_id, "knockId": knock["knockId"], "admit": True})
    answer = (await bob.wait_for("knock-answered")).payload
    assert answer["admitted"]
    await bob.ok("join-room", {"roomId": room_id, "name": "Bob", "invite": answer["invite"]})


async def test_one_invite_lets_one_in_whichever_node_they_come_through(place: Place) -> None:
    made = await place.room(place.one, inviteOnly=True, capacity=100)
    room_id, key = made["roomId"], made["hostKey"]
    headers = {"Authorization": f"Bearer {key}"}
    invite_url = f"{place.one.url}/api/rooms/{room_id}/invites"
    async with place.http.post(invite_url, json={}, headers=headers) as answer:
        invite = (await answer.json())["invite"]
    sockets = [await place.js.connect((place.one, place.other)[number % 2].url) for number in range(50)]
    join = {"roomId": room_id, "invite": invite}
    acks = await asyncio.gather(*(socket.request("join-room", join) for socket in sockets))
    assert sum(ack["ok"] for ack in acks) == 1
    assert {ack["error"]["code"] for ack in acks if not ack["ok"]} == {"INVITE_USED"}


async def test_a_room_that_ends_ends_for_all(place: Place) -> None:
    made, ada, _, bob, _ = await place.pair()
    await ada.ok("end-room", {"roomId": made["roomId"]})
    assert (await bob.wait_for("room-left")).payload["reason"] == "room-ended"
    assert await bob.refused("join-room", {"roomId": made["roomId"]}) == "ROOM_ENDED"


async def test_a_room_that_nobody_has_is_not_found(place: Place) -> None:
    bob = await place.js.connect(place.other.url)
    assert await bob.refused("join-room", {"roomId": "a" * 26}) == "ROOM_NOT_FOUND"


async def test_malformed_requests_about_a_room_elsewhere_are_answered(place: Place) -> None:
    made, _, _, bob, _ = await place.pair()
    room_id = made["roomId"]
    assert await bob.refused("send-message", {"roomId": room_id, "text": 7}) == "INVALID_PAYLOAD"
    assert await bob.refused("no-such-event", {"roomId": room_id}) == "UNKNOWN_EVENT"
    assert await bob.refused("send-message", {"roomId": room_id, "text": "x" * 300_000}) == "PAYLOAD_TOO_LARGE"
    await bob.emit("send-message", {"roomId": room_id, "text": 7})
    assert (await bob.wait_for("request-failed")).payload["error"]["code"] == "INVALID_PAYLOAD"


async def test_rest_is_answered_by_either_node(place: Place) -> None:
    made, ada, _, _, _ = await place.pair()
    room_id, key = made["roomId"], {"Authorization": f"Bearer {made['hostKey']}"}
    url = f"{place.other.url}/api/rooms/{room_id}"
    async with place.http.get(url) as answer:
        assert answer.status == 200
        assert (await answer.json())["room"]["participantCount"] == 2
    async with place.http.post(f"{url}/messages", json={"text": "from outside"}, headers=key) as answer:
        assert answer.status == 201, await answer.text()
    await ada.wait_for("message-received", lambda payload: payload["text"] == "from outside")
    async with place.http.post(f"{url}/messages", json={"text": "x"}) as answer:
        assert answer.status == 401
        assert (await answer.json())["error"]["code"] == "UNAUTHORIZED"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    async with place.http.post(f"{url}/messages", data=b"x" * 70_000, headers=key) as answer:
        assert answer.status == 413
    async with place.http.patch(url, json={"locked": True}, headers=key) as answer:
        assert answer.status == 200
    await ada.wait_for("room-updated")
    async with place.http.delete(url, headers=key) as answer:
        assert answer.status == 200
    assert (await ada.wait_for("room-left")).payload["reason"] == "room-ended"
    async with place.http.get(url) as answer:
        assert answer.status == 410
    async with place.http.get(f"{place.other.url}/api/rooms/{'a' * 26}") as answer:
        assert answer.status == 404


async def test_a_page_of_another_origin_may_call_either_node(place: Place) -> None:
    made = await place.room(place.one)
    headers = {"Origin": "http://localhost:5173"}
    async with place.http.get(f"{place.other.url}/api/rooms/{made['roomId']}", headers=headers) as answer:
        assert answer.headers.getall("Access-Control-Allow-Origin") == ["http://localhost:5173"]


async def test_clients_that_only_poll_need_no_stickiness(place: Place, balancer: Balancer) -> None:
    made = await place.room(place.one)
    room_id = made["roomId"]
    ada, _ = await place.seated(place.one, room_id, name="Ada")
    bob = await place.js.connect(balancer.url, transports=("polling",))
    await bob.ok("join-room", {"roomId": room_id, "name": "Bob"})
    said = [("send-message", {"roomId": room_id, "text": f"bob {number}"}) for number in range(60)]
    acks = await bob.request_all(said)
    assert all(ack["ok"] for ack in acks)
    await ada.wait_for("message-received", lambda payload: payload["text"] == "bob 59")
    assert [one["text"] for one in ada.received("message-received")] == [f"bob {n}" for n in range(60)]
    for number in range(20):
        await ada.ok("send-message", {"roomId": room_id, "text": f"ada {number}"})
    await bob.wait_for("message-received", lambda payload: payload["text"] == "ada 19")
    assert [one["text"] for one in bob.received("message-received")] == [f"ada {n}" for n in range(20)]
    assert min(balancer.sent) > 5, "both nodes were asked"


async def test_a_default_client_stays_on_polling_where_its_websocket_lands_elsewhere(
    place: Place, balancer: Balancer
) -> None:
    made = await place.room(place.one)
    sockets = [await place.js.connect(balancer.url, transports=("polling", "websocket")) for _ in range(6)]
    for number, socket in enumerate(sockets):
        await socket.ok("join-room", {"roomId": made["roomId"], "name": f"P{number}"})
    await sockets[0].ok("send-message", {"roomId": made["roomId"], "text": "all together"})
    for socket in sockets[1:]:
        await socket.wait_for("message-received")
    states = [await socket.state() for socket in sockets]
    assert all(state["connected"] for state in states)


@pytest.mark.parametrize("first", [0, 1])
async def test_a_lost_connection_is_recovered_through_another_node(
    place: Place, balancer: Balancer, first: int
) -> None:
    made = await place.room(place.one)
    room_id = made["roomId"]
    ada, _ = await place.seated(place.one, room_id, name="Ada")
    balancer.turn_to(first)
    bob = await place.js.connect(balancer.url)
    b = await bob.ok("join-room", {"roomId": room_id, "name": "Bob"})
    await ada.ok("send-message", {"roomId": room_id, "text": "before"})
    await bob.wait_for("message-received")
    await bob.terminate()
    await ada.wait_for("user-updated", lambda one: one["participant"]["connected"] is False)
    await ada.ok("send-message", {"roomId": room_id, "text": "meanwhile"})
    await bob.reconnect()
    await bob.wait_for("message-received", lambda one: one["text"] == "meanwhile")
    assert (await bob.state())["recovered"]
    assert balancer.sent[1 - first] == 1
    await bob.ok("send-message", {"roomId": room_id, "text": "I am back"})
    back = await ada.wait_for("message-received", lambda one: one["text"] == "I am back")
    assert back.payload["sender"] == b["self"]["id"]


async def test_a_node_that_has_just_come_knows_whose_every_session_is(place: Place, redis_server: RedisServer) -> None:
    async def open_at(node: NodeProcess) -> str:
        async with place.http.get(f"{node.url}/socket.io/?EIO=4&transport=polling") as answer:
            return str(json.loads((await answer.text())[1:])["sid"])

    async def say_connect(node: NodeProcess, sid: str) -> int:
        url = f"{node.url}/socket.io/?EIO=4&transport=polling&sid={sid}"
        async with place.http.post(url, data="40") as answer:
            return answer.status

    sessions = [await open_at(node) for _ in range(4) for node in (place.one, place.other)]
    with nodes(redis_server, 1) as [new]:
        assert await asyncio.gather(*(say_connect(new, sid) for sid in sessions)) == [200] * len(sessions)
        # And whose ids are of a node that came later than it looked, as far as anybody can tell.
        assert await asyncio.gather(*(say_connect(new, f"{'0' * 8}{n}") for n in range(4))) == [400] * 4
        with nodes(redis_server, 1) as [newer]:
            assert await say_connect(new, await open_at(newer)) == 200
    for sid in sessions:
        async with place.http.post(f"{place.one.url}/socket.io/?EIO=4&transport=polling&sid={sid}", data="1") as answer:
            assert answer.status == 200
