"""Messages that disappear by themselves, and messages that are seen once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rooms.limits import MAX_MESSAGE_TTL_S, MIN_MESSAGE_TTL_S, VIEW_AGAIN_S
from tests.support.server import Clock, Server, running

WORD = "xyzzy"


@pytest.fixture
async def timed(clock: Clock) -> AsyncIterator[Server]:
    async with running(events_per_s=0, clock=clock, seat_grace_s=3_000) as server:
        yield server


async def test_a_message_is_gone_when_its_time_has_come(timed: Server, clock: Clock) -> None:
    room, first, _, second, _ = await timed.pair()
    sent = await first.ok("send-message", roomId=room, text=WORD, ttlS=5)
    stays = await first.ok("send-message", roomId=room, text="stays")
    heard = await second.wait_for("message-received")
    assert heard["expiresAt"] > heard["timestamp"]
    clock.now += 4
    _, late = await timed.seated(room)
    assert late["messages"][0]["expiresAt"] == heard["expiresAt"]
    clock.now += 1.1
    for client in (first, second):
        told = await client.wait_for("message-deleted")
        assert (told["id"], told["by"], told["reason"]) == (sent["id"], "", "expired")
    assert await first.refused("edit-message", roomId=room, id=sent["id"], text="x") == "MESSAGE_NOT_FOUND"
    _, late = await timed.seated(room)
    assert [message["id"] for message in late["messages"]] == [stays["id"]]


async def test_the_shorter_of_the_message_s_time_and_the_room_s_wins(timed: Server, clock: Clock) -> None:
    made = await timed.room(messageTtlS=10)
    client, snapshot = await timed.seated(made["roomId"], hostKey=made["hostKey"])
    assert snapshot["room"]["messageTtlS"] == 10
    room = made["roomId"]
    ids = [
        (await client.ok("send-message", roomId=room, text="x", **more))["id"]
        for more in ({}, {"ttlS": 100}, {"ttlS": 5})
    ]
    path, key = f"/api/rooms/{room}/messages", made["hostKey"]
    ids.append((await timed.call("POST", path, key=key, json={"text": "over REST"})).json["id"])
    clock.now += 6
    await client.wait_for("message-deleted", lambda d: d["id"] == ids[2])
    assert len((await timed.call("GET", path, key=key)).json["messages"]) == 3
    clock.now += 5
    await client.wait_for_count("message-deleted", 4)
    assert (await timed.call("GET", path, key=key)).json["messages"] == []


async def test_how_long_messages_last_may_be_changed_and_taken_back(server: Server) -> None:
    made = await server.room()
    host, _ = await server.seated(made["roomId"], hostKey=made["hostKey"])
    path, key = f"/api/rooms/{made['roomId']}", made["hostKey"]
    assert (await host.ok("update-room", roomId=made["roomId"], messageTtlS=60))["messageTtlS"] == 60
    assert (await host.ok("update-room", roomId=made["roomId"], locked=False))["messageTtlS"] == 60
    assert (await server.call("PATCH", path, key=key, json={"messageTtlS": None})).json["room"]["messageTtlS"] is None
    for ttl in (MIN_MESSAGE_TTL_S - 1, MAX_MESSAGE_TTL_S + 1, "60"):
        refused = await server.call("PATCH", path, key=key, json={"messageTtlS": ttl})
        assert (refused.status, refused.code) == (400, "INVALID_PAYLOAD")
    refused = await server.call("POST", "/api/rooms", json={"messageTtlS": 1})
    assert (refused.status, refused.code) == (400, "INVALID_PAYLOAD")


async def test_what_is_seen_once_is_told_without_what_it_says(timed: Server) -> None:
    room, first, _, second, _ = await timed.pair()
    third, _ = await timed.seated(room)
    content = {"text": WORD, "data": {"word": WORD}, "kind": "custom"}
    sent = await first.ok("send-message", roomId=room, viewOnce=True, **content)
    heard = await second.wait_for("message-received")
    assert (heard["text"], heard["viewOnce"]) == ("", True)
    assert not {"data", "kind", "replyTo", "encrypted"} & set(heard)
    newcomer, late = await timed.seated(room)
    assert late["messages"] == []
    once = {"roomId": room, "id": sent["id"]}
    assert await newcomer.refused("view-message", **once) == "MESSAGE_NOT_FOUND"
    assert await first.refused("view-message", **once) == "MESSAGE_NOT_FOUND", "its author has no need to"
    assert await first.refused("edit-message", **once, text="x") == "FORBIDDEN"
    assert await second.ok("view-message", **once) == {"text": WORD, "data": {"word": WORD}}
    await first.sync()
    assert first.all("message-deleted") == [], "the third has not seen it"
    await third.ok("view-message", **once)
    for client in (first, second, third):
        assert (await client.wait_for("message-deleted"))["reason"] == "viewed"


async def test_it_is_shown_again_to_the_same_seat_for_a_minute(timed: Server, clock: Clock) -> None:
    room, first, _, second, _ = await timed.pair()
    third, three = await timed.seated(room)
    once = {"roomId": room, "id": (await first.ok("send-message", roomId=room, viewOnce=True, text=WORD))["id"]}
    await second.ok("view-message", **once)
    clock.now += VIEW_AGAIN_S - 1
    assert await second.ok("view-message", **once) == {"text": WORD}
    clock.now += 2
    assert await second.refused("view-message", **once) == "MESSAGE_NOT_FOUND"
    await third.ok("view-message", **once)
    await first.wait_for("message-deleted")
    assert await third.ok("view-message", **once) == {"text": WORD}, "whose answer may have been lost"
    clock.now += VIEW_AGAIN_S + 1
    assert await third.refused("view-message", **once) == "MESSAGE_NOT_FOUND"
    assert three["self"]["id"] == (await first.wait_for("message-deleted"))["by"]


async def test_nobody_waits_for_one_who_has_left(timed: Server) -> None:
    room, first, _, second, _ = await timed.pair()
    third, _ = await timed.seated(room)
    once = {"roomId": room, "id": (await first.ok("send-message", roomId=room, viewOnce=True, text=WORD))["id"]}
    await third.leave()  # is away, and may come back
    await second.ok("view-message", **once)
    await first.sync()
    assert first.all("message-deleted") == []
    [away] = [seat for seat in timed.context.find(room).seats.values() if not seat.connected]
    await first.ok("kick", roomId=room, participantId=away.id)
    assert (await first.wait_for("message-deleted"))["reason"] == "viewed"


async def test_sent_once_to_nobody_it_is_gone_at_once(timed: Server) -> None:
    made = await timed.room()
    client, _ = await timed.seated(made["roomId"])
    sent = await client.ok("send-message", roomId=made["roomId"], viewOnce=True, text=WORD)
    assert (await client.wait_for("message-deleted"))["id"] == sent["id"]


async def test_a_private_message_that_is_seen_once_waits_for_its_one(timed: Server) -> None:
    room, first, _, second, two = await timed.pair()
    third, _ = await timed.seated(room)
    to = two["self"]["id"]
    sent = await first.ok("send-message", roomId=room, viewOnce=True, text=WORD, to=to, encrypted=True)
    once = {"roomId": room, "id": sent["id"]}
    assert await third.refused("view-message", **once) == "MESSAGE_NOT_FOUND"
    assert await second.ok("view-message", **once) == {"text": WORD, "encrypted": True}
    await first.wait_for("message-deleted")
    await third.sync()
    assert third.all("message-received") == third.all("message-deleted") == []
