"""RFC 6455 frames of a connection that agreed on permessage-deflate, in whatever pieces they come."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.transport.engineio.compression import InflatingParser
from server.transport.engineio.frames import FrameError
from server.transport.engineio.messages import Control, Message
from tests.support.frames import masked

MAX = 100_000
PLENTY = 1_000_000


def parse(*pieces: bytes, max_bytes: int = MAX) -> list[Message]:
    """All messages of what arrives in these pieces."""
    parser, messages = InflatingParser(max_bytes), []
    for piece in pieces:
        parser.feed(piece)
        parser.budget = PLENTY
        while (message := parser.next_message()) is not None:
            messages.append(message)
    return messages


def deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return (deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


@st.composite
def sent(draw: st.DrawFn) -> tuple[Message, bytes]:
    """A message, and its frames: compressed or not, in one or in several, with pings between them."""
    message: str | bytes = draw(st.one_of(st.text(max_size=300), st.binary(max_size=300)))
    data = message.encode() if isinstance(message, str) else message
    opcode = 1 if isinstance(message, str) else 2
    if draw(st.booleans()):
        data, opcode = deflated(data), opcode | 0x40
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    frames = [[opcode, part] for part in parts]
    for later in frames[1:]:
        later[0] = 0
    frames[-1][0] |= 0x80
    between = masked(0x89, b"ping") if draw(st.booleans()) else b""
    return message, between.join(masked(first, part) for first, part in frames)


@given(st.lists(sent(), max_size=6), st.data())
def test_messages_are_the_same_however_they_are_compressed_cut_and_delivered(
    messages: list[tuple[Message, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(frames for _, frames in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    came = [message for message in parse(*pieces) if not isinstance(message, Control)]
    assert came == [message for message, _ in messages]


@given(st.lists(st.tuples(st.sampled_from([0x40, 0x41, 0x42, 0xC0, 0xC1, 0xC2, 0x80, 0x89]), st.binary(max_size=60))))
def test_noise_in_compressed_frames_gives_messages_or_a_frame_error(frames: list[tuple[int, bytes]]) -> None:
    code = 0
    try:
        messages = parse(*(masked(first, payload) for first, payload in frames), max_bytes=1_000)
        assert all(isinstance(message, Control) or len(message) <= 1_000 for message in messages)
    except FrameError as error:
        code = error.code
    assert code in (0, 1002, 1007, 1009)


def test_the_bound_is_on_what_comes_out() -> None:
    assert parse(masked(0xC1, deflated(b"x" * MAX))) == ["x" * MAX]
    with pytest.raises(FrameError) as caught:
        parse(masked(0xC1, deflated(b"x" * (MAX + 1))))
    assert caught.value.code == 1009


def test_no_message_is_given_while_the_budget_is_used_up() -> None:
    parser = InflatingParser(MAX)
    parser.feed(masked(0xC1, deflated(b"x" * 600)) * 3 + masked(0x81, b"plain"))
    assert parser.next_message() is None
    parser.budget = 1_000
    assert [parser.next_message() for _ in range(3)] == ["x" * 600, "x" * 600, None]
    assert not parser.drained
    parser.budget = 1_000
    assert [parser.next_message() for _ in range(3)] == ["x" * 600, "plain", None]
    assert parser.drained
