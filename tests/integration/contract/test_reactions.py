"""Reactions and read watermarks, on the wire and in snapshots."""

from __future__ import annotations

import pytest

from rooms import joining, messages
from rooms.limits import MAX_EMOJI_CHARS, MAX_REACTION_KINDS, REACTORS_SHOWN, RECEIPTS_CAPACITY
from tests.support.server import Server


async def test_a_reaction_is_told_counted_and_taken_back(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    message = (await first.ok("send-message", roomId=room, text="hello"))["id"]
    for client in (first, second):
        done = await client.ok("react", roomId=room, id=message, emoji="👍", on=True)
    told = await first.wait_for("reaction-changed", lambda r: r["seq"] == done["seq"])
    assert told["participantId"] == two["self"]["id"]
    assert (told["id"], told["emoji"], told["on"]) == (message, "👍", True)
    page = (await server.call("GET", f"/api/rooms/{room}/messages", key=two["resumeToken"])).json["messages"]
    people = [one["self"]["id"], two["self"]["id"]]
    assert page[0]["reactions"] == [{"emoji": "👍", "count": 2, "participantIds": people, "mine": True}]
    _, late = await server.seated(room)
    assert late["messages"][0]["reactions"] == [{"emoji": "👍", "count": 2, "participantIds": people}]
    for client in (first, second):
        await client.ok("react", roomId=room, id=message, emoji="👍", on=False)
    _, late = await server.seated(room)
    assert "reactions" not in late["messages"][0]


async def test_a_reaction_that_is_there_already_is_no_change(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    message = (await first.ok("send-message", roomId=room, text="hello"))["id"]
    await first.ok("react", roomId=room, id=message, emoji="+", on=False)
    once = await first.ok("react", roomId=room, id=message, emoji="+", on=True)
    again = await first.ok("react", roomId=room, id=message, emoji="+", on=True)
    assert again == once
    await second.sync()
    assert len(second.all("reaction-changed")) == 1


async def test_there_is_a_bound_to_different_reactions_and_to_their_length(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    message = (await first.ok("send-message", roomId=room, text="hello"))["id"]
    for number in range(MAX_REACTION_KINDS):
        emoji = str(number).rjust(MAX_EMOJI_CHARS, "x")
        await first.ok("react", roomId=room, id=message, emoji=emoji, on=True)
    assert await second.refused("react", roomId=room, id=message, emoji="more", on=True) == "RATE_LIMITED"
    await second.ok("react", roomId=room, id=message, emoji="0".rjust(MAX_EMOJI_CHARS, "x"), on=True)
    for emoji in ("", "x" * (MAX_EMOJI_CHARS + 1)):
        assert await second.refused("react", roomId=room, id=message, emoji=emoji, on=True) == "INVALID_PAYLOAD"


async def test_of_many_reactors_the_first_are_named(server: Server) -> None:
    made = await server.room(capacity=100)
    client, _ = await server.seated(made["roomId"])
    message = (await client.ok("send-message", roomId=made["roomId"], text="hello"))["id"]
    room, now = server.context.find(made["roomId"]), server.context.clock()
    for number in range(REACTORS_SHOWN + 5):
        seat = joining.admit(room, joining.Admission(f"p{number}", "token", "x"), now)
        joining.seat(room, seat, now)
        messages.react(room, seat, message, "+", now, on=True)
    _, late = await server.seated(made["roomId"])
    [shown] = late["messages"][0]["reactions"]
    assert (shown["count"], shown["participantIds"]) == (25, [f"p{n}" for n in range(REACTORS_SHOWN)])
    await server.call("DELETE", f"/api/rooms/{made['roomId']}", key=made["hostKey"])


async def test_what_was_read_only_goes_forward_and_is_in_the_snapshot(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    seq = (await first.ok("send-message", roomId=room, text="hello"))["seq"]
    assert two["reads"] == {}
    assert await second.ok("read", roomId=room, seq=seq) == {}
    me = two["self"]["id"]
    for client in (first, second):
        assert await client.wait_for("read-changed") == {"roomId": room, "participantId": me, "seq": seq}
    for earlier in (seq, seq - 1, 0):
        await second.ok("read", roomId=room, seq=earlier)
    await first.ok("read", roomId=room, seq=10**9)
    told = await second.wait_for("read-changed", lambda r: r["participantId"] == one["self"]["id"])
    assert told["seq"] == seq, "nobody has read what was not said"
    assert len(second.all("read-changed")) == 2
    _, late = await server.seated(room)
    assert late["reads"] == {me: seq, one["self"]["id"]: seq}
    assert await second.refused("read", roomId=room, seq=-1) == "INVALID_PAYLOAD"


@pytest.mark.parametrize("wish", [{"receipts": False}, {"capacity": RECEIPTS_CAPACITY + 1}])
async def test_without_receipts_nobody_is_told_who_has_read(server: Server, wish: dict[str, object]) -> None:
    room, first, _, second, two = await server.pair(**wish)
    assert two["room"]["receipts"] is False
    seq = (await first.ok("send-message", roomId=room, text="hello"))["seq"]
    assert await second.ok("read", roomId=room, seq=seq) == {}
    await first.sync()
    assert first.all("read-changed") == []
    _, late = await server.seated(room)
    assert "reads" not in late


async def test_a_host_may_switch_receipts_off_and_a_large_room_has_none(server: Server) -> None:
    made = await server.room(capacity=RECEIPTS_CAPACITY)
    host, snapshot = await server.seated(made["roomId"], hostKey=made["hostKey"])
    assert snapshot["room"]["receipts"] is True
    for wish, on in (({"capacity": 51}, False), ({"capacity": 50}, True), ({"receipts": False}, False)):
        assert (await host.ok("update-room", roomId=made["roomId"], **wish))["receipts"] is on
    path = f"/api/rooms/{made['roomId']}"
    changed = await server.call("PATCH", path, key=made["hostKey"], json={"receipts": True})
    assert changed.json["room"]["receipts"] is True
