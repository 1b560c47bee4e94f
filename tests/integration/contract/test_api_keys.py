"""A site's own server: it makes rooms with its API key, finds them again and ends them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.protocol import answers
from server.security.guesses import TOKEN_FAILURES
from server.usecases.owning import ROOMS_PER_PAGE
from tests.integration.contract.rest import FORUM, KEYS, SHOP, granted
from tests.support.processes import server_process
from tests.support.server import Server, running, talking_to


async def make(server: Server, key: str, **wish: Any) -> Any:
    answer = await server.call("POST", "/api/rooms", key=key, json=wish)
    return granted(answer, answers.RoomCreated, 201)


async def listed(server: Server, key: str, query: str = "") -> list[str]:
    answer = granted(await server.call("GET", f"/api/rooms{query}", key=key), answers.Rooms)
    return [room["id"] for room in answer["rooms"]]


async def test_a_site_lists_and_ends_the_rooms_that_it_made_and_no_others() -> None:
    async with running(api_keys=KEYS, room_creation="key") as server:
        mine = [(await make(server, SHOP))["roomId"] for _ in range(3)]
        other = (await make(server, FORUM))["roomId"]
        assert await listed(server, SHOP) == sorted(mine)
        assert await listed(server, FORUM) == [other]
        foreign = await server.call("DELETE", f"/api/rooms/{other}", key=SHOP)
        assert (foreign.status, foreign.code) == (403, "FORBIDDEN")
        ended = await server.call("DELETE", f"/api/rooms/{mine[1]}", key=SHOP)
        granted(ended, answers.Erased)
        assert await listed(server, SHOP) == sorted([mine[0], mine[2]])
        assert (await server.call("DELETE", f"/api/rooms/{mine[1]}", key=SHOP)).code == "ROOM_ENDED"


async def test_the_key_opens_nothing_else_of_its_rooms() -> None:
    async with running(api_keys=KEYS) as server:
        room = (await make(server, SHOP))["roomId"]
        for method, path in (("PATCH", ""), ("POST", "/invites"), ("GET", "/messages"), ("POST", "/messages")):
            answer = await server.call(method, f"/api/rooms/{room}{path}", key=SHOP, json={"text": "x"})
            assert (answer.status, answer.code) == (403, "FORBIDDEN")


async def test_the_list_says_nothing_of_what_was_said_or_by_whom() -> None:
    async with running(api_keys=KEYS) as server:
        made = await make(server, SHOP, password="s3cret")
        client, _ = await server.seated(made["roomId"], name="Ada", password="s3cret")
        await client.ok("send-message", roomId=made["roomId"], text="xyzzy")
        answer = await server.call("GET", "/api/rooms", key=SHOP)
        assert answer.json["rooms"][0]["participantCount"] == 1
        assert not [word for word in ("Ada", "xyzzy", "s3cret", made["hostKey"], "shop") if word in answer.text]


async def test_pages_follow_each_other_while_rooms_come_and_go() -> None:
    async with running(api_keys=KEYS, events_per_s=0) as server:
        made = sorted([(await make(server, SHOP))["roomId"] for _ in range(7)])
        seen = await listed(server, SHOP, "?limit=3")
        assert seen == made[:3]
        await server.call("DELETE", f"/api/rooms/{made[2]}", key=SHOP)
        seen += await listed(server, SHOP, f"?limit=3&after={seen[-1]}")
        seen += await listed(server, SHOP, f"?limit=3&after={seen[-1]}")
        assert seen == made
        assert await listed(server, SHOP, f"?after={seen[-1]}") == []
        for wrong in ("0", "-1", "x", "1.5", "9" * 10):
            answer = await server.call("GET", f"/api/rooms?limit={wrong}", key=SHOP)
            assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")


async def test_one_page_has_at_most_a_hundred_rooms() -> None:
    async with running(api_keys=KEYS, events_per_s=0) as server:
        for _ in range(101):
            await make(server, SHOP)
        assert len(await listed(server, SHOP, "?limit=1000")) == len(await listed(server, SHOP)) == ROOMS_PER_PAGE


@pytest.mark.parametrize("api_keys", [KEYS, ""])
async def test_the_list_is_for_keys(api_keys: str) -> None:
    async with running(api_keys=api_keys, admin_key="the admin key") as server:
        made = await server.room()
        bare = await server.call("GET", "/api/rooms")
        assert (bare.status, bare.code) == (401, "UNAUTHORIZED")
        assert bare.headers["WWW-Authenticate"] == "Bearer"
        for wrong in ("xyzzy", made["hostKey"], "the admin key", "shop", "é🙂"):
            answer = await server.call("GET", "/api/rooms", key=wrong)
            assert (answer.status, answer.code) == (403, "FORBIDDEN")
            assert wrong not in answer.text


async def test_no_limit_of_an_address_counts_a_site() -> None:
    async with running(api_keys=KEYS, events_per_s=1) as server:
        for _ in range(12):
            await make(server, SHOP)
        assert (await server.call("GET", "/api/rooms", key=SHOP)).status == 200
        statuses = [(await server.call("POST", "/api/rooms", key="xyzzy")).status for _ in range(6)]
        assert statuses.count(429) >= 1
        assert statuses.count(201) == 0


async def test_wrong_keys_are_guesses() -> None:
    async with running(api_keys=KEYS, events_per_s=0) as server:
        # One more a second is forgiven: how many it takes depends on the machine.
        codes = [(await server.call("GET", "/api/rooms", key=f"guess {n}")).code for n in range(TOKEN_FAILURES)]
        assert set(codes) == {"FORBIDDEN"}
        guesses = asyncio.gather(*(server.call("GET", "/api/rooms", key=f"guess {n}") for n in range(TOKEN_FAILURES)))
        assert "RATE_LIMITED" in {answer.code for answer in await guesses}
        assert (await server.call("GET", "/api/rooms", key=SHOP)).status == 200


async def test_rooms_of_a_site_are_still_its_own_after_a_restart(mongo_uri: str) -> None:
    with server_process(API_KEYS=KEYS, ROOM_CREATION="key", MONGODB_URI=mongo_uri) as process:
        async with talking_to(process.url) as server:
            mine = [(await make(server, SHOP))["roomId"] for _ in range(2)]
            await make(server, FORUM)
        process.kill()
        process.restart()
        async with talking_to(process.url) as server:
            assert await listed(server, SHOP) == sorted(mine)
            assert (await server.call("DELETE", f"/api/rooms/{mine[0]}", key=SHOP)).status == 200
            assert await listed(server, SHOP) == [mine[1]]


async def test_until_rooms_are_restored_there_is_no_list() -> None:
    async with running(api_keys=KEYS) as server:
        server.context.restored = False
        answer = await server.call("GET", "/api/rooms", key=SHOP)
        assert (answer.status, answer.code) == (503, "UNAVAILABLE")
        server.context.restored = True
