"""The port: which node runs a room, where rooms are shared out over several (decision 0060)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol


class Place(NamedTuple):
    """Where a room runs."""

    node: str | None
    """`node#incarnation` of who runs it; None: this process."""


class Rooms(Protocol):
    """What a node knows of the rooms that it runs, and of the nodes that run others."""

    me: str
    """`node#incarnation`; a new one wherever the old one lapsed."""

    def is_here(self, room_id: str) -> bool:
        """Whether this node runs the room: one look-up."""
        ...

    async def place(self, room_id: str, *, may_claim: bool) -> Place:
        """Where a room runs; who may claim takes and loads one that nobody runs.

        Refused with ROOM_NOT_FOUND, ROOM_ENDED or UNAVAILABLE.
        """
        ...

    def on_moved(self, listener: Callable[[str], None]) -> None:
        """Have it told the id of each room that this node runs no more: handed over, lost or ended."""

    def nodes(self) -> Collection[str]:
        """The live nodes, this one among them, as of the last second."""
        ...

    async def look_again(self) -> None:
        """Look who is there now: somebody has spoken of a node that this one does not know."""
        ...

    def on_node_gone(self, listener: Callable[[str], None]) -> None:
        """Have it told of each node that has gone."""
