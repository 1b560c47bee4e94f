"""What all rooms of a process share."""

from __future__ import annotations

from dataclasses import dataclass, field

from rooms.ledger import Ledger
from rooms.schedule import Schedule


@dataclass(slots=True)
class Runtime:
    """What all rooms of a process share."""

    grace_s: float
    empty_ttl_s: float
    ahead_s: float = 0.0
    """How far the wall clock is ahead of `now`, which never steps; the sweeper keeps it true (decision 0019)."""
    schedule: Schedule = field(default_factory=Schedule)
    """What is due at some `now`."""
    calendar: Schedule = field(default_factory=Schedule)
    """What is due when the wall clock says so."""
    ledger: Ledger = field(default_factory=Ledger)
    """What the histories of all rooms hold, and the mailboxes."""

    def wall(self, now: float) -> float:
        """What the wall clock says at `now`: for what people are told, and for `expires_at`."""
        return now + self.ahead_s
