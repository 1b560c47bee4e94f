"""The port: whether this process owns the rooms, and how it comes to own them and lets them go."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import Protocol

HOLD_S = 6.0
"""How long a request waits for rooms that another process has; then it is refused, and may be repeated."""


class Role(Enum):
    """What a process is to the rooms. The way leads downwards only: who has let go never owns them again."""

    WAITING = "waiting"
    """Another process owns them, or nobody knows yet."""
    OWNER = "owner"
    LEAVING = "leaving"
    """It holds the lease still, and is about to give it up."""
    OVER = "over"
    """It gave the lease up, or lost it."""


class Ownership(Protocol):
    """How one process stands to the rooms. `step` is called again and again, at the pace that `pause` keeps."""

    role: Role
    valid_until: float
    """`time.monotonic()` until which the rooms may be touched. A plain number, since every request looks at it."""
    answers: bool
    """Whether the place where the lease is kept answered the newest call."""
    lost: bool
    """Whether another process took the rooms without being given them."""
    moves: Counter[str]
    """What became of the ownership here: `taken`, `received`, `handed_over`, `lost`, `refused` → how often."""
    beats: bool
    """Whether there is a lease to look after at all."""

    @property
    def refused(self) -> bool:
        """Whether the owner has turned this process's request down."""

    def valid(self) -> bool:
        """Whether the rooms may be touched now."""

    def want(self) -> None:
        """Somebody needs the rooms here: ask for them at the next step, which is due at once."""

    async def step(self) -> None:
        """Look at the lease once, and do what is due. Never raises for want of an answer."""

    async def pause(self) -> None:
        """Return when the next step is due."""

    def leave(self) -> None:
        """From now on the lease is held only to be given up."""

    def close(self) -> None:
        """The rooms are touched no more."""

    async def release(self) -> None:
        """Give the lease up, for whoever has asked for it, else for anybody."""
