"""Rooms that say that they are encrypted take nothing in the clear."""

from __future__ import annotations

from typing import Any

import pytest

from rooms.limits import MAX_MESSAGE_CHARS, MAX_SEALED_CHARS
from server.protocol import answers
from tests.integration.contract.rest import granted
from tests.support.server import Server

SEALED = "一" * 40


async def test_a_room_is_encrypted_where_its_creator_says_so_and_everybody_is_told(server: Server) -> None:
    plain, made = await server.room(), await server.room(encrypted=True, keyCheck="abc")
    assert plain["room"]["encrypted"] is False
    assert "keyCheck" not in plain["room"]
    looked = granted(await server.call("GET", f"/api/rooms/{made['roomId']}"), answers.RoomAnswer)
    assert (looked["room"]["encrypted"], looked["room"]["keyCheck"]) == (True, "abc")
    _, snapshot = await server.seated(made["roomId"])
    assert (snapshot["room"]["encrypted"], snapshot["room"]["keyCheck"]) == (True, "abc")
    assert snapshot["limits"]["sealedChars"] == MAX_SEALED_CHARS
    path = f"/api/rooms/{made['roomId']}"
    changed = await server.call("PATCH", path, key=made["hostKey"], json={"encrypted": False, "locked": True})
    assert (changed.status, changed.code) == (400, "INVALID_PAYLOAD"), "it is decided when the room is made"
    looked = granted(await server.call("GET", path), answers.RoomAnswer)
    assert looked["room"]["encrypted"] is True
    assert "keyCheck" not in (await server.room(keyCheck="abc"))["room"], "of a room without a key"


@pytest.mark.parametrize("flag", [{}, {"encrypted": False}, {"encrypted": None}])
async def test_an_encrypted_room_refuses_what_is_not_sealed(server: Server, flag: dict[str, Any]) -> None:
    room, first, _, second, two = await server.pair(encrypted=True)
    assert await first.refused("send-message", roomId=room, text="hello", **flag) == "ENCRYPTION_REQUIRED"
    to = two["self"]["id"]
    assert await first.refused("send-message", roomId=room, text="hello", to=to, **flag) == "ENCRYPTION_REQUIRED"
    await second.sync()
    assert second.all("message-received") == []
    await first.ok("send-message", roomId=room, text=SEALED, encrypted=True)
    assert (await second.wait_for("message-received"))["text"] == SEALED
    _, late = await server.seated(room)
    assert [message["text"] for message in late["messages"]] == [SEALED]


async def test_an_encrypted_room_refuses_what_its_owner_says_in_the_clear(server: Server) -> None:
    made = await server.room(encrypted=True)
    client, _ = await server.seated(made["roomId"])
    path, key = f"/api/rooms/{made['roomId']}/messages", made["hostKey"]
    answer = await server.call("POST", path, key=key, json={"text": "Five minutes left."})
    assert (answer.status, answer.code) == (409, "ENCRYPTION_REQUIRED")
    sealed = await server.call("POST", path, key=key, json={"text": SEALED, "encrypted": True})
    granted(sealed, answers.SentMessage, 201)
    message = await client.wait_for("message-received")
    assert (message["text"], message["encrypted"]) == (SEALED, True)
    assert len(client.all("message-received")) == 1


async def test_a_sealed_text_may_be_longer_than_a_plain_one(server: Server) -> None:
    made = await server.room()
    first, _ = await server.seated(made["roomId"])
    second, _ = await server.seated(made["roomId"])
    room, path, key = made["roomId"], f"/api/rooms/{made['roomId']}/messages", made["hostKey"]
    for sealed, limit in ((False, MAX_MESSAGE_CHARS), (True, MAX_SEALED_CHARS)):
        await first.ok("send-message", roomId=room, text="\U0001f98b" * limit, encrypted=sealed)
        ack = await first.request("send-message", {"roomId": room, "text": "x" * (limit + 1), "encrypted": sealed})
        assert ack["error"]["code"] == "INVALID_PAYLOAD"
        assert ack["error"]["details"] == {"text": f"String should have at most {limit} characters"}
        granted(
            await server.call("POST", path, key=key, json={"text": "y" * limit, "encrypted": sealed}),
            answers.SentMessage,
            201,
        )
        refused = await server.call("POST", path, key=key, json={"text": "y" * (limit + 1), "encrypted": sealed})
        assert (refused.status, refused.code) == (400, "INVALID_PAYLOAD")
    await second.sync()
    assert [len(message["text"]) for message in second.all("message-received")] == [4_000, 4_000, 10_000, 10_000]
