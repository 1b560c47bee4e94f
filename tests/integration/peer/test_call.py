"""Two calls that negotiate over a pair of queues: real aiortc connections, no server."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from typing import Any

import aioice.ice
import aioice.stun
import pytest

from peer.call import RESEND_AFTER_S, Call, CallContext, SignalRefused
from peer.candidates import UnusableCandidate, candidate_ufrag, description_ufrags, is_mdns, parse_candidate
from peer.connection import ConnectionSettings, MediaMode
from peer.transport import use_loopback_where_there_is_nothing_else
from tests.support.peer_wire import flows, until, wired
from tests.support.processes import ROOT

HOST_LINE = "candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ host generation 0 ufrag EEtu network-id 3"


async def test_both_see_and_hear_each_other_and_pings_come_back() -> None:
    async with wired() as wire:
        one, two = wire.calls
        one.start_offer()
        await until(lambda: flows(one) and flows(two), "media both ways")
        await until(lambda: one.measured.pings.received > 0 and two.measured.pings.received > 0, "pings")
    for call in (one, two):
        assert call.measured.video.numbered_frames > 0
        assert call.measured.video.own_frames == 0
        assert call.measured.audio.level() > 0.05
        assert call.measured.traffic.bytes_received > 1000
        assert call.measured.pair is not None
        assert call.measured.pair.local.type == "host"
        assert (call.problem, call.state) == (None, "connected")
    assert (one.offers_sent, two.offers_sent) == (1, 0)
    told = sorted((sender, fields["state"]) for sender, fields in wire.events("call-state"))
    assert told == [("p0", "connected"), ("p1", "connected")]


async def test_offer_answer_and_candidates_of_one_negotiation_share_its_id() -> None:
    async with wired() as wire:
        one, two = wire.calls
        one.start_offer()
        await until(lambda: one.answered and len(wire.events("ice-candidate")) == 2, "the end of both sides")
        first_id = wire.events("offer")[0][1]["negotiationId"]
        assert isinstance(first_id, str)
        signals = [fields for _, event, fields in wire.sent if event != "call-state"]
        assert {fields["negotiationId"] for fields in signals} == {first_id}
        two.start_offer()
        await until(lambda: len(wire.events("answer")) == 2, "a second negotiation")
        assert wire.events("offer")[1][1]["negotiationId"] != first_id


@pytest.mark.parametrize("echo_calls", [False, True], ids=["the echo answers", "the echo calls"])
async def test_an_echo_sends_back_the_others_own_picture_sound_and_messages(echo_calls: bool) -> None:
    async with wired(MediaMode.SEND, MediaMode.ECHO) as wire:
        sender, echo = wire.calls
        (echo if echo_calls else sender).start_offer()
        await until(lambda: sender.measured.video.own_frames >= 5, "own frames")
        audio = sender.measured.audio
        await until(lambda: audio.level() > 0.05, "own tone")
        # A count of crossings over one frame of 20 ms is right to 50 Hz only; what is heard longer is known better.
        await until(lambda: audio.frequency_hz() == pytest.approx(440, abs=20), "its pitch")
        await until(lambda: sender.measured.pings.received > 0, "own pings")
        assert echo.measured.pings.sent == 0
        assert echo.measured.video.frames >= 5


async def test_offers_that_cross_end_in_one_connection_made_from_the_impolite_ones() -> None:
    async with wired() as wire:
        impolite, polite = wire.calls
        wire.held = []
        impolite.start_offer()
        polite.start_offer()
        await until(lambda: len(wire.events("offer")) == 2, "both offers")
        await until(lambda: len(wire.events("ice-candidate")) == 2, "both ends of candidates")
        wire.release()
        await until(lambda: flows(impolite) and flows(polite), "media after the collision")
        assert (impolite.collisions, polite.collisions) == (1, 1)
        assert [sender for sender, _ in wire.events("answer")] == ["p1"]


async def test_an_offer_after_the_connection_was_made_anew_replaces_it() -> None:
    async with wired() as wire:
        one, two = wire.calls
        one.start_offer()
        await until(lambda: flows(one) and flows(two), "the first connection")
        before = two.measured.video.frames
        one.start_offer()
        await until(lambda: len(wire.events("answer")) == 2, "a second answer")
        await until(lambda: two.measured.video.frames > before + 10, "pictures on the second connection")
        assert (one.problem, two.problem) == (None, None)


async def test_a_session_keeps_its_name_when_it_is_renegotiated_and_a_new_one_gets_another() -> None:
    def session(fields: dict[str, Any]) -> str:
        origin = next(line for line in fields["description"]["sdp"].splitlines() if line.startswith("o="))
        return str(origin.split()[1])

    async with wired() as wire:
        one, two = wire.calls
        one.start_offer()
        await until(lambda: one.answered, "the first answer")
        _, offer = wire.events("offer")[0]
        two.signal("offer-received", offer | {"from": "p0", "negotiationId": "again"})
        await until(lambda: len(wire.events("answer")) == 2, "an answer to the same session")
        one.start_offer()
        await until(lambda: len(wire.events("answer")) == 3, "an answer of a new session")
        answers = [session(fields) for _, fields in wire.events("answer")]
        offers = [session(fields) for _, fields in wire.events("offer")]
    assert answers[0] == answers[1] != answers[2]
    assert offers[0] != offers[1]


async def test_a_repeated_offer_gets_the_same_answer_again() -> None:
    async with wired() as wire:
        one, two = wire.calls
        one.start_offer()
        await until(lambda: one.answered, "the first answer")
        _, offer = wire.events("offer")[0]
        two.signal("offer-received", offer | {"from": "p0"})
        await until(lambda: len(wire.events("answer")) == 2, "the second answer")
        assert wire.events("answer")[0] == wire.events("answer")[1]
        await until(lambda: flows(one) and flows(two), "media")


@pytest.mark.parametrize("lost", ["offer", "answer"])
async def test_a_description_that_was_lost_is_made_good_after_the_gap(lost: str) -> None:
    async with wired() as wire:
        one, two = wire.calls
        wire.losing = lost
        one.start_offer()
        await until(lambda: len(wire.events(lost)) == 1, f"the {lost} that is lost")
        wire.losing = None
        one.check_offer()
        await until(lambda: flows(one) and flows(two), "media")
        assert wire.events("offer")[0] == wire.events("offer")[1]
        await until(lambda: len(wire.events("call-state")) == 2, "both told that they are connected")
        before = len(wire.sent)
        one.check_offer()
        two.check_offer()
        await asyncio.sleep(RESEND_AFTER_S * 1.2)  # longer than the check waits
        assert len(wire.sent) == before, "nothing is sent where nothing is missing"


async def test_a_connection_that_fails_is_offered_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.stun, "RETRY_MAX", 1)  # checks give up after a second instead of half a minute

    def to_nowhere(fields: dict[str, Any]) -> dict[str, Any]:
        if "description" not in fields:
            return fields
        sdp = re.sub(r"(a=candidate:\S+ \d+ udp \d+ \S+) \d+", r"\1 9", fields["description"]["sdp"])
        return fields | {"description": fields["description"] | {"sdp": sdp}}

    async with wired() as wire:
        one, two = wire.calls
        wire.rewrite = to_nowhere
        one.start_offer()
        await until(lambda: ("p0", {"state": "failed"}) in wire.events("call-state"), "the failure")
        wire.rewrite = lambda fields: fields
        await until(lambda: flows(one) and flows(two), "media on a new connection")
        assert one.offers_sent >= 2
        assert two.offers_sent == 0


async def test_a_machine_with_nothing_but_loopback_can_call_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])
    use_loopback_where_there_is_nothing_else()
    async with wired() as wire:
        one, two = wire.calls
        one.start_offer()
        await until(lambda: flows(one) and flows(two), "media")
        (_, offer) = wire.events("offer")[0]
    candidates = re.findall(r"a=candidate:\S+ \d+ \S+ \d+ (\S+)", offer["description"]["sdp"])
    assert set(candidates) == {"127.0.0.1"}


async def test_an_answer_to_another_negotiation_is_left_alone() -> None:
    async with wired() as wire:
        one, two = wire.calls
        wire.held = []
        one.start_offer()
        await until(lambda: len(wire.events("offer")) == 1, "the offer")
        one.signal("answer-received", {"from": "p1", "negotiationId": "old", "description": {"sdp": "v=0"}})
        wire.release()
        await until(lambda: flows(one) and flows(two), "media")
        assert one.problem is None


async def test_what_cannot_be_parsed_does_not_end_the_call() -> None:
    async with wired() as wire:
        one, two = wire.calls
        two.signal("offer-received", {"from": "p0", "description": {"type": "offer", "sdp": "rubbish"}})
        two.signal("offer-received", {"from": "p0"})
        two.signal("ice-candidate-received", {"from": "p0", "candidate": {"candidate": "rubbish"}})
        one.start_offer()
        await until(lambda: flows(one) and flows(two), "media")


async def test_a_refusal_by_the_server_is_kept_for_the_report() -> None:
    async def send(event: str, fields: dict[str, Any]) -> None:
        raise SignalRefused("PEER_NOT_FOUND", "gone")

    async def no_ice() -> list[dict[str, Any]]:
        return []

    call = Call(
        "p1",
        polite=True,
        context=CallContext(ConnectionSettings(MediaMode.SEND), 1, send, no_ice),
    )
    call.start_offer()
    await until(lambda: call.problem is not None, "the refusal")
    assert call.problem == "start-offer: the server answered PEER_NOT_FOUND"
    await call.close(None)


async def test_a_name_that_nobody_resolves_and_a_late_candidate_disturb_nothing() -> None:
    hidden = HOST_LINE.replace("192.0.2.7", "0f5a2b6e-1c4d-4a8e-9f4b-1d2c3b4a5f60.local").replace(" ufrag EEtu", "")
    async with wired() as wire:
        one, two = wire.calls
        one.start_offer()
        two.signal("ice-candidate-received", {"from": "p0", "candidate": {"candidate": hidden, "sdpMid": "0"}})
        await until(lambda: flows(one) and flows(two), "media")
        for candidate in ({"candidate": hidden, "sdpMid": "0"}, {"candidate": HOST_LINE, "sdpMid": "0"}, None):
            two.signal("ice-candidate-received", {"from": "p0", "candidate": candidate})
        before = two.measured.video.frames
        await until(lambda: two.measured.video.frames > before + 10, "pictures afterwards")
        assert two.problem is None


def test_a_candidate_is_read_as_browsers_write_it() -> None:
    candidate = parse_candidate({"candidate": HOST_LINE, "sdpMid": "0", "sdpMLineIndex": 0})
    assert candidate is not None
    assert (candidate.ip, candidate.port, candidate.type, candidate.sdpMid) == ("192.0.2.7", 46154, "host", "0")
    assert candidate_ufrag({"candidate": HOST_LINE}) == "EEtu"
    assert candidate_ufrag({"candidate": HOST_LINE, "usernameFragment": "abcd"}) == "abcd"
    assert candidate_ufrag({"candidate": "candidate:1 1 udp 1 192.0.2.7 1 typ host"}) is None


@pytest.mark.parametrize("init", [None, {"candidate": ""}, {"candidate": "", "sdpMid": "0"}])
def test_null_and_the_empty_candidate_are_the_end(init: dict[str, Any] | None) -> None:
    assert parse_candidate(init) is None


@pytest.mark.parametrize(
    "init",
    [
        {},
        {"candidate": 7, "sdpMid": "0"},
        {"candidate": "candidate:1 1 udp", "sdpMid": "0"},
        {"candidate": HOST_LINE.replace("46154", "port"), "sdpMid": "0"},
        {"candidate": HOST_LINE},
        {"candidate": HOST_LINE + " x" * 1024, "sdpMid": "0"},
    ],
)
def test_what_is_no_candidate_is_refused(init: dict[str, Any]) -> None:
    with pytest.raises(UnusableCandidate):
        parse_candidate(init)


def test_a_hidden_address_is_known_by_its_name() -> None:
    line = HOST_LINE.replace("192.0.2.7", "0f5a2b6e-1c4d-4a8e-9f4b-1d2c3b4a5f60.local")
    candidate = parse_candidate({"candidate": line, "sdpMid": "0"})
    assert candidate is not None
    assert is_mdns(candidate)


def test_the_ice_generation_of_a_description_is_its_user_name_fragments() -> None:
    assert description_ufrags("v=0\r\na=ice-ufrag:one\r\nm=x\r\na=ice-ufrag:two\r\n") == {"one", "two"}


def test_the_peer_imports_nothing_of_the_server_and_the_server_nothing_of_the_peer() -> None:
    sources = {path: path.read_text() for path in (ROOT / "peer").glob("*.py")}
    assert len(sources) > 10
    for path, source in sources.items():
        assert not re.search(r"^\s*(from|import) (server|storage|rooms)\b", source, re.MULTILINE), path
    code = "import sys, server.__main__; print(sorted({'aiortc', 'aioice', 'av'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_importing_signaling_loads_none_of_the_heavy_packages() -> None:
    code = (
        "import sys, signaling, signaling.ice, peer, mayfly_client.link, peer.cli;"
        "print(sorted({'aiortc', 'aioice', 'av', 'socketio', 'aiohttp', 'server'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
