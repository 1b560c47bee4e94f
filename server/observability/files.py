"""How many files there are, what they weigh, and what is on its way."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from server.observability import families as f
from server.usecases.context import Context


def file_metrics(context: Context) -> Iterator[Metric]:
    """As Prometheus metrics; 0 where files are off."""
    shelf, quotas = context.shelf, context.file_quotas
    yield f.FILES.of(context.files.count)
    yield f.FILE_BYTES.of(quotas.bytes)
    yield f.FILE_BYTES_LIMIT.of(quotas.bounds.process)
    yield f.FILE_TRANSFERS.by({way: quotas.under_way[way] for way in ("upload", "download")})
    yield f.FILES_UNWRITTEN.of(shelf.unwritten if shelf is not None else 0)
    yield f.FILES_ERASED.of(shelf.erased if shelf is not None else 0)
    yield f.FILE_REFUSALS.by(quotas.refused)
