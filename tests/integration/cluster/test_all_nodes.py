"""Three real processes on one real Redis: what a site's key, the operator and a one-time token meet at all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio

from server.transport.http.gathering import GATHER_S
from tests.support.issuers import SECRET, token
from tests.support.nodes import NodeProcess, nodes
from tests.support.pace import PACE
from tests.support.redis import RedisServer
from tests.support.server import Server, talking_to

ADMIN_KEY = "the admin key"
SETTINGS = {
    "API_KEYS": "site:abcdefghijklmnopqrstuv,other:bcdefghijklmnopqrstuvw",
    "ADMIN_KEY": ADMIN_KEY,
    "JOIN_JWT_SECRET": SECRET,
    "SEAT_GRACE_S": "60",
}
SITE, OTHER = "abcdefghijklmnopqrstuv", "bcdefghijklmnopqrstuvw"


class Nodes(list[Server]):
    """Clients of each; `processes` in the same order."""

    processes: list[NodeProcess]


@pytest_asyncio.fixture
async def trio(own_redis: RedisServer) -> AsyncIterator[Nodes]:
    with nodes(own_redis, 3, **SETTINGS) as started:
        async with AsyncExitStack() as stack:
            found = Nodes([await stack.enter_async_context(talking_to(one.url)) for one in started])
            found.processes = started
            await all_know_all(found)
            yield found


async def all_know_all(found: Nodes) -> None:
    async with asyncio.timeout(20 * PACE):
        for server in found:
            while (await stats(server))["processes"] < len(found):
                await asyncio.sleep(0.1)


async def stats(server: Server) -> dict[str, object]:
    answer = await server.call("GET", "/api/admin/stats", key=ADMIN_KEY)
    assert answer.status == 200, answer.text
    return dict(answer.json)


async def made(server: Server, key: str = SITE) -> str:
    answer = await server.call("POST", "/api/rooms", key=key, json={})
    assert answer.status == 201, answer.text
    return str(answer.json["roomId"])


async def listed(server: Server, key: str = SITE, query: str = "") -> list[str]:
    answer = await server.call("GET", f"/api/rooms{query}", key=key)
    assert answer.status == 200, answer.text
    return [room["id"] for room in answer.json["rooms"]]


async def test_a_site_lists_and_ends_its_rooms_through_any_node(trio: Nodes) -> None:
    rooms = sorted([await made(server) for server in trio for _ in range(2)])
    of_other = await made(trio[0], OTHER)
    for server in trio:
        assert await listed(server) == rooms
        pages, after = [], ""
        while page := await listed(server, query=f"?limit=4&after={after}"):
            pages.append(page)
            after = page[-1]
        assert pages == [rooms[:4], rooms[4:]]
        assert await listed(server, OTHER) == [of_other]
    for number, room in enumerate(rooms):
        assert (await trio[number % 3].call("DELETE", f"/api/rooms/{of_other}", key=SITE)).status in (401, 403)
        assert (await trio[number % 3].call("DELETE", f"/api/rooms/{room}", key=SITE)).status == 200
    assert await listed(trio[1]) == []
    assert (await trio[2].call("GET", "/api/rooms")).status == 401


async def test_the_operator_sees_and_ends_the_rooms_of_all(trio: Nodes) -> None:
    rooms = sorted([await made(server) for server in trio])
    for server, room in zip(trio, rooms, strict=True):
        await server.seated(room)
    for server in trio:
        answer = await server.call("GET", "/api/admin/rooms?limit=2", key=ADMIN_KEY)
        assert ([room["id"] for room in answer.json["rooms"]], answer.json["total"]) == (rooms[:2], 3)
        assert (await server.call("GET", "/api/admin/rooms", key="another")).status == 403
        found = await stats(server)
        assert (found["processes"], found["rooms"], found["seats"], found["sockets"]) == (3, 3, 3, 3)
        assert found["joins"] == {"ok": 3}
    for server, room in zip(reversed(trio), rooms, strict=True):
        assert (await server.call("DELETE", f"/api/admin/rooms/{room}", key=ADMIN_KEY)).status == 200
    assert (await stats(trio[0]))["rooms"] == 0


async def test_where_a_node_does_not_answer_no_list_is_short_and_figures_say_of_how_many(trio: Nodes) -> None:
    room = await made(trio[2])
    trio.processes[2].pause()
    began = time.monotonic()
    answer, figures = await asyncio.gather(
        trio[0].call("GET", "/api/rooms", key=SITE), trio[1].call("GET", "/api/admin/stats", key=ADMIN_KEY)
    )
    assert time.monotonic() - began < GATHER_S + 2 * PACE
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert figures.json["processes"] == 2
    await asyncio.sleep(GATHER_S)
    async with asyncio.timeout(20 * PACE):  # once it is taken for dead, others run what it ran
        while (await trio[0].call("GET", "/api/rooms", key=SITE)).status != 200 or await listed(trio[0]) != [room]:
            await asyncio.sleep(0.2)
    trio.processes[2].kill()


async def test_a_one_time_token_is_good_at_one_node_once(trio: Nodes) -> None:
    rooms = [await made(server) for server in trio]
    once = [token(jti=f"use-{number}", sub=f"user-{number}") for number in range(6)]
    for one in once:
        clients = [await server.connect() for server in trio]
        wishes = zip(clients, rooms, strict=True)
        answers = await asyncio.gather(
            *(client.request("join-room", {"roomId": room, "token": one}) for client, room in wishes)
        )
        codes = sorted(answer["error"]["code"] if not answer["ok"] else "" for answer in answers)
        assert codes == ["", "TOKEN_INVALID", "TOKEN_INVALID"]
        for client in clients:
            await client.leave()
