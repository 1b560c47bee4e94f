"""What an address, and the process, may have: refused at the real door, over both transports, with when to return."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.contract.rest import KEYS, SHOP
from tests.support.engine import UPGRADE, Answer, Connection, eventually
from tests.support.server import Client, Server, running

RETRY_S = 5
HERE, ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
"""Behind one proxy, as in production: on loopback itself nobody is counted."""


async def knock(server: Server, transport: str, headers: dict[str, str]) -> Answer:
    """The answer to a handshake that is refused."""
    connection = await Connection.open(int(server.url.rpartition(":")[2]))
    more = UPGRADE if transport == "websocket" else {}
    connection.send_head("GET", f"/socket.io/?EIO=4&transport={transport}", {**more, **headers})
    try:
        return await connection.answer()
    finally:
        await connection.close()


def told(answer: Answer, status: int) -> None:
    """A refusal that both Engine.IO's clients and ours can read."""
    assert answer.status == status
    assert answer.headers["content-type"].startswith("application/json")
    body = json.loads(answer.body)
    assert set(body) == {"code", "message", "error"}
    assert body["code"] == 4
    assert body["message"] == body["error"]["message"]
    assert body["error"]["code"] == "QUOTA_EXCEEDED"
    assert body["error"]["retryAfterMs"] == RETRY_S * 1_000
    assert answer.headers["retry-after"] == str(RETRY_S)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("quota", ["max_connections_per_address", "max_unseated_per_address"])
async def test_a_handshake_beyond_the_quota_of_an_address_is_429(transport: str, quota: str) -> None:
    async with running(events_per_s=0, trusted_proxy_hops=1, **{quota: 2}) as server:
        first, _ = [await server.connect(headers=HERE) for _ in range(2)]
        told(await knock(server, transport, HERE), 429)
        await (await server.connect(headers=ELSEWHERE)).sync()
        await first.leave()
        await eventually(lambda: server.context.quotas.connections == 2, "the end of one")
        await (await server.connect(headers=HERE)).sync()


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_handshake_beyond_what_the_process_takes_is_503(transport: str) -> None:
    async with running(events_per_s=0, max_connections=2) as server:
        first, _ = [await server.connect() for _ in range(2)]
        told(await knock(server, transport, {}), 503)
        await first.leave()
        await eventually(lambda: server.context.quotas.connections == 1, "the end of one")
        await (await server.connect()).sync()


async def test_a_seat_makes_room_for_another_that_has_none() -> None:
    async with running(events_per_s=0, trusted_proxy_hops=1, max_unseated_per_address=1) as server:
        room = (await server.room())["roomId"]
        first = await server.connect(headers=HERE)
        told(await knock(server, "polling", HERE), 429)
        await first.ok("join-room", roomId=room)
        await (await server.connect(headers=HERE)).sync()
        told(await knock(server, "polling", HERE), 429)


async def make(server: Server, headers: dict[str, str], key: str | None = None) -> Any:
    return await server.call("POST", "/api/rooms", key=key, json={}, headers=headers)


async def test_rooms_that_nobody_enters_are_429_and_an_api_key_is_exempt() -> None:
    async with running(events_per_s=0, trusted_proxy_hops=1, max_rooms_per_address=2, api_keys=KEYS) as server:
        made = [await make(server, HERE) for _ in range(2)]
        assert [answer.status for answer in made] == [201, 201]
        refused = await make(server, HERE)
        assert (refused.status, refused.code) == (429, "QUOTA_EXCEEDED")
        assert refused.headers["Retry-After"] == str(RETRY_S)
        for _ in range(4):
            assert (await make(server, HERE, key=SHOP)).status == 201
        assert (await make(server, ELSEWHERE)).status == 201
        assert (await make(server, HERE)).status == 429, "what the key made counts for nobody"
        await server.seated(made[0].json["roomId"])
        assert (await make(server, HERE)).status == 201


async def test_rooms_that_all_have_left_count_again_until_somebody_comes_back_or_they_end() -> None:
    async with running(events_per_s=0, trusted_proxy_hops=1, max_rooms_per_address=2) as server:
        rooms = [(await make(server, HERE)).json for _ in range(2)]
        for room in rooms:
            guest = await server.connect(headers=ELSEWHERE)
            await guest.ok("join-room", roomId=room["roomId"])
            await guest.ok("leave-room", roomId=room["roomId"])
        assert (await make(server, HERE)).status == 429
        await server.seated(rooms[0]["roomId"])
        third = await make(server, HERE)
        assert third.status == 201
        assert (await make(server, HERE)).status == 429
        await server.call("DELETE", f"/api/rooms/{rooms[1]['roomId']}", key=rooms[1]["hostKey"])
        assert (await make(server, HERE)).status == 201


async def from_here(server: Server) -> Client:
    return await server.connect(headers=HERE)


async def test_seats_beyond_the_quota_are_refused_and_the_connection_stays() -> None:
    async with running(events_per_s=0, trusted_proxy_hops=1, max_seats_per_address=2) as server:
        rooms = [(await server.room())["roomId"] for _ in range(3)]
        first = await from_here(server)
        await first.ok("join-room", roomId=rooms[0])
        await first.ok("join-room", roomId=rooms[1])
        second = await from_here(server)
        ack = await second.request("join-room", {"roomId": rooms[2]})
        assert ack["error"]["code"] == "QUOTA_EXCEEDED"
        assert ack["error"]["retryAfterMs"] == RETRY_S * 1_000
        await second.sync()
        assert (await server.call("GET", f"/api/rooms/{rooms[2]}/users")).json["participants"] == []
        other = await server.connect(headers=ELSEWHERE)
        await other.ok("join-room", roomId=rooms[2])
        await first.ok("leave-room", roomId=rooms[0])
        await second.ok("join-room", roomId=rooms[2])


async def test_whoever_resumes_a_seat_takes_no_second_one() -> None:
    async with running(events_per_s=0, trusted_proxy_hops=1, max_seats_per_address=1) as server:
        room = (await server.room())["roomId"]
        first = await from_here(server)
        seat = await first.ok("join-room", roomId=room)
        await first.leave()
        resume = {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"]}
        await (await from_here(server)).ok("join-room", roomId=room, resume=resume)
