"""Who owns the rooms of a store that several processes can reach: the lease, and what a book of it must do.

One lease stands for all rooms. It names its holder and a generation, which grows with every holder; each document
carries the generation under which it was written, and a write of a lower one matches nothing (decision 0032). Ages and
what is left are measured by the store's own clock, so that no two clocks are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

LEASE_S = 3.0
"""A holder that has not renewed its lease for so long may be followed by another process."""

HEIR_S = 3.0
"""So long only the process for which a lease was given up may take it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease as it was found. Process ids are opaque; a process that is started again has another one."""

    holder: str | None
    """None: given up, and free for `heir`, or for anybody where that is None."""
    generation: int
    version: int
    """Grows with each renewal, and whenever the holder changes."""
    left_s: float
    """Until it expires; negative afterwards."""
    held_s: float = 0.0
    """Since its holder took it."""
    handed: bool = False
    """Whether the holder before it gave it up on request."""
    heir: str | None = None
    asked_by: str | None = None
    """The process that asks for it."""
    refused: str | None = None
    """The process whose request the holder has turned down."""
    accompanied: bool = False
    """Whether another process has looked at it within `LEASE_S`, and so may take it where it is not renewed."""


class LeaseBook(Protocol):
    """Where the lease is written. Every call is atomic and bounded, and may raise `rooms.ports.StoreUnavailable`."""

    on_refused: Callable[[], None]
    """Called where the store refuses a write of this process because a later generation has taken over."""

    async def look(self, me: str) -> Lease | None:
        """The lease, None where there is none; notes that a process waits for it."""

    async def claim(self, me: str, seen: Lease | None) -> Lease | None:
        """Take it under a new generation, if it still is as it was seen; None where it is not.

        From then on the store's writes carry that generation.
        """

    async def renew(self, me: str, generation: int) -> Lease | None:
        """Keep it for another `LEASE_S`; None where it is another's. A lease that has vanished is written anew."""

    async def ask(self, me: str, seen: Lease) -> None:
        """Ask the holder to give it up; nothing where the holder has changed since."""

    async def refuse(self, me: str, generation: int, asker: str) -> None:
        """Turn a request down."""

    async def release(self, me: str, generation: int, heir: str | None) -> None:
        """Give it up; nothing where it is another's already."""
