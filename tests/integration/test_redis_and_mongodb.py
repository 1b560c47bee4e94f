"""Redis and MongoDB together: rooms live in Redis, MongoDB keeps the log and files, and no lease is asked for."""

from __future__ import annotations

import asyncio

from tests.e2e.resilience.api import Api, api_of
from tests.support.js_client import js_client
from tests.support.pace import PACE
from tests.support.processes import server_process
from tests.support.redis import RedisServer

LOGGED = "said for the log"


async def test_rooms_are_of_redis_and_logs_of_mongodb(node: str, own_redis: RedisServer, mongo_uri: str) -> None:
    both = {
        "REDIS_URL": own_redis.url,
        "MONGODB_URI": mongo_uri,
        "MESSAGE_LOG": "on",
        "FILE_STORE": "mongo",
        "STORAGE_SECRET": "a secret of both processes",
        "SEAT_GRACE_S": "60",
    }
    with server_process(**both) as one, server_process(**both) as other:
        async with js_client() as js, api_of(one.url) as first, api_of(other.url) as second:
            logged, plain = await first.room(log=True), await second.room()
            ann = await js.connect(one.url, reconnection=False)
            seat = await ann.ok("join-room", {"roomId": logged.id})
            await ann.ok("send-message", {"roomId": logged.id, "text": LOGGED})
            bob = await js.connect(other.url)
            await bob.ok("join-room", {"roomId": plain.id})  # both own rooms at once: there is no lease
            assert await texts_of(first, logged.id, logged.host_key) == [LOGGED]
            file = await uploaded(first, logged.id, seat["resumeToken"])

            await asyncio.to_thread(one.kill)
            back = await js.connect(other.url)
            claim = {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"], "epoch": seat["epoch"]}
            again = await back.ok("join-room", {"roomId": logged.id, "resume": claim}, limit_s=30)
            assert again["epoch"] == seat["epoch"]
            assert await texts_of(second, logged.id, logged.host_key) == [LOGGED]
            async with asyncio.timeout(10 * PACE):  # its files are looked for behind
                while await opened(second, logged.id, file, seat["resumeToken"]) is None:
                    await asyncio.sleep(0.1)
            assert await opened(second, logged.id, file, seat["resumeToken"]) == b"of Ann"


async def texts_of(api: Api, room_id: str, key: str) -> list[str]:
    answer = await api.call("GET", f"/api/rooms/{room_id}/messages", key=key)
    return [message["text"] for message in answer.body["messages"]]


async def uploaded(api: Api, room_id: str, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
    async with api.session.post(f"{api.url}/api/rooms/{room_id}/files", data=b"of Ann", headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        body = await answer.json()
        return str(body.get("fileId") or body["id"])


async def opened(api: Api, room_id: str, file_id: str, token: str) -> bytes | None:
    headers = {"Authorization": f"Bearer {token}"}
    async with api.session.get(f"{api.url}/api/rooms/{room_id}/files/{file_id}", headers=headers) as answer:
        return await answer.read() if answer.status == 200 else None
