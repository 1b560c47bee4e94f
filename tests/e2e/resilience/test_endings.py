"""How rooms end: warned, by the clock, by the host, by being empty; and that nothing of them is left anywhere."""

from __future__ import annotations

import asyncio
import gc
import math
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from aiohttp import web

from rooms.directory import Directory
from rooms.lifetime import set_expiry
from rooms.model import RoomOptions
from rooms.runtime import Runtime
from server.app import create_app
from server.settings import Settings
from tests.e2e.resilience.api import Api, Member, OwnRoom, api_of
from tests.e2e.resilience.times import FAST, GRACE_S, LATE_S
from tests.support.at_rest import app_at_rest
from tests.support.js_client import JsClient
from tests.support.mongo import find_word_opened
from tests.support.node import node_script
from tests.support.pace import PACE
from tests.support.processes import LOOPBACK, ServerProcess, server_process

WORD = "zyzzyva"
TALK = Path(__file__).parent / "planted_talk.mjs"
TOMBSTONE_S = 1.5 * PACE
EMPTY_S = 1.0 * PACE
SHORT = {**FAST, "EMPTY_ROOM_TTL_S": str(EMPTY_S), "TOMBSTONE_TTL_S": str(TOMBSTONE_S)}


@pytest.fixture(scope="module")
def short_server() -> Iterator[ServerProcess]:
    with server_process(**SHORT) as server:
        yield server


@pytest.fixture
async def short(short_server: ServerProcess) -> AsyncIterator[Api]:
    """A server on which everything is soon over."""
    async with api_of(short_server.url) as api:
        yield api


def in_seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def status(room: OwnRoom) -> tuple[int, str]:
    answer = await room.api.call("GET", f"/api/rooms/{room.id}")
    return answer.status, "" if answer.status == 200 else answer.code


async def until(room: OwnRoom, wanted: tuple[int, str], limit_s: float = 10.0) -> None:
    """Wait for a status of the link."""
    deadline = time.monotonic() + limit_s * PACE
    while (found := await status(room)) != wanted:
        assert time.monotonic() < deadline, f"{found}, not {wanted}"
        await asyncio.sleep(0.02)


async def test_an_expired_room_answers_410_and_later_404(short: Api, js: JsClient) -> None:
    room = await short.room(expiresInS=math.ceil(2 * PACE))
    ada = await room.enter(js)
    left = await ada.socket.wait_for("room-left")
    over = time.monotonic()
    assert left.payload == {"roomId": room.id, "reason": "room-expired", "action": "none"}
    assert await status(room) == (410, "ROOM_EXPIRED")
    assert await ada.socket.refused("join-room", ada.resume_fields()) == "ROOM_EXPIRED"
    assert await ada.refused("send-message", text="hello?") == "NOT_IN_ROOM"
    await until(room, (404, "ROOM_NOT_FOUND"))
    assert time.monotonic() - over > TOMBSTONE_S / 3
    assert await ada.socket.refused("join-room", ada.resume_fields()) == "ROOM_NOT_FOUND"


async def test_a_deleted_room_answers_410_and_later_404(short: Api, js: JsClient) -> None:
    room = await short.room()
    ada, ben = await room.enter(js, name="Ada"), await room.enter(js, name="Ben")
    await room.invite()
    for n in range(60):
        await ada.say(str(n), **({"to": ben.id} if n % 10 == 0 else {}))
    erased = await room.call("DELETE")
    assert erased.body["erased"] == {"messages": 60, "seats": 2, "invites": 1}
    for member in (ada, ben):
        assert (await member.socket.wait_for("room-left")).payload["reason"] == "room-ended"
    assert await status(room) == (410, "ROOM_ENDED")
    assert (await room.call("DELETE")).status == 410
    assert (await room.call("POST", "/invites", {})).status == 410
    await until(room, (404, "ROOM_NOT_FOUND"))
    print(f"\nerased: {erased.body['erased']}")


async def test_an_empty_room_ends_by_itself_and_not_while_anyone_may_come_back(short: Api, js: JsClient) -> None:
    room, unused = await short.room(), await short.room()
    ada = await room.enter(js)
    there = time.monotonic()
    await ada.socket.terminate()
    await until(room, (410, "ROOM_ENDED"))
    ended = time.monotonic() - there
    assert ended >= GRACE_S + EMPTY_S, "after the grace period and the time of an empty room"
    again = await short.room()
    ben, socket = await again.enter(js), await js.connect(short.url)
    await ben.ok("leave-room")
    cleo = Member(again, socket, await again.join(socket))  # in time
    await asyncio.sleep(EMPTY_S * 2)  # nothing to wait for: that nothing happens
    assert await status(again) == (200, "")
    assert (await cleo.say("still open"))["deliveredTo"] == 0
    assert await status(unused) == (200, ""), "nobody has come to it yet"


async def test_members_are_warned_ten_seconds_ahead_and_the_host_extends(api: Api, js: JsClient) -> None:
    room = await api.room(expiresInS=10 + math.ceil(2 * PACE))
    host, ada = await room.enter(js, hostKey=room.host_key), await room.enter(js, name="Ada")
    warning = await ada.socket.wait_for("room-expiring")
    ahead = in_seconds(warning.payload["expiresAt"]) - time.time()
    assert 10 - LATE_S < ahead <= 10.05
    extended = await host.ok("update-room", expiresInS=600)
    told = await ada.socket.wait_for("room-updated")
    assert told.payload["room"]["expiresAt"] == extended["expiresAt"]
    assert in_seconds(extended["expiresAt"]) > time.time() + 590
    shortened = await host.ok("update-room", expiresInS=1)
    await ada.socket.wait_for("room-left")
    late = time.time() - in_seconds(shortened["expiresAt"])
    assert 0 <= late < LATE_S
    await js.barrier()
    assert len(ada.socket.received("room-expiring")) == 1, "the warning of the old end has lapsed"
    print(f"\nwarned {ahead:.2f} s ahead; ended {late * 1000:.0f} ms late")


async def conversation(room: OwnRoom, js: JsClient) -> None:
    """A word in every place where a conversation leaves something: names, messages, signals, media, the door."""
    host = await room.enter(js, name=f"{WORD} host", hostKey=room.host_key)
    ada = await room.enter(js, name=f"{WORD} Ada", invite=await room.invite(), clientJoinId=f"{WORD} and sixteen")
    away = await room.enter(js, name=f"{WORD} away", invite=await room.invite())
    knocking = await js.connect(room.api.url)
    await knocking.ok("knock", {"roomId": room.id, "name": f"{WORD} at the door"})
    for n in range(20):
        await ada.say(f"{WORD} {n}", clientMessageId=f"{WORD}-{n}")
    await away.socket.terminate()
    await ada.socket.wait_for("user-updated", lambda p: not p["participant"]["connected"])
    await ada.say(f"private {WORD}", to=away.id)
    offer = {"type": "offer", "sdp": f"v=0\r\ns={WORD}\r\n"}
    await ada.ok("offer", to=away.id, description=offer, negotiationId=WORD)  # waits in a mailbox
    await ada.ok("ice-candidate", to=host.id, candidate={"candidate": f"candidate:{WORD}"})
    await room.call("POST", "/messages", {"text": WORD, "senderName": WORD})


@pytest.mark.parametrize("ending", ["host", "expiry", "empty"])
async def test_not_a_word_is_left_in_the_database(js: JsClient, mongo_uri: str, ending: str) -> None:
    settings = {**SHORT, "TOMBSTONE_TTL_S": "60", "MESSAGE_LOG": "on", "MONGODB_URI": mongo_uri}
    with server_process(**settings) as server:
        async with api_of(server.url) as api:
            room = await api.room(log=True, lobby=True)
            await conversation(room, js)
            await asyncio.wait_for(until_found(mongo_uri), 10 * PACE)
            if ending == "host":
                erased = (await room.call("DELETE")).body["erased"]
                assert erased["messages"] >= 21
            elif ending == "expiry":
                await room.call("PATCH", "", {"expiresInS": 1})
            else:
                for socket in js.sockets.values():
                    await socket.disconnect()
            await until(room, (410, "ROOM_EXPIRED" if ending == "expiry" else "ROOM_ENDED"))
            await asyncio.wait_for(until_not_found(mongo_uri), 10 * PACE)
            assert WORD not in server.log()
            await js.leave()


async def until_found(uri: str) -> None:
    """Wait until messages are there, so that the search after the end proves something."""
    while len(await asyncio.to_thread(find_word_opened, uri, WORD)) < 2:
        await asyncio.sleep(0.05)


async def until_not_found(uri: str) -> None:
    while left := await asyncio.to_thread(find_word_opened, uri, WORD):
        assert left
        await asyncio.sleep(0.05)


def words_in_memory() -> list[str]:
    """Where the planted word is: every string and buffer that the garbage collector can reach."""
    word = "-".join(("planted", "in", "memory"))  # never kept as a constant of this module
    gc.collect()
    found = []
    for parent in gc.get_objects():
        for child in gc.get_referents(parent):
            # By type: `isinstance` asks a weak proxy, whose object may be gone, what it is.
            if type(child) in (bytes, bytearray):
                child = child.decode(errors="ignore")
            if type(child) is str and word in child and child is not word:
                found.append(f"{type(parent).__name__}: {child[:60]}")
    return found


async def test_not_a_word_is_left_in_memory(node: str) -> None:
    """With the server in this very process, where the garbage collector can be asked."""
    with closing(socket.create_server((LOOPBACK, 0))) as listening:
        url = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        settings = Settings(_env_file=None, stun_urls=(), events_per_s=0, memory_budget_mb=0)  # type: ignore[call-arg]
        app = create_app(settings)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        try:
            async with node_script(TALK) as talk:
                await talk.call("talk", server=url)
                planted = len(words_in_memory())
                erased = await talk.call("end")
                deadline = time.monotonic() + 5 * PACE
                while (left := words_in_memory()) and time.monotonic() < deadline:
                    await asyncio.sleep(0.1)
            await app_at_rest(app)
        finally:
            await runner.cleanup()
    assert planted > 20, "the search finds what is there"
    assert erased == {"messages": 22, "seats": 3, "invites": 1}
    assert left == []
    print(f"\nthe planted word in memory: {planted} times before the end, {len(left)} times after it")


def test_a_sweep_costs_what_is_due_and_not_what_is_there() -> None:
    class Counted(dict):  # type: ignore[type-arg]
        looked_at = 0

        def get(self, *args: object) -> object:
            self.looked_at += 1
            return super().get(*args)

    looked = {}
    for there in (100, 20_000):
        directory = Directory(Runtime(30, 300), tombstone_ttl_s=60)
        for n in range(there):
            directory.create(f"room {n}", "epoch", "key", RoomOptions(8, 3_600), 0.0)
        for n in range(10):
            directory.create(f"due {n}", "epoch", "key", RoomOptions(8, 5), 0.0)
        directory.rooms = Counted(directory.rooms)
        list(directory.due(1.0))  # lets go of what is stale, once
        directory.rooms.looked_at = 0
        due = [room for room, _ in directory.due(6.0)]
        assert len(due) == 10
        looked[there] = directory.rooms.looked_at
    assert looked[100] == looked[20_000] == 10
    print(f"\nrooms looked at for 10 due: {looked}")


def test_plans_that_no_longer_hold_do_not_pile_up() -> None:
    directory = Directory(Runtime(30, 300), tombstone_ttl_s=60)
    room = directory.create("r", "epoch", "key", RoomOptions(8, 3_600), 0.0)
    for n in range(50_000):
        set_expiry(room, 10_000.0 + n, float(n) / 1_000)
        list(directory.due(float(n) / 1_000))
    for n in range(50_000):
        other = directory.create(f"room {n}", "epoch", "key", RoomOptions(8, 86_400), 100.0)
        directory.end(other, "room-ended", 100.0)
        list(directory.due(100.0))
    assert len(directory.runtime.schedule) < 2_048
