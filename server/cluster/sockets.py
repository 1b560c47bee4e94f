"""The port: what an edge does to the connections of its node."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Protocol

from rooms.errors import Refused


class Sockets(Protocol):
    """The connections of this node."""

    def run(self, sid: str, packet: str) -> Awaitable[None] | None:
        """Run a request here."""

    def refuse(self, sid: str, packet: str, why: Refused) -> None:
        """Answer a request that is not run."""

    def deliver(self, sid: str, packet: bytes) -> None:
        """Send a packet."""

    def deliver_all(self, sids: Iterable[str], packet: bytes) -> None:
        """Send a packet to several."""

    def deliver_long(self, sid: str, packet: bytes) -> None:
        """Send a packet that does not count as unread."""

    def recall_here(self, sids: Iterable[str]) -> None:
        """Something that these were sent is taken back: what still waits leaves soon, or is cut."""

    def close(self, sid: str, code: int) -> None:
        """Close a transport."""

    def close_later(self, sid: str) -> None:
        """Close it unless it holds a seat by then."""

    def facts(self, sid: str) -> bytes:
        """What an owner has to know of a connection (JSON)."""

    def seats_changed(self, sid: str) -> None:
        """A connection has taken its first seat elsewhere, or let go of its last."""

    def hold(self, sid: str, room_id: str, participant_id: str, seen: tuple[str, int]) -> None:
        """A room that was elsewhere is here now, and this connection held a seat in it; `seen`: epoch and position up
        to which it was told everything.
        """

    def hold_door(self, sid: str, room_id: str, knock_id: str) -> None:
        """The same, of one that waits at its door."""
