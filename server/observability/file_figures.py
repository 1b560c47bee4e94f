"""How many files there are, what they weigh, and what is on its way."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from server.usecases.context import Context


def file_figures(context: Context) -> Iterator[Metric]:
    """As Prometheus metrics; nothing where files are off."""
    shelf, quotas = context.shelf, context.file_quotas
    if shelf is None:
        return
    yield GaugeMetricFamily("mayfly_files", "Files that lie in rooms.", value=context.files.count)
    yield GaugeMetricFamily("mayfly_file_bytes", "Their bytes, with what uploads have claimed.", value=quotas.bytes)
    limit = quotas.bounds.process
    yield GaugeMetricFamily("mayfly_file_bytes_limit", "The bound of these; 0: none.", value=limit)
    under_way = GaugeMetricFamily("mayfly_file_transfers", "Files on their way.", labels=["kind"])
    for kind in ("upload", "download"):
        under_way.add_metric([kind], quotas.under_way[kind])
    yield under_way
    yield GaugeMetricFamily("mayfly_files_unwritten", "Files that the store has yet to follow.", value=shelf.unwritten)
    yield CounterMetricFamily("mayfly_files_erased", "Files erased, and broken uploads.", value=shelf.erased)
    refused = CounterMetricFamily("mayfly_file_refusals", "Uploads and downloads refused, by quota.", labels=["quota"])
    for name, count in quotas.refused.items():
        refused.add_metric([name], count)
    yield refused
