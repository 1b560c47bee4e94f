"""The figures of what is bounded: memory, quotas, file descriptors."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from server.security.descriptors import Descriptors
from server.security.memory import Memory
from server.security.quotas import Quotas
from server.transport.socketio import SocketHost
from server.usecases.context import Context


def bounds(context: Context, host: SocketHost, descriptors: Descriptors) -> Iterator[Metric]:
    """Budgets and their use, refusals, descriptors."""
    yield from _memory(context.memory)
    yield from _quotas(context.quotas, context.memory, descriptors)
    # Between two counts every connection that came is added, also those that were refused and are closed.
    descriptors.tick()
    yield GaugeMetricFamily("mayfly_file_descriptors", "File descriptors in use.", value=descriptors.in_use)
    yield GaugeMetricFamily("mayfly_file_descriptors_limit", "File descriptors at most.", value=descriptors.limit)
    ledger = context.memory.rooms
    yield CounterMetricFamily("mayfly_given_up", "Histories and mailboxes given up for memory.", value=ledger.given_up)
    overflows, shed = host.eio.stats.overflows, host.eio.input.shed_count
    yield CounterMetricFamily("mayfly_overflows", "Sessions dropped because they did not read.", value=overflows)
    yield CounterMetricFamily("mayfly_input_shed", "Senders closed for unfinished input.", value=shed)


def _memory(memory: Memory) -> Iterator[Metric]:
    yield GaugeMetricFamily("mayfly_resident_bytes", "Resident memory.", value=memory.resident_bytes)
    yield GaugeMetricFamily("mayfly_memory_budget_bytes", "Its bound; 0: none.", value=memory.budget_bytes)
    used = GaugeMetricFamily("mayfly_budget_used_bytes", "Bytes held of a share.", labels=["share"])
    limit = GaugeMetricFamily("mayfly_budget_limit_bytes", "Bytes of a share; 0: no bound.", labels=["share"])
    for name, share in (("rooms", memory.rooms), ("output", memory.output), ("input", memory.input)):
        if share is not None:
            used.add_metric([name], share.used_bytes)
            limit.add_metric([name], share.limit_bytes)
    yield from (used, limit)


def _quotas(quotas: Quotas, memory: Memory, descriptors: Descriptors) -> Iterator[Metric]:
    refused = CounterMetricFamily("mayfly_quota_refusals", "Refusals by quota.", labels=["quota"])
    for name, count in quotas.refused.items():
        refused.add_metric([name], count)
    refused.add_metric(["memory"], memory.refused)
    refused.add_metric(["file_descriptors"], descriptors.refused)
    yield refused
