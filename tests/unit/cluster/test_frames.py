"""Frames between nodes: whatever is written is read again, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cluster import frames
from server.cluster.frames import BadBatch, Frame, Kind, decode_batch, encode_batch, encode_frame

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)
FRAMES = st.builds(Frame, st.sampled_from([int(kind) for kind in Kind]), U32, U32, st.binary(max_size=300))
NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=frames.MAX_NAME_BYTES // 4)


@given(NAMES, U64, U64, st.lists(FRAMES, max_size=8))
def test_a_batch_is_read_as_it_was_written(name: str, sequence: int, seen: int, said: list[Frame]) -> None:
    data = encode_batch(name, sequence, seen, [encode_frame(*frame) for frame in said])
    assert decode_batch(data) == (name, sequence, seen, said)


@given(st.binary(max_size=400))
def test_whatever_comes_is_read_whole_or_refused(data: bytes) -> None:
    try:
        batch = decode_batch(data)
    except BadBatch:
        return
    again = encode_batch(batch.source, batch.sequence, batch.seen, [encode_frame(*frame) for frame in batch.frames])
    assert again == data


@given(st.lists(FRAMES, min_size=1, max_size=4), st.data())
def test_a_batch_that_was_cut_within_a_frame_is_refused(said: list[Frame], data: st.DataObject) -> None:
    written = [encode_frame(*frame) for frame in said]
    whole = encode_batch("node#1", 1, 0, written)
    cut = data.draw(st.integers(1, len(written[-1]) - 1))
    with pytest.raises(BadBatch):
        decode_batch(whole[:-cut])


@given(st.lists(U32, max_size=20), st.binary(max_size=50))
def test_one_packet_for_many_names_them_all(handles: list[int], packet: bytes) -> None:
    frame = Frame(Kind.MANY, len(handles), 0, frames.many_body(handles, packet))
    assert frames.read_many(frame) == (tuple(handles), packet)


def test_more_handles_than_there_are_bytes_is_refused() -> None:
    with pytest.raises(BadBatch):
        frames.read_many(Frame(Kind.MANY, 2**32 - 1, 0, b"abcd"))


@pytest.mark.parametrize("body", [b"", b"room", b"room\0\xff"])
def test_what_does_not_name_a_room_and_a_participant_is_refused(body: bytes) -> None:
    with pytest.raises(BadBatch):
        frames.read_names(body, 2)
    assert frames.read_names(frames.names_body("room", "person"), 2) == ["room", "person"]


def test_bounds_hold_both_ways() -> None:
    with pytest.raises(ValueError, match="too long"):
        encode_frame(Kind.ONE, 0, 0, bytes(frames.MAX_FRAME_BYTES + 1))
    with pytest.raises(BadBatch):
        decode_batch(bytes(frames.MAX_BATCH_BYTES + 1))
    crowd = encode_batch("node#1", 1, 0, [encode_frame(Kind.GONE, 1, 0, b"")] * (frames.MAX_FRAMES + 1))
    with pytest.raises(BadBatch):
        decode_batch(crowd)
    unnamed = encode_batch("", 1, 0, [])
    with pytest.raises(BadBatch):
        decode_batch(unnamed)
