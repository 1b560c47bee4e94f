"""Several people at one thing in one moment, through two processes and a real Redis: one order for everybody."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.support.js_client import JsClient, JsSocket, js_client
from tests.support.nodes import NodeProcess, nodes
from tests.support.pace import PACE
from tests.support.redis import RedisServer

ROUNDS = 40
TOLD = ("message-received", "message-updated", "message-deleted", "reaction-changed", "poll-updated", "poll-deleted")
EMOJI = ("+1", "heart")


@pytest.fixture(scope="module")
def pair(redis_server: RedisServer) -> Iterator[list[NodeProcess]]:
    with nodes(redis_server, 2) as started:
        yield started


@dataclass(frozen=True, slots=True)
class Person:
    socket: JsSocket
    id: str
    room: str

    async def ask(self, event: str, **fields: Any) -> Any:
        """The acknowledgement, whatever it is."""
        return await self.socket.request(event, {"roomId": self.room, **fields})

    def heard(self) -> list[tuple[str, Any]]:
        """All durable events about messages and polls, in the order of receipt."""
        return [(one.name, one.payload) for one in self.socket.events if one.name in TOLD]


@dataclass(frozen=True, slots=True)
class Scene:
    """A host and a watcher through one process, an author and another one through the other."""

    js: JsClient
    urls: list[str]
    room: str
    host: Person
    author: Person
    other: Person
    watcher: Person

    @property
    def all(self) -> tuple[Person, ...]:
        return (self.host, self.author, self.other, self.watcher)

    async def at_once(self, asked: list[Any]) -> list[Any]:
        """The acknowledgements of requests that are sent in one moment, in an order that chance makes."""
        random.shuffle(asked)
        return await asyncio.gather(*(person.ask(event, **fields) for person, event, fields in asked))

    async def settled(self, seq: int) -> None:
        """Everybody has been told of everything up to this number."""
        for person in self.all:
            async with asyncio.timeout(10 * PACE):
                while not any(payload["seq"] >= seq for _, payload in person.heard()):
                    await asyncio.sleep(0.02)

    async def picture(self, url: str) -> Any:
        """What a newcomer through this process is shown."""
        socket = await self.js.connect(url)
        snapshot = await socket.ok("join-room", {"roomId": self.room, "name": "late"})
        await socket.ok("leave-room", {"roomId": self.room})
        return snapshot


async def seated(js: JsClient, url: str, room: str, **fields: Any) -> Person:
    socket = await js.connect(url)
    seat = await socket.ok("join-room", {"roomId": room, **fields})
    return Person(socket, seat["self"]["id"], room)


@pytest_asyncio.fixture
async def scene(node: str, pair: list[NodeProcess]) -> AsyncIterator[Scene]:
    one, two = (each.url for each in pair)
    async with js_client() as js, aiohttp.ClientSession() as http:
        async with http.post(f"{one}/api/rooms", json={"capacity": 8}) as answer:
            made = await answer.json()
        room = made["roomId"]
        host = await seated(js, one, room, hostKey=made["hostKey"])
        author, other = [await seated(js, two, room) for _ in range(2)]
        yield Scene(js, [one, two], room, host, author, other, await seated(js, one, room))
        await js.leave()


def check_one_order(scene: Scene) -> None:
    """Each event came once, by rising numbers, and the same to all; who said something did not hear it."""
    told = {person.id: person.heard() for person in scene.all}
    whole = {seq_of(event): event for heard in told.values() for event in heard}
    for person in scene.all:
        numbers = [seq_of(event) for event in told[person.id]]
        assert numbers == sorted(set(numbers)), "out of order, or twice"
        said = {seq for seq, event in whole.items() if event[1].get("sender") == person.id}
        assert [whole[seq] for seq in sorted(whole.keys() - said)] == told[person.id]


def seq_of(event: tuple[str, Any]) -> int:
    return int(event[1]["seq"])


async def test_edits_reactions_and_a_deletion_in_one_moment_have_one_order(scene: Scene) -> None:
    edits = deletions = refused = 0
    for number in range(ROUNDS):
        sent = (await scene.author.ask("send-message", text=f"{number}"))["data"]
        await scene.watcher.socket.wait_for("message-received", lambda one, want=sent["id"]: one["id"] == want)
        about = {"id": sent["id"]}
        taker = random.choice((scene.host, scene.author))
        asked: list[Any] = [(scene.author, "edit-message", {**about, "text": f"{number} {n}"}) for n in range(3)]
        asked += [
            (person, "react", {**about, "emoji": emoji, "on": True})
            for emoji in EMOJI
            for person in (scene.host, scene.other, scene.author)
        ]
        asked.append((taker, "delete-message", about))
        acks = await scene.at_once(asked)
        end = next(ack["data"]["seq"] for ack, (_, event, _) in zip(acks, asked, strict=True) if event.startswith("d"))
        deletions += 1
        for ack, (_, event, _) in zip(acks, asked, strict=True):
            if ack["ok"]:
                edits += event == "edit-message"
                assert ack["data"]["seq"] <= end, f"{event} of a message that was gone"
            else:
                refused += 1
                assert ack["error"]["code"] == "MESSAGE_NOT_FOUND"
        await scene.settled(end)
    check_one_order(scene)
    for person in scene.all:
        gone: set[str] = set()
        for name, payload in person.heard():
            assert payload["id"] not in gone, f"{name} after its deletion"
            if name == "message-deleted":
                gone.add(payload["id"])
        assert len(gone) == ROUNDS
    assert [(await scene.picture(url))["messages"] for url in scene.urls] == [[], []]
    assert refused, "nothing ever came too late: this was not one moment"
    print(f"\n{deletions} deletions beside {edits} edits that were in time; {refused} requests came too late")


async def test_what_is_left_is_what_was_told_last(scene: Scene) -> None:
    sent = (await scene.author.ask("send-message", text="0"))["data"]
    await scene.watcher.socket.wait_for("message-received")
    for number in range(ROUNDS):
        asked: list[Any] = [(scene.author, "edit-message", {"id": sent["id"], "text": f"{number} {n}"}) for n in "ab"]
        asked += [
            (person, "react", {"id": sent["id"], "emoji": random.choice(EMOJI), "on": random.random() < 0.5})
            for person in scene.all
        ]
        assert all(ack["ok"] for ack in await scene.at_once(asked))
    pictures = [(await scene.picture(url)) for url in scene.urls]
    await scene.settled(max(seq_of(event) for person in scene.all for event in person.heard()))
    check_one_order(scene)
    text, reactions = "", {emoji: set() for emoji in EMOJI}  # type: ignore[var-annotated]
    for name, payload in scene.watcher.heard():
        if name == "message-updated":
            text = payload["text"]
        elif name == "reaction-changed":
            (reactions[payload["emoji"]].add if payload["on"] else reactions[payload["emoji"]].discard)(
                payload["participantId"]
            )
    for picture in pictures:
        [message] = picture["messages"]
        assert message["text"] == text
        shown = {one["emoji"]: set(one["participantIds"]) for one in message.get("reactions", [])}
        assert shown == {emoji: people for emoji, people in reactions.items() if people}


async def test_votes_and_the_close_of_a_poll_in_one_moment_have_one_order(scene: Scene) -> None:
    late = 0
    for number in range(ROUNDS // 4):
        poll = (await scene.author.ask("create-poll", question=f"{number}?", options=["a", "b"]))["data"]["pollId"]
        await scene.watcher.socket.wait_for("poll-created", lambda one, want=poll: one["poll"]["pollId"] == want)
        asked: list[Any] = [(person, "vote", {"pollId": poll, "choices": [n]}) for person in scene.all for n in (0, 1)]
        asked.append((random.choice((scene.host, scene.author)), "close-poll", {"pollId": poll}))
        acks = await scene.at_once(asked)
        late += sum(not ack["ok"] for ack in acks)
        assert {ack["error"]["code"] for ack in acks if not ack["ok"]} <= {"POLL_CLOSED"}
        last = max(ack["data"]["seq"] for ack in acks if ack["ok"])
        await scene.settled(last)
        news = [payload for name, payload in scene.watcher.heard() if payload.get("pollId") == poll]
        assert [one["closed"] for one in news] == [False] * (len(news) - 1) + [True]
        for url in scene.urls:
            shown = next(one for one in (await scene.picture(url))["polls"] if one["pollId"] == poll)
            assert (shown["counts"], shown["votes"]) == (news[-1]["counts"], news[-1]["votes"])
        await scene.settled((await scene.author.ask("delete-poll", pollId=poll))["data"]["seq"])
    check_one_order(scene)
    assert late, "no vote ever came too late: this was not one moment"
