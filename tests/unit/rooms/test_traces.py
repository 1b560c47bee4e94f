"""What is known of messages that are held no more."""

from __future__ import annotations

from rooms.ledger import Ledger
from rooms.limits import MESSAGES_KNOWN, TRACE_BYTES
from rooms.traces import Traces
from tests.support.messages import message as said


def traced(*seqs: int) -> tuple[Traces, Ledger]:
    ledger = Ledger()
    traces = Traces(ledger)
    for seq in seqs:
        traces.add(said(seq, at=float(seq)))
    return traces, ledger


def test_each_is_found_by_its_seq_and_no_other_is() -> None:
    traces, _ = traced(3, 5, 9)
    assert [found and found[0] for found in map(traces.find, range(1, 11))] == [
        *(None, None, 3, None, 5),
        *(None, None, None, 9, None),
    ]


def test_in_which_order_they_were_let_go_of_makes_no_difference() -> None:
    traces, ledger = traced(5, 9, 3, 7)
    assert all(traces.find(seq) for seq in (3, 5, 7, 9))
    assert ledger.used_bytes == 4 * TRACE_BYTES


def test_a_thing_that_is_forgotten_weighs_nothing() -> None:
    traces, ledger = traced(3, 5)
    traces.forget(3)
    traces.forget(4)
    assert (traces.find(3), len(traces), ledger.used_bytes) == (None, 1, TRACE_BYTES)


def test_the_oldest_go_in_whichever_order_they_come() -> None:
    """The bound is `MESSAGES_KNOWN`."""
    traces, ledger = traced(*range(10, 10 + MESSAGES_KNOWN))
    traces.add(said(10 + MESSAGES_KNOWN + 1, at=1.0))
    traces.add(said(10 + MESSAGES_KNOWN, at=1.0))
    assert (len(traces), ledger.used_bytes) == (MESSAGES_KNOWN, MESSAGES_KNOWN * TRACE_BYTES)
    assert traces.find(11) is None
    assert traces.find(12) is not None
