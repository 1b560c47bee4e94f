"""What is measured of one call. Times come in as arguments (seconds, monotonic); nothing here waits."""

from __future__ import annotations

import math
import statistics
from array import array
from collections import deque
from dataclasses import dataclass, field

from av import AudioFrame, VideoFrame

from peer.picture import read_code

MAX_ROUND_TRIPS = 1000
MAX_PINGS_UNDERWAY = 100
PING_PREFIX = "mayfly-ping:"
FULL_SCALE = 32768
SILENCE_LEVEL = 0.001


@dataclass(slots=True)
class VideoMeter:
    """Decoded pictures of one remote: how many, how large, and how many are our own that came back."""

    own_tag: int
    frames: int = 0
    own_frames: int = 0
    numbered_frames: int = 0
    width: int = 0
    height: int = 0
    first_at: float | None = None
    last_at: float | None = None

    def add(self, frame: VideoFrame, now: float) -> None:
        """Count one decoded frame."""
        self.frames += 1
        self.width, self.height = frame.width, frame.height
        self.first_at = now if self.first_at is None else self.first_at
        self.last_at = now
        code = read_code(frame)
        if code is not None:
            self.numbered_frames += 1
            self.own_frames += code.tag == self.own_tag

    def frames_per_s(self) -> float | None:
        """The mean rate between the first and the last frame; `None` below two frames."""
        if self.first_at is None or self.last_at is None or self.last_at <= self.first_at:
            return None
        return (self.frames - 1) / (self.last_at - self.first_at)


@dataclass(slots=True)
class AudioMeter:
    """Decoded sound of one remote: how much, how loud (root mean square, 1.0 = full scale), how high."""

    frames: int = 0
    duration_s: float = 0.0
    _samples: int = 0
    _energy: float = 0.0
    _crossings: int = 0
    _last_positive: bool = False

    def add(self, frame: AudioFrame) -> None:
        """Count one decoded frame of 16-bit samples; the first channel is listened to."""
        self.frames += 1
        self.duration_s += frame.samples / frame.sample_rate
        if frame.format.name not in ("s16", "s16p"):
            return
        channels = 1 if frame.format.is_planar else frame.layout.nb_channels
        samples = array("h", bytes(frame.planes[0])[: frame.samples * channels * 2])[::channels]
        self._samples += len(samples)
        self._energy += sum(sample * sample for sample in samples)
        for sample in samples:
            positive = sample > 0
            self._crossings += positive and not self._last_positive
            self._last_positive = positive

    def level(self) -> float:
        """The root mean square of everything heard, from 0.0 to 1.0."""
        return math.sqrt(self._energy / self._samples) / FULL_SCALE if self._samples else 0.0

    def frequency_hz(self) -> float | None:
        """Rising zero crossings a second: the pitch of a pure tone. `None` for silence."""
        if self.level() < SILENCE_LEVEL:
            return None
        return self._crossings / self.duration_s


@dataclass(slots=True)
class PingMeter:
    """Round trips on the data channel. A ping is text which the other side sends back as it is."""

    tag: int
    sent: int = 0
    received: int = 0
    _underway: dict[str, float] = field(default_factory=dict)
    _round_trips_s: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_ROUND_TRIPS))

    def next_ping(self, now: float) -> str:
        """The text to send now."""
        text = f"{PING_PREFIX}{self.tag}:{self.sent}"
        self.sent += 1
        if len(self._underway) >= MAX_PINGS_UNDERWAY:
            del self._underway[next(iter(self._underway))]
        self._underway[text] = now
        return text

    def is_own(self, message: object) -> bool:
        """Whether a message that came in is one of our pings, back again."""
        return isinstance(message, str) and message.startswith(f"{PING_PREFIX}{self.tag}:")

    def came_back(self, message: str, now: float) -> None:
        """Count a ping that came back. One that came back before counts once."""
        sent_at = self._underway.pop(message, None)
        if sent_at is not None:
            self.received += 1
            self._round_trips_s.append(now - sent_at)

    def min_ms(self) -> float | None:
        """The shortest round trip in milliseconds."""
        return 1000 * min(self._round_trips_s) if self._round_trips_s else None

    def median_ms(self) -> float | None:
        """The median round trip in milliseconds."""
        return 1000 * statistics.median(self._round_trips_s) if self._round_trips_s else None


def is_ping(message: object) -> bool:
    """Whether a data channel message is a test peer's ping, ours or another's."""
    return isinstance(message, str) and message.startswith(PING_PREFIX)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One end of the selected pair, without its address: that belongs to the person behind it."""

    type: str  # host, srflx, prflx or relay (RFC 8445, section 4)
    protocol: str
    address_family: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The candidate pair that ICE selected."""

    local: Candidate
    remote: Candidate

    @property
    def relayed(self) -> bool:
        """Whether media passes a TURN server on our side or on theirs."""
        return "relay" in (self.local.type, self.remote.type)


@dataclass(slots=True)
class Traffic:
    """Bytes and packets of one call, over all its connections."""

    bytes_received: int = 0
    bytes_sent: int = 0
    audio_packets: int = 0
    video_packets: int = 0

    def plus(self, other: Traffic) -> Traffic:
        """The sum of both."""
        return Traffic(
            self.bytes_received + other.bytes_received,
            self.bytes_sent + other.bytes_sent,
            self.audio_packets + other.audio_packets,
            self.video_packets + other.video_packets,
        )


@dataclass(slots=True)
class Measurements:
    """Everything measured of the call with one participant; it outlives the connections of the call."""

    tag: int
    began_at: float
    video: VideoMeter = field(init=False)
    pings: PingMeter = field(init=False)
    audio: AudioMeter = field(default_factory=AudioMeter)
    traffic: Traffic = field(default_factory=Traffic)
    connected_after_s: float | None = None
    pair: Pair | None = None
    echoed_messages: int = 0

    def __post_init__(self) -> None:
        self.video = VideoMeter(self.tag)
        self.pings = PingMeter(self.tag)

    def connected(self, pair: Pair | None, now: float) -> None:
        """Note that media can flow; the first time counts, the newest pair is kept."""
        if self.connected_after_s is None:
            self.connected_after_s = now - self.began_at
        self.pair = pair or self.pair

    @property
    def media_flowed(self) -> bool:
        """Whether both pictures and sound arrived and could be decoded."""
        return self.video.frames > 0 and self.audio.frames > 0
