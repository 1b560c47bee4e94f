"""Engine.IO packets and polling payloads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.transport.engineio.frames import binary_frame, frame_payload, text_frame
from server.transport.engineio.packets import (
    PacketError,
    decode_payload,
    encode_payload,
    message_frame,
    open_frame,
    packet_frame,
    rest_of_open,
)

legal_text = st.text(st.characters(exclude_characters="\x1e", exclude_categories=["Cs"]), max_size=50)


def test_a_message_is_framed_with_its_type() -> None:
    assert message_frame("é") == text_frame("4é".encode())
    assert message_frame(b"x") == text_frame(b"4x")


def test_the_handshake_packet_is_the_protocols() -> None:
    rest = rest_of_open(upgrades=("websocket",), ping_interval_ms=25_000, ping_timeout_ms=20_000, max_payload=9)
    frame = open_frame("s", rest)
    is_text, payload = frame_payload(frame)
    assert is_text
    assert payload[:1] == b"0"
    assert json.loads(payload[1:]) == {
        "sid": "s",
        "upgrades": ["websocket"],
        "pingInterval": 25_000,
        "pingTimeout": 20_000,
        "maxPayload": 9,
    }


def test_the_example_of_the_protocol_text_is_encoded() -> None:
    # Engine.IO v4 protocol, "HTTP long-polling": 4hello<\x1e>2<\x1e>4world, and binary in base64.
    frames = [packet_frame("4hello"), packet_frame("2"), packet_frame("4world"), binary_frame(b"\x01\x02\x03\x04")]
    assert encode_payload(frames) == b"4hello\x1e2\x1e4world\x1ebAQIDBA=="


@given(st.lists(st.one_of(legal_text.map(lambda text: "4" + text), st.binary(max_size=50)), min_size=1, max_size=20))
def test_a_payload_is_decoded_to_what_was_encoded(packets: list[str | bytes]) -> None:
    body = encode_payload(packet_frame(packet) for packet in packets)
    assert decode_payload(body, max_packets=20) == packets


@given(st.binary(max_size=200))
def test_noise_is_packets_or_a_packet_error(body: bytes) -> None:
    try:
        packets = decode_payload(body, max_packets=10)
    except PacketError:
        return
    assert all(isinstance(packet, bytes) or packet[0] in "0123456" for packet in packets)


@pytest.mark.parametrize("body", [b"", b"abc", b"4a\x1e", b"\x1e4a", b"7", b"b!", b"bA", b"4\xff"])
def test_a_payload_with_one_bad_packet_is_refused_whole(body: bytes) -> None:
    with pytest.raises(PacketError):
        decode_payload(body, max_packets=10)


def test_more_packets_than_the_bound_are_refused() -> None:
    assert len(decode_payload(b"2\x1e2\x1e2", max_packets=3)) == 3
    with pytest.raises(PacketError):
        decode_payload(b"2\x1e2\x1e2\x1e2", max_packets=3)
