"""permessage-deflate (RFC 7692): what is agreed on, and messages in and out."""

from __future__ import annotations

import random
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.transport.engineio.deflate import MAX_FINAL_BLOCKS, MAX_OFFER_CHARS, deflate_frame, inflate, negotiate
from server.transport.engineio.frames import FrameError, binary_frame, text_frame
from tests.support.pace import PACE

OURS = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
MAX = 100_000


def compressed(data: bytes, bits: int = 15) -> bytes:
    """A message as a client sends it (section 7.2.1)."""
    deflater = zlib.compressobj(wbits=-bits)
    return (deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


def final(data: bytes) -> bytes:
    """DEFLATE data whose last block has BFINAL."""
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush(zlib.Z_FINISH)


def received(frame: bytes, bits: int = 15) -> bytes:
    """What a client with a window of that size makes of a compressed frame."""
    size = frame[1]
    data = frame[2 if size < 126 else 4 if size == 126 else 10 :]
    return zlib.decompressobj(-bits).decompress(data + b"\x00\x00\xff\xff")


@pytest.mark.parametrize(
    ("header", "bits"),
    [
        ("permessage-deflate", None),
        ("permessage-deflate; client_max_window_bits", None),  # Chromium and Firefox
        ("permessage-deflate;client_max_window_bits=9 ; client_no_context_takeover", None),
        ("permessage-deflate; client_max_window_bits=8; server_no_context_takeover", None),
        ('permessage-deflate; server_max_window_bits="10"', 10),
        (r'permessage-deflate; server_max_window_bits="1\0"', 10),
        ("permessage-deflate; server_max_window_bits = 15", 15),
        ("permessage-deflate; server_max_window_bits=9", 9),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=12", 12),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", None),
        ("permessage-deflate; novel, permessage-deflate; novel=1 , permessage-deflate; server_max_window_bits=11", 11),
        ("permessage-deflate, permessage-deflate; server_max_window_bits=10", None),
        ('x-webkit-deflate-frame, mux; max="4"; quote="a", permessage-deflate', None),
        (", ,\t,permessage-deflate,,", None),
        ("permessage-deflate, foo; a; a", None),
    ],
)
def test_the_first_offer_that_can_be_kept_is_accepted(header: str, bits: int | None) -> None:
    agreement = negotiate(header)
    assert agreement is not None
    assert agreement.response == OURS + ("" if bits is None else f"; server_max_window_bits={bits}")
    assert agreement.window_bits == (bits or 15)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "foo",
        "x-permessage-deflate",
        "Permessage-Deflate-2",
        "permessage-deflate2",
        # Section 7.1: a parameter that is not defined, twice there, or with a wrong value.
        "permessage-deflate; novel",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; client_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeover=true",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=+10",
        "permessage-deflate; server_max_window_bits=10.0",
        "permessage-deflate; client_max_window_bits=0",
        "permessage-deflate; client_max_window_bits=1٠",
        "permessage-deflate; server_max_window_bits=8",  # legal, and what zlib cannot do
        # Not what RFC 6455 section 9.1 says: nothing of the header counts.
        "permessage-deflate;",
        "permessage-deflate; ; client_max_window_bits",
        "permessage-deflate=1",
        "permessage-deflate client_max_window_bits",
        "permessage-deflate; client_max_window_bits=",
        'permessage-deflate; client_max_window_bits="',
        'permessage-deflate; client_max_window_bits="10',
        'permessage-deflate; client_max_window_bits=""',
        'permessage-deflate; client_max_window_bits="1 0"',
        'permessage-deflate; client_max_window_bits="10"x',
        "permessage-deflate, ; foo",
        "permessage-deflate, foo; a=é",
        "permessage-deflate/",
    ],
)
def test_an_offer_that_cannot_be_kept_is_declined(header: str) -> None:
    assert negotiate(header) is None


@given(st.text(alphabet='permessage-deflate;,="\\ \t189_window', max_size=200))
def test_no_header_breaks_the_negotiation(noise: str) -> None:
    for header in (noise, f"permessage-deflate{noise}", f"permessage-deflate;{noise}"):
        agreement = negotiate(header)
        assert agreement is None or agreement.response.startswith(OURS)


def test_a_header_that_is_too_long_is_declined_and_the_longest_takes_no_time() -> None:
    offer = "permessage-deflate"
    assert negotiate(offer + "," * (MAX_OFFER_CHARS - len(offer))) is not None
    assert negotiate(offer + "," * (MAX_OFFER_CHARS - len(offer) + 1)) is None
    start = time.process_time()
    for unit in (" ", '"', "\\", "a;", ';a="\\', "permessage-deflate;a,", ', "'):
        negotiate((offer + ";a=" + unit * MAX_OFFER_CHARS)[:MAX_OFFER_CHARS])
        negotiate((offer + unit * MAX_OFFER_CHARS)[:MAX_OFFER_CHARS])
    assert time.process_time() - start < 0.5 * PACE


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        # Section 7.2.3: one block; a block without compression; BFINAL; two blocks; an empty message.
        ("f248cdc9c90700", b"Hello"),
        ("000500faff48656c6c6f00", b"Hello"),
        ("f348cdc9c9070000", b"Hello"),
        ("f248050000 00ffffcac9c90700", b"Hello"),
        ("00", b""),
    ],
)
def test_the_examples_of_the_rfc_are_inflated(payload: str, message: bytes) -> None:
    assert inflate(bytes.fromhex(payload), MAX) == message


@given(st.binary(max_size=3_000), st.integers(9, 15))
def test_what_any_client_compressed_is_inflated(data: bytes, bits: int) -> None:
    assert inflate(compressed(data, bits), MAX) == data


@given(st.binary(max_size=300).map(lambda data: data * 40), st.integers(9, 15), st.booleans())
def test_a_compressed_frame_is_read_with_the_window_that_was_agreed_on(data: bytes, bits: int, is_text: bool) -> None:
    plain = text_frame(data) if is_text else binary_frame(data)
    frame = deflate_frame(plain, bits)
    if frame == plain:
        assert len(data) < 100
    else:
        assert frame[0] == (0xC1 if is_text else 0xC2)
        assert len(frame) < len(plain)
        assert received(frame, bits) == data


def test_a_small_window_is_kept_to() -> None:
    noise = random.Random(7).randbytes(2_000)
    plain = text_frame(noise + noise)
    # With a large window the second half costs next to nothing; a small one does not see the first.
    assert len(deflate_frame(plain, 15)) < 2_200
    assert deflate_frame(plain, 9) == plain


def test_what_does_not_shrink_stays_as_it_is() -> None:
    frame = binary_frame(random.Random(7).randbytes(5_000))
    assert deflate_frame(frame) is frame


def test_blocks_with_bfinal_may_be_followed_by_more_that_refers_to_what_was_before() -> None:
    words = b"the same words as before, and the same once more; "
    first = final(words)
    deflater = zlib.compressobj(wbits=-15, zdict=words)
    second = (deflater.compress(words) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
    assert len(second) < 10
    assert inflate(first + second, MAX) == words + words


def test_blocks_with_bfinal_are_counted() -> None:
    empty = final(b"")
    assert inflate(empty * (MAX_FINAL_BLOCKS - 1) + b"\x00", MAX) == b""
    start = time.process_time()
    with pytest.raises(FrameError) as caught:
        inflate(empty * 500_000, 4_194_304)
    assert caught.value.code == 1007
    assert time.process_time() - start < 1 * PACE


def test_a_message_may_inflate_to_the_bound_and_no_further() -> None:
    assert inflate(compressed(b"x" * MAX), MAX) == b"x" * MAX
    with pytest.raises(FrameError) as caught:
        inflate(compressed(b"x" * (MAX + 1)), MAX)
    assert caught.value.code == 1009
    with pytest.raises(FrameError) as caught:
        inflate(final(b"x" * MAX) + compressed(b"x"), MAX)
    assert caught.value.code == 1009


def test_a_bomb_is_not_inflated() -> None:
    bomb = compressed(b"\0" * 200_000_000)
    assert len(bomb) < MAX * 2
    start = time.process_time()
    with pytest.raises(FrameError) as caught:
        inflate(bomb, MAX)
    assert caught.value.code == 1009
    assert time.process_time() - start < 0.1 * PACE


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xff\xff\xff",
        b"\x06",  # a block of the reserved type
        compressed(b"some words, to be cut off somewhere " * 20)[:-7],
        compressed(b"some words") + b"\x00garbage",
        final(b"Hello"),  # without the byte that section 7.2.3.4 asks for
        zlib.compress(b"with a header"),
    ],
)
def test_what_is_not_whole_deflate_data_is_refused(payload: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        inflate(payload, MAX)
    assert caught.value.code == 1007


@given(st.binary(max_size=400))
def test_noise_inflates_or_is_a_frame_error_and_nothing_else(noise: bytes) -> None:
    code, message = 0, b""
    try:
        message = inflate(noise, 1_000)
    except FrameError as error:
        code = error.code
    assert code in (0, 1007, 1009)
    assert len(message) <= 1_000
