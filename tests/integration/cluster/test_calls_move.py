"""A room gets another owner in the middle of a call: what waits, which negotiation counts, who calls and who knocks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.support.js_client import JsSocket, js_client
from tests.support.nodes import NodeProcess, nodes
from tests.support.pace import PACE
from tests.support.redis import RedisServer

SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
CANDIDATE = {"candidate": "candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host", "sdpMid": "0"}
ADMIN_KEY = "an admin key of these tests, long enough"


@pytest.fixture
def pair(redis_server: RedisServer) -> Iterator[list[NodeProcess]]:
    with nodes(redis_server, 2, ADMIN_KEY=ADMIN_KEY, SEAT_GRACE_S="60") as started:
        yield started


async def until_answered(socket: JsSocket, event: str, payload: dict[str, Any]) -> Any:
    """The data of the first answer that is not UNAVAILABLE."""
    async with asyncio.timeout(30 * PACE):
        while True:
            answer = await socket.request(event, payload, limit_s=30)
            if answer["ok"] or not answer["error"]["retryable"]:
                return answer
            await asyncio.sleep(0.1)


async def invited(node: NodeProcess, room_id: str, key: str) -> str:
    headers, url = {"Authorization": f"Bearer {key}"}, f"{node.url}/api/rooms/{room_id}/invites"
    async with aiohttp.ClientSession() as http, http.post(url, json={}, headers=headers) as answer:
        return str((await answer.json())["invite"])


async def sessions(node: NodeProcess) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{node.url}/api/admin/sessions", headers=headers) as answer,
    ):
        return list((await answer.json())["sessions"])


@pytest.mark.parametrize("how", ["terminate", "kill"])
async def test_a_call_goes_on_and_nobody_at_the_door_is_sent_away(pair: list[NodeProcess], how: str) -> None:
    owner, other = pair
    async with aiohttp.ClientSession() as http, http.post(f"{owner.url}/api/rooms", json={"lobby": True}) as answer:
        made = await answer.json()
    room_id, key = made["roomId"], made["hostKey"]
    about = {"roomId": room_id}
    async with js_client() as js:
        ada = await js.connect(other.url)
        a = await ada.ok("join-room", {**about, "name": "Ada", "hostKey": key})
        seats = []
        for name in ("Bob", "Cy"):
            invite = await invited(other, room_id, key)
            socket = await js.connect(other.url, reconnection=False)
            seats.append((socket, await socket.ok("join-room", {**about, "name": name, "invite": invite})))
        (bob, b), (cy, c) = seats
        knocker = await js.connect(other.url)
        await knocker.ok("knock", {**about, "name": "Dan"})
        knock = (await ada.wait_for("knock-received")).payload

        def signal(to: dict[str, Any], negotiation_id: str, kind: str) -> dict[str, Any]:
            description = {"type": kind, "sdp": SDP}
            return {**about, "to": to["self"]["id"], "negotiationId": negotiation_id, "description": description}

        # A call of two, in its second negotiation; then Cy vanishes, and is called.
        for number in ("first", "second"):
            await ada.ok("offer", signal(b, number, "offer"))
            await bob.ok("answer", signal(a, number, "answer"))
        await cy.terminate()
        await ada.wait_for("user-updated", lambda one: one["participant"]["connected"] is False)
        assert (await ada.ok("offer", signal(c, "to cy", "offer")))["delivery"] == "buffered"
        for line in range(5):
            candidate = {**CANDIDATE, "sdpMLineIndex": line}
            sent = {**about, "to": c["self"]["id"], "negotiationId": "to cy", "candidate": candidate}
            assert (await ada.ok("ice-candidate", sent))["delivery"] == "buffered"

        await asyncio.to_thread(getattr(owner, how))
        about_cy = {"participantId": c["self"]["id"], "resumeToken": c["resumeToken"], "epoch": c["epoch"]}
        again = await js.connect(other.url)
        back = await until_answered(again, "join-room", {**about, "resume": {**about_cy, "lastSeq": c["seq"]}})
        assert back["ok"], back
        assert (await again.wait_for("offer-received")).payload["negotiationId"] == "to cy"
        await again.wait_for("ice-candidate-received", lambda one: one["candidate"]["sdpMLineIndex"] == 4)
        lines = [one["candidate"]["sdpMLineIndex"] for one in again.received("ice-candidate-received")]
        assert lines == list(range(5)), "in order, and once"

        stale = await until_answered(bob, "answer", signal(a, "first", "answer"))
        assert stale["error"]["code"] == "STALE_NEGOTIATION", "which negotiation counts is known still"
        admitted = await until_answered(ada, "answer-knock", {**about, "knockId": knock["knockId"], "admit": True})
        assert admitted["ok"], admitted
        told = (await knocker.wait_for("knock-answered")).payload
        assert (told["admitted"], (await knocker.state())["connected"]) == (True, True)

        await again.ok("answer", signal(a, "to cy", "answer"))
        await ada.ok("end-room", about)
        (line,) = [one for one in await sessions(other) if one["calls"]]
        (call,) = line["calls"]
        assert call["peak"] == 3, "it is one call, and the two who began it are in it still"
        await js.leave()
