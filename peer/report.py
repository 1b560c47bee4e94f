"""What a run says at its end: as JSON for machines, as text for people, and the exit code."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from peer.call import Call
from peer.client import RoomClient
from peer.recording import Recorder
from peer.stats import Candidate, Measurements, Pair
from peer.turn_check import TurnResult

EXIT_OK, EXIT_NO_MEDIA, EXIT_NOT_JOINED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Problem:
    """Where a run got stuck; `code` is the server's, where it gave one.

    Stages: `reach`, `join`, `alone`, `turn`, `signaling`, `ice`, `media`.
    """

    stage: str
    message: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class SeatReport:
    """One seat of this run: a probe has two, the other modes one."""

    participant_id: str | None
    joined_after_s: float | None
    transport: str | None
    reconnects: int
    end_reason: str | None
    breach: str | None
    calls: list[Call] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run. `problem` is `None` exactly where media flowed as the mode asks."""

    mode: str
    relay_only: bool
    seats: list[SeatReport]
    turn: list[TurnResult]
    problem: Problem | None
    recordings: list[Recorder] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0: media flowed. 1: it did not. 2: there was no seat to be had."""
        if self.problem is None:
            return EXIT_OK
        return EXIT_NOT_JOINED if self.problem.stage in ("reach", "join") else EXIT_NO_MEDIA

    def as_json(self) -> dict[str, Any]:
        """The machine-readable form; times in milliseconds where the name says so."""
        return {
            "ok": self.problem is None,
            "exitCode": self.exit_code,
            "mode": self.mode,
            "relayOnly": self.relay_only,
            "problem": None if self.problem is None else asdict(self.problem),
            "turn": [_turn_json(result) for result in self.turn],
            "seats": [_seat_json(seat) for seat in self.seats],
            "recordings": [_recording_json(recorder) for recorder in self.recordings],
        }

    def as_text(self) -> str:
        """The same for a person at a terminal."""
        lines = [f"Mayfly test peer, {self.mode}{', relay only' if self.relay_only else ''}"]
        for number, seat in enumerate(self.seats, 1):
            lines += _seat_lines("server" if len(self.seats) == 1 else f"seat {number}", seat)
        for result in self.turn:
            told = f"works ({result.after_ms:.0f} ms)" if result.ok else f"FAILED: {result.problem}"
            lines.append(_line("TURN", f"{result.url} {told}"))
        for recorder in self.recordings:
            told = f"{recorder.frames_written} frames to {recorder.path}"
            lines.append(_line("recorded", f"{told}{f' ({recorder.problem})' if recorder.problem else ''}"))
        if self.problem is None:
            lines.append(_line("result", "OK: pictures and sound arrived"))
        else:
            code = f" [{self.problem.code}]" if self.problem.code else ""
            lines.append(_line("result", f"FAILED ({self.problem.stage}){code}: {self.problem.message}"))
        return "\n".join(lines)


def seat_report(client: RoomClient) -> SeatReport:
    """What there is to say of a seat that has been given back."""
    return SeatReport(
        client.self_id,
        client.joined_after_s,
        client.transport,
        client.channel.reconnects,
        client.end_reason,
        client.breach,
        client.every_call(),
    )


def _line(label: str, text: str) -> str:
    return f"  {label:<10} {text}"


def _seat_lines(label: str, seat: SeatReport) -> list[str]:
    if seat.joined_after_s is None:
        return []
    via = f" over {seat.transport}" if seat.transport else ""
    lines = [_line(label, f"joined in {1000 * seat.joined_after_s:.0f} ms{via}")]
    if seat.reconnects:
        lines.append(_line("", f"the connection was lost and came back {seat.reconnects} times"))
    if seat.breach:
        lines.append(_line("", f"the server's {seat.breach} did not fit the contract"))
    if seat.end_reason:
        lines.append(_line("", f"the seat ended: {seat.end_reason}"))
    for number, call in enumerate(seat.calls, 1):
        lines += _call_lines(f"call {number}", call)
    return lines


def _call_lines(label: str, call: Call) -> list[str]:
    measured = call.measured
    if measured.connected_after_s is None or measured.pair is None:
        return [_line(label, f"did not connect{f' ({call.problem})' if call.problem else ''}")]
    pair = measured.pair
    ends = f"{pair.local.type}/{pair.local.protocol} – {pair.remote.type}/{pair.remote.protocol}"
    video, audio, pings, traffic = measured.video, measured.audio, measured.pings, measured.traffic
    rate, pitch = video.frames_per_s(), audio.frequency_hz()
    lines = [
        _line(label, f"connected after {1000 * measured.connected_after_s:.0f} ms, {ends}"),
        _line("", f"video: {video.frames} frames, {video.width}x{video.height}, {rate or 0:.1f} a second"),
        _line("", f"audio: {audio.duration_s:.1f} s, level {audio.level():.3f}, {pitch or 0:.0f} Hz"),
        _line("", f"bytes: {traffic.bytes_received} received, {traffic.bytes_sent} sent"),
    ]
    if video.own_frames:
        lines.append(_line("", f"echo: {video.own_frames} of our own frames came back"))
    if measured.echoed_messages:
        lines.append(_line("", f"data: {measured.echoed_messages} messages sent back"))
    if pings.received:
        times = f"round trip {pings.min_ms():.1f} ms at best, {pings.median_ms():.1f} ms median"
        lines.append(_line("", f"data: {pings.received} of {pings.sent} pings came back, {times}"))
    return lines


def _seat_json(seat: SeatReport) -> dict[str, Any]:
    return {
        "participantId": seat.participant_id,
        "joinedMs": _ms(seat.joined_after_s),
        "transport": seat.transport,
        "reconnects": seat.reconnects,
        "endReason": seat.end_reason,
        "breach": seat.breach,
        "calls": [_call_json(call) for call in seat.calls],
    }


def _call_json(call: Call) -> dict[str, Any]:
    measured = call.measured
    return {
        "participantId": call.participant_id,
        "polite": call.polite,
        "state": call.state,
        "leftReason": call.left_reason,
        "problem": call.problem,
        "offersSent": call.offers_sent,
        "collisions": call.collisions,
        "connectedMs": _ms(measured.connected_after_s),
        "pair": None if measured.pair is None else _pair_json(measured.pair),
        "mediaFlowed": measured.media_flowed,
        **_media_json(measured),
    }


def _media_json(measured: Measurements) -> dict[str, Any]:
    video, audio, pings, traffic = measured.video, measured.audio, measured.pings, measured.traffic
    return {
        "bytesReceived": traffic.bytes_received,
        "bytesSent": traffic.bytes_sent,
        "video": {
            "frames": video.frames,
            "packets": traffic.video_packets,
            "width": video.width,
            "height": video.height,
            "framesPerSecond": video.frames_per_s(),
            "numberedFrames": video.numbered_frames,
            "ownFrames": video.own_frames,
        },
        "audio": {
            "frames": audio.frames,
            "packets": traffic.audio_packets,
            "seconds": audio.duration_s,
            "level": audio.level(),
            "frequencyHz": audio.frequency_hz(),
        },
        "dataChannel": {
            "pingsSent": pings.sent,
            "pingsReceived": pings.received,
            "minMs": pings.min_ms(),
            "medianMs": pings.median_ms(),
            "echoedMessages": measured.echoed_messages,
        },
    }


def _pair_json(pair: Pair) -> dict[str, Any]:
    def end(candidate: Candidate) -> dict[str, str]:
        return {
            "type": candidate.type,
            "protocol": candidate.protocol,
            "addressFamily": candidate.address_family,
        }

    return {"local": end(pair.local), "remote": end(pair.remote), "relayed": pair.relayed}


def _turn_json(result: TurnResult) -> dict[str, Any]:
    return {"url": result.url, "ok": result.ok, "allocatedMs": result.after_ms, "problem": result.problem}


def _recording_json(recorder: Recorder) -> dict[str, Any]:
    return {
        "path": str(recorder.path),
        "frames": recorder.frames_written,
        "dropped": recorder.frames_dropped,
        "problem": recorder.problem,
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
