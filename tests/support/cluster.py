"""Nodes in one process: links with delays between nodes, and rooms that are where the test says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection
from enum import Enum

from rooms.errors import Code, Refused
from server.cluster.rooms import Place


class Posted(Enum):
    TAKEN = "taken"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


class Network:
    """Carries batches between nodes: in order from one to another, whatever happens on other links."""

    def __init__(self, seed: int = 0, longest_s: float = 0.0) -> None:
        self._random = random.Random(seed)
        self._longest_s = longest_s
        self._inboxes: dict[str, Callable[[bytes], None]] = {}
        self._free_at: dict[tuple[str, str], float] = {}
        self.down = False
        self.in_doubt = 0
        """So many batches arrive although the wire is down, and their sender does not know it."""
        self.drop_next = 0
        """So many batches are lost, as if the stream had been trimmed."""

    def listen(self, node: str, take: Callable[[bytes], None]) -> None:
        self._inboxes[node] = take

    def unplug(self, node: str) -> None:
        self._inboxes.pop(node, None)

    def deliver(self, source: str, node: str, batch: bytes, on_posted: Callable[[Posted], None]) -> None:
        loop = asyncio.get_running_loop()
        if self.down:
            if self.in_doubt:
                self.in_doubt -= 1
                loop.call_soon(self._arrive, node, batch)
            loop.call_soon(on_posted, Posted.UNKNOWN)
            return
        if node not in self._inboxes:
            loop.call_soon(on_posted, Posted.NOBODY)
            return
        loop.call_soon(on_posted, Posted.TAKEN)
        if self.drop_next:
            self.drop_next -= 1
            return
        at = loop.time() + self._random.random() * self._longest_s
        at = max(at, self._free_at.get((source, node), 0.0) + 1e-6)
        self._free_at[source, node] = at
        loop.call_at(at, self._arrive, node, batch)

    def _arrive(self, node: str, batch: bytes) -> None:
        take = self._inboxes.get(node)
        if take is not None:
            take(batch)


class MemoryWire:
    """`server.cluster.links.Wire` over a `Network`."""

    def __init__(self, network: Network, node: str) -> None:
        self._network, self._node = network, node
        self.on_up: Callable[[], None] = lambda: None
        self.on_room: Callable[[], None] = lambda: None

    def post(self, node: str, batch: bytes, on_posted: Callable[[Posted], None]) -> None:
        self._network.deliver(self._node, node, batch, on_posted)


class Owners:
    """Who runs which room, as all nodes of a test see it."""

    def __init__(self) -> None:
        self.owner: dict[str, str] = {}
        self.live: set[str] = set()
        self.members: list[MemoryRooms] = []
        self.ended: set[str] = set()

    def kill(self, node: str) -> None:
        """A node is dead; what it ran is nobody's."""
        self.live.discard(node)
        self.owner = {room: by for room, by in self.owner.items() if by != node}
        for rooms in self.members:
            if rooms.me in self.live:
                rooms.node_gone(node)

    def move(self, room_id: str, to: str) -> None:
        """Hand a room over."""
        old = self.owner.get(room_id)
        self.owner[room_id] = to
        for rooms in self.members:
            if rooms.me == old:
                rooms.moved(room_id)


class MemoryRooms:
    """`server.cluster.rooms.Rooms`, without any state to load."""

    def __init__(self, owners: Owners, me: str, *, wait_s: float = 0.0) -> None:
        self.me = me
        self._owners = owners
        self._wait_s = wait_s
        self._on_moved: list[Callable[[str], None]] = []
        self._on_gone: list[Callable[[str], None]] = []
        self.asked = 0
        owners.live.add(me)
        owners.members.append(self)

    def is_here(self, room_id: str) -> bool:
        return self._owners.owner.get(room_id) == self.me

    async def place(self, room_id: str, *, may_claim: bool) -> Place:
        self.asked += 1
        await asyncio.sleep(self._wait_s)
        if room_id in self._owners.ended:
            raise Refused(Code.ROOM_ENDED)
        owner = self._owners.owner.get(room_id)
        if owner is None and may_claim:
            owner = self._owners.owner[room_id] = self.me
        if owner is None:
            raise Refused(Code.ROOM_NOT_FOUND)
        return Place(None if owner == self.me else owner)

    def on_moved(self, listener: Callable[[str], None]) -> None:
        self._on_moved.append(listener)

    def moved(self, room_id: str) -> None:
        for listener in self._on_moved:
            listener(room_id)

    def nodes(self) -> Collection[str]:
        return self._owners.live

    def on_node_gone(self, listener: Callable[[str], None]) -> None:
        self._on_gone.append(listener)

    def node_gone(self, node: str) -> None:
        for listener in self._on_gone:
            listener(node)
