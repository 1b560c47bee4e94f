"""What was taken back is nowhere within two seconds, with two processes on one Redis, files and a log in MongoDB.

Not in any value of Redis (a stream keeps the bytes of entries that were deleted), not in the database, and in no live
object of either process.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.resilience.api import Member, OwnRoom, api_of
from tests.support.files import all_gone
from tests.support.js_client import JsClient, js_client
from tests.support.mongo import drop_database, find_word_opened
from tests.support.pace import PACE
from tests.support.processes import launch
from tests.support.redis import RedisServer, find_in_redis
from tests.support.searched import SearchedNode

SECRET = "a secret of both of the processes"
WITHIN_S = 2.0 * PACE


@dataclass(frozen=True, slots=True)
class Place:
    """A room whose host came through one process, and an author through the other."""

    processes: list[SearchedNode]
    redis: RedisServer
    mongo_uri: str
    room: OwnRoom
    host: Member
    author: Member
    js: JsClient

    async def found(self, word: str) -> list[str]:
        """Where a word is."""
        in_redis = await asyncio.to_thread(find_in_redis, self.redis, word)
        in_mongo = await asyncio.to_thread(find_word_opened, self.mongo_uri, word, SECRET)
        alive = await asyncio.gather(*(asyncio.to_thread(each.holders, word) for each in self.processes))
        return [
            *in_redis,
            *in_mongo,
            *(f"process {number}: {one}" for number, all_ in enumerate(alive) for one in all_),
        ]

    async def until_gone(self, *words: str) -> None:
        """Fail where a word is found in a search that begins two seconds from now."""
        began, left = time.monotonic(), list(words)
        while True:
            is_late = time.monotonic() - began >= WITHIN_S
            found = {word: where for word in left if (where := await self.found(word))}
            if not found:
                return
            assert not is_late, found
            left = list(found)

    async def say(self, by: Member, **more: Any) -> tuple[str, str]:
        """A message that holds a new word wherever it can: its id, and the word."""
        word = secrets.token_hex(8)
        said = await by.say(f"so {word}", data={"w": word}, **more)
        return str(said["id"]), word

    async def lay_down(self, by: Member) -> tuple[str, str]:
        """A file that holds a new word, and the word."""
        word = secrets.token_hex(8)
        url = f"{self.processes[1].url}/api/rooms/{self.room.id}/files"
        data = b"-" * 300_000 + word.encode() + b"-" * 99
        headers = {"Authorization": f"Bearer {by.token}", "X-File-Name": word, "Content-Type": "text/plain"}
        async with self.room.api.session.post(url, data=data, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            return str((await answer.json())["fileId"]), word


@pytest.fixture(scope="module")
def processes(redis_server: RedisServer, _mongo_base: str) -> Iterator[tuple[list[SearchedNode], str]]:
    """Two processes, and the URI of their database."""
    uri = _mongo_base % f"mayfly_test_{secrets.token_hex(6)}"
    settings = {"MONGODB_URI": uri, "FILE_STORE": "mongo", "STORAGE_SECRET": SECRET, "MESSAGE_LOG": "on"}
    with ExitStack() as stack:
        stack.callback(drop_database, uri)
        made = []
        for _ in range(2):
            made.append(launch(lambda port: SearchedNode(port, redis_server, settings)))
            stack.callback(made[-1].close)
        yield made, uri


@pytest_asyncio.fixture
async def place(
    node: str, redis_server: RedisServer, processes: tuple[list[SearchedNode], str]
) -> AsyncIterator[Place]:
    nodes, uri = processes
    async with js_client() as js, api_of(nodes[0].url) as api:
        room = await api.room(log=True)
        host = await room.enter(js, nodes[0].url, name="Ann", hostKey=room.host_key)
        author = await room.enter(js, nodes[1].url, name="Bob")
        yield Place(nodes, redis_server, uri, room, host, author, js)
        await js.leave()


async def asked(place: Place, path: str, key: str, method: str = "GET", **options: Any) -> None:
    """A call through both processes, on connections that stay open."""
    for process in place.processes:
        url, headers = f"{process.url}/api/rooms/{place.room.id}{path}", {"Authorization": f"Bearer {key}"}
        async with place.room.api.session.request(method, url, headers=headers, **options) as answer:
            assert answer.status < 300, await answer.text()
            await answer.read()


async def test_what_was_said_and_read_over_http_is_nowhere_in_two_seconds(place: Place) -> None:
    room = place.room
    polling = await room.enter(place.js, place.processes[1].url, transports=["polling"])
    said, word = await place.say(polling)
    await heard(place.host, "message-received", said)
    again, other_word = await place.say(place.host)
    await heard(polling, "message-received", again)
    third = secrets.token_hex(8)
    await asked(place, "/messages", place.author.token, "POST", json={"text": third})
    await place.host.socket.wait_for("message-received", lambda one: one["text"] == third)
    await asked(place, "/messages", room.host_key)
    for found in (word, other_word, third):
        await asked(place, f"/messages?q={found}", room.host_key)
    messages = (await room.call("GET", "/messages")).body["messages"]
    for message in messages:
        assert (await room.call("DELETE", f"/messages/{message['id']}")).status == 200
    assert len(messages) == 4
    await place.until_gone(word, other_word, third)


async def heard(member: Member, name: str, message: str) -> None:
    await member.socket.wait_for(name, lambda one: one.get("id") == message)


async def test_what_was_taken_back_is_nowhere_in_two_seconds(place: Place) -> None:
    host, author = place.host, place.author
    fading, fading_word = await place.say(author, ttlS=5)
    messages = {}
    for how, by, more in (
        ("deleted", author, {}),
        ("moderated", author, {}),
        ("by the host", host, {}),
        ("edited", author, {}),
        ("private", author, {"to": host.id}),
        ("once", author, {"viewOnce": True}),
        ("over REST", author, {}),
    ):
        messages[how] = await place.say(by, **more)
    await heard(host, "message-received", messages["over REST"][0])
    kept, kept_word = await place.say(author)
    found = await place.found(messages["deleted"][1])
    assert any(one.startswith("mf:") for one in found), "the search of Redis finds what is there"
    assert any(one.startswith("process") for one in found), "so does that of processes"

    ids = {how: message for how, (message, _) in messages.items()}
    await host.ok("react", id=ids["deleted"], emoji=messages["deleted"][1], on=True)
    await author.ok("edit-message", id=ids["moderated"], text=f"again {messages['moderated'][1]}")
    await author.ok("edit-message", id=ids["edited"], text="nothing", data=0)
    for how, by in (("deleted", author), ("moderated", host), ("by the host", host), ("private", author)):
        await by.ok("delete-message", id=ids[how])
    await author.ok("delete-message", id=ids["once"])
    assert (await place.room.call("DELETE", f"/messages/{ids['over REST']}")).status == 200
    await place.until_gone(*(word for _, word in messages.values()))
    await heard(host, "message-deleted", fading)
    await place.until_gone(fading_word)
    assert await place.found(kept_word), f"{kept} is still there, and found"


@pytest.mark.parametrize("how", ["deleted", "expired", "with its room"])
async def test_a_file_that_was_taken_back_is_nowhere_in_two_seconds(place: Place, how: str) -> None:
    file, word = await place.lay_down(place.author)
    more = {"ttlS": 5} if how == "expired" else {}
    sent = await place.author.say("", attachments=[{"fileId": file}], **more)
    url = f"{place.processes[0].url}/api/rooms/{place.room.id}/files/{file}"
    headers = {"Authorization": f"Bearer {place.host.token}"}
    await heard(place.host, "message-received", sent["id"])
    async with place.room.api.session.get(url, headers=headers) as answer:
        assert word.encode() in await answer.read()
    ends: dict[str, Callable[[], Any]] = {
        "deleted": lambda: place.author.ok("delete-message", id=sent["id"]),
        "expired": lambda: heard(place.host, "message-deleted", sent["id"]),
        "with its room": lambda: place.room.call("DELETE"),
    }
    await ends[how]()
    await place.until_gone(word)
    await all_gone(place.mongo_uri, WITHIN_S)
