"""The outbox: in order, bounded by bytes and packets."""

from __future__ import annotations

import pytest

from server.engine.limits import EngineLimits
from server.engine.outbox import Outbox, OutboxFull
from server.engine.packets import message_frame


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
