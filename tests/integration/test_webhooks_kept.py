"""Webhooks outlive the process that put them there: in MongoDB, or in Redis, where one node sends those of all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from pymongo import AsyncMongoClient

from tests.integration.contract.requests import OFFER
from tests.support.mongo import find_in_files, find_word_everywhere, start_mongod
from tests.support.nodes import NodeProcess, nodes
from tests.support.pace import PACE
from tests.support.processes import ServerProcess, server_process
from tests.support.receiver import SECRET, Receiver, receiving
from tests.support.redis import RedisServer
from tests.support.server import talking_to

WORD = "xyzzyplover"
PEOPLE = 5
COMINGS = ("room.created", "room.started", *("participant.joined", "participant.left") * PEOPLE)
OUTAGE_S = 60


def told_to(receiver: Receiver, **more: str) -> dict[str, str]:
    return {
        "WEBHOOK_URLS": receiver.url,
        "WEBHOOK_SECRET": SECRET,
        "WEBHOOK_ALLOW_PRIVATE": "on",
        "EVENTS_PER_S": "0",
        **more,
    }


async def talk(process: ServerProcess, rooms: int = 3) -> list[str]:
    """Rooms in which people come and go."""
    async with talking_to(process.url) as server:
        made = [(await server.room())["roomId"] for _ in range(rooms)]
        client = await server.connect()
        for _ in range(PEOPLE):
            for room in made:
                await client.ok("join-room", roomId=room, name=WORD)
                await client.ok("leave-room", roomId=room)
    return made


async def status_500(_: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


async def seen(receiver: Receiver, rooms: list[str]) -> None:
    """All came, in order, once each."""
    for room in rooms:
        told = await receiver.wait_for(room, *COMINGS)
        joined = [one["participantId"] for one in told if "reason" not in one and "participantId" in one]
        assert joined == [one["participantId"] for one in told if "reason" in one]


async def test_a_process_that_is_killed_leaves_what_was_not_taken_to_the_next(mongo_uri: str) -> None:
    async with receiving() as receiver:
        settings = told_to(receiver, MONGODB_URI=mongo_uri, WEBHOOK_NAMES="on")
        with server_process(**settings) as process:
            receiver.answer = status_500
            rooms = await talk(process)
            await kept(mongo_uri, len(rooms) * len(COMINGS))
            process.kill()
            assert find_word_everywhere(mongo_uri, WORD) == [], "names are sealed there as well"
            receiver.answer = None
            await asyncio.to_thread(process.restart)
            await seen(receiver, rooms)
            rooms += await talk(process, 1)
            await seen(receiver, rooms)
            assert {one["data"]["name"] for one in receiver.messages if "participantId" in one["data"]} == {WORD}
            await kept(mongo_uri, 0)


async def kept(mongo_uri: str, count: int) -> None:
    """Return once so many wait in the database."""
    async with AsyncMongoClient[dict[str, Any]](mongo_uri) as client, asyncio.timeout(10 * PACE):
        while await client.get_default_database()["webhooks"].count_documents({}) != count:
            await asyncio.sleep(0.1)


async def test_a_process_that_stops_says_what_it_leaves_and_the_next_one_sends_it(mongo_uri: str) -> None:
    async with receiving() as receiver:
        settings = told_to(receiver, MONGODB_URI=mongo_uri)
        with server_process(**settings) as process:
            await receiver.stop()
            rooms = await talk(process)
            assert await asyncio.to_thread(process.terminate) == 0
            assert f"{len(rooms) * len(COMINGS)} webhooks are left to the next process" in process.log()
            assert "unsent" not in process.log()
            await receiver.start()
            await asyncio.to_thread(process.restart)
            await seen(receiver, rooms)


def test_what_was_kept_is_in_no_file_of_the_database_either() -> None:
    async def fill(uri: str) -> None:
        async with receiving() as receiver:
            with server_process(**told_to(receiver, MONGODB_URI=uri, WEBHOOK_NAMES="on")) as process:
                receiver.answer = status_500
                await talk(process, 1)
                assert await asyncio.to_thread(process.terminate) == 0

    mongod = start_mongod(replica_set=True, compressed=False)
    try:
        asyncio.run(fill(mongod.uri("rooms")))
        assert find_in_files(mongod, "participant.joined") == [], "nor in the journal, nor in the oplog"
        assert find_in_files(mongod, WORD) == []
        assert find_in_files(mongod, "webhooks"), "the search finds what is there"
    finally:
        mongod.close()


async def test_of_all_nodes_one_sends_and_each_message_is_sent_once(own_redis: RedisServer) -> None:
    async with receiving() as receiver:
        with nodes(own_redis, 3, **told_to(receiver)) as (one, two, three):
            rooms = [room for made in await asyncio.gather(*map(talk, (one, two, three))) for room in made]
            await seen(receiver, rooms)
            assert len(receiver.tries_of) == len(rooms) * len(COMINGS)
            assert set(receiver.tries_of.values()) == {1}


async def sender_of(redis: RedisServer, started: list[NodeProcess]) -> NodeProcess:
    """Which of them has sent something."""
    async with asyncio.timeout(10 * PACE):
        while True:
            for node in started:
                if any(line.endswith("} 0.0") is False for line in sent_lines(await metrics(node))):
                    return node
            await asyncio.sleep(0.1)


async def metrics(node: NodeProcess) -> str:
    async with talking_to(node.url) as server:
        return (await server.call("GET", "/metrics")).text


def sent_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("mayfly_webhooks_sent_total{")]


@pytest.mark.parametrize("end", ["kill", "terminate"])
async def test_where_the_sender_goes_another_node_sends_what_is_left(own_redis: RedisServer, end: str) -> None:
    async with receiving() as receiver:
        with nodes(own_redis, 2, **told_to(receiver)) as started:
            first = await talk(started[0], 1)
            await seen(receiver, first)
            sender = await sender_of(own_redis, started)
            (other,) = [node for node in started if node is not sender]
            receiver.answer = status_500
            rooms = [room for made in await asyncio.gather(*map(talk, started)) for room in made]
            await asyncio.to_thread(sender.kill if end == "kill" else sender.terminate)
            rooms += await talk(other, 1)
            receiver.answer = None
            await seen(receiver, first + rooms)


async def test_a_room_that_moves_keeps_its_order_and_nobody_leaves_twice(own_redis: RedisServer) -> None:
    async with receiving() as receiver:
        with nodes(own_redis, 2, **told_to(receiver)) as (one, two):
            async with talking_to(two.url) as there:
                async with talking_to(one.url) as here:
                    made = await here.room()
                    room = made["roomId"]
                    await here.seated(room)
                    ann, a = await there.seated(room)
                    bob, b = await there.seated(room)
                    await ann.ok("leave-room", roomId=room)
                    receiver.answer = status_500
                    await asyncio.to_thread(one.terminate)
                await bob.ok("send-message", roomId=room, text="it runs here now")
                await bob.ok("leave-room", roomId=room)
                receiver.answer = None
                await there.call("DELETE", f"/api/rooms/{room}", key=made["hostKey"])
                told = await receiver.wait_for(
                    room,
                    *("room.created", "room.started"),
                    *("participant.joined",) * 3,
                    *("participant.left",) * 3,
                    "room.ended",
                )
                left = [one for one in told if "participantId" in one and "reason" in one]
                assert [one["participantId"] for one in left[:2]] == [a["self"]["id"], b["self"]["id"]]
                assert [one["reason"] for one in left] == ["left", "left", "room-ended"]


async def test_a_call_that_moves_with_its_room_is_one_call(own_redis: RedisServer) -> None:
    async with receiving() as receiver:
        with nodes(own_redis, 2, **told_to(receiver)) as (one, two):
            async with talking_to(two.url) as there:
                async with talking_to(one.url) as here:
                    room = (await here.room())["roomId"]
                ann, a = await there.seated(room)
                bob, b = await there.seated(room)

                async def call() -> None:
                    await ann.ok("offer", roomId=room, to=b["self"]["id"], description=OFFER)
                    answer = {**OFFER, "type": "answer"}
                    await bob.ok("answer", roomId=room, to=a["self"]["id"], description=answer)

                await call()
                await asyncio.to_thread(one.terminate)
                await call()  # ICE is restarted
                for client in (ann, bob):
                    await client.ok("leave-room", roomId=room)
                told = await receiver.wait_for(
                    room,
                    *("room.created", "room.started", "participant.joined", "participant.joined"),
                    *("call.started", "call.ended"),
                    *("participant.left",) * 2,
                )
                assert [one["peak"] for one in told if "peak" in one] == [2]


async def test_while_redis_is_away_what_happens_waits_for_it(own_redis: RedisServer) -> None:
    async with receiving() as receiver:
        with nodes(own_redis, 2, **told_to(receiver)) as (one, _):
            rooms = await talk(one, 1)
            await seen(receiver, rooms)
            own_redis.pause()
            await asyncio.sleep(3.0)  # for longer than the lease lasts
            own_redis.resume()
            rooms += await talk(one, 1)
            await seen(receiver, rooms)


@pytest.mark.soak
async def test_a_receiver_that_is_down_for_a_minute_gets_all_of_it(own_redis: RedisServer) -> None:
    async with receiving() as receiver:
        with nodes(own_redis, 2, **told_to(receiver)) as started:
            await receiver.stop()
            rooms = [room for made in await asyncio.gather(*map(talk, started)) for room in made]
            await asyncio.sleep(OUTAGE_S)
            rooms += await talk(started[0], 1)
            await receiver.start()
            async with asyncio.timeout(45 * PACE):  # a pause is at most 30 s, and a fifth more
                while len(receiver.messages) < len(rooms) * len(COMINGS):
                    await asyncio.sleep(0.1)
            await seen(receiver, rooms)
            assert set(receiver.tries_of.values()) == {1}
