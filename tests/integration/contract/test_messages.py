"""Messages that are more than text, and what becomes of them: on the wire, in snapshots, in what was missed."""

from __future__ import annotations

from typing import Any

import pytest

from rooms.limits import HISTORY_EVENTS, MAX_DATA_BYTES
from tests.support.server import Client, Server

MORE = {"kind": "location", "data": {"lat": 1.5, "where": ["here", None]}, "replyTo": "m-1"}


def seat_of(snapshot: Any) -> dict[str, Any]:
    """What takes the seat of a snapshot back, as of then."""
    return {
        "participantId": snapshot["self"]["id"],
        "resumeToken": snapshot["resumeToken"],
        "epoch": snapshot["epoch"],
        "lastSeq": snapshot["seq"],
    }


async def said(client: Client, room: str, text: str = "hello", **more: Any) -> str:
    """The id of a message that is sent."""
    return str((await client.ok("send-message", roomId=room, text=text, **more))["id"])


async def resumed(server: Server, room: str, snapshot: Any) -> Any:
    """What a seat is told that has been away since a snapshot; by a new connection."""
    client = await server.connect()
    return await client.ok("join-room", roomId=room, resume=seat_of(snapshot))


async def test_what_a_message_carries_comes_as_it_was_given(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    await said(first, room, "look", **MORE)
    heard = await second.wait_for("message-received")
    assert {name: heard[name] for name in MORE} == MORE
    _, late = await server.seated(room)
    assert {name: late["messages"][0][name] for name in MORE} == MORE
    await said(first, room, "", data=[1])
    assert (await second.wait_for("message-received", lambda m: m["text"] == ""))["data"] == [1]


@pytest.mark.parametrize(
    "wish",
    [
        {"text": ""},
        {"text": "x", "kind": "poem"},
        {"text": "x", "data": "x" * (MAX_DATA_BYTES - 1)},
        {"text": "x", "data": "語" * (MAX_DATA_BYTES // 3)},
        {"text": "x", "replyTo": ""},
        {"text": "x", "replyTo": "x" * 65},
        {"text": "x", "ttlS": 4},
        {"text": "x", "ttlS": 604_801},
        {"text": "x", "viewOnce": False},
    ],
    ids=str,
)
async def test_what_is_not_of_the_shape_is_refused(server: Server, wish: dict[str, Any]) -> None:
    room, first, _, second, _ = await server.pair()
    assert await first.refused("send-message", roomId=room, **wish) == "INVALID_PAYLOAD"
    await second.sync()
    assert second.all("message-received") == []


@pytest.mark.parametrize("data", ['"\\ud800"', "[" * 400 + "]" * 400, "1" * 30])
async def test_data_that_cannot_be_passed_on_is_refused(server: Server, data: str) -> None:
    made = await server.room()
    client, _ = await server.seated(made["roomId"])
    request = f'{{"roomId":"{made["roomId"]}","text":"x","data":{data}}}'
    ack = await client.raw_request("send-message", request)
    if data[0] == "1":
        assert ack["ok"], "a number is rounded, as JavaScript does it"
    else:
        assert ack["error"]["code"] == "INVALID_PAYLOAD"
        assert "data" in ack["error"]["details"]
    await client.ok("send-message", roomId=made["roomId"], text="x", data="x" * (MAX_DATA_BYTES - 2))


async def test_an_edit_is_told_to_everybody_its_author_too(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    message = await said(first, room, "helo", data={"n": 1})
    done = await first.ok("edit-message", roomId=room, id=message, text="hello")
    for client in (first, second):
        told = await client.wait_for("message-updated")
        assert (told["id"], told["text"], told["data"], told["seq"]) == (message, "hello", {"n": 1}, done["seq"])
    _, late = await server.seated(room)
    [shown] = late["messages"]
    assert (shown["text"], shown["editedAt"], shown["seq"]) == ("hello", told["editedAt"], done["seq"] - 1)


async def test_the_acknowledgement_of_a_change_comes_before_its_event(server: Server) -> None:
    made = await server.room()
    client, _ = await server.seated(made["roomId"])
    message = await said(client, made["roomId"])
    frames: list[str] = []
    take = client._take
    client._take = lambda data: (frames.append(data), take(data))[1]  # type: ignore[func-returns-value,method-assign]
    await client.ok("edit-message", roomId=made["roomId"], id=message, text="x")
    await client.wait_for("message-updated")
    assert [frame[:2] for frame in frames] == ["43", "42"]


async def test_only_its_author_edits_and_only_it_or_the_host_deletes(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    third, _ = await server.seated(room)
    message = await said(second, room)
    assert await first.refused("edit-message", roomId=room, id=message, text="x") == "FORBIDDEN"
    assert await third.refused("delete-message", roomId=room, id=message) == "FORBIDDEN"
    done = await first.ok("delete-message", roomId=room, id=message)
    for client in (first, second, third):
        told = await client.wait_for("message-deleted")
        assert (told["id"], told["reason"], told["seq"]) == (message, "moderated", done["seq"])
    for event in ("edit-message", "delete-message"):
        assert await second.refused(event, roomId=room, id=message, text="x") == "MESSAGE_NOT_FOUND"
    own = await said(third, room)
    await third.ok("delete-message", roomId=room, id=own)
    assert (await first.wait_for("message-deleted", lambda d: d["id"] == own))["reason"] == "deleted"
    _, late = await server.seated(room)
    assert late["messages"] == []


@pytest.mark.parametrize("nonsense", ["nothing", "0" * 33, "\U0001f98b" * 20])
async def test_what_is_no_message_is_not_found(server: Server, nonsense: str) -> None:
    made = await server.room()
    client, _ = await server.seated(made["roomId"])
    wish = {"roomId": made["roomId"], "id": nonsense, "text": "x", "emoji": "x", "on": True}
    for event in ("edit-message", "delete-message", "react", "view-message", "pin-message"):
        assert await client.refused(event, **wish) == "MESSAGE_NOT_FOUND"


async def test_a_message_of_another_room_is_not_found(server: Server) -> None:
    room, first, *_ = await server.pair()
    other = (await server.room())["roomId"]
    await first.ok("join-room", roomId=other)
    message = await said(first, room)
    assert await first.refused("delete-message", roomId=other, id=message) == "MESSAGE_NOT_FOUND"


async def test_what_was_missed_comes_merged_with_its_message(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    seen = await said(second, room, "seen before")
    seen_too = await said(second, room, "seen and deleted")
    await second.ok("react", roomId=room, id=seen, emoji="+", on=True)
    one["seq"] = (await first.wait_for("reaction-changed"))["seq"]
    await first.leave()
    edited, deleted = await said(second, room, "first"), await said(second, room, "goes")
    await second.ok("edit-message", roomId=room, id=edited, text="second")
    await second.ok("edit-message", roomId=room, id=edited, text="third")
    await second.ok("react", roomId=room, id=edited, emoji="!", on=True)
    await second.ok("delete-message", roomId=room, id=deleted)
    await second.ok("edit-message", roomId=room, id=seen, text="not told")
    await second.ok("edit-message", roomId=room, id=seen, text="seen anew")
    await second.ok("delete-message", roomId=room, id=seen_too)
    await second.ok("react", roomId=room, id=seen, emoji="+", on=False)
    await second.ok("react", roomId=room, id=seen, emoji="?", on=True)
    await second.ok("react", roomId=room, id=seen, emoji="?", on=False)
    back = await resumed(server, room, one)
    told = [(m["event"], m["payload"].get("id"), m["payload"].get("text")) for m in back["missed"]]
    assert [one for one in told if one[0].startswith(("message", "reaction"))] == [
        ("message-received", edited, "third"),
        ("message-updated", seen, "seen anew"),
        ("message-deleted", seen_too, None),
        ("reaction-changed", seen, None),
    ]
    anew = back["missed"][[m["event"] for m in back["missed"]].index("message-received")]["payload"]
    assert anew["reactions"] == [{"emoji": "!", "count": 1, "participantIds": [two["self"]["id"]]}]
    assert "editedAt" in anew


async def test_what_the_host_did_to_ones_own_message_is_told_to_one_who_was_away(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    message = await said(second, room)
    two["seq"] += 1
    await second.leave()
    await first.ok("react", roomId=room, id=message, emoji="+", on=True)
    await first.ok("delete-message", roomId=room, id=message)
    back = await resumed(server, room, two)
    assert [m["event"] for m in back["missed"]] == ["message-deleted"]


async def test_a_message_can_be_deleted_when_its_content_is_long_gone(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    message = await said(first, room)
    for number in range(HISTORY_EVENTS + 60):
        await first.begin("send-message", {"roomId": room, "text": str(number)})
    await first.sync()
    assert await first.refused("edit-message", roomId=room, id=message, text="x") == "MESSAGE_NOT_FOUND"
    assert await second.refused("delete-message", roomId=room, id=message) == "FORBIDDEN"
    await first.ok("delete-message", roomId=room, id=message)
    assert (await second.wait_for("message-deleted"))["id"] == message
    assert await first.refused("delete-message", roomId=room, id=message) == "MESSAGE_NOT_FOUND"


async def test_what_concerns_a_private_message_goes_to_its_two(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    third, three = await server.seated(room)
    message = await said(second, room, "psst", to=three["self"]["id"])
    await third.ok("react", roomId=room, id=message, emoji="+", on=True)
    await second.ok("edit-message", roomId=room, id=message, text="psssst")
    for event in ("edit-message", "delete-message", "react", "pin-message"):
        wish = {"roomId": room, "id": message, "text": "x", "emoji": "+", "on": True}
        assert await first.refused(event, **wish) == "MESSAGE_NOT_FOUND", "the host is not one of them"
    await second.ok("delete-message", roomId=room, id=message)
    for client in (second, third):
        for event in ("message-updated", "reaction-changed", "message-deleted"):
            assert (await client.wait_for(event))["id"] == message
    await first.sync()
    assert not {"message-updated", "reaction-changed", "message-deleted"} & {heard.name for heard in first.heard}
    await first.leave()
    back = await resumed(server, room, one)
    assert not [m for m in back["missed"] if m["event"].startswith(("message", "reaction"))]


async def test_a_private_message_cannot_be_pinned_by_its_own_two(server: Server) -> None:
    room, first, _, _, two = await server.pair()
    message = await said(first, room, "psst", to=two["self"]["id"])
    assert await first.refused("pin-message", roomId=room, id=message) == "FORBIDDEN"


async def test_in_an_encrypted_room_everything_that_is_written_is_sealed(server: Server) -> None:
    room, first, *_ = await server.pair(encrypted=True)
    message = await said(first, room, "一", encrypted=True)
    poll = {"question": "一", "options": ["一", "丁"]}
    for flag in ({}, {"encrypted": False}):
        assert await first.refused("edit-message", roomId=room, id=message, text="x", **flag) == "ENCRYPTION_REQUIRED"
        assert await first.refused("create-poll", roomId=room, **poll, **flag) == "ENCRYPTION_REQUIRED"
    await first.ok("edit-message", roomId=room, id=message, text="丁" * 10_000, encrypted=True)
    assert (await first.wait_for("message-updated"))["encrypted"] is True
    await first.ok("create-poll", roomId=room, encrypted=True, question="一" * 10_000, options=["一" * 500, "丁"])
    assert (await first.wait_for("poll-created"))["poll"]["encrypted"] is True


async def test_a_pinned_message_is_in_the_room_until_it_is_deleted(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    message = await said(second, room)
    assert await second.refused("pin-message", roomId=room, id=message) == "FORBIDDEN"
    done = await first.ok("pin-message", roomId=room, id=message)
    told = await second.wait_for("room-updated")
    assert (told["room"]["pinnedMessageId"], told["seq"]) == (message, done["seq"])
    assert (await first.ok("pin-message", roomId=room, id=message))["seq"] == done["seq"], "it is so already"
    await second.ok("delete-message", roomId=room, id=message)
    await first.wait_for("room-updated", lambda r: r["room"]["pinnedMessageId"] is None)
    message = await said(second, room)
    await first.ok("pin-message", roomId=room, id=message)
    await first.ok("pin-message", roomId=room, id=None)
    _, late = await server.seated(room)
    assert late["room"]["pinnedMessageId"] is None
