"""Every call of the API counts against its address, and no path is a failure of the server."""

from __future__ import annotations

import pytest
from yarl import URL

from tests.support.server import Server, running

ROOM = "/api/rooms/{room}"
CALLS = [
    ("GET", ROOM),
    ("PATCH", ROOM),
    ("DELETE", ROOM),
    ("GET", f"{ROOM}/users"),
    ("GET", f"{ROOM}/messages"),
    ("POST", f"{ROOM}/messages"),
    ("GET", f"{ROOM}/invites"),
    ("POST", f"{ROOM}/invites"),
    ("DELETE", f"{ROOM}/invites/none"),
    ("GET", f"{ROOM}/ice-servers"),
    ("GET", "/api/rooms/unknown"),
    ("GET", "/api/nothing"),
    ("GET", "/api/admin/stats"),
]
LONG = "x" * 4_000
PATHS = [
    "/web/%00.js",
    "/web/app%00/../main.js",
    f"/web/{LONG}.js",
    f"/web/{'x/' * 2_000}x.js",
    "/web/%ff.js",
    "/client/%00.js",
    f"/client/{LONG}.js",
    "/vendor/socket.io-client/%00.js",
    f"/vendor/socket.io-client/{LONG}.js",
    "/r/%00",
    f"/r/{LONG}",
    "/r/%ff",
    "/api/rooms/%00",
    f"/api/rooms/{LONG}",
    "/api/rooms/%ff",
    f"/api/rooms/{LONG}/users",
    "/api/rooms/%00/messages?before=%00",
]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_every_call_is_limited(method: str, path: str) -> None:
    async with running(events_per_s=0.5, trusted_proxy_hops=1) as server:
        room = (await server.room())["roomId"]
        # The line that a client invents makes it nobody else.
        lines = [{"X-Forwarded-For": f"198.51.100.{n}", "x-forwarded-for": "203.0.113.7"} for n in range(4)]
        answers = [await server.call(method, path.format(room=room), headers=line) for line in lines]
        assert [one.status for one in answers[:2]].count(429) == 0
        assert (answers[-1].status, answers[-1].code) == (429, "RATE_LIMITED")
        other = await server.call(method, path.format(room=room), headers={"X-Forwarded-For": "203.0.113.8"})
        assert other.status != 429


async def test_health_checks_are_not_limited() -> None:
    async with running(events_per_s=1) as server:
        assert {(await server.call("GET", "/api/health")).status for _ in range(10)} == {200}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
async def test_a_name_that_nothing_can_have_is_not_found(server: Server, path: str) -> None:
    async with server.http.get(URL(server.url + path, encoded=True)) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("name", ["%00", "%ff", LONG])
async def test_an_odd_name_of_an_invite_or_a_message_is_no_failure(server: Server, name: str) -> None:
    made = await server.room()
    path = f"{server.url}/api/rooms/{made['roomId']}"
    bearer = {"Authorization": f"Bearer {made['hostKey']}"}
    async with server.http.delete(URL(f"{path}/invites/{name}", encoded=True), headers=bearer) as answer:
        assert answer.status == 403  # as of any invite that does not exist
    async with server.http.get(URL(f"{path}/messages?before={name}", encoded=True), headers=bearer) as answer:
        assert answer.status in (200, 400)
