"""How the store is doing, and what it does not have yet."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from server.outbound.journal import Journal


def store_figures(journal: Journal) -> Iterator[Metric]:
    """As Prometheus metrics."""
    health = journal.health
    yield GaugeMetricFamily("mayfly_store_healthy", "1 where the store counts as there.", value=int(health.healthy))
    yield CounterMetricFamily("mayfly_store_failures", "Calls of the store that failed.", value=health.failures)
    yield CounterMetricFamily("mayfly_store_changes", "How often its health has changed.", value=health.changes)
    unwritten = GaugeMetricFamily("mayfly_unwritten", "What the store does not have yet.", labels=["what"])
    for what, count in journal.unwritten()._asdict().items():
        unwritten.add_metric([what], count)
    yield unwritten
    dropped = journal.dropped_messages
    yield CounterMetricFamily("mayfly_dropped_log_messages", "Logged messages dropped unwritten.", value=dropped)
