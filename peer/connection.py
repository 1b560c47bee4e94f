"""One RTCPeerConnection with its tracks, data channel and meters. It knows of no room and no signaling."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from av import AudioFrame, VideoFrame

from peer.media import Echo, Frame, SyntheticVideo, Tap, Tone, pump
from peer.recording import Recorder
from peer.stats import Measurements, Traffic, is_ping
from peer.transport import configuration, selected_pair

PING_CHANNEL = "mayfly-test"
PING_INTERVAL_S = 0.2
MAX_CHANNELS = 16
SESSION_ID_BITS = 62  # RFC 9429, section 5.2.1: below 2^63
MAX_BUFFERED_BYTES = 1_000_000
"""What an echo lets pile up on a data channel before it drops messages."""
_ORIGIN = re.compile(r"^o=\S+ \S+ \S+ IN", re.MULTILINE)


class MediaMode(StrEnum):
    """What a connection sends: a synthetic picture and tone, or what it receives."""

    SEND = "send"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How to connect and what to send. `recorder` makes the recorder of one connection."""

    mode: MediaMode
    relay_only: bool = False
    recorder: Callable[[], Recorder] | None = None


class Connection:
    """A connection that offers or answers once, then renegotiates as the other side asks.

    `on_change` is called whenever the connection state changes.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        ice_servers: list[dict[str, Any]],
        measured: Measurements,
        on_change: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._measured = measured
        self._on_change = on_change
        self._recorder = settings.recorder() if settings.recorder else None
        self._tasks: set[asyncio.Task[None]] = set()
        self._channels: list[RTCDataChannel] = []
        self._closing: asyncio.Task[None] | None = None
        self._session_id, self._version = secrets.randbits(SESSION_ID_BITS), 0
        self.pc = RTCPeerConnection(configuration(ice_servers, relay_only=settings.relay_only))
        self.pc.on("track", self._on_track)
        self.pc.on("datachannel", self._on_channel)
        self.pc.on("connectionstatechange", self._on_state)

    @property
    def state(self) -> str:
        """`new`, `connecting`, `connected`, `failed` or `closed`."""
        return self.pc.connectionState

    @property
    def awaits_answer(self) -> bool:
        """Whether our offer is out and unanswered."""
        return self.pc.signalingState == "have-local-offer"

    @property
    def remote_sdp(self) -> str | None:
        """The description that the other side gave last."""
        description: RTCSessionDescription | None = self.pc.remoteDescription
        return None if description is None else description.sdp

    async def offer(self) -> RTCSessionDescription:
        """Add what is to be sent and make the offer; its SDP carries all our candidates."""
        if self._settings.mode is MediaMode.SEND:
            self.pc.addTrack(Tone())
            self.pc.addTrack(SyntheticVideo(self._measured.tag))
        else:
            self.pc.addTransceiver("audio")
            self.pc.addTransceiver("video")
        self._on_channel(self.pc.createDataChannel(PING_CHANNEL))
        return await self._describe()

    async def answer(self, offer: RTCSessionDescription) -> RTCSessionDescription:
        """Accept an offer, the first or a later one, and make the answer, candidates included."""
        await self.pc.setRemoteDescription(offer)
        if self._settings.mode is MediaMode.SEND:
            self._send_synthetic()
        return await self._describe()

    async def accept_answer(self, answer: RTCSessionDescription) -> None:
        """Finish what `offer` began."""
        await self.pc.setRemoteDescription(answer)

    async def traffic(self) -> Traffic:
        """What has passed so far."""
        traffic = Traffic()
        for stats in (await self.pc.getStats()).values():
            if stats.type == "transport":
                traffic.bytes_received += stats.bytesReceived
                traffic.bytes_sent += stats.bytesSent
            elif stats.type == "inbound-rtp" and stats.kind == "audio":
                traffic.audio_packets += stats.packetsReceived
            elif stats.type == "inbound-rtp":
                traffic.video_packets += stats.packetsReceived
        return traffic

    async def close(self) -> None:
        """Add what has passed to the measurements and close everything. May be called again, also meanwhile."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        # A close that is left half-way would leave aiortc's threads and sockets: it goes on if we are cancelled.
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        # Also where aiortc has closed by itself, as it does when the other side says goodbye.
        self._measured.traffic = self._measured.traffic.plus(await self.traffic())
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._recorder is not None:
            await self._recorder.close()

    async def _describe(self) -> RTCSessionDescription:
        # aiortc names a session after the second in which it describes it. RFC 8866, section 5.2 wants a number that
        # nobody else uses and that stays: by it the other side tells a new connection from a renegotiated one.
        await self.pc.setLocalDescription()
        self._version += 1
        description: RTCSessionDescription = self.pc.localDescription
        origin = f"o=- {self._session_id} {self._version} IN"
        return RTCSessionDescription(_ORIGIN.sub(origin, description.sdp, count=1), description.type)

    def _on_state(self) -> None:
        if self.pc.connectionState == "connected":
            self._measured.connected(selected_pair(self.pc), time.monotonic())
        self._on_change()

    def _on_track(self, track: MediaStreamTrack) -> None:
        taps: list[Tap] = [self._meter]
        if self._recorder is not None:
            taps.append(self._recorder.put)
        echo = Echo(track.kind) if self._settings.mode is MediaMode.ECHO else None
        if echo is not None:
            taps.append(echo.put)
            self._send_on_same_transceiver(track, echo)
        task = self._spawn(pump(track, taps))
        if echo is not None:
            task.add_done_callback(lambda _: echo.put(None))

    def _meter(self, frame: Frame) -> None:
        if isinstance(frame, VideoFrame):
            self._measured.video.add(frame, time.monotonic())
        elif isinstance(frame, AudioFrame):
            self._measured.audio.add(frame)

    def _send_on_same_transceiver(self, received: MediaStreamTrack, sent: MediaStreamTrack) -> None:
        for transceiver in self.pc.getTransceivers():
            if transceiver.receiver.track is received:
                transceiver.sender.replaceTrack(sent)
                transceiver.direction = "sendrecv"

    def _send_synthetic(self) -> None:
        # addTrack would add a line that the offer lacks wherever it found no free transceiver of that kind.
        for transceiver in self.pc.getTransceivers():
            if transceiver.sender.track is None:
                track = Tone() if transceiver.kind == "audio" else SyntheticVideo(self._measured.tag)
                transceiver.sender.replaceTrack(track)
                transceiver.direction = "sendrecv"

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if len(self._channels) >= MAX_CHANNELS:
            channel.close()
            return
        self._channels.append(channel)
        channel.on("message", lambda message: self._on_message(channel, message))
        if channel.label == PING_CHANNEL and self._settings.mode is MediaMode.SEND:
            self._spawn(self._ping(channel))

    def _on_message(self, channel: RTCDataChannel, message: str | bytes) -> None:
        if isinstance(message, str) and self._measured.pings.is_own(message):
            self._measured.pings.came_back(message, time.monotonic())
        elif (self._settings.mode is MediaMode.ECHO or is_ping(message)) and _has_room(channel):
            channel.send(message)
            self._measured.echoed_messages += 1

    async def _ping(self, channel: RTCDataChannel) -> None:
        while channel.readyState in ("connecting", "open"):
            if _has_room(channel):
                channel.send(self._measured.pings.next_ping(time.monotonic()))
            await asyncio.sleep(PING_INTERVAL_S)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _has_room(channel: RTCDataChannel) -> bool:
    return channel.readyState == "open" and channel.bufferedAmount <= MAX_BUFFERED_BYTES
