"""In encrypted rooms, with the real client: several people at one thing in one moment, through two processes, see one
order; and what was taken back is nowhere, not even sealed.
"""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.files import all_gone
from tests.support.js_client import JsSocket, js_client
from tests.support.mongo import drop_database, find_word_opened
from tests.support.node import NodeScript, node_script
from tests.support.pace import PACE
from tests.support.processes import launch
from tests.support.redis import RedisServer, find_in_redis
from tests.support.searched import SearchedNode

PEOPLE = Path(__file__).parent / "sealed.mjs"
SECRET = "a secret of both of the processes"
ROUNDS = 12
WITHIN_S = 2.0 * PACE
EMOJI = ("👍", "❤️")
HOST, AUTHOR, OTHER, WATCHER = everybody = ("Ann", "Bob", "Cem", "Dan")
"""Host and watcher come through one process, the author and another one through the other."""

Asked = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    processes: list[SearchedNode]
    redis: RedisServer
    mongo_uri: str
    script: NodeScript
    links: dict[str, str]
    wire: JsSocket
    """A seat without a key, that is told what the server has."""

    async def call(self, do: str, **fields: Any) -> Any:
        return await self.script.call(do, **fields)

    async def say(self, text: str, **more: Any) -> str:
        return str(await self.call("say", by=AUTHOR, text=text, seenBy=everybody, **more))

    async def at_once(self, asked: list[Asked], first: str | None = None) -> list[str]:
        """What came of each, asked for in one moment, in an order that chance makes; but for what is to be first."""
        random.shuffle(asked)
        asked.sort(key=lambda one: one["deed"] != first)
        outcomes: list[str] = await self.call("atOnce", asked=asked)
        return outcomes

    async def pictures(self) -> list[Any]:
        """What everybody sees, once they agree, and what newcomers through both processes are shown."""
        late = [f"late {number}" for number in range(2)]
        for name, process in zip(late, self.processes, strict=True):
            await self.call("join", name=name, link=self.links["link"], server=process.url)
        deadline = time.monotonic() + 10 * PACE
        while True:
            pictures = await self.call("pictures")
            seen = list(pictures.values())
            if all(one == seen[0] for one in seen) or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.05)
        await self.call("leave", names=late)
        assert set(pictures) == {*everybody, *late}
        return seen

    async def found(self, word: str) -> list[str]:
        """Where a word is."""
        in_redis = await asyncio.to_thread(find_in_redis, self.redis, word)
        in_mongo = await asyncio.to_thread(find_word_opened, self.mongo_uri, word, SECRET)
        alive = await asyncio.gather(*(asyncio.to_thread(each.holders, word) for each in self.processes))
        return [*in_redis, *in_mongo, *(f"process: {one}" for all_ in alive for one in all_)]

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

    async def sealed(self, message: str) -> str:
        """A piece of what the server has of it."""
        event = await self.wire.wait_for("message-received", lambda one: one["id"] == message)
        seen = event.payload
        if seen.get("viewOnce"):
            seen = await self.wire.ok("view-message", {"roomId": seen["roomId"], "id": message})
        assert seen["encrypted"] is True
        text = str(seen["text"])
        middle = len(text) // 2
        return text[middle : middle + 12]


@pytest.fixture(scope="module")
def processes(redis_server: RedisServer, _mongo_base: str) -> Iterator[tuple[list[SearchedNode], str]]:
    uri = _mongo_base % f"mayfly_test_{secrets.token_hex(6)}"
    settings = {"MONGODB_URI": uri, "FILE_STORE": "mongo", "STORAGE_SECRET": SECRET}
    with ExitStack() as stack:
        stack.callback(drop_database, uri)
        made = []
        for _ in range(2):
            made.append(launch(lambda port: SearchedNode(port, redis_server, settings)))
            stack.callback(made[-1].close)
        yield made, uri


@pytest_asyncio.fixture
async def scene(
    node: str, redis_server: RedisServer, processes: tuple[list[SearchedNode], str]
) -> AsyncIterator[Scene]:
    (one, two), uri = processes
    async with node_script(PEOPLE) as script, js_client() as js:
        links = await script.call("make", server=one.url, encrypt=True, capacity=8)
        for name, process in zip(everybody, (one, two, two, one), strict=True):
            link = links["hostLink" if name == HOST else "link"]
            await script.call("join", name=name, link=link, server=process.url)
        wire = await js.connect(two.url)
        room = re.search(r"/r/([a-z0-9]+)", links["link"])
        assert room is not None
        await wire.ok("join-room", {"roomId": room[1]})
        yield Scene([one, two], redis_server, uri, script, links, wire)
        await script.call("leave")
        await js.leave()


async def test_sealed_edits_reactions_and_a_deletion_in_one_moment_end_the_same_for_all(scene: Scene) -> None:
    kept = await scene.say("it stays")
    late = 0
    for number in range(ROUNDS):
        message = await scene.say(f"so {number}")
        asked: list[Asked] = [
            {"by": by, "deed": "react", "id": message, "emoji": emoji, "on": True}
            for by in (HOST, AUTHOR, OTHER)
            for emoji in EMOJI
        ]
        asked += [{"by": AUTHOR, "deed": "edit", "id": message, "text": f"so {number} {n}"} for n in range(2)]
        asked += [{"by": HOST, "deed": "pin", "id": message}]
        asked += [{"by": random.choice((HOST, AUTHOR)), "deed": "erase", "id": message}]
        outcomes = await scene.at_once(asked, first=None if number else "erase")
        assert set(outcomes) <= {"done", "MESSAGE_NOT_FOUND"}, outcomes
        late += outcomes.count("MESSAGE_NOT_FOUND")
        await scene.call("gone", id=message)
    pictures = await scene.pictures()
    assert all(picture == pictures[0] for picture in pictures), pictures
    [left] = pictures[0]["messages"]
    assert (left["id"], left["text"], pictures[0]["pinned"]) == (kept, "it stays", None)
    assert late, "nothing ever came too late: this was not one moment"


async def test_of_sealed_edits_and_reactions_in_one_moment_all_see_the_same(scene: Scene) -> None:
    message = await scene.say("so 0")
    for number in range(ROUNDS):
        asked: list[Asked] = [
            {"by": by, "deed": "react", "id": message, "emoji": random.choice(EMOJI), "on": random.random() < 0.6}
            for by in everybody
        ]
        asked += [{"by": AUTHOR, "deed": "edit", "id": message, "text": f"so {number} {n}"} for n in "ab"]
        assert set(await scene.at_once(asked)) == {"done"}
    pictures = await scene.pictures()
    assert all(picture == pictures[0] for picture in pictures), pictures
    [shown] = pictures[0]["messages"]
    assert shown["text"] in {f"so {ROUNDS - 1} {n}" for n in "ab"}
    assert [shown.get(name) for name in ("unreadable", "unsealed", "isEdited")] == [None, None, True]


async def test_of_votes_and_the_close_of_a_sealed_poll_in_one_moment_all_see_the_same(scene: Scene) -> None:
    late = 0
    for number in range(ROUNDS // 2):
        poll = await scene.call("ask", by=AUTHOR, question=f"{number}?", options=["a", "b"], seenBy=everybody)
        asked: list[Asked] = [
            {"by": by, "deed": "vote", "pollId": poll, "choices": [n]} for by in everybody for n in (0, 1)
        ]
        asked += [{"by": random.choice((HOST, AUTHOR)), "deed": "close", "pollId": poll}]
        # Once at least whoever closes it has yet to vote: chance alone may let all closes come last.
        outcomes = await scene.at_once(asked, first=None if number else "close")
        assert set(outcomes) <= {"done", "POLL_CLOSED"}, outcomes
        late += outcomes.count("POLL_CLOSED")
    pictures = await scene.pictures()
    assert all(picture == pictures[0] for picture in pictures), pictures
    assert [(poll["question"], poll["closed"]) for poll in pictures[0]["polls"]] == [
        (f"{number}?", True) for number in range(ROUNDS // 2)
    ]
    assert late, "no vote ever came too late: this was not one moment"


async def test_what_was_taken_back_is_nowhere_in_two_seconds_not_even_sealed(scene: Scene) -> None:
    said = {how: f"so {secrets.token_hex(8)}" for how in ("deleted", "by the host", "edited", "fading", "once", "file")}
    options = {"fading": {"ttlS": 5}, "once": {"viewOnce": True}}
    ids = {
        how: await scene.say(text, options=options.get(how, {}), **({"file": "abcdefgh"} if how == "file" else {}))
        for how, text in said.items()
    }
    kept = await scene.sealed(await scene.say("it stays"))
    sealed = {how: await scene.sealed(message) for how, message in ids.items()}
    for word in (kept, sealed["deleted"]):
        found = await scene.found(word)
        assert any(one.startswith("mf:") for one in found), "the search of Redis finds what is there"
        assert any(one.startswith("process") for one in found), "so does that of processes"
    asked: list[Asked] = [
        {"by": AUTHOR, "deed": "erase", "id": ids["deleted"]},
        {"by": HOST, "deed": "erase", "id": ids["by the host"]},
        {"by": AUTHOR, "deed": "erase", "id": ids["file"]},
        {"by": AUTHOR, "deed": "erase", "id": ids["once"]},
        {"by": AUTHOR, "deed": "edit", "id": ids["edited"], "text": "nothing"},
    ]
    assert set(await scene.at_once(asked)) == {"done"}
    await scene.until_gone(*(word for how, word in sealed.items() if how != "fading"))
    await all_gone(scene.mongo_uri, WITHIN_S)
    await scene.call("gone", id=ids["fading"])
    await scene.until_gone(sealed["fading"])
    assert await scene.found(kept), "what was not taken back is still there, and found"
    pictures, saved = await scene.pictures(), await scene.call("saved")
    for word in said.values():
        assert word not in repr(pictures)
        assert not [one for one in saved if word in one], "in the session of somebody"
