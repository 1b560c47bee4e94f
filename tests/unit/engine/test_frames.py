"""RFC 6455 frames: what is built, and what is parsed in whatever pieces it comes."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.transport.engineio.frames import (
    NO_STATUS,
    FrameError,
    binary_frame,
    close_code,
    close_frame,
    control_frame,
    frame_payload,
    text_frame,
)
from server.transport.engineio.messages import Control, Message
from server.transport.engineio.parser import FrameParser
from tests.support.frames import masked

MAX = 100_000


def parse(*pieces: bytes, max_bytes: int = MAX) -> list[Message]:
    """All messages of what arrives in these pieces."""
    parser, messages = FrameParser(max_bytes), []
    for piece in pieces:
        parser.feed(piece)
        while (message := parser.next_message()) is not None:
            messages.append(message)
    return messages


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_text_frame_has_the_shortest_header(size: int, head: bytes) -> None:
    assert text_frame(b"x" * size) == head + b"x" * size


def test_the_examples_of_the_rfc_are_parsed() -> None:
    # Section 5.7: a single-frame masked text message, and an unmasked ping's masked answer.
    assert parse(bytes.fromhex("818537fa213d7f9f4d5158")) == ["Hello"]
    assert parse(bytes.fromhex("8a8537fa213d7f9f4d5158")) == [Control(0xA, b"Hello")]


@given(st.binary(max_size=70_000), st.booleans())
def test_what_was_framed_is_found_again(payload: bytes, is_text: bool) -> None:
    frame = text_frame(payload) if is_text else binary_frame(payload)
    assert frame_payload(frame) == (is_text, payload)


texts = st.text(max_size=300)


@given(st.lists(st.one_of(texts, st.binary(max_size=300)), max_size=8), st.data())
def test_messages_are_the_same_in_whatever_pieces_they_come(messages: list[str | bytes], data: st.DataObject) -> None:
    stream = b"".join(masked(0x81, m.encode()) if isinstance(m, str) else masked(0x82, m) for m in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert parse(*pieces) == messages


@given(texts, st.data())
def test_fragments_make_the_message_they_were_cut_from(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), min_size=1, max_size=5)))
    parts = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    opcodes = [0x01] + [0x00] * (len(parts) - 2) + [0x80]
    frames = [masked(opcode, part) for opcode, part in zip(opcodes, parts, strict=True)]
    assert parse(*frames) == [text]


@given(st.binary(max_size=400))
def test_noise_gives_messages_or_a_frame_error_and_nothing_else(noise: bytes) -> None:
    code = 0
    try:
        parse(noise, max_bytes=100)
    except FrameError as error:
        code = error.code
    assert code in (0, 1002, 1007, 1009)


def test_a_message_may_be_as_long_as_the_bound_and_no_longer() -> None:
    assert parse(masked(0x81, b"x" * 200), max_bytes=200) == ["x" * 200]
    with pytest.raises(FrameError) as caught:
        parse(masked(0x81, b"x" * 201), max_bytes=200)
    assert caught.value.code == 1009


def test_fragments_together_are_bound_like_one_message() -> None:
    with pytest.raises(FrameError) as caught:
        parse(masked(0x01, b"x" * 150), masked(0x00, b"x" * 150), max_bytes=200)
    assert caught.value.code == 1009


def test_a_caller_may_stop_in_the_middle_of_what_arrived() -> None:
    parser = FrameParser(MAX)
    parser.feed(masked(0x81, b"one") + masked(0x81, b"two"))
    assert parser.next_message() == "one"
    parser.feed(masked(0x81, b"three"))
    assert [parser.next_message(), parser.next_message(), parser.next_message()] == ["two", "three", None]


def test_one_byte_at_a_time_takes_no_quadratic_time() -> None:
    parser = FrameParser(MAX)
    frame = masked(0x81, b"x" * 60_000)
    for byte in frame[:-1]:
        parser.feed(bytes((byte,)))
        assert parser.next_message() is None
    parser.feed(frame[-1:])
    assert parser.next_message() == "x" * 60_000


@pytest.mark.parametrize(("payload", "code"), [(b"", NO_STATUS), (b"\x03\xe8", 1000), (b"\x0f\xa0why", 4000)])
def test_a_legal_close_frame_gives_its_code(payload: bytes, code: int) -> None:
    assert close_code(payload) == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])
def test_codes_that_must_not_be_sent_are_an_error(code: int) -> None:
    with pytest.raises(FrameError):
        close_code(struct.pack("!H", code))


@given(st.text(max_size=200))
def test_a_close_frame_fits_a_control_frame_and_its_reason_stays_utf_8(reason: str) -> None:
    frame = close_frame(4001, reason)
    assert frame[0] == 0x88
    assert frame[1] == len(frame) - 2 <= 125
    assert reason.startswith(frame[4:].decode())


def test_a_control_frame_is_never_longer_than_the_rfc_allows() -> None:
    assert control_frame(0xA, b"x" * 300) == b"\x8a\x7d" + b"x" * 125


# The short way of a read that is exactly one text frame


@given(st.text(max_size=400), st.binary(min_size=4, max_size=4))
def test_a_read_of_exactly_one_text_frame_needs_not_be_fed(text: str, mask: bytes) -> None:
    frame = masked(0x81, text.encode(), mask)
    assert FrameParser(MAX).whole_text(frame) == text
    assert parse(frame) == [text]


@given(st.integers(0, 255), st.binary(max_size=300), st.binary(max_size=12), st.integers(0, 400))
def test_the_short_way_and_the_long_one_never_disagree(first: int, payload: bytes, behind: bytes, cut: int) -> None:
    data = (masked(first, payload) + behind)[: cut or None]
    short, long = _outcome(FrameParser(MAX).whole_text, data), _outcome(parse, data)
    if short is not None:
        assert long in (short, [short])


def _outcome(read: Callable[[bytes], object], data: bytes) -> object:
    """What is read, or the close code of what is wrong with it."""
    try:
        return read(data)
    except FrameError as error:
        return error.code


@pytest.mark.parametrize(
    "read",
    [
        b"",
        b"\x81",
        masked(0x81, b"4x")[:-1],
        masked(0x81, b"4x") * 2,
        masked(0x01, b"4x"),
        masked(0x82, b"4x"),
        masked(0x89, b""),
        masked(0xC1, b"4x"),
        text_frame(b"not masked"),
        masked(0x81, b"x" * 65_536),
        b"\x81\xff" + struct.pack("!Q", 119) + bytes(4 + 119),  # as long as a frame of 127 bytes would be
        masked(0x81, b"x" * (MAX + 1)),
    ],
)
def test_everything_else_has_to_be_fed(read: bytes) -> None:
    assert FrameParser(MAX).whole_text(read) is None


def test_nothing_is_read_past_what_waits_already() -> None:
    begun, fragmented = FrameParser(MAX), FrameParser(MAX)
    begun.feed(masked(0x81, b"4first")[:-1])
    fragmented.feed(masked(0x01, b"4fir"))
    assert fragmented.next_message() is None
    assert begun.whole_text(masked(0x81, b"4second")) is None
    assert fragmented.whole_text(masked(0x81, b"4second")) is None


def test_a_text_beyond_the_bound_is_refused_in_the_usual_way() -> None:
    frame = masked(0x81, b"x" * 200)
    parser = FrameParser(199)
    assert parser.whole_text(frame) is None
    parser.feed(frame)
    with pytest.raises(FrameError, match="too big"):
        parser.next_message()


def test_so_many_fragments_at_a_time_and_the_rest_when_asked_again() -> None:
    parser = FrameParser(MAX)
    parser.feed(masked(0x01, b"a") + masked(0x00, b"b") * 9 + masked(0x80, b"c"))
    for _ in range(2):
        parser.fragments_left = 5
        assert parser.next_message() is None
        assert not parser.drained
    parser.fragments_left = 5
    assert parser.next_message() == "a" + "b" * 9 + "c"


@given(
    st.lists(st.one_of(st.text(max_size=200), st.binary(max_size=200), st.just(None)), min_size=1, max_size=6),
    st.integers(0, 60),
    st.integers(64, 1_000),
)
def test_looking_first_for_whole_texts_gives_the_same_messages(
    parts: list[str | bytes | None], cut: int, keep_bytes: int
) -> None:
    """`None` is the first fragment of a text, which the next text or bytes cannot end."""
    frames = [
        masked(0x01, b"cut")
        if part is None
        else masked(0x81, part.encode())
        if isinstance(part, str)
        else masked(0x82, part)
        for part in parts
    ]
    data = b"".join(frames)
    pieces = [data[: len(data) - cut], data[len(data) - cut :]] if 0 < cut < len(data) else [data]

    def given(short: bool) -> list[object]:
        parser, found = FrameParser(MAX, keep_bytes), []
        try:
            for piece in pieces:
                whole = parser.feed(piece) and short
                while whole and not parser.drained and (text := parser.next_whole_text()) is not None:
                    found.append(text)
                while (message := parser.next_message()) is not None:
                    found.append(message)
        except FrameError as error:
            found.append(error.code)
        return [(type(one).__name__, str(one)) if isinstance(one, Message) else one for one in found]

    assert given(short=True) == given(short=False)
