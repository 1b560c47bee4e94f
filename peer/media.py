"""Tracks: the synthetic picture and tone that a sender shows, and the echo of what somebody else sends."""

from __future__ import annotations

import asyncio
import math
import time
from array import array
from collections.abc import Callable, Sequence
from fractions import Fraction

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from peer import picture

FRAME_RATE = 20
VIDEO_CLOCK_HZ = 90_000
SAMPLE_RATE_HZ = 48_000
TONE_HZ = 440
TONE_AMPLITUDE = 0.25
AUDIO_FRAME_SAMPLES = 960  # 20 ms
MAX_ECHO_FRAMES = {"video": 5, "audio": 25}
"""How many frames an echo holds back at most before the oldest goes: a quarter and half a second."""

Frame = VideoFrame | AudioFrame
Tap = Callable[[Frame], None]


class _Paced:
    """Counts ticks of a fixed length since the first one; late ticks are skipped rather than caught up on."""

    def __init__(self, tick_s: float) -> None:
        self._tick_s = tick_s
        self._began: float | None = None
        self._tick = -1

    async def next(self) -> int:
        if self._began is None:
            self._began = time.monotonic()
        due = int((time.monotonic() - self._began) / self._tick_s)
        self._tick = max(self._tick + 1, due)
        await asyncio.sleep(self._began + self._tick * self._tick_s - time.monotonic())
        return self._tick


class SyntheticVideo(MediaStreamTrack):
    """`picture.draw` at `FRAME_RATE` frames a second, marked with the sender's tag."""

    kind = "video"

    def __init__(self, tag: int) -> None:
        super().__init__()
        self._tag = tag
        self._pace = _Paced(1 / FRAME_RATE)

    async def recv(self) -> VideoFrame:
        """The next frame, when it is due. Raises `MediaStreamError` once stopped."""
        number = await self._pace.next()
        if self.readyState != "live":
            raise MediaStreamError
        frame = picture.draw(self._tag, number)
        frame.pts = number * VIDEO_CLOCK_HZ // FRAME_RATE
        frame.time_base = Fraction(1, VIDEO_CLOCK_HZ)
        return frame


class Tone(MediaStreamTrack):
    """A sine of `TONE_HZ` at a quarter of full scale, mono, 16 bit, in frames of 20 ms."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._pace = _Paced(AUDIO_FRAME_SAMPLES / SAMPLE_RATE_HZ)

    async def recv(self) -> AudioFrame:
        """The next 20 ms, when they are due. Raises `MediaStreamError` once stopped."""
        tick = await self._pace.next()
        if self.readyState != "live":
            raise MediaStreamError
        at = tick * AUDIO_FRAME_SAMPLES % _PERIOD_SAMPLES * 2
        frame = AudioFrame(format="s16", layout="mono", samples=AUDIO_FRAME_SAMPLES)
        frame.planes[0].update(_WAVE[at : at + 2 * AUDIO_FRAME_SAMPLES])
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts = tick * AUDIO_FRAME_SAMPLES
        frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
        return frame


class Echo(MediaStreamTrack):
    """Gives back the frames put into it, oldest first; when nobody takes them, the oldest is dropped."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue(MAX_ECHO_FRAMES[kind])

    def put(self, frame: Frame | None) -> None:
        """Add a frame; `None` ends the track after what is already there."""
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(frame)

    async def recv(self) -> Frame:
        """The next frame. Raises `MediaStreamError` at the end."""
        if self.readyState != "live":
            raise MediaStreamError
        frame = await self._frames.get()
        if frame is None:
            self.stop()
            raise MediaStreamError
        return frame


async def pump(track: MediaStreamTrack, taps: Sequence[Tap]) -> None:
    """Read a remote track to its end and show each frame to every tap. Taps must not block."""
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        if isinstance(frame, VideoFrame | AudioFrame):
            for tap in taps:
                tap(frame)


_PERIOD_SAMPLES = SAMPLE_RATE_HZ // math.gcd(SAMPLE_RATE_HZ, TONE_HZ)


def _wave() -> bytes:
    samples = array("h")
    for index in range(_PERIOD_SAMPLES + AUDIO_FRAME_SAMPLES):
        turn = 2 * math.pi * TONE_HZ * index / SAMPLE_RATE_HZ
        samples.append(int(TONE_AMPLITUDE * 32767 * math.sin(turn)))
    return samples.tobytes()


_WAVE = _wave()
