"""A message's id, and what can be read from it."""

from __future__ import annotations

import pytest

from rooms.message import message_id, sent_at, seq_in
from tests.support.messages import message


def test_ids_sort_in_the_order_of_sending() -> None:
    ids = [message(n, at=1_700_000_000.0 + n / 10_000).id for n in range(1, 200)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_an_id_tells_when_its_message_was_sent_and_at_which_place() -> None:
    made = message_id(77, 1_700_000_000.125, "epoch")
    assert (sent_at(made), seq_in(made)) == (1_700_000_000.125, 77)


@pytest.mark.parametrize("nonsense", ["", "x", "x" * 40, "0" * 12, "\U0001f98b" * 30])
def test_what_is_no_id_has_no_place(nonsense: str) -> None:
    assert seq_in(nonsense) == 0
