"""What nobody should send: a clear error for the sender, nothing for the others, no ghost left behind."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest

from rooms.limits import MAX_MESSAGE_CHARS, MAX_NAME_CHARS
from server.protocol.fields import MAX_CANDIDATE_CHARS, MAX_SDP_BYTES
from tests.integration.contract.raw import connected
from tests.integration.contract.requests import CANDIDATE, OFFER
from tests.support.server import Client, Server, running

WORD = "xyzzyplugh"
"""Planted in whatever is sent; it must not come back."""

SDP = f"v=0\r\ns={WORD}\r\n"
DEEP = "[" * 100_000 + "]" * 100_000
SIGNALS = ("offer", "answer", "ice-candidate")


async def refused_without_echo(client: Client, event: str, payload: Any) -> dict[str, Any]:
    """The error of a request that must be refused, free of the planted word."""
    ack = await client.request(event, payload)
    assert ack["ok"] is False, f"{event} was granted"
    assert WORD not in json.dumps(ack)
    error = ack["error"]
    assert isinstance(error, dict)
    return error


TOO_LONG = "x" * (MAX_MESSAGE_CHARS + 1)

# field → values of the wrong type, size or kind, for each request
WRONG: list[tuple[str, dict[str, Any], str, list[Any]]] = [
    ("join-room", {}, "roomId", [None, 1, True, [], {}, "", WORD * 10, [WORD], {"a": WORD}]),
    ("join-room", {}, "name", [1, True, [WORD], {WORD: 1}, "x" * (MAX_NAME_CHARS + 1)]),
    ("join-room", {}, "hostKey", [1, [], "", "x" * 257]),
    ("join-room", {}, "invite", [1, [], "", "x" * 257]),
    ("join-room", {}, "password", [1, [], "", "x" * 257]),
    ("join-room", {}, "media", [1, "on", [], {"audio": 1}, {"video": "true"}, {"handRaised": WORD}, {"canCall": 0}]),
    ("join-room", {}, "resume", [1, WORD, [], {}, {"participantId": "p"}, {"participantId": 1, "resumeToken": WORD}]),
    ("join-room", {}, "clientJoinId", [1, "", "short", "x" * 65]),
    (
        "send-message",
        {"text": WORD},
        "text",
        [None, 1, True, [WORD], {"text": WORD}, "", TOO_LONG],
    ),
    ("send-message", {"text": WORD}, "clientMessageId", [1, "", "x" * 65, [WORD]]),
    ("send-message", {"text": WORD}, "to", [1, "", [WORD], {}]),
    ("send-message", {"text": WORD}, "encrypted", [1, "yes", WORD]),
    ("offer", {}, "description", [None, WORD, [], {}, {"type": "offer"}, {"sdp": SDP}]),
    ("offer", {}, "description", [{"type": "answer", "sdp": SDP}, {"type": WORD, "sdp": SDP}]),
    ("offer", {}, "description", [{"type": "offer", "sdp": text} for text in (None, 1, "", WORD, f"v=1\r\n{WORD}")]),
    ("offer", {}, "description", [{"type": "offer", "sdp": "v=0" + "x" * MAX_SDP_BYTES}]),
    ("offer", {}, "description", [{"type": "offer", "sdp": "v=0" + "é" * (MAX_SDP_BYTES // 2)}]),
    ("offer", {"description": OFFER}, "negotiationId", [1, "", "x" * 65]),
    ("answer", {}, "description", [None, WORD, OFFER, {"type": "answer", "sdp": WORD}]),
    ("ice-candidate", {}, "candidate", [1, WORD, [], {"candidate": 1}, {"candidate": None}]),
    ("ice-candidate", {}, "candidate", [{"candidate": "x" * (MAX_CANDIDATE_CHARS + 1)}]),
    ("ice-candidate", {}, "candidate", [{"sdpMLineIndex": index} for index in (-1, 65_536, 1.5, "0", True)]),
    ("ice-candidate", {}, "candidate", [{"sdpMid": 0}, {"usernameFragment": [WORD]}]),
    ("typing", {}, "isTyping", [None, 0, "true", WORD]),
    ("update-media", {}, "audio", [0, "true", [WORD]]),
    ("call-state", {}, "state", [None, 1, WORD]),
    ("knock", {}, "name", [1, WORD * 7]),
    ("answer-knock", {"knockId": "k", "admit": True}, "admit", [None, 1, WORD]),
    ("kick", {}, "participantId", [None, 1, "", [WORD]]),
    ("ban", {}, "participantId", [None, 1, "", [WORD]]),
    ("transfer-host", {}, "participantId", [None, 1, "", [WORD]]),
    ("update-room", {}, "capacity", [0, -1, 1.5, "8", True, 10**30]),
    ("update-room", {}, "expiresInS", [0, -1, "60", 10**30]),
    ("update-room", {}, "locked", [1, "true"]),
]
# A field that is missing altogether, of each request that needs it.
MISSING = [
    ("send-message", "text"),
    ("offer", "description"),
    ("answer", "description"),
    ("ice-candidate", "candidate"),
    ("call-state", "state"),
    ("answer-knock", "knockId"),
    ("answer-knock", "admit"),
    ("kick", "participantId"),
    ("ban", "participantId"),
    ("transfer-host", "participantId"),
    *(
        (event, "roomId")
        for event in ("join-room", "leave-room", "knock", "get-ice-servers", "end-room", "update-room")
    ),
]
NAMED = {"answer-knock": {"knockId": "k", "admit": True}}


@pytest.mark.parametrize(("event", "rest", "field", "values"), WRONG)
async def test_a_wrong_type_or_size_is_named_and_not_repeated(
    server: Server, event: str, rest: dict[str, Any], field: str, values: list[Any]
) -> None:
    room, first, _, second, _ = await server.pair()
    for value in values:
        error = await refused_without_echo(first, event, {"roomId": room, **rest, field: value})
        assert error["code"] == "INVALID_PAYLOAD", (event, field)
        assert {name.partition(".")[0] for name in error["details"]} == {field}
    await nobody_noticed(server, room, first, second)


@pytest.mark.parametrize(("event", "field"), MISSING)
async def test_a_missing_field_is_named(server: Server, event: str, field: str) -> None:
    client = await server.connect()
    fields = {"roomId": "r", **NAMED.get(event, {})}
    fields.pop(field, None)
    error = await refused_without_echo(client, event, fields)
    assert error["code"] == "INVALID_PAYLOAD"
    assert field in error["details"]


async def nobody_noticed(server: Server, room: str, sender: Client, other: Client) -> None:
    """The sender still talks, the other heard nothing else, and nobody has come or gone."""
    await sender.ok("send-message", roomId=room, text="fine")
    await other.wait_for("message-received", lambda message: message["text"] == "fine")
    assert WORD not in json.dumps([one.args for one in other.heard])
    users = (await server.call("GET", f"/api/rooms/{room}/users")).json["participants"]
    assert len(users) == 2
    assert all(user["connected"] for user in users)
    assert len(server.context.connections) == len(server.clients)


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("send-message", '"text":"\\ud83d"'),
        ("send-message", '"text":"fine","\\ud83d":1,"clientMessageId":"\\udc00"'),
        ("join-room", '"name":"\\ud83d"'),
        ("join-room", '"hostKey":"\\ud83d"'),
        ("typing", '"isTyping":NaN'),
        ("update-room", '"expiresInS":NaN'),
        ("update-room", '"expiresInS":Infinity'),
        ("update-room", '"expiresInS":1e400'),
        ("update-room", '"capacity":1e400'),
        pytest.param("update-room", f'"capacity":{"9" * 30}', id="thirty digits"),
        pytest.param("update-room", f'"capacity":{"9" * 5_000}', id="five thousand digits"),
        pytest.param("update-room", f'"capacity":-{"9" * 5_000}', id="minus five thousand digits"),
        pytest.param("send-message", f'"text":{DEEP}', id="deep arrays"),
        pytest.param("send-message", '"text":' + '{"a":' * 5_000 + "1" + "}" * 5_000, id="deep objects"),
        pytest.param("join-room", '"media":' + "[" * 900 + "]" * 900, id="not so deep arrays"),
    ],
)
async def test_what_json_dumps_would_not_write_is_refused(server: Server, event: str, fields: str) -> None:
    room, first, _, second, _ = await server.pair()
    ack = await first.raw_request(event, f'{{"roomId":"{room}",{fields}}}')
    assert ack["ok"] is False
    assert ack["error"]["code"] == "INVALID_PAYLOAD"
    await nobody_noticed(server, room, first, second)


async def test_half_an_emoji_beside_the_fields_is_ignored_like_any_unknown_field(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    ack = await first.raw_request("send-message", f'{{"roomId":"{room}","text":"fine","\\ud83d":"\\udc00"}}')
    assert ack["ok"] is True
    await second.wait_for("message-received")


async def test_nul_and_control_characters_in_text_are_text(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    text = "a\x00b\x1b[31m\u202e\u200b🙂"
    await first.ok("send-message", roomId=room, text=text)
    assert (await second.wait_for("message-received"))["text"] == text


async def test_control_characters_are_taken_out_of_names(server: Server) -> None:
    made = await server.room()
    _, snapshot = await server.seated(made["roomId"], name=" A\x00d\x1ba\n\t ")
    assert snapshot["self"]["name"] == "Ada"


async def test_the_longest_text_and_the_longest_sdp_are_accepted(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    await first.ok("send-message", roomId=room, text="🙂" * 4_000)
    sdp = "v=0\r\n" + "a" * (MAX_SDP_BYTES - 5)
    await first.ok("offer", roomId=room, description={"type": "offer", "sdp": sdp})
    await first.ok("ice-candidate", roomId=room, candidate={"candidate": "c" * MAX_CANDIDATE_CHARS})
    assert len((await second.wait_for("message-received"))["text"]) == 4_000
    assert (await second.wait_for("offer-received"))["description"]["sdp"] == sdp


async def test_two_megabytes_are_refused_with_payload_too_large(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    for event, fields in (
        ("send-message", {"text": WORD * 200_000}),
        ("offer", {"description": {"type": "offer", "sdp": "v=0" + WORD * 200_000}}),
        ("join-room", {"unknown": [WORD] * 150_000}),
        ("no-such-event", {"x": WORD * 200_000}),
    ):
        error = await refused_without_echo(first, event, {"roomId": room, **fields})
        assert error["code"] == "PAYLOAD_TOO_LARGE"
    await first.emit("send-message", {"roomId": room, "text": WORD * 200_000})
    failure = await first.wait_for("request-failed")
    assert (failure["event"], failure["error"]["code"]) == ("send-message", "PAYLOAD_TOO_LARGE")
    await nobody_noticed(server, room, first, second)


async def test_five_megabytes_close_the_transport_and_leave_no_ghost(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    with contextlib.suppress(ConnectionError):  # the server closes before it has read all of it
        await second.emit("send-message", {"roomId": room, "text": "x" * 5 * 1_048_576})
    await second.closed()
    await first.wait_for("user-updated", lambda u: not u["participant"]["connected"])
    assert len(server.context.connections) == 1
    back = await server.connect()
    resume = {"participantId": two["self"]["id"], "resumeToken": two["resumeToken"]}
    await back.ok("join-room", roomId=room, resume=resume)


@pytest.mark.parametrize(
    "frame",
    [
        "42",
        "42{}",
        "42[]",
        "42[1]",
        "42[null,{}]",
        '42[["nested"]]',
        '42"text"',
        "42[[[[",
        "4",
        "49",
        "452-",
        '451-/other,["binary",{"_placeholder":true,"num":0}]',
        '42/other,["send-message",{}]',
        '42999999999999999999["typing",{}]',
        "40{bad",
        "40[[[[",
        pytest.param(f"40{DEEP}", id="40 deep"),
        pytest.param('40{"pid":"' + "x" * 300_000 + '"}', id="40 long"),
        "x",
        "",
        "9",
    ],
)
async def test_what_is_no_packet_closes_its_sender_at_once_and_only_it(server: Server, frame: str) -> None:
    room, first, _, second, two = await server.pair()
    await second.send(frame)
    # Engine.IO's own packets begin with a digit that it knows; within its messages (4) it is Socket.IO's turn.
    assert await second.closed() == (1008 if frame.startswith("4") else 1002)
    update = await first.wait_for("user-updated")
    assert (update["participant"]["id"], update["participant"]["connected"]) == (two["self"]["id"], False)
    assert len(server.context.connections) == 1
    assert (await first.ok("send-message", roomId=room, text="fine"))["deliveredTo"] == 0


async def test_binary_messages_close_their_sender(server: Server) -> None:
    _, first, _, second, _ = await server.pair()
    await second.socket.send_bytes(b"\x00\x01")
    await second.closed()
    await first.wait_for("user-updated", lambda u: not u["participant"]["connected"])


async def test_another_namespace_is_refused_and_the_default_one_goes_on(server: Server) -> None:
    client = await server.open()
    await client.send("40/admin,")
    await client._until(lambda: "refused" in client.connected, "CONNECT_ERROR")
    await client.send("40")
    await client._until(lambda: "sid" in client.connected, "CONNECT")
    await client.sync()


async def test_a_first_connect_that_cannot_be_read_closes_the_transport_at_once(server: Server) -> None:
    client = await server.open()
    await client.send("40{bad")
    assert await client.closed() == 1008
    assert len(server.context.connections) == 0


async def test_events_before_connect_close_the_transport(server: Server) -> None:
    client = await server.open()
    await client.send('420["join-room",{"roomId":"r"}]')
    await client.closed()
    assert len(server.context.connections) == 0


@pytest.mark.parametrize("auth", [1, "text", [], {"pid": 1}, {"pid": "x" * 1000}, {"pid": None, "offset": {}}])
async def test_a_nonsense_connect_is_an_ordinary_connect(server: Server, auth: Any) -> None:
    client = await server.connect(auth)
    assert set(client.connected) == {"sid", "pid"}
    await client.sync()


@pytest.mark.parametrize("offset", ["", "x", "-1", "1e9", "9" * 5_000, "\ud800", {}, 1, None, "0", "²"])
async def test_a_nonsense_offset_does_not_break_recovery(server: Server, offset: Any) -> None:
    _, first, _, second, _ = await server.pair()
    await second.leave()
    await first.wait_for("user-updated")
    back = await server.connect({"pid": second.connected["pid"], "offset": offset})
    await back.sync()


async def test_a_thousand_candidates_in_a_second_are_refused_and_others_go_on() -> None:
    async with running() as server:
        room = (await server.room())["roomId"]
        second, _ = await server.seated(room, name="Bob")
        other_room, third, _, fourth, _ = await server.pair()
        # Byte by byte, and a hundred in one write: a client library would take longer than the server. Who goes on for
        # longer than that is closed (tests/integration/test_hurried.py).
        flooder = await connected(server)
        await flooder.send(f'420["join-room",{{"roomId":"{room}"}}]')
        await second.wait_for("user-joined")
        candidate = json.dumps({"roomId": room, "candidate": CANDIDATE})
        started, answers = time.monotonic(), []
        for batch in range(10):
            numbers = range(1 + batch * 110, 111 + batch * 110)
            await flooder.send(*(f'42{number}["ice-candidate",{candidate}]' for number in numbers))
            assert (await third.ok("send-message", roomId=other_room, text="hi"))["deliveredTo"] == 1
            while not answers or not answers[-1].startswith(f"43{numbers[-1]}["):
                if not (told := await flooder.text()).startswith(("42", "430[")):
                    answers.append(told)
        took_s = time.monotonic() - started
        assert len(answers) == 1_100
        granted = sum('"ok":true' in answer for answer in answers)
        assert 190 <= granted <= 200 + 50 * took_s + 1
        assert sum('"code":"RATE_LIMITED"' in answer for answer in answers) == 1_100 - granted
        assert len(server.context.connections) == 4
        await second.sync()
        assert len(second.all("ice-candidate-received")) == granted
        await fourth.wait_for_count("message-received", 10)
        await flooder.finish()
