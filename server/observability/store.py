"""How the store is doing, and what it does not have yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from prometheus_client.core import Metric

from server.observability import families as f
from server.observability.histogram import Histogram
from server.outbound.journal import Journal


class StoreCalls:
    """How long the calls of the store take. `note` is what the journal tells."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, Histogram] = defaultdict(Histogram)

    def note(self, call: str, seconds: float) -> None:
        """A call of this name was answered."""
        self.seconds[call].observe(seconds)


def store_metrics(journal: Journal, calls: StoreCalls) -> Iterator[Metric]:
    """As Prometheus metrics."""
    health = journal.health
    yield f.STORE_HEALTHY.of(int(health.healthy))
    yield f.STORE_FAILURES.of(health.failures)
    yield f.STORE_CHANGES.of(health.changes)
    yield f.STORE_SECONDS.histograms(calls.seconds)
    yield f.UNWRITTEN.by(journal.unwritten()._asdict())
