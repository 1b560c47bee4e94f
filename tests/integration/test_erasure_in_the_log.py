"""What was taken back is in no document of the log within two seconds; what was changed is there as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from storage.mongo import MongoStore
from tests.support.mongo import find_word_opened
from tests.support.pace import PACE
from tests.support.server import Client, Server, running

WORD = "kafloquort"
SOON_S = 2.0 * PACE


@pytest.fixture
async def server(mongo_uri: str) -> AsyncIterator[Server]:
    async with running(store=MongoStore(mongo_uri), message_log="on", events_per_s=0) as server:
        yield server


async def until_found(uri: str, times: int, within_s: float = SOON_S) -> None:
    """Return when the word is in so many documents."""
    found: list[str] = []
    for _ in range(int(within_s / 0.05)):
        found = await asyncio.to_thread(find_word_opened, uri, WORD)
        if len(found) == times:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the word is in {found}")


async def say(client: Client, room: str, **more: object) -> str:
    return str((await client.ok("send-message", roomId=room, text=WORD, data={"word": WORD}, **more))["id"])


async def test_what_was_taken_back_is_not_in_the_database(server: Server, mongo_uri: str) -> None:
    made = await server.room(log=True)
    room, path = made["roomId"], f"/api/rooms/{made['roomId']}/messages"
    client, _ = await server.seated(room, hostKey=made["hostKey"])
    other, two = await server.seated(room)
    deleted, moderated, edited, over_rest = [await say(client, room) for _ in range(4)]
    await until_found(mongo_uri, 4)
    await client.ok("delete-message", roomId=room, id=deleted)
    await client.ok("delete-message", roomId=room, id=moderated)
    await client.ok("edit-message", roomId=room, id=edited, text="nothing", data=0)
    assert (await server.call("DELETE", f"{path}/{over_rest}", key=made["hostKey"])).status == 200
    await until_found(mongo_uri, 0)
    page = (await server.call("GET", path, key=made["hostKey"])).json["messages"]
    assert [(one["id"], one["text"], one["data"]) for one in page] == [(edited, "nothing", 0)]
    await say(client, room, viewOnce=True)
    await say(client, room, to=two["self"]["id"])
    await other.wait_for_count("message-received", 6)
    await server.call("GET", path, key=made["hostKey"])
    await until_found(mongo_uri, 0)


async def test_what_has_expired_is_not_in_the_database(server: Server, mongo_uri: str) -> None:
    made = await server.room(log=True, messageTtlS=5)
    client, _ = await server.seated(made["roomId"])
    await say(client, made["roomId"])
    await until_found(mongo_uri, 1)
    await client.wait_for("message-deleted")
    await until_found(mongo_uri, 0)


async def test_what_is_taken_back_at_once_never_gets_there(server: Server, mongo_uri: str) -> None:
    made = await server.room(log=True)
    client, _ = await server.seated(made["roomId"])
    for _ in range(50):
        await client.ok("delete-message", roomId=made["roomId"], id=await say(client, made["roomId"]))
    await until_found(mongo_uri, 0)
    assert (await server.call("GET", f"/api/rooms/{made['roomId']}/messages", key=made["hostKey"])).json[
        "messages"
    ] == []
