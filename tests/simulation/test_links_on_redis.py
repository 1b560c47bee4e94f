"""What nodes tell each other through inboxes in Redis, whatever happens to it and to them: in order, once, and nothing
is missed that its receiver does not notice.

Each failure names its seed, and `SEED=… pytest tests/simulation/test_links_on_redis.py` runs that one alone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest

from server.cluster.frames import Frame, Kind
from server.cluster.links import Links
from storage.redis import inboxes
from storage.redis.inboxes import RedisInboxes
from storage.redis.pipeline import RedisGone, RedisRefused
from tests.support.model_redis import ModelPipeline, ModelServer
from tests.support.virtual import VirtualWorld

RUNS = 150
SOAK_RUNS = int(os.environ.get("SIMULATIONS", "100000")) // 10
STEPS = 300
CALM_S = 8.0
NODES = 3


class Node:
    """A node that keeps telling the others numbers."""

    def __init__(self, simulation: Simulation, name: str) -> None:
        self.simulation, self.name = simulation, name
        self.loop = simulation.world.loop()
        self.sent: defaultdict[str, int] = defaultdict(int)
        self.came: defaultdict[str, list[int]] = defaultdict(list)
        """node → what it told; 0 where something was noticed to be missing."""
        self.links: Links | None = None
        self.task = self.loop.create_task(self.live())

    async def live(self) -> None:
        self.simulation.building = self
        inbox = RedisInboxes("redis://model")
        links = self.links = Links(self.name, inbox)
        links.on_frame = self.take
        links.on_gap = lambda source: self.came[source].append(0)
        links.may_return = lambda: self.simulation.world.now < self.simulation.returning_until
        while True:
            try:
                await inbox.open(self.name, links.take)
                break
            except (RedisGone, RedisRefused):
                await asyncio.sleep(0.1)
        links.start()
        while True:
            await asyncio.sleep(self.simulation.rng.uniform(0, 0.2))
            for other in self.simulation.names:
                if other != self.name and not self.simulation.over:
                    self.sent[other] += 1
                    links.tell(other, Kind.ONE, 1, self.sent[other])

    def take(self, source: str, frame: Frame) -> None:
        self.came[source].append(frame.number)


class Simulation:
    """One run."""

    building: Node

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = VirtualWorld(self.rng)
        self.redis = ModelServer(self.world)
        self.names = [f"n{number}" for number in range(NODES)]
        self.over, self.returning_until = False, 3.0 + self.world.now
        self.copy = self.redis.data.copy()
        self.nodes: list[Node] = []

    def start(self) -> None:
        self.nodes += [Node(self, name) for name in self.names]

    def trouble(self) -> None:
        rng, chance = self.rng, self.rng.random()
        if chance < 0.004:
            back = rng.choice((None, self.copy))
            self.redis.kill(rng.choice((0.2, 2.0)), empty=back is None, back_to=back)
            self.returning_until = max(self.redis.down_until, self.world.now) + 3.0
        elif chance < 0.008:
            self.redis.pause(rng.choice((0.3, 2.0)))
        elif chance < 0.016:
            way = rng.choice(self.redis.ways)
            way.cut_until = self.world.now + rng.choice((0.2, 2.0))
            way.break_off()
        elif chance < 0.020:
            self.world.loops[rng.choice(self.nodes).loop] = self.world.now + rng.choice((0.3, 2.0))
        elif chance < 0.024:
            one, other = rng.sample(self.nodes, 2)
            if one.links is not None:
                one.links.forget(other.name)  # taken for gone, in error
        elif chance < 0.03:
            self.copy = self.redis.data.copy()

    def run(self) -> None:
        self.start()
        for _ in range(STEPS):
            for _ in range(6):
                self.world.step()
            for fault in self.world.faults:
                raise fault.get("exception") or AssertionError(fault["message"])
            self.trouble()
        self.over = True
        for loop in self.world.loops:
            self.world.loops[loop] = 0.0
        for way in self.redis.ways:
            way.cut_until = 0.0
        until = self.world.now + CALM_S
        while self.world.now < until:
            self.world.step()
        self.check()

    def check(self) -> None:
        for node in self.nodes:
            for source, came in node.came.items():
                numbers = [one for one in came if one]
                assert numbers == sorted(set(numbers)), f"{node.name} heard of {source} twice, or in another order"
                last = 0
                for before, one in zip([None, *came], came, strict=False):
                    assert not one or one == last + 1 or before == 0, f"{node.name} misses {last + 1} of {source}"
                    last = one or last


@pytest.fixture(autouse=True)
def simulations(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Simulation]]:
    current: dict[str, Simulation] = {}
    monkeypatch.setattr(
        inboxes,
        "RedisPipeline",
        lambda address, name: ModelPipeline(current["now"].redis, current["now"].building.loop),
    )
    logging.disable(logging.CRITICAL)
    yield current
    logging.disable(logging.NOTSET)


def hold(simulations: dict[str, Simulation], seeds: Sequence[int]) -> None:
    heard = missed = 0
    for seed in [int(os.environ["SEED"])] if "SEED" in os.environ else seeds:
        simulation = simulations["now"] = Simulation(seed)
        try:
            simulation.run()
        except BaseException as problem:
            problem.add_note(f"SEED={seed}")
            raise
        finally:
            for node in simulation.nodes:
                node.loop.abandon()
        came = [one for node in simulation.nodes for told in node.came.values() for one in told]
        heard, missed = heard + len(came), missed + came.count(0)
    print(f"\n{heard} frames, {missed} times something was noticed to be missing")
    assert "SEED" in os.environ or (heard > 100 * len(seeds) and missed)


def test_nothing_is_missed_that_nobody_notices(simulations: dict[str, Simulation]) -> None:
    hold(simulations, range(RUNS))


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_nothing_is_missed_however_often(simulations: dict[str, Simulation]) -> None:
    hold(simulations, [random.randrange(1_000_000_000) for _ in range(SOAK_RUNS)])
