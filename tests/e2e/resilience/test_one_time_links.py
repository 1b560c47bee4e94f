"""Two hundred people and one place: exactly as many enter as may, by one invite, by the last seat, by a full room."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.e2e.resilience.api import Api, OwnRoom, api_of
from tests.e2e.resilience.times import FAST
from tests.support.js_client import JsClient, JsSocket
from tests.support.processes import server_process

CROWD = 200
CONNECTING_AT_ONCE = 25


@pytest.fixture(params=["memory", "mongodb"])
async def server_api(request: pytest.FixtureRequest) -> AsyncIterator[Api]:
    """A server on each store; long times, because a crowd of 200 on two cores takes its own."""
    slow = {**FAST, "PING_INTERVAL_S": "25", "PING_TIMEOUT_S": "20", "SEAT_GRACE_S": "30"}
    uri = request.getfixturevalue("mongo_uri") if request.param == "mongodb" else ""
    with server_process(**slow, MONGODB_URI=uri) as server:
        async with api_of(server.url) as api:
            yield api


async def crowd(js: JsClient, url: str) -> list[JsSocket]:
    """Two hundred sockets, connected."""
    turns = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def connect() -> JsSocket:
        async with turns:
            return await js.connect(url)

    return await asyncio.gather(*(connect() for _ in range(CROWD)))


async def try_all(sockets: list[JsSocket], room: OwnRoom, **fields: object) -> Counter[str]:
    """Everybody joins at once; how many were answered what."""
    wish = {"roomId": room.id, **fields}
    answers = await asyncio.gather(*(socket.request("join-room", wish, limit_s=30) for socket in sockets))
    return Counter("ok" if answer["ok"] else answer["error"]["code"] for answer in answers)


async def test_of_two_hundred_exactly_as_many_enter_as_may(server_api: Api, js: JsClient) -> None:
    closed = await server_api.room(inviteOnly=True, capacity=CROWD)
    invite = await closed.invite()
    for _ in range(10):  # previews of the link spend nothing
        assert (await server_api.call("GET", f"/api/rooms/{closed.id}")).status == 200
    sockets = await crowd(js, server_api.url)

    by_invite = await try_all(sockets, closed, invite=invite)
    assert by_invite == {"ok": 1, "INVITE_USED": CROWD - 1}
    assert len(await closed.users()) == 1
    (listed,) = (await closed.call("GET", "/invites")).body["invites"]
    assert (listed["used"], listed["uses"]) == (1, 1)

    nearly_full = await server_api.room(capacity=2)
    await nearly_full.enter(js)
    last_seat = await try_all(sockets, nearly_full)
    assert last_seat == {"ok": 1, "ROOM_FULL": CROWD - 1}

    for_ten = await server_api.room(capacity=10)
    ten = await try_all(sockets, for_ten)
    assert ten == {"ok": 10, "ROOM_FULL": CROWD - 10}
    assert len(await for_ten.users()) == 10
    print(f"\n{CROWD} at once: invite {dict(by_invite)}, last seat {dict(last_seat)}, room for ten {dict(ten)}")


async def test_a_freed_seat_is_given_to_the_next(api: Api, js: JsClient) -> None:
    room = await api.room(capacity=1)
    ada = await room.enter(js)
    other = await js.connect(api.url)
    assert await other.refused("join-room", {"roomId": room.id}) == "ROOM_FULL"
    await ada.ok("leave-room")
    await room.join(other)


async def test_an_invite_for_three_admits_three_and_a_revoked_one_nobody(api: Api, js: JsClient) -> None:
    room = await api.room(inviteOnly=True)
    for_three = (await room.call("POST", "/invites", {"uses": 3})).body
    for _ in range(3):
        await room.enter(js, invite=for_three["invite"])
    late = await js.connect(api.url)
    assert await late.refused("join-room", {"roomId": room.id, "invite": for_three["invite"]}) == "INVITE_USED"
    revoked = (await room.call("POST", "/invites", {})).body
    await room.call("DELETE", f"/invites/{revoked['inviteId']}")
    assert await late.refused("join-room", {"roomId": room.id, "invite": revoked["invite"]}) == "INVITE_INVALID"
    assert await late.refused("join-room", {"roomId": room.id}) == "INVITE_REQUIRED"
