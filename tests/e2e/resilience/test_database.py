"""A process that dies while it redeems an invite, and a database that freezes or dies while people talk."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.resilience.api import Answer, Api, OwnRoom, api_of
from tests.e2e.resilience.times import FAST, GRACE_S, LATE_S
from tests.support.js_client import JsClient, JsSocket
from tests.support.mongo import Mongod
from tests.support.node import ScriptFailed
from tests.support.pace import PACE
from tests.support.processes import ServerProcess, server_process, wait_until

REFUSED_WITHIN_S = 5.0 * PACE
HEALED_WITHIN_S = 15.0


@pytest.fixture
async def server(own_mongod: Mongod, js: JsClient) -> AsyncIterator[ServerProcess]:
    steady = {**FAST, "PING_INTERVAL_S": "5", "PING_TIMEOUT_S": "5", "EMPTY_ROOM_TTL_S": "60"}
    with server_process(**steady, MONGODB_URI=own_mongod.uri("mayfly")) as server:
        yield server
        await js.leave()


@pytest.fixture
async def api(server: ServerProcess) -> AsyncIterator[Api]:
    async with api_of(server.url) as api:
        await until_ready(api)
        yield api


async def until_ready(api: Api, limit_s: float = HEALED_WITHIN_S) -> float:
    """Wait for `/ready`; how long that took, in seconds."""
    started = time.monotonic()
    while (await api.call("GET", "/ready")).status != 200:
        assert time.monotonic() - started < limit_s * PACE, "not ready in time"
        await asyncio.sleep(0.05)
    return time.monotonic() - started


async def until_degraded(api: Api) -> Answer:
    deadline = time.monotonic() + HEALED_WITHIN_S * PACE
    while True:
        health = await api.call("GET", "/health")
        if health.body["status"] == "degraded":
            return health
        assert time.monotonic() < deadline, "the outage was not noticed"
        await asyncio.sleep(0.05)


async def tries(js: JsClient, url: str, room: OwnRoom, invite: str) -> str:
    """What somebody who opens the link is told: `ok` or an error code."""
    socket = await js.connect(url)
    answer = await socket.request("join-room", {"roomId": room.id, "invite": invite}, limit_s=20)
    return "ok" if answer["ok"] else str(answer["error"]["code"])


async def until_admitted(js: JsClient, url: str, room: OwnRoom, invite: str, limit_s: float) -> float:
    """Try the link until it admits; how long that took, in seconds."""
    started = time.monotonic()
    while (said := await tries(js, url, room, invite)) != "ok":
        assert said in ("INVITE_USED", "UNAVAILABLE"), said
        assert time.monotonic() - started < limit_s * PACE, "the link is burnt"
        await asyncio.sleep(0.1)
    return time.monotonic() - started


async def killed_while_redeeming(
    room: OwnRoom, server: ServerProcess, mongod: Mongod, socket: JsSocket, wish: dict[str, Any]
) -> None:
    """Freeze the database, ask for a seat, kill the server while it waits, and start both again."""
    mongod.pause()
    asking = asyncio.create_task(socket.request("join-room", wish, limit_s=5))
    while (await room.call("GET", "/invites")).body["invites"][0]["used"] == 0:
        await asyncio.sleep(0.01)  # until it is redeemed, and waits for the database
    server.kill()
    mongod.resume()
    with pytest.raises(ScriptFailed):
        await asking
    await asyncio.to_thread(server.restart)


async def test_a_crash_between_redeeming_and_seating_neither_admits_two_nor_burns_the_link(
    js: JsClient, server: ServerProcess, api: Api, own_mongod: Mongod
) -> None:
    room = await api.room(inviteOnly=True)
    host = await room.enter(js, hostKey=room.host_key)
    invite = await room.invite()
    doomed = await js.connect(server.url)
    await killed_while_redeeming(room, server, own_mongod, doomed, {"roomId": room.id, "invite": invite})
    await until_ready(api)
    keeper = await js.connect(server.url)
    await keeper.ok("join-room", host.resume_fields())
    waited = await until_admitted(js, server.url, room, invite, GRACE_S + 5)
    assert [await tries(js, server.url, room, invite) for _ in range(5)] == ["INVITE_USED"] * 5
    users = await room.users()
    while any(not user["connected"] for user in users):  # a seat that nobody knows of goes at the end of its grace
        await asyncio.sleep(0.1)
        users = await room.users()
    assert len(users) == 2
    print(f"\nkilled while redeeming: the link admitted one, {waited:.1f} s after the restart, and nobody else")


async def test_the_one_whose_answer_was_lost_in_the_crash_repeats_the_join(
    js: JsClient, server: ServerProcess, api: Api, own_mongod: Mongod
) -> None:
    room = await api.room(inviteOnly=True)
    wish = {"roomId": room.id, "invite": await room.invite(), "clientJoinId": "one join, before and after"}
    await room.enter(js, hostKey=room.host_key)
    doomed = await js.connect(server.url)
    await doomed.ok("join-room", wish)  # told to nobody who remembers it
    await until_saved(room, 2, own_mongod)
    server.kill()
    await asyncio.to_thread(server.restart)
    await until_ready(api)
    again = await js.connect(server.url)
    snapshot = await again.ok("join-room", wish)
    assert snapshot["self"]["id"] in {user["id"] for user in await room.users()}
    assert await tries(js, server.url, room, wish["invite"]) == "INVITE_USED"


async def test_a_second_mount_replaces_a_join_that_still_waits_for_the_database(
    js: JsClient, server: ServerProcess, api: Api, own_mongod: Mongod
) -> None:
    room = await api.room(inviteOnly=True)
    wish = {"roomId": room.id, "invite": await room.invite(), "clientJoinId": "mounted twice in a row"}
    first, second = await js.connect(server.url), await js.connect(server.url)
    own_mongod.pause()
    await first.emit("join-room", wish)
    while (await room.call("GET", "/invites")).body["invites"][0]["used"] == 0:
        await asyncio.sleep(0.01)
    await first.disconnect()
    joining = asyncio.create_task(second.ok("join-room", wish))
    await js.barrier()
    own_mongod.resume()
    snapshot = await joining
    assert [user["id"] for user in await room.users()] == [snapshot["self"]["id"]]
    (invite,) = (await room.call("GET", "/invites")).body["invites"]
    assert invite["used"] == 1


async def until_saved(room: OwnRoom, seats: int, mongod: Mongod) -> None:
    """Wait until the database has so many seats of the room."""

    def saved() -> bool:
        with mongod._direct() as client:
            found = client["mayfly"]["rooms"].find_one({"_id": room.id})
        return found is not None and len(found["seats"]) == seats

    await asyncio.to_thread(wait_until, saved, "a save", HEALED_WITHIN_S)


async def test_an_invite_that_could_not_be_redeemed_is_not_spent(
    js: JsClient, server: ServerProcess, api: Api, own_mongod: Mongod
) -> None:
    room = await api.room(inviteOnly=True)
    invite = await room.invite()
    own_mongod.pause()
    started = time.monotonic()
    assert await tries(js, server.url, room, invite) == "UNAVAILABLE"
    took = time.monotonic() - started
    own_mongod.resume()
    waited = await until_admitted(js, server.url, room, invite, HEALED_WITHIN_S)
    assert await tries(js, server.url, room, invite) == "INVITE_USED"
    assert took < REFUSED_WITHIN_S
    print(f"\nfrozen database: refused after {took:.1f} s, admitted {waited:.1f} s after it thawed")


async def test_a_room_that_was_stored_too_late_is_made_by_the_repeated_request(
    js: JsClient, api: Api, own_mongod: Mongod
) -> None:
    own_mongod.pause()
    refused = await api.call("POST", "/api/rooms", {}, idempotency_key="one wish")
    assert (refused.status, refused.code) == (503, "UNAVAILABLE")
    own_mongod.resume()  # and the database carries out what it was asked for
    await until_ready(api)
    made = await api.call("POST", "/api/rooms", {}, idempotency_key="one wish")
    assert made.status == 201
    again = await api.call("POST", "/api/rooms", {}, idempotency_key="one wish")
    assert again.body["roomId"] == made.body["roomId"]
    await OwnRoom(api, made.body["roomId"], made.body["hostKey"]).enter(js)


async def test_rooms_that_end_during_an_outage_delay_nobody_s_time_out(
    js: JsClient, api: Api, own_mongod: Mongod
) -> None:
    ending = [await api.room() for _ in range(8)]
    room = await api.room()
    ada, ben = await room.enter(js, name="Ada"), await room.enter(js, name="Ben")
    for each in ending:
        await each.enter(js)
    soon = {"expiresInS": math.ceil(3 * PACE)}
    changed = await asyncio.gather(*(each.call("PATCH", "", soon) for each in ending))
    own_mongod.pause()
    assert [answer.status for answer in changed] == [200] * len(ending)
    for each in ending:
        while (await each.call("GET")).status == 200:
            await asyncio.sleep(0.05)
    await ben.socket.terminate()
    away = await ada.socket.wait_for("user-updated", lambda p: not p["participant"]["connected"])
    gone = await ada.socket.wait_for("user-left", limit_s=GRACE_S + 10)
    assert (gone.at_ms - away.at_ms) / 1000 < GRACE_S + LATE_S
    for socket in js.sockets.values():
        if socket not in (ada.socket, ben.socket):
            assert (await socket.wait_for("room-left")).payload["reason"] == "room-expired"


@pytest.mark.parametrize("how", ["frozen", "killed"])
async def test_people_talk_on_while_the_database_is_away(
    js: JsClient, server: ServerProcess, api: Api, own_mongod: Mongod, how: str
) -> None:
    room = await api.room()
    ada, ben = await room.enter(js, name="Ada", hostKey=room.host_key), await room.enter(js, name="Ben")
    own_mongod.pause() if how == "frozen" else own_mongod.kill()

    health = await until_degraded(api)
    assert (health.status, health.body["storage"]) == (200, {"kind": "mongodb", "ok": False})
    assert (await api.call("GET", "/ready")).status == 503
    refused = await api.call("POST", "/api/rooms", {})
    assert (refused.status, refused.code) == (503, "UNAVAILABLE")
    assert (await room.call("POST", "/invites", {})).code == "UNAVAILABLE"

    started = time.monotonic()
    for number in range(50):
        assert (await ada.say(f"message {number}"))["deliveredTo"] == 1
    await ben.ok("offer", description={"type": "offer", "sdp": "v=0\r\n"})
    await ada.ok("transfer-host", participantId=ben.id)
    cleo = await room.enter(js, name="Cleo")
    await ben.ok("kick", participantId=cleo.id)
    talked = time.monotonic() - started
    assert ben.texts()[-1] == "message 49"

    own_mongod.resume() if how == "frozen" else await asyncio.to_thread(own_mongod.restart)
    healed = await until_ready(api)
    assert (await api.call("GET", "/health")).body["status"] == "ok"
    await api.room()
    await until_saved(room, 2, own_mongod)
    # What was decided during the outage outlives the process, too.
    await until_host(room, ben.id, own_mongod)
    server.kill()
    await asyncio.to_thread(server.restart)
    await until_ready(api)
    back = await js.connect(server.url)
    assert (await back.ok("join-room", ben.resume_fields()))["self"]["role"] == "host"
    assert await back.refused("join-room", cleo.resume_fields()) == "RESUME_INVALID"
    print(f"\ndatabase {how}: 55 requests in {talked:.2f} s, ready {healed:.1f} s after it was back")


async def until_host(room: OwnRoom, host_id: str, mongod: Mongod) -> None:
    def saved() -> bool:
        with mongod._direct() as client:
            found = client["mayfly"]["rooms"].find_one({"_id": room.id})
        return found is not None and found["hostId"] == host_id

    await asyncio.to_thread(wait_until, saved, "a save", HEALED_WITHIN_S)
