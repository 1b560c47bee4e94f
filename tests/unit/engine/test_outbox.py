"""The outbox: in order, bounded by bytes and packets."""

from __future__ import annotations

import pytest

from server.transport.engineio.budget import Budget
from server.transport.engineio.limits import EngineLimits
from server.transport.engineio.outbox import Outbox, OutboxFull
from server.transport.engineio.packets import message_frame


def outbox(**limits: int) -> Outbox:
    return Outbox(EngineLimits(**limits))


def test_only_the_first_packet_asks_for_a_flush() -> None:
    box = outbox()
    assert [box.add(b"a"), box.add(b"b")] == [True, False]
    box.take_bytes()
    assert box.add(b"c")


def test_what_was_added_is_taken_in_order_and_once() -> None:
    box = outbox()
    for frame in (b"a", b"bc", b"d"):
        box.add(frame)
    assert (len(box), box.size) == (3, 4)
    assert box.take_bytes() == b"abcd"
    assert (len(box), box.size, box.take_bytes()) == (0, 0, b"")


def test_frames_may_be_taken_one_by_one() -> None:
    box = outbox()
    box.add(b"a")
    box.add(b"bc")
    taken = box.take_frames()
    assert (len(box), box.size) == (0, 0)
    assert box.add(b"d")
    assert taken == [b"a", b"bc"]


def test_a_single_frame_is_not_copied() -> None:
    box, frame = outbox(), message_frame("shared")
    box.add(frame)
    assert box.take_bytes() is frame


def test_the_polling_payload_holds_the_same_packets() -> None:
    box = outbox()
    box.add(message_frame("a"))
    box.add(message_frame("b" * 200))
    assert box.take_payload() == b"4a\x1e4" + b"b" * 200
    assert len(box) == 0


def test_bytes_are_bounded() -> None:
    box = outbox(outbox_bytes=10)
    box.add(b"x" * 6)
    box.add(b"x" * 4)
    with pytest.raises(OutboxFull):
        box.add(b"x")
    assert box.size == 10


def test_packets_are_bounded() -> None:
    box = outbox(outbox_packets=2)
    box.add(b"x")
    box.add(b"x")
    with pytest.raises(OutboxFull):
        box.add(b"x")


def test_one_packet_of_any_size_is_taken_where_nothing_waits() -> None:
    box = outbox(outbox_bytes=10)
    assert box.add(b"x" * 100)
    with pytest.raises(OutboxFull):
        box.add(b"x")


def test_answers_do_not_count_and_keep_their_place() -> None:
    box = outbox(outbox_bytes=10, outbox_packets=2)
    assert box.add_answer(b"a" * 50)
    box.add(b"b" * 6)
    assert not box.add_answer(b"c" * 50)
    box.add(b"d" * 4)
    assert box.size == 10
    with pytest.raises(OutboxFull):
        box.add(b"e")
    assert box.take_bytes() == b"a" * 50 + b"b" * 6 + b"c" * 50 + b"d" * 4


def test_what_answers_left_behind_counts_for_nothing() -> None:
    box = outbox(outbox_bytes=10, outbox_packets=2)
    for _ in range(3):
        box.add_answer(b"a" * 50)
        box.add_answer(b"b" * 50)
        box.take_frames()
    box.add(b"c")
    box.add(b"d")
    with pytest.raises(OutboxFull):
        box.add(b"e")


class Reader:
    def __init__(self) -> None:
        self.shed_times = 0

    def shed(self) -> None:
        self.shed_times += 1


def test_of_a_slow_reader_everything_that_waits_is_in_the_budget_of_all() -> None:
    box, budget, reader = outbox(outbox_bytes=10), Budget(200), Reader()
    box.count_in(budget, reader, transport_bytes=50)
    assert budget.used_bytes == 50
    box.add_answer(b"a" * 70)
    box.add(b"b" * 4)
    assert budget.used_bytes == 124
    box.add_answer(b"c" * 70)
    assert budget.used_bytes == 194
    assert reader.shed_times == 0
    box.add_answer(b"d" * 7)
    assert reader.shed_times == 1
    assert budget.used_bytes == 0


def test_an_answer_that_has_left_does_not_count_when_its_reader_turns_slow() -> None:
    box, budget, reader = outbox(), Budget(200), Reader()
    box.add_answer(b"a" * 150)
    box.frames.pop()  # as a carrier takes one frame: nothing but `size` is put right, for each message
    box.count_in(budget, reader, transport_bytes=150)
    assert budget.used_bytes == 150
    box.add(b"b" * 20)
    assert (budget.used_bytes, reader.shed_times) == (150, 0), "the first to wait is counted with the second"
    box.add(b"b" * 20)
    assert (budget.used_bytes, reader.shed_times) == (190, 0)
    box.count_out()
    assert budget.used_bytes == 0
