"""`kill -9` and a restart on Redis: the same seats, epoch and messages, and whatever was acknowledged holds."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.e2e.resilience.api import api_of
from tests.support.js_client import JsClient, JsSocket, js_client
from tests.support.processes import ServerProcess, server_process
from tests.support.redis import RedisServer

STEADY = {"SEAT_GRACE_S": "60", "EVENTS_PER_S": "0"}


async def killed_and_back(server: ServerProcess) -> None:
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.restart)


async def resume(js: JsClient, server: ServerProcess, seat: dict[str, Any], last_seq: int) -> tuple[JsSocket, Any]:
    socket = await js.connect(server.url)
    claim = {
        "participantId": seat["self"]["id"],
        "resumeToken": seat["resumeToken"],
        "epoch": seat["epoch"],
        "lastSeq": last_seq,
    }
    return socket, await socket.ok("join-room", {"roomId": seat["room"]["id"], "resume": claim}, limit_s=30)


async def test_nobody_loses_anything(node: str, own_redis: RedisServer) -> None:
    with server_process(REDIS_URL=own_redis.url, **STEADY) as server:
        async with js_client() as js, api_of(server.url) as api:
            room = await api.room(capacity=8)
            about = {"roomId": room.id}
            ann, bob, rude = [await js.connect(server.url) for _ in range(3)]
            host = await ann.ok("join-room", {**about, "hostKey": room.host_key, "name": "Ann"})
            invite = await room.invite()
            guest = await bob.ok("join-room", {**about, "invite": invite, "name": "Bob"})
            bad = await rude.ok("join-room", about)
            await ann.ok("ban", {**about, "participantId": bad["self"]["id"]})
            first = await ann.ok("send-message", {**about, "text": "first", "clientMessageId": "one"})
            edited = await bob.ok("send-message", {**about, "text": "typo"})
            await bob.ok("edit-message", {**about, "id": edited["id"], "text": "mended"})
            gone = await ann.ok("send-message", {**about, "text": "a planted word"})
            await ann.ok("delete-message", {**about, "id": gone["id"]})
            await bob.ok("react", {**about, "id": first["id"], "emoji": "+1", "on": True})
            poll = await ann.ok("create-poll", {**about, "question": "tea?", "options": ["yes", "no"]})
            await bob.ok("vote", {**about, "pollId": poll["pollId"], "choices": [0]})
            await ann.ok("update-room", {**about, "locked": False, "capacity": 7})
            ended = await api.room()
            assert (await ended.call("DELETE")).status == 200

            await killed_and_back(server)

            _, host_again = await resume(js, server, host, host["seq"])
            bob, guest_again = await resume(js, server, guest, guest["seq"])
            for before, after in ((host, host_again), (guest, guest_again)):
                assert after["self"]["id"] == before["self"]["id"]
                assert after["self"]["name"] == before["self"]["name"]
                assert after["self"]["role"] == before["self"]["role"]
                assert after["epoch"] == before["epoch"]
                assert after["recovered"]
            told = [one for one in host_again["missed"] if one["event"] == "message-received"]
            assert [one["payload"]["text"] for one in told] == ["mended"]
            said = [one["payload"] for one in guest_again["missed"] if one["event"] == "message-received"]
            assert [(one["text"], one["reactions"][0]["emoji"]) for one in said] == [("first", "+1")]
            assert "a planted word" not in str((host_again, guest_again))
            assert guest_again["polls"][0]["counts"] == [1, 0]
            assert guest_again["room"]["capacity"] == 7
            assert guest_again["seq"] > guest["seq"]

            stranger = await js.connect(server.url)
            assert await stranger.refused("join-room", {**about, "invite": invite}) == "INVITE_USED"
            assert await stranger.refused("join-room", about) == "BANNED"
            assert await stranger.refused("join-room", {"roomId": ended.id}) == "ROOM_ENDED"
            assert (await ended.call("GET")).status == 410

            again = await ann_says_it_again(js, server, host_again, about)
            assert (again["seq"], again["id"], again["duplicate"]) == (first["seq"], first["id"], True)
            new = await bob.ok("send-message", {**about, "text": "after"})
            assert new["id"] > edited["id"]


async def ann_says_it_again(js: JsClient, server: ServerProcess, seat: dict[str, Any], about: dict[str, str]) -> Any:
    ann, _ = await resume(js, server, seat, seat["seq"])
    return await ann.ok("send-message", {**about, "text": "first", "clientMessageId": "one"})


async def test_no_acknowledged_message_is_lost_in_a_kill_under_load(node: str, own_redis: RedisServer) -> None:
    with server_process(REDIS_URL=own_redis.url, **STEADY) as server:
        async with js_client() as js, api_of(server.url) as api:
            room = await api.room()
            about = {"roomId": room.id}
            ann, bob = [await js.connect(server.url) for _ in range(2)]
            seat = await ann.ok("join-room", about)
            await bob.ok("join-room", about)
            acknowledged: list[int] = []

            async def talk() -> None:
                for n in range(100_000):
                    answer = await ann.request("send-message", {**about, "text": f"{n}"}, limit_s=3)
                    acknowledged.append(answer["data"]["seq"])

            talking = asyncio.ensure_future(talk())
            await bob.wait_for("message-received", where=lambda m: m["seq"] > 60)
            await asyncio.to_thread(server.kill)
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            told = [message["seq"] for message in bob.received("message-received")]
            await asyncio.to_thread(server.restart)

            _, again = await resume(js, server, seat, seat["seq"])
            assert again["epoch"] == seat["epoch"]
            assert acknowledged
            assert max(acknowledged + told) <= again["seq"], "what was told is in the room"
            assert told == list(range(told[0], told[-1] + 1)), "no gap, nothing twice"


async def test_an_end_is_an_end_and_erases_what_was_said(node: str, own_redis: RedisServer) -> None:
    with server_process(REDIS_URL=own_redis.url, **STEADY) as server:
        async with js_client() as js, api_of(server.url) as api:
            room = await api.room()
            ann = await js.connect(server.url)
            await ann.ok("join-room", {"roomId": room.id, "hostKey": room.host_key, "name": "planted name"})
            await ann.ok("send-message", {"roomId": room.id, "text": "a planted word"})
            assert in_redis(own_redis, b"a planted word")
            await ann.ok("end-room", {"roomId": room.id})
            assert not in_redis(own_redis, b"planted")


def in_redis(redis: RedisServer, word: bytes) -> bool:
    """Whether any value of any key holds a word."""
    from redis import Redis

    with Redis.from_url(redis.url) as client:
        for key in client.scan_iter():
            match client.type(key):
                case b"hash":
                    held: Any = client.hgetall(key)
                case b"set":
                    held = client.smembers(key)
                case b"stream":
                    held = client.xrange(key)
                case _:
                    held = client.get(key)
            if word in repr(held).encode():
                return True
    return False
