"""The budget is shared out, enforced, and lets go again."""

from __future__ import annotations

import pytest

from rooms.errors import Code, Refused
from rooms.ledger import Ledger
from server.protocol.acknowledgements import status_of
from server.security import memory as subject
from server.security.memory import INPUT_SHARE, MIB, OUTPUT_SHARE, ROOMS_SHARE, Memory
from server.transport.engineio.budget import Budget


def test_shares_are_of_what_the_process_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "resident_bytes", lambda: 60 * MIB)
    memory, output, unfinished = Memory(384, Ledger()), Budget(0), Budget(0)
    memory.share_out(output, unfinished)
    left = (384 - 60) * MIB
    limits = (memory.rooms.limit_bytes, output.limit_bytes, unfinished.limit_bytes)
    assert limits == (int(left * ROOMS_SHARE), int(left * OUTPUT_SHARE), int(left * INPUT_SHARE))
    assert ROOMS_SHARE + OUTPUT_SHARE + INPUT_SHARE < 1
    nothing = Memory(0, Ledger())
    nothing.share_out(Budget(0), Budget(0))
    assert nothing.rooms.limit_bytes == 0


def test_over_the_budget_nobody_new_is_taken_until_a_tenth_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [60 * MIB]
    monkeypatch.setattr(subject, "resident_bytes", lambda: now[0])
    memory = Memory(100, Ledger())
    memory.share_out(Budget(0), Budget(0))
    for resident, refused in ((99, False), (101, True), (95, True), (89, False), (95, False)):
        now[0] = resident * MIB
        memory.tick(0.0)
        assert memory.over is refused, resident
    now[0] = 101 * MIB
    memory.tick(0.0)
    with pytest.raises(Refused) as caught:
        memory.check()
    assert (caught.value.code, status_of(caught.value)) == (Code.QUOTA_EXCEEDED, 503)


def test_what_is_resident_is_known() -> None:
    assert 10 * MIB < subject.resident_bytes() < 4_096 * MIB
