"""How many may call each other in one room, and whom an offer without `to` is for."""

from __future__ import annotations

from typing import Any

from signaling.calls import MAX_PARTNERS
from tests.support.server import Client, Server

Seated = tuple[Client, Any]


async def crowd(server: Server, size: int) -> tuple[str, list[Seated]]:
    room = (await server.room(capacity=size))["roomId"]
    return room, [await server.seated(room) for _ in range(size)]


def signal(room: str, target: Seated, kind: str, negotiation_id: str | None = None) -> dict[str, Any]:
    fields = {"roomId": room, "to": target[1]["self"]["id"], "description": {"type": kind, "sdp": "v=0"}}
    return fields if negotiation_id is None else {**fields, "negotiationId": negotiation_id}


async def call(room: str, connection: Seated, called: Seated) -> None:
    await connection[0].ok("offer", **signal(room, called, "offer"))
    await called[0].ok("answer", **signal(room, connection, "answer"))


async def test_five_pairs_call_each_other_in_one_room(server: Server) -> None:
    room, people = await crowd(server, 10)
    for n in range(0, 10, 2):
        await call(room, people[n], people[n + 1])


async def test_answers_that_nobody_asked_for_keep_nobody_from_calling(server: Server) -> None:
    room, (stranger, *others) = await crowd(server, MAX_PARTNERS + 3)
    for other in others[: MAX_PARTNERS + 1]:
        await stranger[0].ok("answer", **signal(room, other, "answer"))
    await call(room, others[-1], others[-2])
    await call(room, others[-1], stranger)


async def test_an_answer_that_came_too_late_makes_no_call(server: Server) -> None:
    room, (ada, *others) = await crowd(server, MAX_PARTNERS + 2)
    for other in others[:-1]:
        await ada[0].ok("offer", **signal(room, other, "offer", "first"))
        await ada[0].ok("offer", **signal(room, other, "offer", "second"))
        late = signal(room, ada, "answer", "first")
        assert await other[0].refused("answer", **late) == "STALE_NEGOTIATION"
    await call(room, ada, others[-1])


async def test_one_more_than_a_mesh_holds_is_refused_until_somebody_hangs_up(server: Server) -> None:
    room, (ada, *others) = await crowd(server, MAX_PARTNERS + 2)
    for other in others[:-1]:
        await call(room, ada, other)
    ack = await others[-1][0].request("offer", signal(room, ada, "offer"))
    assert (ack["error"]["code"], ack["error"]["retryable"]) == ("ROOM_FULL", True)
    await others[0][0].ok("call-state", roomId=room, state="ended")
    await call(room, others[-1], ada)


async def test_a_tutorials_call_survives_the_reload_of_one_side(server: Server) -> None:
    """Its page joins afresh, so that its old seat stands until the grace period is over."""
    room, first, one, second, two = await server.pair()
    await second.leave()
    await first.wait_for("user-updated", lambda p: not p["participant"]["connected"])
    again, three = await server.seated(room)
    description = {"type": "offer", "sdp": "v=0"}
    await again.ok("offer", roomId=room, description=description)
    assert (await first.wait_for("offer-received"))["from"] == three["self"]["id"]
    await first.ok("answer", roomId=room, description={"type": "answer", "sdp": "v=0"})
    assert (await again.wait_for("answer-received"))["from"] == one["self"]["id"]
    assert two["self"]["id"] != three["self"]["id"]
