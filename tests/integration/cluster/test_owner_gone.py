"""The node that runs a room stops or dies: who is connected through another node stays connected and misses nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.support.js_client import JsSocket, js_client
from tests.support.nodes import NodeProcess, nodes
from tests.support.pace import PACE
from tests.support.redis import RedisServer

GONE_LIMIT_S = 15 * PACE
CLIENT_ID_CHARS = 20


@pytest.fixture
def trio(redis_server: RedisServer) -> Iterator[list[NodeProcess]]:
    with nodes(redis_server, 3) as started:
        yield started


async def made_on(node: NodeProcess, **wish: Any) -> Any:
    async with aiohttp.ClientSession() as http, http.post(f"{node.url}/api/rooms", json=wish) as answer:
        return await answer.json()


class Talker:
    """Says numbered things for as long as it is told to, and repeats what was refused."""

    def __init__(self, socket: JsSocket, room_id: str, name: str) -> None:
        self.socket, self.room_id, self.name = socket, room_id, name
        self.kept: list[str] = []
        self.refusals: list[str] = []
        self.longest_s = 0.0
        self._done = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._talk())

    async def stop(self) -> None:
        self._done = True
        assert self._task is not None
        await self._task

    async def _talk(self) -> None:
        number = 0
        while not self._done:
            text = f"{self.name} {number}"
            message = {"roomId": self.room_id, "text": text, "clientMessageId": f"{self.name}-{number:06}"}
            began = time.monotonic()
            while True:
                ack = await self.socket.request("send-message", message, limit_s=20)
                if ack["ok"]:
                    break
                assert ack["error"]["retryable"], ack
                self.refusals.append(f"{time.monotonic() - began:.2f} s: {ack['error']['message']}")
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            self.kept.append(text)
            number += 1
            await asyncio.sleep(0.01)


async def all_of(socket: JsSocket, talker: Talker) -> list[str]:
    """What a socket heard of a talker, once it has heard the last."""
    await socket.wait_for("message-received", lambda one: one["text"] == talker.kept[-1])
    return [one["text"] for one in socket.received("message-received") if one["text"].startswith(talker.name)]


@pytest.mark.parametrize("how", ["kill", "terminate"])
async def test_nobody_elsewhere_is_disconnected_or_misses_anything(trio: list[NodeProcess], how: str) -> None:
    owner, second, third = trio
    made = await made_on(owner)
    room_id = made["roomId"]
    async with js_client() as js:
        bob, cyd = await js.connect(second.url), await js.connect(third.url)
        joined = [
            await one.ok("join-room", {"roomId": room_id, "name": name}) for one, name in ((bob, "Bob"), (cyd, "Cyd"))
        ]
        await bob.wait_for("user-joined")
        talkers = [Talker(bob, room_id, "bob"), Talker(cyd, room_id, "cyd")]
        for talker in talkers:
            talker.start()
        await bob.wait_for("message-received", lambda one: one["text"] == "cyd 20")
        await asyncio.to_thread(getattr(owner, how))
        marks = [len(talker.kept) for talker in talkers]
        async with asyncio.timeout(GONE_LIMIT_S):
            while any(len(talker.kept) < mark + 30 for talker, mark in zip(talkers, marks, strict=True)):
                await asyncio.sleep(0.05)
        for talker in talkers:
            await talker.stop()
        assert await all_of(cyd, talkers[0]) == talkers[0].kept
        assert await all_of(bob, talkers[1]) == talkers[1].kept
        assert (await bob.state())["connected"]
        assert (await cyd.state())["connected"]
        assert not bob.received("disconnect")
        seqs = [one["seq"] for one in bob.received("message-received")]
        assert seqs == sorted(set(seqs))
        # They sit where they sat, and nobody has gone.
        assert not bob.received("user-left") + cyd.received("user-left")
        async with aiohttp.ClientSession() as http, http.get(f"{second.url}/api/rooms/{room_id}/users") as answer:
            seated = await answer.json()
        assert {one["self"]["id"] for one in joined} == {one["id"] for one in seated["participants"]}
        assert all(one["connected"] for one in seated["participants"]), seated
        print(f"{how}: longest answer {max(t.longest_s for t in talkers):.2f} s")
        await js.leave()


async def test_who_was_connected_through_a_node_that_died_is_away_and_may_come_back(trio: list[NodeProcess]) -> None:
    owner, edge, third = trio
    made = await made_on(owner)
    about = {"roomId": made["roomId"]}
    async with js_client() as js:
        ada, bob = await js.connect(owner.url), await js.connect(edge.url)
        await ada.ok("join-room", {**about, "name": "Ada"})
        b = await bob.ok("join-room", {**about, "name": "Bob"})
        await asyncio.to_thread(edge.kill)
        away = await ada.wait_for("user-updated", lambda one: not one["participant"]["connected"])
        assert away.payload["participant"]["id"] == b["self"]["id"]
        await ada.ok("send-message", {**about, "text": "meanwhile"})
        again = await js.connect(third.url)
        resume = {"participantId": b["self"]["id"], "resumeToken": b["resumeToken"], "epoch": b["epoch"]}
        back = await again.ok("join-room", {**about, "resume": {**resume, "lastSeq": b["seq"]}})
        assert back["self"]["id"] == b["self"]["id"]
        assert back["recovered"]
        assert "meanwhile" in str(back["missed"])
        await ada.wait_for("user-updated", lambda one: one["participant"]["connected"])
        assert not ada.received("user-left")
        await js.leave()
