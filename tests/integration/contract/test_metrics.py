"""What `/metrics` shows: all that is documented, nothing else, and nothing that a client has chosen."""

from __future__ import annotations

import asyncio
import re
import time

from prometheus_client.parser import text_string_to_metric_families

from rooms.errors import Code
from server.observability.families import LABELS, REASONS, families
from server.observability.metrics import METRICS
from server.usecases.commands import COMMANDS
from tests.integration.contract.rest import WORD, status_of_call
from tests.support.server import Server, running

OUTCOMES = {"ok", "not_recovered", *(code.value.lower() for code in Code)}
SAMPLE = re.compile(r"^(mayfly_\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


async def samples(server: Server) -> dict[tuple[str, str], float]:
    """(name, labels as text) → value."""
    text = (await server.call("GET", "/metrics")).text
    return {(name, labels): float(value) for name, labels, value in SAMPLE.findall(text)}


async def a_lively_hour(server: Server) -> None:
    """Something of everything that is counted."""
    made = await server.room(lobby=False)
    room = made["roomId"]
    first, one = await server.seated(room, hostKey=made["hostKey"])
    second, two = await server.seated(room)
    await first.ok("send-message", roomId=room, text="hello")
    await first.ok("offer", roomId=room, to=two["self"]["id"], description={"type": "offer", "sdp": "v=0"})
    await second.ok("answer", roomId=room, to=one["self"]["id"], description={"type": "answer", "sdp": "v=0"})
    await second.ok("ice-candidate", roomId=room, to=one["self"]["id"], candidate=None)
    third = await server.connect()
    assert await third.refused("join-room", roomId="nowhere") == "ROOM_NOT_FOUND"
    resume = {"participantId": two["self"]["id"], "resumeToken": two["resumeToken"]}
    await third.ok("join-room", roomId=room, resume=resume)
    resume["resumeToken"] = "wrong"
    assert await second.refused("join-room", roomId=room, resume=resume) == "RESUME_INVALID"
    again = await server.connect({"pid": "nobody", "offset": "nothing"})
    await again.leave()
    await first.ok("kick", roomId=room, participantId=two["self"]["id"])
    await server.call("DELETE", f"/api/rooms/{(await server.room())['roomId']}", key="wrong")
    ended = await server.room()
    await server.call("DELETE", f"/api/rooms/{ended['roomId']}", key=ended["hostKey"])


async def test_what_happens_is_counted(server: Server) -> None:
    await a_lively_hour(server)
    seen = await samples(server)
    expected = {
        ("mayfly_rooms", ""): 2,
        ("mayfly_seats", ""): 1,
        ("mayfly_calls_started_total", ""): 1,
        ("mayfly_messages_total", ""): 1,
        ("mayfly_signals_total", 'kind="offer"'): 1,
        ("mayfly_signals_total", 'kind="ice-candidate"'): 1,
        ("mayfly_joins_total", 'result="ok"'): 2,
        ("mayfly_joins_total", 'result="room_not_found"'): 1,
        ("mayfly_resumes_total", 'by="token",result="ok"'): 1,
        ("mayfly_resumes_total", 'by="token",result="resume_invalid"'): 1,
        ("mayfly_resumes_total", 'by="recovery",result="not_recovered"'): 1,
        ("mayfly_seats_taken_total", ""): 2,
        ("mayfly_seats_left_total", 'reason="kicked"'): 1,
        ("mayfly_rooms_ended_total", 'reason="room-ended"'): 1,
        ("mayfly_events_total", 'event="send-message",outcome="ok"'): 1,
        ("mayfly_request_seconds_count", 'event="join-room"'): 5,
        ("mayfly_http_requests_total", 'method="POST",route="/api/rooms",status="201"'): 3,
        ("mayfly_http_requests_total", 'method="DELETE",route="/api/rooms/{room_id}",status="403"'): 1,
        ("mayfly_http_seconds_count", 'route="/api/rooms/{room_id}"'): 2,
        ("mayfly_owner", ""): 1,
    }
    assert {key: seen.get(key) for key in expected} == expected
    assert sum(value for (name, _), value in seen.items() if name == "mayfly_disconnects_total") >= 1


async def test_the_exposition_has_the_documented_metrics_and_no_others(server: Server) -> None:
    await a_lively_hour(server)
    text = (await server.call("GET", "/metrics")).text
    shown = {one.name: one for one in text_string_to_metric_families(text) if one.name.startswith("mayfly_")}
    documented = {one.name: one for one in families()}
    assert set(shown) == set(documented)
    for name, family in documented.items():
        assert (shown[name].type, shown[name].documentation) == (family.kind, family.says)
        for sample in shown[name].samples:
            assert set(sample.labels) - {"le"} == set(family.labels)
    reasons = {one.name for one in documented.values() if "reason" in one.labels}
    assert reasons == set(REASONS)
    assert {label for one in documented.values() for label in one.labels} == {*LABELS, "reason"}


async def test_no_label_is_chosen_by_a_client(server: Server) -> None:
    """A planted word in every field that a client can send."""
    made = await server.call("POST", "/api/rooms", json={"password": WORD}, headers={"Idempotency-Key": WORD})
    room = made.json["roomId"]
    first = await server.connect({"pid": WORD, "offset": WORD, WORD: WORD}, headers={"X-Word": WORD})
    await first.ok("join-room", roomId=room, name=WORD, password=WORD, clientJoinId=WORD * 2, media={WORD: WORD})
    await first.ok("broadcast", roomId=room, type=WORD, data={WORD: WORD})
    for event in (*COMMANDS, WORD):
        fields = ("roomId", "text", "name", "kind", "data", "emoji", "question", "type", "state", "to", WORD)
        await first.request(event, dict.fromkeys(fields, WORD))
        await first.request(event, {"roomId": room, "text": WORD, "kind": "custom", "data": {WORD: WORD}})
    for path in (f"/{WORD}", f"/api/{WORD}", f"/api/rooms/{WORD}", f"/r/{WORD}", f"/web/{WORD}.js", f"/?{WORD}={WORD}"):
        await status_of_call(server, f"GET {path} HTTP/1.1\r\nUser-Agent: {WORD}\r\nReferer: {WORD}".encode())
    await status_of_call(server, f"{WORD.upper()} /api/rooms HTTP/1.1\r\nOrigin: https://{WORD}".encode())
    await status_of_call(server, b"PROPFIND /api/rooms HTTP/1.1")
    text = (await server.call("GET", "/metrics", headers={"X-Forwarded-For": WORD})).text
    assert WORD.lower() not in text.lower()
    assert room not in text
    outcomes = set(re.findall(r'outcome="([^"]*)"', text)) | set(re.findall(r'result="([^"]*)"', text))
    assert outcomes <= OUTCOMES
    assert set(re.findall(r'event="([^"]*)"', text)) <= {*COMMANDS, "unknown"}
    assert 'method="other"' in text


async def test_a_loop_that_was_blocked_shows(server: Server) -> None:
    await asyncio.sleep(0.15)
    time.sleep(0.3)
    await asyncio.sleep(0.15)
    lag = server.runner.app[METRICS].lag.seconds
    assert lag.count >= 2
    assert lag.quantile(1.0) >= 0.15


async def test_calls_of_the_store_are_timed() -> None:
    async with running(message_log="on") as server:
        made = await server.room(log=True)
        first, _ = await server.seated(made["roomId"], hostKey=made["hostKey"])
        await first.ok("send-message", roomId=made["roomId"], text="kept")
        await first.ok("end-room", roomId=made["roomId"])
        seen = await samples(server)
        calls = {labels for name, labels in seen if name == "mayfly_store_seconds_count"}
        assert {'call="create_room"', 'call="end_room"'} <= calls
