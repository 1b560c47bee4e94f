"""What tutorials send is understood: a bare room id, `username`, `offer {offer}`, `typing` without more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.server import Server

SDP = "v=0\r\n"


async def test_a_bare_room_id_joins_and_leaves(server: Server) -> None:
    made = await server.room()
    client = await server.connect()
    joined = await client.request("join-room", made["roomId"])
    assert joined["data"]["roomId"] == made["roomId"]
    assert (await client.request("leave-room", made["roomId"]))["ok"]
    await client.emit("join-room", made["roomId"])
    assert (await client.wait_for("room-joined"))["roomId"] == made["roomId"]


async def test_a_bare_room_id_is_checked_like_any_other(server: Server) -> None:
    client = await server.connect()
    for wrong in ("", "x" * 65):
        assert (await client.request("join-room", wrong))["error"]["code"] == "INVALID_PAYLOAD"
    assert (await client.request("join-room", "x" * 64))["error"]["code"] == "ROOM_NOT_FOUND"


@pytest.mark.parametrize("field", ["username", "userName"])
async def test_a_name_may_be_called_a_user_name(server: Server, field: str) -> None:
    made = await server.room()
    _, snapshot = await server.seated(made["roomId"], **{field: "Ada"})
    assert snapshot["self"]["name"] == "Ada"


async def test_the_name_by_its_own_name_comes_first(server: Server) -> None:
    made = await server.room()
    _, snapshot = await server.seated(made["roomId"], username="Bob", name="Ada")
    assert snapshot["self"]["name"] == "Ada"


@pytest.mark.parametrize(
    ("event", "fields", "known"),
    [
        ("join-room", {"username": 5}, "name"),
        ("knock", {"userName": "x" * 65}, "name"),
        ("offer", {"offer": {"type": "answer", "sdp": SDP}}, "description.type"),
        ("answer", {"answer": 1}, "description"),
    ],
)
async def test_a_refusal_names_the_field_as_the_protocol_does(
    server: Server, event: str, fields: dict[str, Any], known: str
) -> None:
    client = await server.connect()
    ack = await client.request(event, {"roomId": "r", **fields})
    assert ack["error"]["code"] == "INVALID_PAYLOAD"
    assert set(ack["error"]["details"]) == {known}


@pytest.mark.parametrize("kind", ["offer", "answer"])
async def test_a_description_may_be_called_as_its_event(server: Server, kind: str) -> None:
    room, first, _, second, _ = await server.pair()
    description = {"type": kind, "sdp": SDP}
    await first.ok(kind, roomId=room, **{kind: description})
    assert (await second.wait_for(f"{kind}-received"))["description"] == description


async def test_typing_alone_means_that_one_types(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    await first.ok("typing", roomId=room)
    assert await second.wait_for("typing-changed") == {
        "roomId": room,
        "participantId": one["self"]["id"],
        "isTyping": True,
    }


async def test_who_comes_and_goes_is_told_with_how_many_are_here(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    assert (await first.wait_for("user-joined"))["participantCount"] == 2
    await second.ok("leave-room", roomId=room)
    assert (await first.wait_for("user-left"))["participantCount"] == 1


async def test_what_was_missed_tells_how_many_were_here_then(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    await first.leave()
    await second.wait_for("user-updated")
    _third, _ = await server.seated(room, name="Cy")
    await second.ok("leave-room", roomId=room)
    back = await server.connect()
    seat = {"participantId": one["self"]["id"], "resumeToken": one["resumeToken"]}
    picture = await back.ok("join-room", roomId=room, resume={**seat, "epoch": one["epoch"], "lastSeq": one["seq"]})
    counts = [m["payload"]["participantCount"] for m in picture["missed"] if "participantCount" in m["payload"]]
    assert counts == [2, 3, 2]
