"""Redis fails over to a real replica: one that had everything, one that had lost the newest, and with an owner's death.

The servers reach Redis through a proxy, as through the address of a managed one, which leads to the new primary.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.e2e.resilience.api import OwnRoom, api_of
from tests.support.js_client import JsClient, JsSocket, js_client
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.processes import LOOPBACK, ServerProcess, launch, wait_until
from tests.support.proxy import TcpProxy, tcp_proxy
from tests.support.redis import RedisServer, ask, start_redis

STEADY = {"SEAT_GRACE_S": "60", "EVENTS_PER_S": "0"}
ROOMS, FEW_ROOMS = 6, 2
AGAIN_WITHIN_S = 15.0 * PACE


class Pair:
    """A primary, its replica, and the ways to both: that of the servers, and that of what is replicated."""

    def __init__(self, primary: RedisServer, replica: RedisServer, way: TcpProxy, between: TcpProxy) -> None:
        self.primary, self.replica, self.way, self.between = primary, replica, way, between

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.way.port}/0"

    def in_step(self) -> bool:
        """Whether the replica has everything."""
        mine, theirs = offset(self.primary, "master_repl_offset"), offset(self.replica, "slave_repl_offset")
        return mine == theirs

    def fall_behind(self) -> None:
        """From now on the replica gets nothing any more."""
        self.between.refuse()
        self.between.cut()

    def promote_what_is_left(self) -> None:
        """The primary dies, and the replica goes on with what it has."""
        self.primary.kill()
        ask(self.replica, "REPLICAOF", "NO", "ONE")
        self.way.target_port = self.replica.port

    def hand_over(self) -> None:
        """As an operator or a provider does it: the primary waits for the replica, and becomes a replica of it. Whoever
        is connected to it stays so.
        """
        ask(self.primary, "FAILOVER", "TO", LOOPBACK, self.replica.port)
        wait_until(lambda: b"role:master" in raw(self.replica), "a new primary")
        self.way.target_port = self.replica.port


def raw(server: RedisServer) -> bytes:
    told = ask(server, "INFO", "replication")
    return told if isinstance(told, bytes) else "\r\n".join(f"{name}:{value}" for name, value in told.items()).encode()


def offset(server: RedisServer, name: str) -> int:
    lines = dict(line.split(b":", 1) for line in raw(server).splitlines() if b":" in line)
    return int(lines.get(name.encode(), -1))


@pytest.fixture
def pair() -> Iterator[Pair]:
    requires("redis-server")
    primary, replica = start_redis(), start_redis()
    try:
        ask(primary, "CONFIG", "SET", "repl-diskless-sync-delay", 0)
        with tcp_proxy(primary.port) as way, tcp_proxy(primary.port) as between:
            ask(replica, "CONFIG", "SET", "replica-announce-ip", LOOPBACK)
            ask(replica, "REPLICAOF", LOOPBACK, between.port)
            made = Pair(primary, replica, way, between)
            wait_until(lambda: b"master_link_status:up" in raw(replica), "a replica")
            yield made
    finally:
        primary.close()
        replica.close()


class Talk:
    """Somebody who says one numbered text after the other, and repeats what was refused."""

    def __init__(self, room: OwnRoom, speaker: JsSocket, listener: JsSocket, seat: dict[str, Any]) -> None:
        self.room, self.listener, self.seat = room, listener, seat
        self._speaker = speaker
        self.seqs: list[int] = []
        self._over = False
        self._task = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        while not self._over:
            number = len(self.seqs)
            about = {"roomId": self.room.id, "text": f"text {number}", "clientMessageId": f"message-{number:06}"}
            while not (answer := await self._speaker.request("send-message", about, limit_s=30))["ok"]:
                assert answer["error"]["retryable"], answer
            self.seqs.append(answer["data"]["seq"])
            await asyncio.sleep(0.02)

    async def further(self, count: int) -> None:
        """Return once so many more have been acknowledged."""
        wanted = len(self.seqs) + count
        async with asyncio.timeout(AGAIN_WITHIN_S):
            while len(self.seqs) < wanted:
                assert not self._task.done(), self._task.exception()
                await asyncio.sleep(0.02)

    async def end(self) -> None:
        self._over = True
        await self._task

    async def give_up(self) -> None:
        """Whatever is still to be said is not."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def check(self) -> None:
        """Who listens at another process has heard each text once and in order, and has stayed connected."""
        last = f"text {len(self.seqs) - 1}"
        await self.listener.wait_for("message-received", lambda one: one["text"] == last)
        heard = self.listener.received("message-received")
        assert [one["text"] for one in heard] == [f"text {number}" for number in range(len(self.seqs))]
        assert [one["seq"] for one in heard] == self.seqs, "each has the number that was acknowledged"
        assert not self.listener.received("disconnect") + self._speaker.received("disconnect")


def start(pair: Pair) -> ServerProcess:
    return launch(lambda port: ServerProcess(port, {**STEADY, "REDIS_URL": pair.url}))


@asynccontextmanager
async def talking(
    pair: Pair, js: JsClient, rooms: int = ROOMS
) -> AsyncIterator[tuple[list[ServerProcess], list[Talk]]]:
    """Two processes, and rooms at both in which somebody at one talks to somebody at the other."""
    servers: list[ServerProcess] = []
    talks: list[Talk] = []
    try:
        servers += [start(pair), start(pair)]
        async with api_of(servers[0].url) as one, api_of(servers[1].url) as other:
            for number in range(rooms):
                here, there = (servers, servers[::-1])[number % 2]
                room = await (one, other)[number % 2].room()
                speaker, listener = await js.connect(here.url), await js.connect(there.url)
                await speaker.ok("join-room", {"roomId": room.id})
                seat = await listener.ok("join-room", {"roomId": room.id})
                talks.append(Talk(room, speaker, listener, seat))
            for talk in talks:
                await talk.further(5)
            yield servers, talks
    finally:
        for talk in talks:
            await talk.give_up()
        for server in servers:
            server.close()


async def resumed(js: JsClient, url: str, seat: dict[str, Any]) -> Any:
    """The snapshot of somebody who comes back with all that they knew at first."""
    socket = await js.connect(url)
    claim = {key: seat[key] for key in ("resumeToken", "epoch")}
    resume = {**claim, "participantId": seat["self"]["id"], "lastSeq": seat["seq"]}
    async with asyncio.timeout(30 * PACE):
        while not (answer := await socket.request("join-room", {"roomId": seat["room"]["id"], "resume": resume}))["ok"]:
            assert answer["error"]["retryable"], answer
            await asyncio.sleep(0.2)
    return answer["data"]


async def check_kept(js: JsClient, servers: list[ServerProcess], talks: list[Talk]) -> None:
    """All of it is in the new primary: where the one process dies the other has every room, whole."""
    await asyncio.to_thread(servers[0].kill)
    for talk in talks:
        again = await resumed(js, servers[1].url, talk.seat)
        assert again["epoch"] == talk.seat["epoch"]
        assert again["recovered"]
        missed = [one["payload"] for one in again["missed"] if one["event"] == "message-received"]
        assert [one["seq"] for one in missed] == talk.seqs, "no gap, nothing twice"


@pytest.mark.soak
async def test_an_orderly_one_loses_nothing(node: str, pair: Pair) -> None:
    async with js_client() as js, talking(pair, js) as (servers, talks):
        await asyncio.to_thread(pair.hand_over)
        for talk in talks:
            await talk.further(20)
        for talk in talks:
            await talk.end()
            await talk.check()
        await check_kept(js, servers, talks)


async def test_whoever_is_connected_hears_all_and_stays_connected(node: str, pair: Pair) -> None:
    async with js_client() as js, talking(pair, js, FEW_ROOMS) as (servers, talks):
        await fail_over(pair, servers, talks)


@pytest.mark.soak
async def test_what_the_replica_had_lost_is_written_again_by_who_runs_the_rooms(node: str, pair: Pair) -> None:
    async with js_client() as js, talking(pair, js) as (servers, talks):
        await fail_over(pair, servers, talks)
        await check_kept(js, servers, talks)


async def fail_over(pair: Pair, servers: list[ServerProcess], talks: list[Talk]) -> None:
    """The replica goes on without the newest, under load: nobody loses anything, or is disconnected for it."""
    await asyncio.to_thread(pair.fall_behind)
    for talk in talks:
        await talk.further(20)
    await asyncio.to_thread(pair.promote_what_is_left)
    for talk in talks:
        await talk.further(20)
    for talk in talks:
        await talk.end()
        await talk.check()
    for server in servers:
        assert server.log().count("Redis is another, or has lost what was written last") == 1


@pytest.mark.soak
async def test_what_nobody_has_any_more_is_told_as_a_new_epoch(node: str, pair: Pair) -> None:
    """The owner dies with the primary, and so the newest messages are nowhere: their rooms say so."""
    async with js_client() as js, talking(pair, js) as (servers, talks):
        for talk in talks:
            await talk.end()
        wait_until(pair.in_step, "a replica that has everything")
        await asyncio.to_thread(pair.fall_behind)
        async with api_of(servers[0].url) as api:
            lost = [(await talk.room.call("POST", "/messages", {"text": "lost"})).status for talk in talks]
            assert (lost, api.url) == ([201] * ROOMS, servers[0].url)
        await asyncio.to_thread(servers[0].kill)
        await asyncio.to_thread(pair.promote_what_is_left)
        epochs = []
        for talk in talks:
            again = await resumed(js, servers[1].url, talk.seat)
            said = [one["text"] for one in again["messages"]] or [
                one["payload"]["text"] for one in again["missed"] if one["event"] == "message-received"
            ]
            renewed = again["epoch"] != talk.seat["epoch"]
            epochs.append(renewed)
            assert again["recovered"] is not renewed
            assert ("lost" in said) is not renewed, "what is missing is missing in a new epoch alone"
            assert [text for text in said if text != "lost"] == [f"text {n}" for n in range(len(talk.seqs))][-50:]
        assert epochs == [True, False] * (ROOMS // 2), "the rooms of the one that died, and no other"
