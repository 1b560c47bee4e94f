"""What a run says of itself: where it got stuck, the exit code, the JSON and the text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from av import AudioFrame

from peer.diagnosis import diagnose
from peer.picture import draw
from peer.report import Problem, Report, SeatReport
from peer.stats import Candidate, Measurements, Pair
from peer.turn_check import TurnResult

WORKING = TurnResult("turn:a", True, 12.0)
BROKEN = TurnResult("turn:b", False, problem="no answer")
RELAYED = Pair(Candidate("relay", "udp", "IPv4"), Candidate("host", "udp", "IPv4"))


class Call:
    """A call as a report sees it, in the state that a test gives it."""

    def __init__(self, *, video: bool = False, audio: bool = False, connected: bool = False, **known: Any) -> None:
        self.participant_id = "p-2"
        self.polite = True
        self.state = "connected" if connected else "new"
        self.left_reason = None
        self.problem = known.get("problem")
        self.offers_sent = known.get("offers_sent", 0)
        self.answered = known.get("answered", connected)
        self.collisions = 0
        self.measured = Measurements(7, began_at=100.0)
        if connected:
            self.measured.connected(RELAYED, 100.25)
        if video:
            self.measured.video.add(draw(7, 1), 101.0)
        if audio:
            self.measured.audio.add(silence())


def silence() -> AudioFrame:
    frame = AudioFrame(format="s16", layout="mono", samples=960)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    frame.sample_rate = 48_000
    return frame


@pytest.mark.parametrize(
    ("calls", "turn", "relay_only", "stage", "words"),
    [
        ([], [], False, "alone", "nobody else"),
        ([Call()], [], False, "signaling", "no offer came"),
        ([Call(offers_sent=1)], [], False, "signaling", "no answer came back"),
        ([Call(offers_sent=1, problem="refused")], [], False, "signaling", "(refused)"),
        ([Call(offers_sent=1, answered=True)], [], False, "ice", "names no TURN server"),
        ([Call(answered=True)], [WORKING, BROKEN], False, "ice", "1 of 2 TURN servers"),
        ([Call(answered=True)], [], True, "turn", "TURN_URLS"),
        ([Call(answered=True)], [BROKEN], True, "turn", "turn:b: no answer"),
        ([Call(answered=True)], [WORKING], True, "ice", "1 of 1"),
        ([Call(connected=True)], [], False, "media", "no video and no audio"),
        ([Call(connected=True, video=True)], [], False, "media", "but no audio could"),
        ([Call(connected=True, audio=True)], [], False, "media", "but no video could"),
        ([Call(), Call(connected=True)], [], False, "media", "connected"),
    ],
)
def test_the_first_thing_that_does_not_work_is_named(
    calls: list[Any], turn: list[TurnResult], relay_only: bool, stage: str, words: str
) -> None:
    problem = diagnose(calls, turn, relay_only=relay_only)
    assert problem is not None
    assert problem.stage == stage
    assert words in problem.message


def test_one_call_with_pictures_and_sound_is_enough() -> None:
    calls: list[Any] = [Call(), Call(connected=True, video=True, audio=True)]
    assert diagnose(calls, [BROKEN], relay_only=True) is None


@pytest.mark.parametrize(
    ("stage", "code"),
    [(None, 0), ("reach", 2), ("join", 2)] + [(stage, 1) for stage in ("alone", "turn", "signaling", "ice", "media")],
)
def test_the_exit_code_follows_from_the_stage(stage: str | None, code: int) -> None:
    problem = None if stage is None else Problem(stage, "because")
    report = Report("send", False, [], [], problem)
    assert report.exit_code == code
    assert report.as_json()["exitCode"] == code
    assert report.as_json()["ok"] is (code == 0)


def test_json_and_text_tell_of_every_call_and_every_turn_server() -> None:
    calls: list[Any] = [Call(connected=True, video=True, audio=True), Call(problem="lost")]
    seat = SeatReport("p-1", 0.02, "websocket", 1, "kicked", "user-joined", calls)
    report = Report("echo", True, [seat], [WORKING, BROKEN], None)
    told = json.loads(json.dumps(report.as_json()))
    first, second = told["seats"][0]["calls"]
    assert (first["connectedMs"], first["mediaFlowed"], first["pair"]["relayed"]) == (250.0, True, True)
    assert first["pair"]["local"] == {"type": "relay", "protocol": "udp", "addressFamily": "IPv4"}
    assert (first["video"]["frames"], first["video"]["ownFrames"], first["audio"]["level"]) == (1, 1, 0.0)
    assert (second["connectedMs"], second["pair"], second["problem"]) == (None, None, "lost")
    text = report.as_text()
    for part in (
        "echo, relay only",
        "joined in 20 ms over websocket",
        "came back 1 times",
        "user-joined did not fit",
        "the seat ended: kicked",
        "relay/udp – host/udp",
        "did not connect (lost)",
        "turn:a works (12 ms)",
        "turn:b FAILED: no answer",
        "OK",
    ):
        assert part in text


def test_a_failure_is_told_with_stage_code_and_reason() -> None:
    text = Report("send", False, [], [], Problem("join", "gone", "ROOM_ENDED")).as_text()
    assert "FAILED (join) [ROOM_ENDED]: gone" in text
