"""Whether the store is there: a state machine with hysteresis, told how each call went.

Two questions, two answers. `answers` is how the newest call went, for those who decide whether to wait for the next
one. `healthy` is for the world: readiness, metrics, the log. A store that fails now and then, or answers some calls in
time and others not, does not make it change each second.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

FAILURES_TO_FALL = 3
"""So many more failures than successes make a healthy store unhealthy."""

SILENCE_TO_FALL_S = 1.9
"""A call that fails after so long without any answer of the store does so at once; drivers give up after 2 s."""

SUCCESSES_TO_RISE = 3
"""Successes in a row after which an unhealthy store may be healthy again."""

CALM_FIRST_S, CALM_LONGEST_S = 1.0, 30.0
"""How long it must not have failed before; doubled with each relapse, so that a store that comes and goes is told of
ever more rarely."""

RELAPSE_S = 60.0
"""A fall so soon after the rise is a relapse."""

GONE = "The store does not answer; rooms go on in memory and are saved when it is back."
BACK = "The store answers again."


class StoreHealth:
    """Healthy until shown otherwise. `clock` is in seconds and never steps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._surplus = 0  # failures while healthy, less successes
        self._in_a_row = 0  # successes while unhealthy
        self._calm_s = CALM_FIRST_S
        self._succeeded_at = self._failed_at = self._risen_at = float("-inf")
        self.healthy = True
        self.answers = True
        """Whether the newest call was answered."""
        self.failures = 0
        """Calls that failed, in all."""
        self.changes = 0
        """How often `healthy` has changed."""

    @property
    def in_doubt(self) -> bool:
        """Whether the next calls decide, so that it is worth asking soon."""
        return not self.healthy or self._surplus > 0

    def succeeded(self) -> None:
        """A call was answered."""
        self.answers, self._succeeded_at = True, self._clock()
        if self.healthy:
            self._surplus = max(0, self._surplus - 1)
            return
        self._in_a_row += 1
        if self._in_a_row >= SUCCESSES_TO_RISE and self._succeeded_at - self._failed_at >= self._calm_s:
            self.rise()

    def failed(self, started_at: float) -> None:
        """A call that began at `started_at` was not answered, or with an error."""
        self.answers, self._failed_at = False, self._clock()
        self.failures += 1
        self._surplus += 1
        self._in_a_row = 0
        silence_s = self._failed_at - max(started_at, self._succeeded_at)
        if self._surplus >= FAILURES_TO_FALL or silence_s >= SILENCE_TO_FALL_S:
            self.fall()

    def fall(self, line: str = GONE) -> None:
        """Unhealthy from now on."""
        self.answers = False
        if not self.healthy:
            return
        now = self._clock()
        relapsed = now - self._risen_at < RELAPSE_S
        self._calm_s = min(2 * self._calm_s, CALM_LONGEST_S) if relapsed else CALM_FIRST_S
        self._in_a_row = 0
        self._change(line, healthy=False)

    def rise(self) -> None:
        """Healthy from now on."""
        self.answers, self._surplus = True, 0
        if not self.healthy:
            self._risen_at = self._clock()
            self._change(BACK, healthy=True)

    def _change(self, line: str, *, healthy: bool) -> None:
        self.healthy = healthy
        self.changes += 1
        log.warning(line)
