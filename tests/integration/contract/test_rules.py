"""The rules that hold always (protocol page), each over real sockets."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.integration.contract.requests import ANSWER, CANDIDATE, OFFER
from tests.support.server import Client, Server, running


async def test_1_the_server_says_who_spoke(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    forged = {"sender": two["self"]["id"], "senderName": "Bob", "from": two["self"]["id"], "id": "x", "seq": 1}
    await first.ok("send-message", roomId=room, text="me", **forged)
    message = await second.wait_for("message-received")
    assert (message["sender"], message["senderName"]) == (one["self"]["id"], "Ada")
    assert message["id"] != "x"
    for event, heard, body in (
        ("offer", "offer-received", {"description": {**OFFER, "from": "x"}}),
        ("answer", "answer-received", {"description": {**ANSWER, "from": "x"}}),
        ("ice-candidate", "ice-candidate-received", {"candidate": {**CANDIDATE, "from": "x"}}),
    ):
        await first.ok(event, roomId=room, **forged, **body)
        payload = await second.wait_for(heard)
        assert payload["from"] == one["self"]["id"]
    await first.ok("typing", roomId=room, isTyping=True, participantId=two["self"]["id"])
    assert (await second.wait_for("typing-changed"))["participantId"] == one["self"]["id"]


async def test_2_nothing_crosses_rooms(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    other_room, third, three, fourth, _ = await server.pair()
    foreign = three["self"]["id"]
    for event, body in _all_to(foreign):
        assert await first.refused(event, roomId=room, **body) == "PEER_NOT_FOUND"
        assert await first.refused(event, roomId=other_room, **body) == "NOT_IN_ROOM"
    for event, fields in (
        ("send-message", {"text": "hi"}),
        ("typing", {"isTyping": True}),
        ("update-media", {"audio": True}),
        ("get-ice-servers", {}),
        ("call-state", {"state": "connected"}),
        ("leave-room", {}),
        ("kick", {"participantId": foreign}),
        ("end-room", {}),
    ):
        assert await first.refused(event, roomId=other_room, **fields) == "NOT_IN_ROOM"
    await first.ok("send-message", roomId=room, text="for this room", to=two["self"]["id"])
    await first.ok("update-media", roomId=room, audio=True)
    await first.ok("typing", roomId=room, isTyping=True)
    for client in (third, fourth):
        await client.sync()
        assert {one.payload.get("roomId", other_room) for one in client.heard} == {other_room}
    await second.wait_for("message-received")


def _all_to(target: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("offer", {"to": target, "description": OFFER}),
        ("answer", {"to": target, "description": ANSWER}),
        ("ice-candidate", {"to": target, "candidate": CANDIDATE}),
        ("send-message", {"to": target, "text": "hi"}),
    ]


async def test_3_what_one_socket_sends_is_handled_in_the_order_sent(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    numbers = [await first.begin("offer", {"roomId": room, "description": OFFER})]
    for index in range(100):
        candidate = {**CANDIDATE, "sdpMLineIndex": index}
        numbers.append(await first.begin("ice-candidate", {"roomId": room, "candidate": candidate}))
        numbers.append(await first.begin("send-message", {"roomId": room, "text": str(index)}))
    acks = [await first.answer(number) for number in numbers]
    assert all(ack["ok"] for ack in acks)
    assert list(first.acks)[1:] == numbers
    await second.sync()
    signals = [one for one in second.heard if one.name.endswith("-received") and one.name != "message-received"]
    assert signals[0].name == "offer-received"
    assert [one.payload["candidate"]["sdpMLineIndex"] for one in signals[1:]] == list(range(100))
    assert [message["text"] for message in second.all("message-received")] == [str(n) for n in range(100)]


async def test_3_a_slow_join_does_not_let_later_requests_overtake_it(server: Server) -> None:
    made = await server.room(password="a password that takes time")
    client = await server.connect()
    room = made["roomId"]
    joining = await client.begin("join-room", {"roomId": room, "password": "a password that takes time"})
    sending = await client.begin("send-message", {"roomId": room, "text": "already in"})
    assert (await client.answer(sending))["ok"]
    assert (await client.answer(joining))["ok"]
    assert list(client.acks) == [joining, sending]


async def test_3_everybody_sees_the_same_seq_without_gaps(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    members = [await server.seated(room) for _ in range(4)]

    async def talk(client: Client) -> list[int]:
        return [(await client.ok("send-message", roomId=room, text="x"))["seq"] for _ in range(25)]

    own = await asyncio.gather(*(talk(client) for client, _ in members))
    last = max(max(seqs) for seqs in own)
    for (client, snapshot), mine in zip(members, own, strict=True):
        await client.sync()
        heard = [one.payload["seq"] for one in client.heard if "seq" in one.payload and one.name != "room-joined"]
        assert heard == sorted(heard)
        assert sorted([*heard, *mine]) == list(range(snapshot["seq"] + 1, last + 1))


async def test_5_a_seat_has_one_socket(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    newer = await server.connect()
    resume = {"participantId": two["self"]["id"], "resumeToken": two["resumeToken"], "epoch": two["epoch"]}
    snapshot = await newer.ok("join-room", roomId=room, resume=resume | {"lastSeq": two["seq"]})
    assert snapshot["self"]["id"] == two["self"]["id"]
    assert await second.wait_for("room-left") == {"roomId": room, "reason": "replaced", "action": "none"}
    assert await second.refused("send-message", roomId=room, text="hi") == "NOT_IN_ROOM"
    await second.leave()
    assert (await newer.ok("send-message", roomId=room, text="still here"))["deliveredTo"] == 1
    await first.sync()
    assert first.all("user-left") == first.all("user-updated") == []


async def test_6_a_drop_is_not_a_leave_and_what_was_missed_comes_in_order(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    await second.leave()
    await first.wait_for("user-updated", lambda u: u["participant"]["connected"] is False)
    for text in ("one", "two"):
        await first.ok("send-message", roomId=room, text=text)
    third, _ = await server.seated(room, name="Cy")
    await third.ok("leave-room", roomId=room)
    back = await server.connect()
    resume = {
        "participantId": two["self"]["id"],
        "resumeToken": two["resumeToken"],
        "epoch": two["epoch"],
        "lastSeq": two["seq"],
    }
    snapshot = await back.ok("join-room", roomId=room, resume=resume)
    assert snapshot["recovered"] is True
    assert snapshot["messages"] == []
    assert snapshot["resumeToken"] == two["resumeToken"]
    missed = snapshot["missed"]
    assert [one["event"] for one in missed if one["event"] != "user-updated"] == [
        "message-received",
        "message-received",
        "user-joined",
        "user-left",
    ]
    seqs = [one["payload"]["seq"] for one in missed]
    assert seqs == sorted(seqs)
    assert seqs[0] > two["seq"]


async def test_6_a_gap_is_told_as_one(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    await first.ok("send-message", roomId=room, text="one")
    await second.leave()
    back = await server.connect()
    resume = {"participantId": two["self"]["id"], "resumeToken": two["resumeToken"]}
    for wrong in ({}, {"epoch": "another", "lastSeq": 1}, {"epoch": two["epoch"], "lastSeq": 10_000}):
        snapshot = await back.ok("join-room", roomId=room, resume=resume | wrong)
        assert snapshot["recovered"] is False
        assert "missed" not in snapshot
        assert [message["text"] for message in snapshot["messages"]] == ["one"]


async def test_6_too_late_is_a_new_seat() -> None:
    async with running(seat_grace_s=0.05) as server:
        room, first, _, second, two = await server.pair()
        await second.leave()
        assert (await first.wait_for("user-left"))["reason"] == "timeout"
        back = await server.connect()
        resume = {"participantId": two["self"]["id"], "resumeToken": two["resumeToken"]}
        assert await back.refused("join-room", roomId=room, resume=resume) == "RESUME_EXPIRED"


async def test_6_connection_state_recovery_replays_what_was_missed(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    await first.ok("send-message", roomId=room, text="seen")
    await second.wait_for("message-received")
    offset = next(one.args[1] for one in second.heard if one.name == "message-received")
    await second.leave()
    await first.wait_for("user-updated")
    await first.ok("send-message", roomId=room, text="missed")
    back = await server.connect({"pid": second.connected["pid"], "offset": offset})
    assert back.connected["pid"] == second.connected["pid"]
    assert (await back.wait_for("message-received"))["text"] == "missed"
    assert (await back.ok("send-message", roomId=room, text="hi"))["deliveredTo"] == 1
    assert (await first.wait_for("message-received"))["sender"] == two["self"]["id"]


async def test_7_the_newcomer_calls_and_politeness_is_opposite_on_the_two_sides(server: Server) -> None:
    made = await server.room()
    members = [await server.seated(made["roomId"]) for _ in range(4)]
    ids = [snapshot["self"]["id"] for _, snapshot in members]
    views: dict[tuple[str, str], bool] = {}
    for client, snapshot in members:
        await client.sync()
        me = snapshot["self"]["id"]
        views |= {(me, other["id"]): other["polite"] for other in snapshot["participants"]}
        views |= {(me, j["participant"]["id"]): j["polite"] for j in client.all("user-joined")}
    assert set(views) == {(a, b) for a in ids for b in ids if a != b}
    assert all(views[a, b] is not views[b, a] for a, b in views)


async def test_7_politeness_stays_the_same_after_a_resume(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    await first.leave()
    back = await server.connect()
    resume = {"participantId": one["self"]["id"], "resumeToken": one["resumeToken"]}
    snapshot = await back.ok("join-room", roomId=room, resume=resume)
    assert [other["polite"] for other in snapshot["participants"]] == [False]
    assert [other["polite"] for other in two["participants"]] == [True]
    assert second.all("user-joined") == []


async def test_8_a_one_time_link_is_spent_once_and_looking_spends_nothing(server: Server) -> None:
    made = await server.room(inviteOnly=True)
    room = made["roomId"]
    invite = (await server.call("POST", f"/api/rooms/{room}/invites", key=made["hostKey"])).json
    for _ in range(3):
        assert (await server.call("GET", f"/api/rooms/{room}")).status == 200
        assert (await server.call("GET", f"/r/{room}")).status in (200, 404)
    clients = [await server.connect() for _ in range(10)]
    wish = {"roomId": room, "invite": invite["invite"]}
    acks = await asyncio.gather(*(client.request("join-room", wish) for client in clients))
    assert sum(ack["ok"] for ack in acks) == 1
    assert {ack["error"]["code"] for ack in acks if not ack["ok"]} == {"INVITE_USED"}


async def test_8_the_last_free_seat_goes_to_exactly_one(server: Server) -> None:
    made = await server.room(capacity=2)
    await server.seated(made["roomId"])
    clients = [await server.connect() for _ in range(10)]
    acks = await asyncio.gather(*(client.request("join-room", {"roomId": made["roomId"]}) for client in clients))
    assert sum(ack["ok"] for ack in acks) == 1
    assert {ack["error"]["code"] for ack in acks if not ack["ok"]} == {"ROOM_FULL"}


async def test_a_repeated_join_with_one_client_join_id_takes_one_seat(server: Server) -> None:
    made = await server.room(capacity=2)
    first, one = await server.seated(made["roomId"], clientJoinId="a-join-of-one-client")
    second, two = await server.seated(made["roomId"], clientJoinId="a-join-of-one-client")
    assert two["self"]["id"] == one["self"]["id"]
    assert two["resumeToken"] != one["resumeToken"]
    assert (await first.wait_for("room-left"))["reason"] == "replaced"
    assert two["room"]["participantCount"] == 1
    assert second.all("room-left") == []
