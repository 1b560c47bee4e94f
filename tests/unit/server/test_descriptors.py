"""File descriptors: what is shown is a count, not a guess."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, cast

from server.observability import bounds as observed
from server.security.descriptors import Descriptors


def test_the_figure_is_counted_when_it_is_asked_for(monkeypatch: Any) -> None:
    """Connections that came and were refused since the last count are closed: they are not in use."""
    for name in ("_memory", "_quotas"):
        monkeypatch.setattr(observed, name, lambda *_: ())
    descriptors = Descriptors(limit=0)
    for _ in range(100_000):
        descriptors.opened()
    nothing = SimpleNamespace(given_up=0, overflows=0, shed_count=0)
    context = SimpleNamespace(memory=SimpleNamespace(rooms=nothing), quotas=None)
    host = SimpleNamespace(eio=SimpleNamespace(stats=nothing, input=nothing))
    figures = {one.name: one for one in observed.bounds(cast(Any, context), cast(Any, host), descriptors)}
    shown = figures["mayfly_file_descriptors"].samples[0].value
    assert abs(shown - len(os.listdir("/proc/self/fd"))) < 10
