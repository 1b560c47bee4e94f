"""The synthetic picture and tone, the echo, and the meters that read them."""

from __future__ import annotations

import asyncio
from array import array
from fractions import Fraction
from itertools import pairwise

import av
import pytest
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from peer import picture
from peer.media import FRAME_RATE, MAX_ECHO_FRAMES, Echo, SyntheticVideo, Tone, pump
from peer.picture import Code, draw, read_code
from peer.stats import MAX_PINGS_UNDERWAY, AudioMeter, PingMeter, VideoMeter, is_ping
from tests.support.pace import PACE


@pytest.mark.parametrize("code", [Code(0, 0), Code(1, 1), Code(0xABC, 0x1234), Code(0xFFF, 0xFFFF)])
def test_a_drawn_frame_says_whose_it_is_and_which(code: Code) -> None:
    assert read_code(draw(code.tag, code.number)) == code


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (320, 240), (160, 120)])
def test_the_code_survives_rescaling(size: tuple[int, int]) -> None:
    assert read_code(draw(0x5A5, 777).reformat(*size)) == Code(0x5A5, 777)


def test_the_code_survives_vp8_at_a_low_bit_rate() -> None:
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.WIDTH_PX, picture.HEIGHT_PX, "yuv420p"
    encoder.time_base, encoder.bit_rate = Fraction(1, FRAME_RATE), 100_000
    encoder.options = {"deadline": "realtime", "cpu-used": "8"}
    decoder = av.CodecContext.create("vp8", "r")
    seen = []
    for number in range(30):
        frame = draw(9, number)
        frame.pts, frame.time_base = number, Fraction(1, FRAME_RATE)
        for packet in encoder.encode(frame):
            seen += [read_code(decoded) for decoded in decoder.decode(packet)]
    assert len(seen) >= 25
    assert seen == [Code(9, number) for number in range(len(seen))]


@pytest.mark.parametrize("luma", [0, 128, 255])
def test_a_picture_of_somebody_else_carries_no_code(luma: int) -> None:
    frame = VideoFrame(320, 240, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([luma]) * plane.buffer_size)
    assert read_code(frame) is None


def test_one_damaged_block_is_noticed() -> None:
    for block in range(picture.SYNC_BITS, picture.CODE_BITS):
        frame = draw(0x123, 4567)
        plane = frame.planes[0]
        luma = bytearray(plane)
        row = picture.CODE_HEIGHT_PX // 2
        at = row * plane.line_size + block * picture.BLOCK_PX
        for pixel in range(at, at + picture.BLOCK_PX):
            luma[pixel] = picture.BLACK if luma[pixel] > 128 else picture.WHITE
        plane.update(bytes(luma))
        assert read_code(frame) is None, f"block {block}"


def test_two_frames_in_a_row_differ() -> None:
    assert bytes(draw(1, 1).planes[0]) != bytes(draw(1, 2).planes[0])
    assert bytes(draw(1, 1).planes[1]) != bytes(draw(1, 2).planes[1])


async def test_the_picture_comes_at_its_frame_rate_with_rising_numbers() -> None:
    track = SyntheticVideo(tag=5)
    loop = asyncio.get_running_loop()
    began = loop.time()
    frames = [await track.recv() for _ in range(6)]
    assert loop.time() - began >= 5 / FRAME_RATE - 0.01
    numbers = [code.number for code in map(read_code, frames) if code]
    assert len(numbers) == 6
    assert numbers == sorted(set(numbers))
    times = [float(frame.pts * frame.time_base) for frame in frames]  # type: ignore[operator]
    assert times == pytest.approx([number / FRAME_RATE for number in numbers])
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()


async def test_the_tone_is_heard_as_440_hz_without_a_break() -> None:
    track, meter = Tone(), AudioMeter()
    frames = [await track.recv() for _ in range(25)]
    for frame in frames:
        meter.add(frame)
    track.stop()
    assert meter.frequency_hz() == pytest.approx(440, abs=4)
    assert meter.level() == pytest.approx(0.25 / 2**0.5, rel=0.01)
    assert meter.duration_s == pytest.approx(0.5)
    samples = array("h", b"".join(bytes(frame.planes[0])[: 2 * frame.samples] for frame in frames[:2]))
    steps = [abs(after - before) for before, after in pairwise(samples)]
    assert max(steps) < 0.25 * 32767 * 0.06  # the steepest step of a 440 Hz sine at 48 kHz is 0.0576


def test_silence_has_no_level_and_no_pitch() -> None:
    meter = AudioMeter()
    frame = AudioFrame(format="s16", layout="stereo", samples=960)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    frame.sample_rate = 48_000
    meter.add(frame)
    assert (meter.frames, meter.level(), meter.frequency_hz()) == (1, 0.0, None)


def test_a_stereo_frame_is_measured_by_its_first_channel() -> None:
    meter = AudioMeter()
    frame = AudioFrame(format="s16", layout="stereo", samples=960)
    samples = array("h", [16384, 0] * 960).tobytes()
    frame.planes[0].update(samples + bytes(frame.planes[0].buffer_size - len(samples)))
    frame.sample_rate = 48_000
    meter.add(frame)
    assert meter.level() == pytest.approx(0.5)


def test_the_video_meter_tells_own_frames_from_others() -> None:
    meter = VideoMeter(own_tag=7)
    for at, tag in enumerate((7, 8, 7)):
        meter.add(draw(tag, at), now=100 + at / 10)
    assert (meter.frames, meter.own_frames, meter.numbered_frames) == (3, 2, 3)
    assert (meter.width, meter.height) == (320, 240)
    assert meter.frames_per_s() == pytest.approx(10)


def test_pings_that_come_back_give_round_trips() -> None:
    meter = PingMeter(tag=7)
    pings = [meter.next_ping(now) for now in (1.0, 2.0, 3.0)]
    assert all(meter.is_own(ping) and is_ping(ping) for ping in pings)
    assert not PingMeter(tag=77).is_own(pings[0])
    meter.came_back(pings[0], 1.010)
    meter.came_back(pings[0], 9.0)  # a second copy counts for nothing
    meter.came_back(pings[2], 3.030)
    assert (meter.sent, meter.received) == (3, 2)
    assert meter.min_ms() == pytest.approx(10)
    assert meter.median_ms() == pytest.approx(20)


def test_pings_that_never_come_back_do_not_pile_up() -> None:
    meter = PingMeter(tag=7)
    for now in range(10 * MAX_PINGS_UNDERWAY):
        meter.next_ping(now)
    assert len(meter._underway) == MAX_PINGS_UNDERWAY


async def test_an_echo_gives_frames_back_in_order_and_drops_the_oldest_when_full() -> None:
    echo = Echo("video")
    for number in range(MAX_ECHO_FRAMES["video"] + 2):
        echo.put(draw(1, number))
    numbers = [read_code(await echo.recv()).number for _ in range(MAX_ECHO_FRAMES["video"])]  # type: ignore[union-attr, arg-type]
    assert numbers == [2, 3, 4, 5, 6]


async def test_an_echo_ends_with_what_it_echoes() -> None:
    echo = Echo("audio")
    echo.put(None)
    with pytest.raises(MediaStreamError):
        await echo.recv()
    assert echo.readyState == "ended"


async def test_a_pump_shows_every_frame_to_every_tap_until_the_track_ends() -> None:
    source, first, second = Echo("video"), [], []  # type: ignore[var-annotated]
    for number in range(3):
        source.put(draw(1, number))
    source.put(None)
    await asyncio.wait_for(pump(source, [first.append, second.append]), 5 * PACE)
    assert first == second
    assert len(first) == 3
