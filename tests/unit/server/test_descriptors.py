"""File descriptors: what is shown is a count, not a guess."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rooms.errors import Code, Refused
from server.observability import bounds as observed
from server.protocol.acknowledgements import status_of
from server.security.descriptors import RESERVE, RESERVE_SHARE, Descriptors


def test_the_figure_is_counted_when_it_is_asked_for(monkeypatch: Any) -> None:
    """Connections that came and were refused since the last count are closed: they are not in use."""
    for name in ("_memory", "_quotas", "_queues"):
        monkeypatch.setattr(observed, name, lambda *_: ())
    descriptors = Descriptors(limit=0)
    for _ in range(100_000):
        descriptors.opened()
    nothing = SimpleNamespace(given_up=0, overflows=0, shed_count=0, dropped=0, cut_count=0)
    journal = SimpleNamespace(messages=nothing)
    context = SimpleNamespace(memory=SimpleNamespace(rooms=nothing), quotas=None, journal=journal, recovery=nothing)
    host = SimpleNamespace(eio=SimpleNamespace(stats=nothing, input=nothing, recalls=nothing))
    metrics = {one.name: one for one in observed.bounds(cast(Any, context), cast(Any, host), descriptors)}
    shown = metrics["mayfly_file_descriptors"].samples[0].value
    assert abs(shown - len(os.listdir("/proc/self/fd"))) < 10


@pytest.mark.parametrize(
    ("limit", "reserved"), [(4_096, int(4_096 * RESERVE_SHARE)), (256, RESERVE), (100, 50), (1_048_576, 131_072)]
)
def test_sockets_leave_some_for_health_checks_pages_and_the_api(
    limit: int, reserved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptors = Descriptors(limit)
    monkeypatch.setattr(descriptors, "tick", lambda: None)  # this process has its own
    descriptors.in_use = limit - reserved - 1
    descriptors.check()
    descriptors.opened()
    with pytest.raises(Refused) as caught:
        descriptors.check()
    assert (caught.value.code, status_of(caught.value)) == (Code.QUOTA_EXCEEDED, 503)
    assert not descriptors.exhausted, "others than sockets still get some"
    descriptors.in_use = limit - reserved // 2
    assert descriptors.exhausted
