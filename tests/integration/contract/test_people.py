"""What participants say of themselves, and what they send each other that is not kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rooms import people
from rooms.limits import (
    MAX_ATTRIBUTES,
    MAX_ATTRIBUTES_BYTES,
    MAX_BROADCAST_BYTES,
    MAX_TYPE_CHARS,
    SNAPSHOT_ATTRIBUTES_BYTES,
)
from tests.support.server import Server


async def test_a_participant_changes_its_name_its_attributes_and_says_that_it_is_idle(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    assert (two["self"]["idle"], two["self"]["attributes"]) == (False, {})
    done = await second.ok("update-self", roomId=room, name=" Bobby\n", idle=True, attributes={"seat": "12"})
    for client in (first, second):
        told = await client.wait_for("user-updated", lambda u: u["participant"]["idle"])
        assert told["seq"] == done["seq"]
        assert (told["participant"]["name"], told["participant"]["attributes"]) == ("Bobby", {"seat": "12"})
    assert (await second.ok("update-self", roomId=room, idle=True))["seq"] == done["seq"], "it is so already"
    await second.ok("update-self", roomId=room, attributes={"mood": "fine"})
    _, late = await server.seated(room)
    [me] = [p for p in late["participants"] if p["id"] == two["self"]["id"]]
    assert (me["name"], me["idle"], me["attributes"]) == ("Bobby", True, {"mood": "fine"})
    await second.ok("send-message", roomId=room, text="hi")
    assert (await first.wait_for("message-received"))["senderName"] == "Bobby"


@pytest.mark.parametrize(
    "wish",
    [
        {"name": ""},
        {"name": " \n"},
        {"name": "x" * 65},
        {"attributes": {"a": 1}},
        {"attributes": {str(n): "" for n in range(MAX_ATTRIBUTES + 1)}},
        {"attributes": {"a": "x" * (MAX_ATTRIBUTES_BYTES - 7)}},
        {"attributes": ["a"]},
        {"idle": "yes"},
    ],
    ids=lambda wish: str(wish)[:30],
)
async def test_what_is_not_of_the_shape_is_refused(server: Server, wish: dict[str, Any]) -> None:
    room, first, _, second, _ = await server.pair()
    assert await first.refused("update-self", roomId=room, **wish) == "INVALID_PAYLOAD"
    await second.sync()
    assert second.all("user-updated") == []


async def test_attributes_may_be_as_many_and_as_long_as_is_said(server: Server) -> None:
    room, first, *_ = await server.pair()
    await first.ok("update-self", roomId=room, attributes={str(n): "" for n in range(MAX_ATTRIBUTES)})
    await first.ok("update-self", roomId=room, attributes={"a": "x" * (MAX_ATTRIBUTES_BYTES - 8)})


async def test_attributes_that_would_be_too_long_together_are_left_out_and_said_to_be(server: Server) -> None:
    made = await server.room(capacity=100)
    clients = [await server.seated(made["roomId"]) for _ in range(40)]
    room = server.context.find(made["roomId"])
    for seat in room.seats.values():
        people.update_self(room, seat, server.context.clock(), attributes={"a": "x" * (MAX_ATTRIBUTES_BYTES - 8)})
    _, late = await server.seated(made["roomId"])
    listed = (await server.call("GET", f"/api/rooms/{made['roomId']}/users")).json["participants"]
    for found in (late["participants"], listed):
        told = [p["attributes"] for p in found if p.get("attributes")]
        assert sum(len(json.dumps(one, separators=(",", ":"))) for one in told) <= SNAPSHOT_ATTRIBUTES_BYTES
        omitted = [p for p in found if p.get("attributesOmitted")]
        assert len(told) + len(omitted) == len(clients)
        assert not any("attributes" in p for p in omitted)
        assert len(told) == SNAPSHOT_ATTRIBUTES_BYTES // MAX_ATTRIBUTES_BYTES


async def test_a_broadcast_goes_to_the_others_or_to_one_and_is_not_kept(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    third, three = await server.seated(room)
    me = one["self"]["id"]
    sent = {"roomId": room, "type": "cursor", "data": {"x": [1, None], "é": "语"}}
    assert await first.ok("broadcast", **sent) == {"deliveredTo": 2}
    for client in (second, third):
        assert await client.wait_for("broadcast-received") == {**sent, "from": me}
    assert await first.ok("broadcast", **{**sent, "data": None, "to": three["self"]["id"]}) == {"deliveredTo": 1}
    assert (await third.wait_for("broadcast-received", lambda b: b["data"] is None))["from"] == me
    await second.sync()
    await first.sync()
    assert (len(first.all("broadcast-received")), len(second.all("broadcast-received"))) == (0, 1)
    for to in (me, "nobody"):
        assert await first.refused("broadcast", **sent, to=to) == "PEER_NOT_FOUND"
    await third.leave()
    await second.wait_for("user-updated")
    assert await first.ok("broadcast", **sent, to=three["self"]["id"]) == {"deliveredTo": 0}


@pytest.mark.parametrize(
    ("wish", "good"),
    [
        ({"data": "x" * (MAX_BROADCAST_BYTES - 2)}, True),
        ({"data": "x" * (MAX_BROADCAST_BYTES - 1)}, False),
        ({"type": "x" * MAX_TYPE_CHARS}, True),
        ({"type": "x" * (MAX_TYPE_CHARS + 1)}, False),
        ({"type": ""}, False),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_broadcast_has_bounds(server: Server, wish: dict[str, Any], good: bool) -> None:
    room, first, *_ = await server.pair()
    ack = await first.request("broadcast", {"roomId": room, "type": "t", "data": 1, **wish})
    assert ack["ok"] is good
    assert good or ack["error"]["code"] == "INVALID_PAYLOAD"
    assert await first.refused("broadcast", roomId=room, type="t") == "INVALID_PAYLOAD", "data is missing"
