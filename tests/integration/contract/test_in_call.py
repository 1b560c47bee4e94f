"""Who is in the room's call, as the others are told it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.server import Client, Server

OFFER = {"type": "offer", "sdp": "v=0"}
ANSWER = {"type": "answer", "sdp": "v=0"}


def told(client: Client) -> list[tuple[str, bool]]:
    """(participant id, in call), as the `user-updated` that this client has received say it."""
    people = [payload["participant"] for payload in client.all("user-updated")]
    return [(person["id"], person["inCall"]) for person in people]


async def test_entering_and_hanging_up_are_told_to_everybody_once(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    assert one["self"]["inCall"] is False
    for state in ("joined", "joined", "connected", "ended", "ended"):
        assert await first.ok("call-state", roomId=room, state=state) == {}
    await second.sync()
    me = one["self"]["id"]
    assert told(first) == told(second) == [(me, True), (me, False)]


async def test_a_newcomer_sees_who_is_in_the_call(server: Server) -> None:
    room, first, one, _, _ = await server.pair()
    await first.ok("call-state", roomId=room, state="joined")
    _, snapshot = await server.seated(room)
    assert {p["id"]: p["inCall"] for p in snapshot["participants"]}[one["self"]["id"]] is True


@pytest.mark.parametrize("state", ["failed", "ended"])
async def test_what_is_no_way_in_puts_nobody_in_the_call(server: Server, state: str) -> None:
    room, first, _, second, _ = await server.pair()
    await first.ok("call-state", roomId=room, state=state)
    await second.sync()
    assert told(second) == []


async def test_a_client_that_only_offers_or_answers_is_in_the_call(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    await first.ok("offer", roomId=room, description=OFFER)
    await second.ok("answer", roomId=room, description=ANSWER)
    expected = [(one["self"]["id"], True), (two["self"]["id"], True)]
    await first.sync()
    assert told(first) == told(second) == expected
    # The other side knows who calls before the call reaches it.
    names = [heard.name for heard in second.heard if heard.name in ("user-updated", "offer-received")]
    assert names[:2] == ["user-updated", "offer-received"]


async def test_an_answer_that_nobody_asked_for_puts_nobody_in_the_call(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    await first.ok("answer", roomId=room, description=ANSWER)
    await second.sync()
    assert told(second) == []


async def test_the_call_outlives_a_lost_connection_and_not_the_seat(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    await first.ok("call-state", roomId=room, state="joined")
    await first.leave()
    away = await second.wait_for("user-updated", lambda p: not p["participant"]["connected"])
    assert away["participant"]["inCall"] is True
    again = await server.connect()
    resume = {"participantId": one["self"]["id"], "resumeToken": one["resumeToken"]}
    back = await again.ok("join-room", roomId=room, resume=resume)
    assert back["self"]["inCall"] is True
    await again.ok("leave-room", roomId=room)
    fresh = await again.ok("join-room", roomId=room)
    assert fresh["self"]["inCall"] is False


async def test_a_hang_up_that_was_missed_is_caught_up_on(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    await first.ok("call-state", roomId=room, state="joined")
    seen: dict[str, Any] = await second.wait_for("user-updated", lambda p: p["participant"]["inCall"])
    await second.leave()
    await first.ok("call-state", roomId=room, state="ended")
    again = await server.connect()
    resume = {
        "participantId": two["self"]["id"],
        "resumeToken": two["resumeToken"],
        "epoch": two["epoch"],
        "lastSeq": seen["seq"],
    }
    back = await again.ok("join-room", roomId=room, resume=resume)
    missed = [m["payload"]["participant"] for m in back["missed"] if m["event"] == "user-updated"]
    assert missed[-1]["inCall"] is False


@pytest.mark.parametrize(("said", "can"), [({}, True), ({"canCall": False}, False), ({"canCall": True}, True)])
async def test_a_browser_without_webrtc_says_so(server: Server, said: dict[str, bool], can: bool) -> None:
    room, _, _, second, _ = await server.pair(capacity=3)
    _, snapshot = await server.seated(room, media={"audio": False, **said})
    assert snapshot["self"]["media"]["canCall"] is can
    joined = await second.wait_for("user-joined")
    assert joined["participant"]["media"]["canCall"] is can
