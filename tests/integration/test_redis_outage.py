"""Redis is killed, paused, or comes back empty: nothing acknowledged is lost, and nobody is disconnected for it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from server.cluster.gate import SILENT_S
from server.cluster.redis_rooms import LONE_S, LOOK_S
from tests.e2e.resilience.api import api_of
from tests.support.js_client import JsClient, js_client
from tests.support.pace import PACE
from tests.support.processes import server_process
from tests.support.redis import RedisServer, ask

STEADY = {"SEAT_GRACE_S": "60", "EVENTS_PER_S": "0"}


async def test_while_redis_is_paused_answers_wait_and_then_come(node: str, own_redis: RedisServer) -> None:
    with server_process(REDIS_URL=own_redis.url, **STEADY) as server:
        async with js_client() as js, api_of(server.url) as api:
            room = await api.room()
            about = {"roomId": room.id}
            ann, bob = [await js.connect(server.url) for _ in range(2)]
            await ann.ok("join-room", about)
            await bob.ok("join-room", about)
            await asyncio.to_thread(own_redis.pause)
            asked = asyncio.ensure_future(ann.ok("send-message", {**about, "text": "held"}))
            await asyncio.sleep(1.0)  # long enough for an answer that would not wait
            assert not asked.done()
            assert bob.received("message-received") == [], "nothing is told that is not kept"
            own_redis.resume()
            said = await asked
            told = await bob.wait_for("message-received")
            assert told.payload["seq"] == said["seq"]
            assert (await ann.state())["connected"]


async def test_who_waits_too_long_is_told_so_and_may_say_it_again(node: str, own_redis: RedisServer) -> None:
    env = {"REDIS_URL": own_redis.url, **STEADY}
    with server_process(**env) as server, server_process(**env):
        async with js_client() as js, api_of(server.url) as api:
            room = await api.room()
            about = {"roomId": room.id}
            ann = await js.connect(server.url)
            await ann.ok("join-room", about)
            await asyncio.sleep(2 * LOOK_S)  # so that each knows of the other
            await asyncio.to_thread(own_redis.pause)
            message = {**about, "text": "held", "clientMessageId": "one"}
            began = time.monotonic()
            assert await ann.refused("send-message", message) == "UNAVAILABLE"
            assert time.monotonic() - began > SILENT_S - 1.0
            assert await ann.refused("send-message", {**about, "text": "another"}) == "UNAVAILABLE"
            own_redis.resume()
            async with asyncio.timeout(10 * PACE):
                while not (answer := await ann.request("send-message", message))["ok"]:
                    await asyncio.sleep(0.1)
            assert answer["data"]["duplicate"], "it was kept when Redis went on"


async def resumed(js: JsClient, url: str, seat: dict[str, Any], last_seq: int) -> dict[str, Any]:
    socket = await js.connect(url, reconnection=False)
    claim = {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"], "epoch": seat["epoch"]}
    about = {"roomId": seat["room"]["id"], "resume": {**claim, "lastSeq": last_seq}}
    back: dict[str, Any] = await socket.ok("join-room", about, limit_s=30)
    return back


@pytest.mark.parametrize("how", ["pause", "kill"])
async def test_a_node_that_is_alone_goes_on_without_redis_and_keeps_it_later(
    node: str, own_redis: RedisServer, how: str
) -> None:
    with server_process(REDIS_URL=own_redis.url, **STEADY) as server:
        async with js_client() as js, api_of(server.url) as api:
            room = await api.room()
            about = {"roomId": room.id}
            ann, bob = [await js.connect(server.url) for _ in range(2)]
            seat = await ann.ok("join-room", about)
            await bob.ok("join-room", about)
            await asyncio.sleep(2 * LOOK_S)  # so that it knows that it is alone
            await asyncio.to_thread(getattr(own_redis, how))
            began = time.monotonic()
            said = await ann.ok("send-message", {**about, "text": "unlogged"}, limit_s=SILENT_S - 0.5)
            assert time.monotonic() - began > LONE_S / 2, "a moment's silence is no reason"
            assert (await bob.wait_for("message-received")).payload["seq"] == said["seq"]
            took = []
            for number in range(20):
                began = time.monotonic()
                said = await ann.ok("send-message", {**about, "text": f"{number}"})
                took.append(time.monotonic() - began)
            assert max(took) < LONE_S / 2, "now nothing waits"
            assert (await room.call("POST", "/messages", {"text": "from outside"})).status == 201
            await asyncio.to_thread(own_redis.resume if how == "pause" else own_redis.restart)
            async with asyncio.timeout(15 * PACE):
                while b"from outside" not in str(contents(own_redis, room.id)).encode():
                    await asyncio.sleep(0.05)
            assert (await bob.state())["connected"]
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.restart)
            again = await resumed(js, server.url, seat, seat["seq"])
            assert again["recovered"]
            assert again["seq"] >= said["seq"] + 1


def contents(redis: RedisServer, room_id: str) -> list[bytes]:
    """The values of all fields of a room."""
    keys = [key for key in ask(redis, "KEYS", f"mf:{{{room_id}}}:st:*") if ask(redis, "TYPE", key) in (b"hash", "hash")]
    return [value for key in keys for value in ask(redis, "HVALS", key)]


async def test_a_redis_that_is_full_is_told_and_loses_nothing(node: str, own_redis: RedisServer) -> None:
    env = {"REDIS_URL": own_redis.url, **STEADY}
    with server_process(**env) as server, server_process(**env) as other:
        async with js_client() as js, api_of(server.url) as api:
            room = await api.room()
            about = {"roomId": room.id}
            ann, bob = await js.connect(server.url), await js.connect(other.url)
            await ann.ok("join-room", about)
            await bob.ok("join-room", about)
            ask(own_redis, "CONFIG", "SET", "maxmemory", 1)
            message = {**about, "text": "held", "clientMessageId": "one"}
            began = time.monotonic()
            assert await ann.refused("send-message", message) == "UNAVAILABLE"
            assert time.monotonic() - began > SILENT_S - 1.0
            assert (await api.call("POST", "/api/rooms", {})).code == "UNAVAILABLE"
            assert bob.received("message-received") == []
            ask(own_redis, "CONFIG", "SET", "maxmemory", 0)
            async with asyncio.timeout(10 * PACE):
                while not (answer := await ann.request("send-message", message))["ok"]:
                    await asyncio.sleep(0.1)
            assert answer["data"]["duplicate"], "it was kept when there was room"
            told = await bob.wait_for("message-received")
            assert told.payload["text"] == "held"
            assert len(bob.received("message-received")) == 1
            await bob.ok("send-message", {**about, "text": "and back"})
            for socket in (ann, bob):
                assert (await socket.state())["connected"]
            assert "begins anew" not in server.log() + other.log()


async def test_a_redis_that_comes_back_empty_is_told_everything_again(node: str, own_redis: RedisServer) -> None:
    with server_process(REDIS_URL=own_redis.url, **STEADY) as server:
        async with js_client() as js, api_of(server.url) as api:
            rooms = [await api.room() for _ in range(10)]
            people = []
            for room in rooms:
                socket = await js.connect(server.url)
                seat = await socket.ok("join-room", {"roomId": room.id, "name": "Ann"})
                await socket.ok("send-message", {"roomId": room.id, "text": "before"})
                people.append((socket, seat))
            await asyncio.to_thread(own_redis.kill)
            held = [
                asyncio.ensure_future(one.ok("send-message", {"roomId": room.id, "text": "held"}))
                for room, (one, _) in zip(rooms, people, strict=True)
            ]
            await asyncio.sleep(0.2)  # so that they meet a Redis that is gone
            await asyncio.to_thread(own_redis.restart)
            said = await asyncio.gather(*held)
            for socket, _ in people:
                assert (await socket.state())["connected"]

            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.restart)
            for room, (_, seat), last in zip(rooms, people, said, strict=True):
                back = await js.connect(server.url)
                claim = {
                    "participantId": seat["self"]["id"],
                    "resumeToken": seat["resumeToken"],
                    "epoch": seat["epoch"],
                    "lastSeq": seat["seq"],
                }
                again = await back.ok("join-room", {"roomId": room.id, "resume": claim}, limit_s=30)
                assert again["recovered"]
                assert again["seq"] >= last["seq"]


async def test_a_server_begins_without_redis_and_serves_once_it_is_there(own_redis: RedisServer) -> None:
    await asyncio.to_thread(own_redis.kill)
    with server_process(REDIS_URL=own_redis.url, **STEADY) as server:
        async with api_of(server.url) as api:
            assert (await api.call("POST", "/api/rooms", {})).code == "UNAVAILABLE"
            await asyncio.to_thread(own_redis.restart)
            async with asyncio.timeout(15 * PACE):
                while (await api.call("POST", "/api/rooms", {})).status != 201:
                    await asyncio.sleep(0.1)
