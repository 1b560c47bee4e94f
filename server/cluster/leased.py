"""The ownership of a process that others share a store with: a lease on all rooms, asked for and handed over.

Each `step` is one look at the lease. What it does depends on nothing but what it saw and a clock that never steps, so
that a simulation can run any number of processes against each other (`tests/simulation/test_ownership.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections import Counter
from collections.abc import Callable

from rooms.ports import StoreUnavailable
from server.cluster.ownership import Role
from storage.leases import LEASE_S, Lease, LeaseBook

log = logging.getLogger(__name__)

RENEW_S = 0.5
"""Between two renewals, and so until an owner sees that it is asked."""

WAIT_S = 0.5
EAGER_S = 0.1
"""Between two looks of a process that waits, and of one whose clients do."""

WATCHED_S = 2 * RENEW_S
"""An expired lease is taken only where it was seen for so long without a renewal: after an outage of the store the
owner has its turn first."""

WANTED_S = 10.0
"""A wish counts for so long: whoever still waits repeats it, and nobody moves rooms for one that has gone."""

TAKE_BACK_S = 60.0
"""An owner to whom the rooms were handed over gives them to nobody else for so long: two processes that both get
clients would otherwise hand them to and fro."""


class LeasedOwnership:
    """`server.cluster.ownership.Ownership` by a `storage.leases.LeaseBook`. `me` is new with each start."""

    beats = True

    def __init__(self, book: LeaseBook, me: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        book.on_refused = self.overtaken
        self._book = book
        self._monotonic = monotonic
        self._wanted_until = -math.inf
        self._wake = asyncio.Event()
        self._accompanied = False
        self._seen: Lease | None = None
        self._since = math.inf  # when the newest version was first seen, and the store has answered ever since
        self._refused_by: int | None = None
        self.me = me
        self.generation = 0
        self.heir: str | None = None
        self.role = Role.WAITING
        self.valid_until = -math.inf
        self.answers = True
        self.lost = False
        self.moves: Counter[str] = Counter()

    @property
    def refused(self) -> bool:
        return self.role is Role.WAITING and self._refused_by is not None

    def valid(self) -> bool:
        return self._monotonic() <= self.valid_until

    def want(self) -> None:
        if self.role is Role.WAITING:
            if not self._wanted:
                self._wake.set()
            self._wanted_until = self._monotonic() + WANTED_S

    @property
    def _wanted(self) -> bool:
        return self._monotonic() < self._wanted_until

    async def step(self) -> None:
        started = self._monotonic()
        try:
            if self.role is Role.WAITING:
                await self._look()
            elif self.role is not Role.OVER:
                await self._renew(started)
            self.answers = True
        except StoreUnavailable:
            self._unanswered()

    async def pause(self) -> None:
        eager = self.role is Role.WAITING and self._wanted and not self.refused
        self._wake.clear()
        # Not `wait_for`: in Python 3.11 it can lose a cancellation that comes together with the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EAGER_S if eager else WAIT_S if self.role is Role.WAITING else RENEW_S):
                await self._wake.wait()

    def leave(self) -> None:
        if self.role in (Role.WAITING, Role.OWNER):
            self.role = Role.LEAVING if self.role is Role.OWNER else Role.OVER

    def close(self) -> None:
        self.leave()
        self.valid_until = -math.inf

    async def release(self) -> None:
        self.close()
        if self.role is Role.LEAVING:
            self.role = Role.OVER
            self.moves["handed_over"] += self.heir is not None
            await self._book.release(self.me, self.generation, self.heir)

    def overtaken(self) -> None:
        """A later owner was met: this process owns nothing any more."""
        if self.role is not Role.OVER:
            log.error("Another process has taken the rooms over. This one can write nothing any more, and stops.")
            self.role, self.lost, self.valid_until = Role.OVER, True, -math.inf
            self.moves["lost"] += 1
            self._wake.set()

    # -- the owner

    async def _renew(self, started: float) -> None:
        lease = await self._book.renew(self.me, self.generation)
        if lease is None:
            self.overtaken()
            return
        self._accompanied = lease.accompanied
        if self.role is not Role.OWNER:
            return
        self.valid_until = started + LEASE_S
        if lease.asked_by is not None:
            await self._asked(lease, lease.asked_by)

    async def _asked(self, lease: Lease, asker: str) -> None:
        if lease.handed and lease.held_s < TAKE_BACK_S:
            log.error(
                "A second process (%s) wants the rooms %.0f s after they were handed over to this one, and does not get"
                " them. Run one instance for each database.",
                asker,
                lease.held_s,
            )
            await self._book.refuse(self.me, self.generation, asker)
            self.moves["refused"] += 1
            return
        log.warning("Another process (%s) has clients and asks for the rooms: handing over.", asker)
        self.heir = asker
        self.role = Role.LEAVING

    def _unanswered(self) -> None:
        self.answers = False
        self._since = math.inf
        # Alone, it may take the store for the one that is gone. Where another waits, it may itself be cut off, and the
        # other one may own the rooms once the lease is over. So may anybody where this process was stopped so long.
        if self.role is Role.OWNER and not self._accompanied and self.valid():
            self.valid_until = self._monotonic() + LEASE_S

    # -- the one that waits

    async def _look(self) -> None:
        lease = await self._book.look(self.me)
        self._observe(lease)
        if may_claim(lease, self.me, self._monotonic() - self._since, vanished=self._vanished(lease)):
            await self._claim(lease)
        elif lease is not None and self._wanted and not self.refused and lease.asked_by is None:
            await self._book.ask(self.me, lease)

    def _vanished(self, lease: Lease | None) -> bool:
        return lease is None and self.generation > 0

    def _observe(self, lease: Lease | None) -> None:
        version = lease.version if lease is not None else None
        seen = self._seen.version if self._seen is not None else None
        if version != seen or self._since == math.inf:
            self._since = self._monotonic()
        self._seen = lease
        if lease is None:
            return
        self.generation = lease.generation
        if lease.refused == self.me and self._refused_by != lease.generation:
            self._refused_by = lease.generation
            log.error(
                "The owner of the rooms (%s) does not hand them over so soon after they were handed to it. This process"
                " waits until that one stops. Run one instance for each database.",
                lease.holder,
            )
        elif self._refused_by is not None and self._refused_by != lease.generation:
            self._refused_by = None

    async def _claim(self, lease: Lease | None) -> None:
        # Requests, too, count from the moment of asking, so that they end before anybody else may claim.
        started = self._monotonic()
        taken = await self._book.claim(self.me, lease)
        if taken is None:
            return
        if self.role is not Role.WAITING:  # it was told to stop meanwhile
            await self._book.release(self.me, taken.generation, None)
            return
        self.generation, self._accompanied = taken.generation, taken.accompanied
        self.role, self.valid_until, self._refused_by = Role.OWNER, started + LEASE_S, None
        self.moves["received" if taken.handed else "taken"] += 1
        if lease is not None:
            log.info("This process owns the rooms now, by %s.", "hand-over" if taken.handed else "taking a free lease")


def may_claim(lease: Lease | None, me: str, watched_s: float, *, vanished: bool = False) -> bool:
    """Whether a process may try to take the lease that it has watched for so long without a change."""
    if lease is None:
        return not vanished or watched_s >= WATCHED_S
    if lease.holder == me:
        return True  # an earlier claim came through, and its answer did not
    expired = lease.left_s <= 0
    # Should the store's clock be set back, no change in all that time says the same.
    watched = watched_s >= LEASE_S + WATCHED_S
    if lease.holder is None:
        return expired or watched or lease.heir in (None, me)
    return watched or (expired and watched_s >= WATCHED_S)
