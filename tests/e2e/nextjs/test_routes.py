"""The route handlers of the Next.js example: they mint join tokens and make rooms, for pages of the site alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from http.cookies import SimpleCookie

import aiohttp
import pytest
import pytest_asyncio

from tests.e2e.nextjs.site import Site, require_example, site
from tests.support.issuers import SECRET
from tests.support.processes import ServerProcess, server_process
from tests.support.server import Server, talking_to

KEY = "abcdefghijklmnopqrstuv"
OWN_PAGE, OTHER_PAGE = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}
LIMIT = aiohttp.ClientTimeout(total=90)  # the first request compiles the route

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def process() -> Iterator[ServerProcess]:
    settings = {"JOIN_TOKENS": "required", "JOIN_JWT_SECRET": SECRET, "ROOM_CREATION": "key", "API_KEYS": f"site:{KEY}"}
    with server_process(STUN_URLS="stun:127.0.0.1:9", SEAT_GRACE_S="60", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def served(process: ServerProcess) -> Iterator[Site]:
    require_example()
    with site("dev", process.url, MAYFLY_JWT_SECRET=SECRET, MAYFLY_API_KEY=KEY, MAYFLY_URL=process.url) as running:
        yield running


@pytest_asyncio.fixture
async def server(process: ServerProcess) -> AsyncIterator[Server]:
    async with talking_to(process.url) as running:
        yield running


async def test_a_room_is_made_and_joined_with_what_the_site_mints(served: Site, server: Server) -> None:
    async with aiohttp.ClientSession(timeout=LIMIT) as http:
        async with http.post(f"{served.url}/api/rooms", headers=OWN_PAGE, json={}) as answer:
            assert answer.status in (200, 201), await answer.text()
            room = (await answer.json())["roomId"]
        stranger = await server.connect()
        assert (await stranger.request("join-room", {"roomId": room}))["error"]["code"] == "UNAUTHORIZED"
        said = {"roomId": room, "name": "Ada"}
        async with http.post(f"{served.url}/api/token", headers=OWN_PAGE, json=said) as answer:
            assert answer.status == 200, await answer.text()
            cookie = SimpleCookie(answer.headers["Set-Cookie"])["visitor"]
            assert (bool(cookie["httponly"]), cookie["samesite"].lower()) == (True, "lax")
            token = (await answer.json())["token"]
        client, snapshot = await server.seated(room, token=token)
        assert (snapshot["self"]["name"], snapshot["self"]["verified"]) == ("Ada", True)
        again = await stranger.request("join-room", {"roomId": room, "token": token})
        assert again["error"]["code"] == "TOKEN_INVALID", "it is good once"
        await client.leave()


async def test_pages_of_other_sites_get_no_token(served: Site) -> None:
    async with aiohttp.ClientSession(timeout=LIMIT) as http:
        for headers in (OTHER_PAGE, {}):
            async with http.post(f"{served.url}/api/token", headers=headers, json={"roomId": "x"}) as answer:
                assert answer.status == 403
                assert await answer.text() == ""
