"""The processes of a setup: nodes and their Redis, all on the servers' core, each with its processor time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.cluster.plan import Setup, Tree
from benchmarks.servers import HERE, PING_INTERVAL_S, MeasuredServer, cores, cpu_seconds, program
from tests.support.processes import ROOT, launch
from tests.support.redis import RedisServer

SETTINGS = {"SEAT_GRACE_S": "3600"}

Trees = Mapping[Tree, Path]
WORKING_TREE: Trees = {"new": ROOT}


class Spent(NamedTuple):
    """Processor seconds, user and system."""

    nodes: float
    redis: float

    @property
    def all(self) -> float:
        """Of all parts."""
        return self.nodes + self.redis


class MeasuredRedis(RedisServer):
    """A Redis on the servers' core."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.command = ["taskset", "--cpu-list", str(cores()[0]), *self.command]


class StreamsNode(MeasuredServer):
    """Socket.IO on Node as one of several nodes on a Redis."""

    def __init__(self, port: int, redis_url: str) -> None:
        core, _ = cores()
        super().__init__(port, "node", core)
        script = str(HERE / "rivals" / "streams.mjs")
        pinned = ["taskset", "--cpu-list", str(core)]
        self.command = [*pinned, program("node"), script, str(port), str(PING_INTERVAL_S * 1000), redis_url]


class Cluster:
    """Nodes, and the Redis that they share, if any."""

    def __init__(self, setup: Setup, nodes: Sequence[MeasuredServer], redis: RedisServer | None) -> None:
        self.setup = setup
        self.nodes = nodes
        self.redis = redis

    def spent(self) -> Spent:
        """By all so far."""
        return Spent(
            sum(cpu_seconds(node.pid) for node in self.nodes),
            cpu_seconds(self.redis.pid) if self.redis is not None else 0.0,
        )


@contextmanager
def running(setup: Setup, trees: Trees = WORKING_TREE) -> Iterator[Cluster]:
    """The processes of a setup, ended on the way out."""
    with ExitStack() as stack:
        redis = None
        if setup.redis:
            redis = launch(MeasuredRedis)
            stack.callback(redis.close)
        nodes = []
        for _ in range(setup.nodes):
            nodes.append(launch(lambda port: _node(port, setup, redis.url if redis is not None else "", trees)))
            stack.callback(nodes[-1].close)
        yield Cluster(setup, nodes, redis)


def _node(port: int, setup: Setup, redis_url: str, trees: Trees) -> MeasuredServer:
    if setup.product == "streams":
        return StreamsNode(port, redis_url)
    settings = SETTINGS | ({"REDIS_URL": redis_url} if redis_url else {})
    return MeasuredServer(port, "mayfly", cores()[0], tree=trees[setup.tree], settings=settings)
