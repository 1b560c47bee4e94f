"""Redis comes back with an earlier copy of its data: what was written since is written anew, or known to be missing."""

from __future__ import annotations

import asyncio
from typing import Any

from server.cluster.redis_rooms import ALIVE_S
from storage.redis.keeper import YOUNG_S
from tests.e2e.resilience.api import OwnRoom, api_of
from tests.support.js_client import JsClient, JsSocket, js_client
from tests.support.pace import PACE
from tests.support.processes import ServerProcess, server_process
from tests.support.redis import RedisServer, ask

STEADY = {"SEAT_GRACE_S": "60", "EVENTS_PER_S": "0"}


async def go_back(redis: RedisServer) -> None:
    """It is killed, and starts with the copy that `SAVE` made."""
    await asyncio.to_thread(redis.kill)
    await asyncio.to_thread(redis.restart)


async def sits(js: JsClient, server: ServerProcess, room: OwnRoom) -> tuple[JsSocket, dict[str, Any]]:
    socket = await js.connect(server.url, reconnection=False)
    return socket, await socket.ok("join-room", {"roomId": room.id}, limit_s=30)


async def resumed(js: JsClient, server: ServerProcess, seat: dict[str, Any], last_seq: int) -> dict[str, Any]:
    socket = await js.connect(server.url, reconnection=False)
    claim = {
        "participantId": seat["self"]["id"],
        "resumeToken": seat["resumeToken"],
        "epoch": seat["epoch"],
        "lastSeq": last_seq,
    }
    about = {"roomId": seat["room"]["id"], "resume": claim}
    async with asyncio.timeout(30 * PACE):
        while not (answer := await socket.request("join-room", about, limit_s=30))["ok"]:
            assert answer["error"]["code"] in ("UNAVAILABLE", "SERVER_DRAINING"), answer
            await asyncio.sleep(0.2)
    return dict(answer["data"])


def texts(snapshot: dict[str, Any]) -> list[str]:
    return [message["text"] for message in snapshot["messages"]]


async def test_whoever_runs_a_room_writes_it_again(node: str, own_redis: RedisServer) -> None:
    with server_process(REDIS_URL=own_redis.url, **STEADY) as server:
        async with js_client() as js, api_of(server.url) as api:
            room, ended = await api.room(), await api.room()
            ann, seat = await sits(js, server, room)
            await ann.ok("send-message", {"roomId": room.id, "text": "copied"})
            ask(own_redis, "SAVE")
            said = await ann.ok("send-message", {"roomId": room.id, "text": "not copied"})
            assert (await ended.call("DELETE")).status == 200
            await go_back(own_redis)
            # Nobody says anything, and the room is written all the same.
            async with asyncio.timeout(15 * PACE):
                while "written anew" not in server.log():
                    await asyncio.sleep(0.05)
            more = await ann.ok("send-message", {"roomId": room.id, "text": "after"}, limit_s=15)
            assert more["seq"] == said["seq"] + 1
            assert (await ann.state())["connected"]

            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.restart)
            again = await resumed(js, server, seat, seat["seq"])
            assert again["recovered"]
            assert again["epoch"] == seat["epoch"]
            assert again["seq"] >= more["seq"]
            answer = await api.call("GET", f"/api/rooms/{ended.id}")
            assert (answer.status, answer.code) == (410, "ROOM_ENDED"), "what has ended does not live again"


async def test_a_room_that_nobody_has_any_more_begins_another_epoch(node: str, own_redis: RedisServer) -> None:
    with server_process(REDIS_URL=own_redis.url, **STEADY) as server:
        async with js_client() as js, api_of(server.url) as api:
            room = await api.room()
            ann, seat = await sits(js, server, room)
            copied = await ann.ok("send-message", {"roomId": room.id, "text": "copied"})
            ask(own_redis, "SAVE")
            await ann.ok("send-message", {"roomId": room.id, "text": "lost"})
            await asyncio.to_thread(server.kill)
            await go_back(own_redis)
            await asyncio.to_thread(server.restart)
            again = await resumed(js, server, seat, copied["seq"])
            assert not again["recovered"], "although nothing after this seq is in the room: something was"
            assert again["epoch"] != seat["epoch"]
            assert texts(again) == ["copied"]


async def test_who_can_be_reached_later_than_others_keeps_its_rooms(node: str, own_redis: RedisServer) -> None:
    """In a copy no node is alive any more; the first that comes back must not take the rooms of those that follow."""
    env = {"REDIS_URL": own_redis.url, **STEADY}
    with server_process(**env) as owner, server_process(**env) as other:
        async with js_client() as js, api_of(owner.url) as api:
            room = await api.room()
            ann, seat = await sits(js, owner, room)
            ask(own_redis, "SAVE")
            await asyncio.sleep(ALIVE_S)  # so that the copy knows no node that lives
            said = await ann.ok("send-message", {"roomId": room.id, "text": "not copied"})
            await asyncio.to_thread(owner.pause)
            await go_back(own_redis)
            bob = await js.connect(other.url, reconnection=False)
            joining = asyncio.ensure_future(bob.request("join-room", {"roomId": room.id}, limit_s=15))
            await asyncio.sleep(YOUNG_S / 3)
            owner.resume()
            answer = await joining
            assert answer["ok"] or answer["error"]["code"] == "UNAVAILABLE"
            more = await ann.ok("send-message", {"roomId": room.id, "text": "after"}, limit_s=15)
            assert more["seq"] > said["seq"]
            again = await resumed(js, other, seat, seat["seq"])
            assert again["recovered"]
            assert again["epoch"] == seat["epoch"]
