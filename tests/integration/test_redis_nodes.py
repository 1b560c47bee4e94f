"""Two processes and one Redis: rooms are handed over, taken over, and lost by whoever sleeps too long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from server.cluster.redis_rooms import ALIVE_S, HOLD_S
from tests.e2e.resilience.api import OwnRoom, api_of
from tests.support.js_client import JsClient, JsSocket, js_client
from tests.support.pace import PACE
from tests.support.processes import ServerProcess, server_process
from tests.support.redis import RedisServer

STEADY = {"SEAT_GRACE_S": "60", "EVENTS_PER_S": "0"}


@contextmanager
def two_nodes(redis: RedisServer, **settings: str) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    env = {"REDIS_URL": redis.url, **STEADY, **settings}
    with server_process(**env) as one, server_process(**env) as other:
        yield one, other


async def sits(js: JsClient, server: ServerProcess, room: OwnRoom, **fields: Any) -> tuple[JsSocket, dict[str, Any]]:
    socket = await js.connect(server.url, reconnection=False)
    return socket, await socket.ok("join-room", {"roomId": room.id, **fields}, limit_s=30)


async def resumed(js: JsClient, server: ServerProcess, seat: dict[str, Any]) -> tuple[JsSocket, dict[str, Any]]:
    socket = await js.connect(server.url, reconnection=False)
    claim = {
        "participantId": seat["self"]["id"],
        "resumeToken": seat["resumeToken"],
        "epoch": seat["epoch"],
        "lastSeq": seat["seq"],
    }
    return socket, await socket.ok("join-room", {"roomId": seat["room"]["id"], "resume": claim}, limit_s=30)


async def test_a_node_that_stops_hands_its_rooms_over(node: str, own_redis: RedisServer) -> None:
    with two_nodes(own_redis) as (one, other):
        async with js_client() as js, api_of(one.url) as api:
            room = await api.room()
            ann, seat = await sits(js, one, room, hostKey=room.host_key)
            said = await ann.ok("send-message", {"roomId": room.id, "text": "before"})
            assert await asyncio.to_thread(one.terminate) == 0
            assert (await owner_in(own_redis, room)).startswith(" "), "it need not be found dead first"
            ann, again = await resumed(js, other, seat)
            assert (again["epoch"], again["self"]["role"]) == (seat["epoch"], "host")
            assert again["seq"] >= said["seq"]
            more = await ann.ok("send-message", {"roomId": room.id, "text": "after"})
            assert more["seq"] == again["seq"] + 1


async def test_the_rooms_of_a_dead_node_run_on_another(node: str, own_redis: RedisServer) -> None:
    with two_nodes(own_redis) as (one, other):
        async with js_client() as js, api_of(one.url) as api:
            room = await api.room()
            ann, seat = await sits(js, one, room)
            said = await ann.ok("send-message", {"roomId": room.id, "text": "before"})
            await asyncio.to_thread(one.kill)
            async with asyncio.timeout(ALIVE_S + HOLD_S + 30):  # a bound against hanging: others use this machine
                _, again = await resumed(js, other, seat)
            assert again["recovered"]
            assert again["seq"] >= said["seq"]


async def test_what_is_due_in_the_rooms_of_a_dead_node_happens(node: str, own_redis: RedisServer) -> None:
    with two_nodes(own_redis, EMPTY_ROOM_TTL_S="1", SEAT_GRACE_S="1") as (one, other):
        async with js_client() as js, api_of(one.url) as api, api_of(other.url) as survivor:
            room = await api.room()
            await sits(js, one, room)
            await asyncio.to_thread(one.kill)
            # Nobody asks for it: the other node looks after it by itself.
            await until_gone(own_redis, room)
            answer = await survivor.call("GET", f"/api/rooms/{room.id}")
            assert (answer.status, answer.code) == (410, "ROOM_ENDED")


async def owner_in(redis: RedisServer, room: OwnRoom) -> str:
    """Owner, space, fence."""
    from redis.asyncio import Redis

    async with Redis.from_url(redis.url) as client:
        return str((await client.get(f"mf:{{{room.id}}}:o")).decode())


async def until_gone(redis: RedisServer, room: OwnRoom) -> None:
    from redis.asyncio import Redis

    async with Redis.from_url(redis.url) as client:
        async with asyncio.timeout(20 * PACE):
            while await client.exists(f"mf:{{{room.id}}}:o"):
                await asyncio.sleep(0.1)


async def test_a_node_that_slept_too_long_changes_nothing(node: str, own_redis: RedisServer) -> None:
    with two_nodes(own_redis) as (one, other):
        async with js_client() as js, api_of(one.url) as api:
            room = await api.room()
            about = {"roomId": room.id}
            ann, seat = await sits(js, one, room)
            await ann.ok("send-message", {**about, "text": "kept"})
            await asyncio.to_thread(one.pause)
            bob, there = await sits(js, other, room, clientJoinId="a join that is repeated")
            asked = asyncio.ensure_future(ann.request("send-message", {**about, "text": "of a zombie"}, limit_s=15))
            await bob.ok("send-message", {**about, "text": "meanwhile"})
            one.resume()
            # It is refused, or the connection is closed before an answer, or it was taken to who runs the room now.
            (answer,) = await asyncio.gather(asked, return_exceptions=True)
            taken_there = isinstance(answer, dict) and answer["ok"]
            assert taken_there or isinstance(answer, Exception) or answer["error"]["code"] == "UNAVAILABLE"
            back, again = await resumed(js, other, seat)
            texts = [m["payload"]["text"] for m in again["missed"] if m["event"] == "message-received"]
            assert [text for text in texts if text != "of a zombie"] == ["meanwhile"]
            if taken_there:
                assert answer["data"]["seq"] > seat["seq"] + 1, "its seq is the new owner's"
            assert again["epoch"] == there["epoch"] == seat["epoch"]
            new = await back.ok("send-message", {**about, "text": "after"})
            assert new["seq"] > again["seq"]


async def test_two_hundred_with_one_invite_on_two_nodes_are_one(node: str, own_redis: RedisServer) -> None:
    with two_nodes(own_redis) as (one, other):
        async with js_client() as js, api_of(one.url) as api:
            room = await api.room(capacity=50)
            invite = await room.invite()
            sockets = [await js.connect(server.url) for _ in range(20) for server in (one, other)]
            about = {"roomId": room.id, "invite": invite}
            answers = await asyncio.gather(*(each.request("join-room", about, limit_s=30) for each in sockets))
            assert sum(answer["ok"] for answer in answers) == 1


async def test_an_idempotency_key_means_one_room_on_all_nodes(own_redis: RedisServer) -> None:
    with two_nodes(own_redis) as (one, other):
        async with api_of(one.url) as first, api_of(other.url) as second:
            key = "an unguessable key 0123456789"
            made = await first.call("POST", "/api/rooms", {}, idempotency_key=key)
            assert await asyncio.to_thread(one.terminate) == 0
            again = await second.call("POST", "/api/rooms", {}, idempotency_key=key)
            assert again.body["roomId"] == made.body["roomId"]
            assert again.body["hostKey"] == made.body["hostKey"]
