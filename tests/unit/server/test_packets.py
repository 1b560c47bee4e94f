"""Headers of packets with binary attachments, and what is still to come of them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.transport.socketio.packets import (
    MAX_ATTACHMENT_BYTES,
    MAX_ATTACHMENTS,
    Attachments,
    BadPacket,
    read_binary_header,
    read_event,
    read_frequent,
)


@pytest.mark.parametrize(
    ("data", "header"),
    [
        ('51-["send-message",{"_placeholder":true,"num":0}]', ("send-message", "", 1)),
        ('510-42["typing",1]', ("typing", "42", 10)),
        ('50-7["a b",1]', ("", "7", 0)),
        ("61-3[1]", ("", "3", 1)),
    ],
)
def test_a_header_says_who_is_to_be_answered_and_how_much_follows(data: str, header: tuple[str, str, int]) -> None:
    assert tuple(read_binary_header(data)) == header


@pytest.mark.parametrize(
    "data", ["5", "51", "51-", "5-[]", f"5{MAX_ATTACHMENTS + 1}-[]", "51-/x,[]", "5١-[]", "51-12345678901[]", "5-1-[]"]
)
def test_what_is_no_header_is_refused(data: str) -> None:
    with pytest.raises(BadPacket):
        read_binary_header(data)


@given(st.text())
def test_any_text_is_a_header_or_is_refused(text: str) -> None:
    with contextlib.suppress(BadPacket):
        assert 0 <= read_binary_header("5" + text).attachments <= MAX_ATTACHMENTS


def test_attachments_are_counted_down() -> None:
    coming = Attachments(2)
    assert [coming.drop(b"a"), coming.drop(b"b")] == [False, True]


@pytest.mark.parametrize("wrong", ["text", bytes(MAX_ATTACHMENT_BYTES + 1)])
def test_text_and_too_many_bytes_are_no_attachments(wrong: str | bytes) -> None:
    with pytest.raises(BadPacket):
        Attachments(1).drop(wrong)


SAID = '["send-message",{"roomId":"r","text":"hi"}]'


@pytest.mark.parametrize("head", ["2", "27", "20123456789"])
def test_a_frequent_request_is_read_as_any_other(head: str) -> None:
    ack_id, event, payload = read_event(head + SAID)
    assert read_frequent(head + SAID) == (ack_id, payload)
    assert (event, payload) == ("send-message", ("send-message", {"roomId": "r", "text": "hi"}))


@pytest.mark.parametrize(
    "packet",
    [
        '2["typing",{"roomId":"r"}]',
        "2٣" + SAID,
        "201234567890" + SAID,
        "2x" + SAID,
        "2",
        '2["send-message",{"text":1}]',
    ],
)
def test_what_is_not_frequent_or_not_in_order_is_left_to_whoever_reads_all(packet: str) -> None:
    assert read_frequent(packet) is None
