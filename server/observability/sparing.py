"""Log lines that anybody on the internet can cause: few, and without what they sent."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

WINDOW_S = 3_600.0
MAX_LINES = 20
"""Lines of one kind in a window; each says another thing."""

MAX_ORIGIN_CHARS = 120
ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[A-Za-z0-9._\-:\[\]]+", re.IGNORECASE)


class Sparing:
    """Lets each thing be said once in `WINDOW_S`, and at most `MAX_LINES` things."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._said: set[str] = set()

    def admits(self, thing: str) -> bool:
        """Whether to say it now."""
        now = self._clock()
        if now - self._since >= WINDOW_S:
            self._since = now
            self._said.clear()
        if thing in self._said or len(self._said) >= MAX_LINES:
            return False
        self._said.add(thing)
        return True


class RefusedOrigins:
    """Tells the operator which site was refused: what it takes to notice a wrong `CORS_ORIGINS`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._sparing = Sparing(clock)

    def note(self, origin: str) -> None:
        """An origin was refused."""
        shown = origin if len(origin) <= MAX_ORIGIN_CHARS and ORIGIN.fullmatch(origin) else "something that is none"
        if self._sparing.admits(shown):
            log.warning("The origin %s was refused: it is not in CORS_ORIGINS.", shown)
