"""How webhooks fare, for each address by its place in `WEBHOOK_URLS`: an address may hold a secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client.core import Metric

from server.observability import families as f
from server.outbound.hook_queue import HookQueue


def hook_metrics(queues: Sequence[HookQueue]) -> Iterator[Metric]:
    """As Prometheus metrics; without values where there are no webhooks."""
    numbered = {str(number): queue for number, queue in enumerate(queues, start=1)}
    yield f.WEBHOOKS_WAITING.by({number: queue.waiting for number, queue in numbered.items()})
    yield f.WEBHOOKS_SENT.by({number: queue.sent for number, queue in numbered.items()})
    yield f.WEBHOOKS_FAILED.by({number: queue.failed for number, queue in numbered.items()})
    yield f.WEBHOOKS_DROPPED.by({number: queue.dropped for number, queue in numbered.items()})
