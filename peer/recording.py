"""Writes what a connection receives to a file (mp4, webm or mkv), one file for each connection."""

from __future__ import annotations

import asyncio
import contextlib
import time
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av import AudioFrame, VideoFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from peer.media import Frame

CODECS = {".mp4": ("libx264", "aac"), ".webm": ("libvpx", "libopus"), ".mkv": ("libx264", "aac")}
MAX_FRAMES_WAITING = 200
SECOND_KIND_WAIT_S = 2.0
"""How long the file waits for the other kind of track; what comes later is left out."""
AUDIO_RATE_HZ = 48_000
MAX_FRAME_RATE = 30
VIDEO_TIME_BASE = Fraction(1, 1000)
FASTEST = {"libx264": {"preset": "ultrafast"}, "libvpx": {"deadline": "realtime", "cpu-used": "8"}}


class Recorder:
    """Takes frames by `put`, from the event loop, and encodes them in a thread.

    The file is begun once pictures and sound have come, or after `SECOND_KIND_WAIT_S`; without a frame there is
    none. `problem` says why nothing more is written, without the path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames_written = 0
        self.frames_dropped = 0
        self.problem: str | None = None
        self._video_codec, self._audio_codec = CODECS[path.suffix.lower()]
        self._waiting: asyncio.Queue[Frame | None] = asyncio.Queue(MAX_FRAMES_WAITING)
        self._container: OutputContainer | None = None
        self._video: VideoStream | None = None
        self._audio: AudioStream | None = None
        self._held: list[Frame] = []
        self._first_at = 0.0
        self._worker: asyncio.Task[None] | None = None

    def put(self, frame: Frame) -> None:
        """Add a received frame. It is dropped, and counted, where encoding does not keep up."""
        if self.problem is not None:
            return
        if self._worker is None:
            self._first_at = time.monotonic()
            self._worker = asyncio.create_task(self._work())
        try:
            self._waiting.put_nowait(frame)
        except asyncio.QueueFull:
            self.frames_dropped += 1

    async def close(self) -> None:
        """Write what is waiting, and finish the file."""
        if self._worker is None:
            return
        await self._waiting.put(None)
        await self._worker

    async def _work(self) -> None:
        try:
            while (frame := await self._waiting.get()) is not None:
                await asyncio.to_thread(self._take, frame)
            await asyncio.to_thread(self._finish)
        except (OSError, ValueError) as error:  # FFmpeg's errors are kinds of these
            self.problem = type(error).__name__
            while await self._waiting.get() is not None:  # `close` must find room for its mark
                pass

    def _take(self, frame: Frame) -> None:
        if self._container is not None:
            self._encode(frame)
            return
        self._held.append(frame)
        kinds = {type(held) for held in self._held}
        if len(kinds) == 2 or time.monotonic() - self._first_at > SECOND_KIND_WAIT_S:
            self._begin()

    def _begin(self) -> None:
        self._container = av.open(str(self.path), "w")
        picture = next((frame for frame in self._held if isinstance(frame, VideoFrame)), None)
        if picture is not None:
            self._video = self._add_video(self._container, picture)
        if any(isinstance(frame, AudioFrame) for frame in self._held):
            self._audio = cast(AudioStream, self._container.add_stream(self._audio_codec, rate=AUDIO_RATE_HZ))
        held, self._held = self._held, []
        for frame in held:
            self._encode(frame)

    def _add_video(self, container: OutputContainer, picture: VideoFrame) -> VideoStream:
        options = FASTEST[self._video_codec]
        stream = cast(VideoStream, container.add_stream(self._video_codec, rate=MAX_FRAME_RATE, options=options))
        stream.width, stream.height = picture.width // 2 * 2, picture.height // 2 * 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = VIDEO_TIME_BASE
        return stream

    def _encode(self, frame: Frame) -> None:
        assert self._container is not None  # noqa: S101
        if isinstance(frame, VideoFrame) and self._video is not None:
            # Browsers change the size while sending; the file keeps that of the first picture.
            fitted = frame.reformat(self._video.width, self._video.height, "yuv420p")
            self._container.mux(self._video.encode(fitted))
        elif isinstance(frame, AudioFrame) and self._audio is not None:
            self._container.mux(self._audio.encode(frame))
        else:
            return
        self.frames_written += 1

    def _finish(self) -> None:
        if self._container is None and self._held:
            self._begin()
        if self._container is None:
            return
        with contextlib.closing(self._container):
            for stream in (self._video, self._audio):
                if stream is not None:
                    self._container.mux(stream.encode(None))


class Recordings:
    """Hands out recorders: the first writes to `path`, later ones to `path` with -2, -3, … before the ending."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.made: list[Recorder] = []

    def __call__(self) -> Recorder:
        """The recorder of a new connection."""
        number = len(self.made) + 1
        path = self._path if number == 1 else self._path.with_stem(f"{self._path.stem}-{number}")
        recorder = Recorder(path)
        self.made.append(recorder)
        return recorder
