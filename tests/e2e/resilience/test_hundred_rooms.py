"""The owner of a hundred rooms is killed, sleeps, or is cut from Redis, while all of them talk and negotiate calls.

Of the three in each room two are connected to other processes, so that they go on; the third to the one that is struck.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.e2e.resilience.api import api_of
from tests.support.balancer import Balancer, balancer
from tests.support.node import NodeScript, node_script
from tests.support.pace import PACE
from tests.support.processes import LOOPBACK, ServerProcess, launch
from tests.support.proxy import TcpProxy, tcp_proxy
from tests.support.redis import RedisServer, ask

PEOPLE = Path(__file__).parent / "rooms.mjs"
ROOMS = 100
EVERY_MS = 1_500 * PACE
BEFORE_S, AFTER_S = 5.0, 6.0
STRUCK_S = 10.0
SILENT_IN_ALL_S = 4.0 * PACE
SILENT_AFTER_DETECTION_S = 0.3 * PACE
SETTLE_MS = 3_000 * PACE
CALM = {"SEAT_GRACE_S": "60", "EVENTS_PER_S": "0", "MAX_CONNECTIONS_PER_ADDRESS": "0", "STUN_URLS": "stun:127.0.0.1:9"}

Report = dict[str, dict[str, Any]]


@dataclass
class Scene:
    """Three processes, of which the first has all rooms and its own way to Redis."""

    store: RedisServer
    servers: list[ServerProcess]
    way: TcpProxy
    door: Balancer
    script: NodeScript
    rooms: list[str] = field(default_factory=list)

    @property
    def owner(self) -> ServerProcess:
        return self.servers[0]

    async def fill(self, rooms: int) -> None:
        urls = [self.servers[1].url, self.servers[2].url, self.door.url]
        async with api_of(self.owner.url) as api:
            for number in range(rooms):
                room = await api.room(capacity=3)
                self.rooms.append(room.id)
                about = {"roomId": room.id, "everyMs": EVERY_MS}
                joins = (
                    self.script.call("join", name=f"{number} {who}", url=url, **about)
                    for who, url in zip("abc", urls, strict=True)
                )
                await asyncio.gather(*joins)
        await self.script.call("begin", callers=[[f"{number} a", f"{number} b"] for number in range(rooms)])
        await asyncio.sleep(BEFORE_S)

    def owners(self) -> set[str]:
        """Who runs the rooms, as Redis has it."""
        with redis.Redis.from_url(self.store.url) as client:
            kept = client.mget([f"mf:{{{room}}}:o" for room in self.rooms])
        assert isinstance(kept, list)
        return {one.decode().rpartition(" ")[0] for one in kept if one is not None}

    async def end(self) -> Report:
        await self.script.call("end", settleMs=SETTLE_MS, limit_s=60)
        found: Report = await self.script.call("report")
        return found


@asynccontextmanager
async def scene(store: RedisServer, rooms: int) -> AsyncIterator[Scene]:
    made: list[ServerProcess] = []
    async with AsyncExitStack() as stack:
        way = stack.enter_context(tcp_proxy(store.port))
        for url in (f"redis://{LOOPBACK}:{way.port}/0", store.url, store.url):
            made.append(launch(lambda port, url=url: ServerProcess(port, {**CALM, "REDIS_URL": url})))
            stack.callback(made[-1].close)
        door = stack.enter_context(balancer([made[0].port]))
        script = await stack.enter_async_context(node_script(PEOPLE))
        found = Scene(store, made, way, door, script)
        await found.fill(rooms)
        yield found


def check(found: Report, rooms: int) -> None:
    """Nothing that was acknowledged is lost, nothing is told twice or out of order, and there is no gap."""
    for number in range(rooms):
        three = {who: found[f"{number} {who}"] for who in "abc"}
        said = {seq: f"{number} {who} {count}" for who in "abc" for count, seq in enumerate(three[who]["said"])}
        for who, person in three.items():
            assert person["faults"] == []
            assert person["connected"]
            others = [[seq, text] for seq, text in sorted(said.items()) if not text.startswith(f"{number} {who} ")]
            assert person["heard"] == others, f"{number} {who}: {len(person['heard'])} of {len(others)}"
            assert len(person["said"]) == len(set(person["said"]))
        check_signals(three["b"]["signals"], three["a"]["answers"])


def check_signals(signals: list[list[Any]], answers: list[str]) -> None:
    """Each came once, and after its offer those of its negotiation in order; none of an older one after a newer."""
    assert len({tuple(one) for one in signals}) == len(signals), "a signal came twice"
    rounds = [int(negotiation.rpartition(".")[2]) for _, negotiation, _ in signals]
    assert rounds == sorted(rounds)
    last: dict[str, int] = {}
    for _, negotiation, number in signals:
        assert number == last.get(negotiation, number if number == -1 else -1) + (number != -1), negotiation
        last[negotiation] = number
    assert answers == sorted(set(answers), key=lambda one: int(one.rpartition(".")[2])), "once each, in order"
    assert len(answers) > BEFORE_S / 5, "calls were made"


def silences(found: Report, who: str) -> list[float]:
    """For each of them in s: from the strike until the first answer. All ask within the time that it takes to notice
    the strike, so that the first is that of the first room that goes on at their process.
    """
    return sorted(p["answeredAfter"] / 1000 for name, p in found.items() if name.endswith(who))


async def expiry(store: RedisServer, node: str) -> float:
    """When the heartbeat of a node was gone."""
    client = redis.asyncio.Redis.from_url(store.url)
    try:
        while await client.exists(f"mf:n:{node}"):
            await asyncio.sleep(0.005)
        return time.monotonic()
    finally:
        await client.aclose()


async def killed(place: Scene) -> None:
    place.door.targets = [server.port for server in place.servers[1:]]
    place.owner.kill()


async def asleep(place: Scene) -> None:
    await asyncio.to_thread(place.owner.pause)
    await asyncio.sleep(STRUCK_S)
    place.owner.resume()


async def cut_off(place: Scene) -> None:
    await asyncio.to_thread(place.way.refuse)
    await asyncio.to_thread(place.way.cut)
    await asyncio.sleep(STRUCK_S)
    await asyncio.to_thread(place.way.accept)


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", [killed, asleep, cut_off], ids=lambda fault: str(fault.__name__))
async def test_nothing_is_lost_in_a_hundred_rooms(
    own_redis: RedisServer, node: str, fault: Callable[[Scene], Any]
) -> None:
    async with scene(own_redis, ROOMS) as place:
        (before,) = place.owners()
        await place.script.call("struck")
        began = time.monotonic()
        gone = asyncio.create_task(expiry(own_redis, before))
        await fault(place)
        await asyncio.sleep(AFTER_S)
        found = await place.end()
        unheard_s = await gone - began
        after = place.owners()
        assert before not in after, "others run the rooms, and whoever had them changes nothing any more"
        check(found, ROOMS)
        stay = [silences(found, "a"), silences(found, "b")]
        spread_s = max(one[-1] - one[0] for one in stay)
        in_all_s = max(one[-1] for one in stay)
        said = sum(len(person["said"]) for person in found.values())
        calls = sum(len(person["answers"]) for person in found.values())
        print(
            f"\n{said} messages, {calls} negotiations; heartbeat gone after {unheard_s:.2f} s, silent {in_all_s:.2f} s"
        )
        print(f"from the first room that goes on at a process to the last: {spread_s * 1000:.0f} ms")
        assert spread_s < SILENT_AFTER_DETECTION_S
        assert spread_s < SILENT_AFTER_DETECTION_S
        assert in_all_s < SILENT_IN_ALL_S
        await place.script.call("leave")
        assert ask(own_redis, "PING")
