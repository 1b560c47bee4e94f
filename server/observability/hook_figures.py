"""How webhooks fare, for each address by its place in `WEBHOOK_URLS`: an address may hold a secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from server.outbound.hook_queue import HookQueue


def hook_figures(queues: Sequence[HookQueue]) -> Iterator[Metric]:
    """As Prometheus metrics."""
    if not queues:
        return
    waiting = GaugeMetricFamily("mayfly_webhooks_waiting", "Webhooks that wait.", labels=["address"])
    sent = CounterMetricFamily("mayfly_webhooks_sent", "Webhooks that were taken.", labels=["address"])
    failed = CounterMetricFamily("mayfly_webhooks_failed", "Tries that were not taken.", labels=["address"])
    dropped = CounterMetricFamily("mayfly_webhooks_dropped", "Webhooks given up.", labels=["address"])
    for number, queue in enumerate(queues, start=1):
        for metric, value in (
            (waiting, queue.waiting),
            (sent, queue.sent),
            (failed, queue.failed),
            (dropped, queue.dropped),
        ):
            metric.add_metric([str(number)], value)
    yield from (waiting, sent, failed, dropped)
