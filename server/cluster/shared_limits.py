"""What one address has and guesses at all nodes: each tells the others every second, so that n nodes are no n limits.

Counts, not decisions: a node refuses by its own counts and those of the last second elsewhere. Within that second an
address may get in at each node what it would get at one.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

log = logging.getLogger(__name__)

TELL_S = 1.0
"""Between two tellings."""

MAX_TOLD = 5_000
"""Addresses that a node tells of, for each quota and kind of guess: those with the most."""


Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Told:
    """What a node tells: quota → address → how many it has; kind of guess → address → failures since its start."""

    has: Counts
    failed: Counts

    def packed(self) -> bytes:
        """As it is posted."""
        return json.dumps([self.has, self.failed]).encode()

    @classmethod
    def of(cls, packed: bytes) -> Told:
        """As it was posted. Raises `ValueError`."""
        has, failed = json.loads(packed)
        return cls(has, failed)


class Quotas(Protocol):
    """What is needed of `server.security.quotas.Quotas`."""

    def most(self, limit: int) -> Counts:
        """Quota → address → how many it has here."""

    def elsewhere(self, counts: Counts) -> None:
        """The same, of all other nodes."""


class Guesses(Protocol):
    """What is needed of `server.security.guesses.Guesses`."""

    def most(self, limit: int) -> Counts:
        """Kind → address → failures here since the start."""

    def failed_elsewhere(self, kind: str, address: str, count: int) -> None:
        """So many more at another node."""


class Board(Protocol):
    """Where nodes leave what they tell."""

    async def post(self, node: str, told: bytes) -> None:
        """Replace what a node tells. It goes by itself soon after the node does. Raises `ConnectionError`."""

    async def read(self, nodes: Collection[str]) -> Mapping[str, bytes]:
        """node → what it tells, of those that tell anything. Raises `ConnectionError`."""


class Node(Protocol):
    """What is needed of `server.cluster.rooms.Rooms`."""

    me: str

    def nodes(self) -> Collection[str]:
        """The live nodes."""


class SharedLimits:
    """Tells the other nodes what this one counts, and its limits what they do."""

    def __init__(self, board: Board, node: Node, quotas: Quotas, guesses: Guesses) -> None:
        self._board = board
        self._node = node
        self._quotas = quotas
        self._guesses = guesses
        self._heard: dict[str, Told] = {}

    async def run(self) -> None:
        """Tell and hear for as long as the process lives. While nobody answers, the last counts hold."""
        while True:
            try:
                await self.step()
            except (ConnectionError, TimeoutError):
                pass
            except ValueError:
                log.error("What another node counts cannot be read: its version differs.")
            await asyncio.sleep(TELL_S)

    async def step(self) -> None:
        """Tell once, and hear once."""
        told = Told(self._quotas.most(MAX_TOLD), self._guesses.most(MAX_TOLD))
        await self._board.post(self._node.me, told.packed())
        others = [node for node in self._node.nodes() if node != self._node.me]
        found = await self._board.read(others) if others else {}
        heard = {node: Told.of(packed) for node, packed in found.items()}
        self._quotas.elsewhere(sum_of(told.has for told in heard.values()))
        for node, told in heard.items():
            before = self._heard.get(node)
            # What a node had failed before this one knew of it is not held against anybody again.
            for kind, failures in told.failed.items() if before is not None else ():
                known = before.failed.get(kind, {}) if before is not None else {}
                for address, count in failures.items():
                    self._guesses.failed_elsewhere(kind, address, count - known.get(address, 0))
        self._heard = heard


def sum_of(counts: Iterable[Counts]) -> dict[str, dict[str, int]]:
    """Quota → address → how many all have."""
    total: dict[str, dict[str, int]] = {}
    for of_node in counts:
        for quota, of_address in of_node.items():
            into = total.setdefault(quota, {})
            for address, count in of_address.items():
                into[address] = into.get(address, 0) + count
    return total
