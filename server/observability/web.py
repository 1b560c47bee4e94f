"""Counts and times HTTP requests, by the route as the code has it: what a client writes into a path is no label."""

from __future__ import annotations

from collections import Counter, defaultdict

from server.observability.histogram import Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ENGINE = "/socket.io"
"""Where a request may wait for half a minute because nothing happens: its time says nothing."""


class HttpAnswers:
    """Counters since the start."""

    def __init__(self) -> None:
        self.answered: Counter[tuple[str, str, str]] = Counter()
        """By method, route and status."""
        self.seconds: defaultdict[str, Histogram] = defaultdict(Histogram)
        """By route."""

    def note(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """An answer. `route` is None where nothing is at that path."""
        named = route or "none"
        self.answered[method if method in METHODS else "other", named, str(status)] += 1
        if not named.startswith(ENGINE):
            self.seconds[named].observe(seconds)
