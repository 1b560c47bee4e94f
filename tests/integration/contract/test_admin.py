"""The operator's calls and page: behind the admin key, and without content."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from server.protocol import answers
from server.security.guesses import TOKEN_FAILURES
from server.transport.http.admin import ROOMS_PER_PAGE
from server.transport.socketio.admin import INVALID, NAMESPACE
from tests.integration.contract.rest import WORD, granted
from tests.support.bundle import bundle
from tests.support.pace import PACE
from tests.support.server import Server, running

KEY = "the admin kéy"
LIMIT_S = 5.0 * PACE


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running(admin_key=KEY, api_keys="site:abcdefghijklmnopqrstuv", ping_interval_s=2) as running_server:
        yield running_server


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/admin/stats"), ("GET", "/api/admin/rooms"), ("DELETE", "/api/admin/rooms/x")]
)
async def test_everything_needs_the_admin_key_and_is_off_without_one(server: Server, method: str, path: str) -> None:
    assert (await server.call(method, path)).code == "UNAUTHORIZED"
    for key in ("wrong", "abcdefghijklmnopqrstuv"):
        assert (await server.call(method, path, key=key)).code == "FORBIDDEN"
    async with running() as off:
        for key in ("", "None", KEY):
            assert (await off.call(method, path, key=key)).code == "NOT_FOUND"
        assert (await off.call("GET", "/admin")).status == 404


async def test_the_stats_say_what_there_is(server: Server) -> None:
    made = await server.room()
    host, _ = await server.seated(made["roomId"], hostKey=made["hostKey"])
    await host.refused("join-room", roomId="nowhere")
    stats = granted(await server.call("GET", "/api/admin/stats", key=KEY), answers.Stats)
    assert (stats["rooms"], stats["seats"], stats["sockets"], stats["owner"]) == (1, 1, 1, True)
    assert stats["joins"] == {"ok": 1, "room_not_found": 1}
    assert stats["storage"] == {"kind": "memory", "ok": True, "unwritten": 0}
    assert stats["memory"]["residentBytes"] > 0


async def test_rooms_are_listed_page_by_page_and_without_content(server: Server) -> None:
    made = await server.room(password=WORD, lobby=True)
    host, _ = await server.seated(made["roomId"], hostKey=made["hostKey"], name=WORD)
    await host.ok("send-message", roomId=made["roomId"], text=WORD)
    by_site = await server.call("POST", "/api/rooms", key="abcdefghijklmnopqrstuv", json={})
    found: list[dict[str, Any]] = []
    for _ in range(2):
        after = found[-1]["id"] if found else ""
        answer = await server.call("GET", f"/api/admin/rooms?limit=1&after={after}", key=KEY)
        assert WORD not in answer.text
        assert made["hostKey"] not in answer.text
        page = granted(answer, answers.AdminRooms)
        assert (page["total"], len(page["rooms"])) == (2, 1)
        found += page["rooms"]
    rooms = {room["id"]: room for room in found}
    room = rooms[made["roomId"]]
    assert (room["participantCount"], room["messageCount"], room["awayCount"]) == (1, 1, 0)
    assert (room["passwordRequired"], room["lobby"], "madeBy" in room) == (True, True, False)
    assert rooms[by_site.json["roomId"]]["madeBy"] == "site"
    assert (await server.call("GET", "/api/admin/rooms?limit=0", key=KEY)).code == "INVALID_PAYLOAD"
    assert ROOMS_PER_PAGE == 100


async def test_a_room_is_ended_by_its_operator(server: Server) -> None:
    made = await server.room()
    guest, _ = await server.seated(made["roomId"])
    answer = await server.call("DELETE", f"/api/admin/rooms/{made['roomId']}", key=KEY)
    assert granted(answer, answers.Erased)["erased"]["seats"] == 1
    assert (await guest.wait_for("room-left"))["reason"] == "room-ended"
    again = await server.call("DELETE", f"/api/admin/rooms/{made['roomId']}", key=KEY)
    assert (again.status, again.code) == (410, "ROOM_ENDED")


async def test_a_foreign_page_ends_nothing(server: Server) -> None:
    made = await server.room()
    answer = await server.call(
        "DELETE", f"/api/admin/rooms/{made['roomId']}", key=KEY, headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.code == "FORBIDDEN"
    assert (await server.call("GET", f"/api/rooms/{made['roomId']}")).status == 200


async def test_the_page_holds_nothing_and_may_be_framed_by_nobody(server: Server) -> None:
    page = await server.call("GET", "/admin")
    assert (page.status, page.headers["Cache-Control"]) == (200, "no-store")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert KEY not in page.text


async def test_the_page_is_two_files_with_names_for_ever(server: Server) -> None:
    bundle()
    page = await server.call("GET", "/admin")
    needed = re.findall(r'(?:src|href)="((?!data:)[^"]+)"', page.text)
    assert len(needed) == 2, "a module and a stylesheet; the icon of the tab is in the page"
    for path in needed:
        assert path.startswith("/assets/")
        answer = await server.call("GET", path)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        assert not re.search(r'(?:from|import)\(?"/|url\((?!data:)|@import', answer.text), "it asks for another file"


async def test_guesses_are_throttled_over_rest_and_sockets_together(server: Server) -> None:
    for _ in range(TOKEN_FAILURES // 2):
        with pytest.raises(NotConnected):
            await _looks(server, {"username": "admin", "password": "wrong"})
    codes = {(await server.call("GET", "/api/admin/stats", key="wrong")).code for _ in range(TOKEN_FAILURES)}
    assert codes == {"FORBIDDEN", "RATE_LIMITED"}
    with pytest.raises(NotConnected):
        await _looks(server, {"username": "admin", "password": KEY})


async def _looks(server: Server, auth: Any, heard: dict[str, asyncio.Future[Any]] | None = None) -> Any:
    client = socketio.AsyncClient(reconnection=False)
    for event, future in (heard or {}).items():
        client.on(event, lambda data, told=future: told.done() or told.set_result(data), namespace=NAMESPACE)
    try:
        await client.connect(server.url, namespaces=[NAMESPACE], transports=["websocket"], auth=auth)
    except NotConnected:
        await client.disconnect()
        raise
    return client


async def test_the_admin_ui_sees_numbers_and_may_do_nothing(server: Server) -> None:
    made = await server.room()
    await server.seated(made["roomId"], name=WORD)
    loop = asyncio.get_running_loop()
    heard = {event: loop.create_future() for event in ("config", "server_stats")}
    client = await _looks(server, {"username": "whoever", "password": KEY}, heard)
    try:
        config = await asyncio.wait_for(heard["config"], LIMIT_S)
        stats = await asyncio.wait_for(heard["server_stats"], LIMIT_S)
        await client.emit("_disconnect", ("/", True, None), namespace=NAMESPACE)
        await client.emit("emit", ("/", None, "text", WORD), namespace=NAMESPACE)
    finally:
        await client.disconnect()
        await client.wait()
    assert config == {"supportedFeatures": ["AGGREGATED_EVENTS"]}
    counts = {one["name"]: one["socketsCount"] for one in stats["namespaces"]}
    assert counts == {"/": 1, NAMESPACE: 1}
    assert (stats["clientsCount"], stats["pollingClientsCount"]) == (2, 0)
    assert WORD not in str(stats)
    await server.clients[0].sync()
    assert [one.name for one in server.clients[0].heard if one.name != "room-joined"] == []


@pytest.mark.parametrize(
    "auth",
    [None, {}, {"password": None}, {"password": ""}, {"password": "\ud800"}, {"sessionId": "x"}, {"password": 7}],
)
async def test_the_admin_ui_is_told_what_it_understands_where_the_key_is_wrong(server: Server, auth: Any) -> None:
    client = await server.open()
    await client.send(f"40{NAMESPACE},{json.dumps(auth) if auth is not None else ''}")
    await client._until(lambda: bool(client.connected), "a refusal")
    assert client.connected["refused"]["message"] == INVALID


async def test_without_a_key_there_is_no_such_namespace() -> None:
    async with running() as server:
        client = await server.open()
        await client.send(f'40{NAMESPACE},{{"password":""}}')
        await client._until(lambda: bool(client.connected), "a refusal")
        assert client.connected["refused"]["message"] == "Invalid namespace"
