"""Each request: what it is acknowledged with, and what others are told (protocol page, "Requests")."""

from __future__ import annotations

from typing import Any

import pytest

from server.protocol.answers import ACKS
from server.usecases.commands import COMMANDS
from tests.integration.contract.requests import ANSWER, CANDIDATE, OFFER
from tests.support.server import Server


def test_every_request_has_a_documented_answer() -> None:
    assert set(ACKS) == set(COMMANDS)


async def test_join_room_answers_with_the_snapshot_and_sends_it_as_an_event_too(server: Server) -> None:
    made = await server.room()
    client, snapshot = await server.seated(made["roomId"], name="Ada", media={"audio": True})
    assert await client.wait_for("room-joined") == snapshot
    assert snapshot["self"]["name"] == "Ada"
    assert snapshot["self"]["role"] == "host"
    assert snapshot["self"]["media"] == {
        "audio": True,
        "video": False,
        "screen": False,
        "handRaised": False,
        "canCall": True,
    }
    assert snapshot["self"]["id"] != client.connected["sid"]
    assert snapshot["participants"] == []
    assert snapshot["messages"] == []
    assert snapshot["recovered"] is False
    assert "missed" not in snapshot
    assert snapshot["room"]["participantCount"] == 1
    assert snapshot["limits"]["messageChars"] == 4000
    assert snapshot["resumeTtlS"] == 30


async def test_a_guest_name_is_made_up(server: Server) -> None:
    made = await server.room()
    for wish in ({}, {"name": ""}, {"name": "  \t "}, {"name": None}):
        _, snapshot = await server.seated(made["roomId"], **wish)
        assert len(snapshot["self"]["name"].split()) == 2


async def test_the_others_learn_of_a_join(server: Server) -> None:
    _, first, one, _, two = await server.pair()
    joined = first.all("user-joined")
    assert [each["participant"]["id"] for each in joined] == [two["self"]["id"]]
    assert [each["id"] for each in two["participants"]] == [one["self"]["id"]]
    assert one["self"]["id"] not in [each["participant"]["id"] for each in joined]


async def test_leave_room_frees_the_seat_at_once(server: Server) -> None:
    room, first, _, second, two = await server.pair(capacity=2)
    assert await second.ok("leave-room", roomId=room) == {}
    left = await first.wait_for("user-left")
    assert (left["participantId"], left["reason"]) == (two["self"]["id"], "left")
    await second.wait_for("room-left", lambda gone: gone["reason"] == "left" and gone["action"] == "none")
    await server.seated(room)
    resume = {"participantId": two["self"]["id"], "resumeToken": two["resumeToken"]}
    assert await second.refused("join-room", roomId=room, resume=resume) == "RESUME_EXPIRED"


async def test_send_message_reaches_the_others_and_is_acked_with_its_id(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    ack = await first.ok("send-message", roomId=room, text="hello", clientMessageId="m1")
    assert (ack["deliveredTo"], ack["duplicate"]) == (1, False)
    message = await second.wait_for("message-received")
    assert message == {
        "id": ack["id"],
        "roomId": room,
        "text": "hello",
        "sender": one["self"]["id"],
        "senderName": "Ada",
        "timestamp": ack["timestamp"],
        "seq": ack["seq"],
        "epoch": two["epoch"],
        "clientMessageId": "m1",
    }
    await first.sync()
    assert first.all("message-received") == []


async def test_a_repeated_client_message_id_is_not_sent_twice(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    once = await first.ok("send-message", roomId=room, text="hello", clientMessageId="m1")
    again = await first.ok("send-message", roomId=room, text="hello", clientMessageId="m1")
    assert again == {**once, "duplicate": True}
    other = await second.ok("send-message", roomId=room, text="hello", clientMessageId="m1")
    assert other["duplicate"] is False
    await second.sync()
    assert len(second.all("message-received")) == 1


async def test_a_private_message_reaches_its_target_only(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    third, _ = await server.seated(room)
    ack = await first.ok("send-message", roomId=room, text="psst", to=two["self"]["id"], encrypted=True)
    assert ack["deliveredTo"] == 1
    message = await second.wait_for("message-received")
    assert (message["to"], message["encrypted"]) == (two["self"]["id"], True)
    await third.sync()
    assert third.all("message-received") == []
    _, late = await server.seated(room)
    assert late["messages"] == []


async def test_a_newcomer_gets_the_last_fifty_messages(server: Server) -> None:
    made = await server.room()
    first, _ = await server.seated(made["roomId"])
    for number in range(60):
        await first.ok("send-message", roomId=made["roomId"], text=str(number))
    _, late = await server.seated(made["roomId"])
    assert [message["text"] for message in late["messages"]] == [str(n) for n in range(10, 60)]


@pytest.mark.parametrize(
    ("event", "name", "body"),
    [
        ("offer", "offer-received", {"description": OFFER}),
        ("answer", "answer-received", {"description": ANSWER}),
        ("ice-candidate", "ice-candidate-received", {"candidate": CANDIDATE}),
        ("ice-candidate", "ice-candidate-received", {"candidate": None}),
        ("ice-candidate", "ice-candidate-received", {"candidate": {"candidate": "", "sdpMid": None}}),
    ],
)
async def test_a_signal_goes_to_its_target_as_sent(server: Server, event: str, name: str, body: dict[str, Any]) -> None:
    room, first, one, second, two = await server.pair()
    third, _ = await server.seated(room)
    ack = await first.ok(event, roomId=room, to=two["self"]["id"], negotiationId="n1", **body)
    assert ack == {"delivery": "sent"}
    heard = await second.wait_for(name)
    assert heard == {"roomId": room, "from": one["self"]["id"], "negotiationId": "n1", **body}
    await third.sync()
    assert third.all(name) == []


async def test_a_signal_may_leave_its_target_out_where_there_is_one_other(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    await second.ok("offer", roomId=room, description=OFFER)
    heard = await first.wait_for("offer-received")
    assert "negotiationId" not in heard
    await first.ok("answer", roomId=room, description=ANSWER)
    assert (await second.wait_for("answer-received"))["from"] == one["self"]["id"]


async def test_signals_to_somebody_away_wait_and_arrive_in_order(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    await second.leave()
    await first.wait_for("user-updated", lambda update: not update["participant"]["connected"])
    assert await first.ok("offer", roomId=room, description=OFFER) == {"delivery": "buffered"}
    for number in range(3):
        candidate = {**CANDIDATE, "sdpMid": str(number)}
        assert await first.ok("ice-candidate", roomId=room, candidate=candidate) == {"delivery": "buffered"}
    back = await server.connect()
    resume = {
        "participantId": two["self"]["id"],
        "resumeToken": two["resumeToken"],
        "epoch": two["epoch"],
        "lastSeq": two["seq"],
    }
    await back.ok("join-room", roomId=room, resume=resume)
    await back.wait_for("ice-candidate-received", lambda heard: heard["candidate"]["sdpMid"] == "2")
    order = [one.name for one in back.heard]
    assert order == ["room-joined", "offer-received", *["ice-candidate-received"] * 3]
    assert [each["candidate"]["sdpMid"] for each in back.all("ice-candidate-received")] == ["0", "1", "2"]


async def test_get_ice_servers(server: Server) -> None:
    room, first, one, _, _ = await server.pair()
    answer = await first.ok("get-ice-servers", roomId=room)
    assert answer == {"iceServers": one["iceServers"], "expiresAt": None}


async def test_update_media_tells_everybody_what_changed(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    assert await first.ok("update-media", roomId=room, video=True, handRaised=True) == {}
    for client in (first, second):
        update = await client.wait_for("user-updated")
        assert update["participant"]["id"] == one["self"]["id"]
        assert update["participant"]["media"] == {
            "audio": False,
            "video": True,
            "screen": False,
            "handRaised": True,
            "canCall": True,
        }


async def test_typing_is_told_to_the_others_without_a_seq(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    assert await first.ok("typing", roomId=room, isTyping=True) == {}
    heard = await second.wait_for("typing-changed")
    assert heard == {"roomId": room, "participantId": one["self"]["id"], "isTyping": True}
    _, late = await server.seated(room)
    assert late["typing"] == [one["self"]["id"]]
    await first.ok("send-message", roomId=room, text="done")
    await second.wait_for("typing-changed", lambda change: not change["isTyping"])
    assert first.all("typing-changed") == []


@pytest.mark.parametrize("state", ["joined", "connected", "failed", "ended"])
async def test_call_state_is_taken_note_of(server: Server, state: str) -> None:
    room, first, _, _, _ = await server.pair()
    assert await first.ok("call-state", roomId=room, state=state) == {}
