"""The load generator must count right, or nothing that it says is worth anything."""

from __future__ import annotations

import json
import random

import pytest

from benchmarks.wire import Counter, FrameReader, event_frame, masked_text, upgrade_request
from server.transport.engineio.frames import text_frame
from server.transport.engineio.parser import FrameParser

MARKER = b'["message-received"'
SEED = 20_261_120


def _stream(messages: int) -> bytes:
    delivered = json.dumps(["message-received", {"text": "hello"}, "e.1"]).replace(" ", "").encode()
    other = b'42["user-joined",{"name":"message-received"}]'
    frames = [text_frame(b"42" + delivered), text_frame(b'431[{"ok":true,"data":{}}]'), text_frame(other)]
    return b"".join(frames) * messages


def _in_chunks(stream: bytes, dice: random.Random, longest: int) -> list[bytes]:
    chunks, at = [], 0
    while at < len(stream):
        size = dice.randint(1, longest)
        chunks.append(stream[at : at + size])
        at += size
    return chunks


@pytest.mark.parametrize("longest", [1, 2, 7, 40, 5_000])
def test_a_counter_finds_every_frame_however_the_stream_is_cut(longest: int) -> None:
    counter = Counter(MARKER)
    stream = _stream(200)
    buffer = bytearray(len(stream) + 9)
    found = 0
    for chunk in _in_chunks(stream, random.Random(SEED), longest):
        buffer[: len(chunk)] = chunk
        found += counter.count(buffer, len(chunk))
    assert found == 200


def test_a_counter_does_not_see_what_an_earlier_chunk_left_in_the_buffer() -> None:
    counter = Counter(MARKER)
    buffer = bytearray(text_frame(MARKER + b"]"))
    assert counter.count(buffer, len(buffer)) == 1
    assert counter.count(buffer, 2) == 0


def test_a_marker_that_could_end_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="holds a ]"):
        Counter(b"x]")


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_the_engine_reads_back_what_the_load_generator_masks(size: int) -> None:
    parser = FrameParser(1_000_000)
    parser.feed(masked_text(b"x" * size))
    assert parser.next_message() == "x" * size


def test_an_event_frame_carries_an_event_that_asks_for_an_acknowledgement() -> None:
    parser = FrameParser(1_000_000)
    parser.feed(event_frame("send-message", {"text": "né"}))
    assert parser.next_message() == '421["send-message",{"text":"né"}]'


@pytest.mark.parametrize("longest", [1, 3, 100_000])
def test_a_reader_gives_every_payload_however_the_stream_is_cut(longest: int) -> None:
    payloads = [b"a", b"b" * 200, b"c" * 70_000]
    stream = b"".join(text_frame(payload) for payload in payloads)
    reader = FrameReader()
    dice = random.Random(SEED)
    read = [payload for chunk in _in_chunks(stream, dice, longest) for payload in reader.feed(chunk)]
    assert read == payloads


def test_a_reader_says_so_when_the_server_closes() -> None:
    with pytest.raises(ConnectionError, match="closed the WebSocket"):
        FrameReader().feed(b"\x88\x02\x03\xe8")


def test_compression_is_offered_where_it_is_asked_for() -> None:
    assert b"permessage-deflate" in upgrade_request(3001, offers_deflate=True)
    assert b"permessage-deflate" not in upgrade_request(3001, offers_deflate=False)
