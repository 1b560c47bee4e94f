"""Polls: asking, voting, closing, taking away; who sees what."""

from __future__ import annotations

from typing import Any

import pytest

from rooms.limits import MAX_OPTION_CHARS, MAX_OPTIONS, MAX_POLLS, MAX_QUESTION_CHARS, POLLS_BYTES, RECEIPTS_CAPACITY
from tests.support.server import Clock, Server, running

WISH: dict[str, Any] = {"question": "When?", "options": ["Today", "Tomorrow", "Never"]}


async def test_a_poll_is_asked_voted_on_closed_and_deleted(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    asked = await second.ok("create-poll", roomId=room, **WISH)
    for client in (first, second):
        told = await client.wait_for("poll-created")
        assert told["poll"] == {
            "pollId": asked["pollId"],
            "author": two["self"]["id"],
            **WISH,
            "multiple": False,
            "anonymous": False,
            "counts": [0, 0, 0],
            "votes": {},
            "closed": False,
            "seq": asked["seq"],
        }
    poll = {"roomId": room, "pollId": asked["pollId"]}
    done = await first.ok("vote", **poll, choices=[1])
    told = await second.wait_for("poll-updated")
    assert told == {**poll, "counts": [0, 1, 0], "votes": {one["self"]["id"]: [1]}, "closed": False, "seq": done["seq"]}
    await first.ok("vote", **poll, choices=[2])
    await second.ok("vote", **poll, choices=[2])
    assert (await first.ok("vote", **poll, choices=[]))["seq"] == done["seq"] + 3
    await first.ok("vote", **poll, choices=[0])
    assert await first.refused("vote", **poll, choices=[0, 1]) == "INVALID_PAYLOAD"
    await second.ok("close-poll", **poll)
    await first.wait_for("poll-updated", lambda p: p["closed"] and p["counts"] == [1, 0, 1])
    assert await first.refused("vote", **poll, choices=[1]) == "POLL_CLOSED"
    _, late = await server.seated(room)
    assert [(p["counts"], p["closed"]) for p in late["polls"]] == [([1, 0, 1], True)]
    await first.ok("delete-poll", **poll)  # as the host
    assert (await second.wait_for("poll-deleted"))["pollId"] == asked["pollId"]
    for event in ("vote", "close-poll", "delete-poll"):
        assert await second.refused(event, **poll, choices=[]) == "NOT_FOUND"
    _, late = await server.seated(room)
    assert late["polls"] == []


async def test_only_its_author_and_the_host_close_and_delete_a_poll(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    poll = {"roomId": room, "pollId": (await first.ok("create-poll", roomId=room, **WISH))["pollId"]}
    for event in ("close-poll", "delete-poll"):
        assert await second.refused(event, **poll) == "FORBIDDEN"


async def test_several_choices_where_the_poll_allows_them(server: Server) -> None:
    room, first, *_ = await server.pair()
    asked = await first.ok("create-poll", roomId=room, multiple=True, **WISH)
    await first.ok("vote", roomId=room, pollId=asked["pollId"], choices=[2, 0])
    assert (await first.wait_for("poll-updated"))["counts"] == [1, 0, 1]
    for choices in ([3], [-1], [0, 0], [0, 1, 2, 3], [True], ["0"], list(range(13))):
        code = await first.refused("vote", roomId=room, pollId=asked["pollId"], choices=choices)
        assert code == "INVALID_PAYLOAD", choices


@pytest.mark.parametrize(("wish", "more"), [({"anonymous": True}, {}), ({}, {"capacity": RECEIPTS_CAPACITY + 1})])
async def test_who_voted_is_shown_in_small_rooms_unless_the_poll_is_anonymous(
    server: Server, wish: dict[str, Any], more: dict[str, Any]
) -> None:
    room, first, _, second, _ = await server.pair(**more)
    asked = await first.ok("create-poll", roomId=room, **WISH, **wish)
    await first.ok("vote", roomId=room, pollId=asked["pollId"], choices=[0])
    told = await second.wait_for("poll-updated")
    assert told["counts"] == [1, 0, 0]
    assert "votes" not in told
    _, late = await server.seated(room)
    assert "votes" not in late["polls"][0]


@pytest.mark.parametrize(
    "wish",
    [
        {"question": ""},
        {"question": "x" * (MAX_QUESTION_CHARS + 1)},
        {"options": ["one"]},
        {"options": ["x"] * (MAX_OPTIONS + 1)},
        {"options": ["x", ""]},
        {"options": ["x", "x" * (MAX_OPTION_CHARS + 1)]},
        {"closesInS": 0},
        {"encrypted": True, "question": "x" * 10_001},
    ],
    ids=str,
)
async def test_a_poll_that_is_not_of_the_shape_is_refused(server: Server, wish: dict[str, Any]) -> None:
    room, first, *_ = await server.pair()
    assert await first.refused("create-poll", roomId=room, **{**WISH, **wish}) == "INVALID_PAYLOAD"


async def test_a_room_has_so_many_polls_and_they_are_so_long(server: Server) -> None:
    room, first, *_ = await server.pair()
    made = [await first.ok("create-poll", roomId=room, **WISH) for _ in range(MAX_POLLS)]
    assert await first.refused("create-poll", roomId=room, **WISH) == "RATE_LIMITED"
    for one in made:
        await first.ok("delete-poll", roomId=room, pollId=one["pollId"])
    long = {"question": "一" * 10_000, "options": ["一" * 5_000, "丁"], "encrypted": True}
    for _ in range(POLLS_BYTES // 45_013):
        await first.ok("create-poll", roomId=room, **long)
    assert await first.refused("create-poll", roomId=room, **long) == "RATE_LIMITED"


async def test_a_poll_closes_when_its_time_has_come(clock: Clock) -> None:
    async with running(events_per_s=0, clock=clock) as server:
        room, first, *_ = await server.pair()
        asked = await first.ok("create-poll", roomId=room, closesInS=60, **WISH)
        assert (await first.wait_for("poll-created"))["poll"]["closesAt"].endswith("Z")
        clock.now += 61
        assert (await first.wait_for("poll-updated"))["closed"] is True
        assert await first.refused("vote", roomId=room, pollId=asked["pollId"], choices=[0]) == "POLL_CLOSED"


async def test_what_was_missed_of_polls_comes_merged(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    seen = (await first.ok("create-poll", roomId=room, **WISH))["pollId"]
    two["seq"] = (await second.wait_for("poll-created"))["seq"]
    await second.leave()
    missed = (await first.ok("create-poll", roomId=room, **WISH))["pollId"]
    gone = (await first.ok("create-poll", roomId=room, **WISH))["pollId"]
    for poll in (missed, seen):
        for choice in (0, 1):
            await first.ok("vote", roomId=room, pollId=poll, choices=[choice])
    await first.ok("delete-poll", roomId=room, pollId=gone)
    client = await server.connect()
    resume = {"participantId": two["self"]["id"], "resumeToken": two["resumeToken"]}
    resume |= {"epoch": two["epoch"], "lastSeq": two["seq"]}
    back = await client.ok("join-room", roomId=room, resume=resume)
    told = [m for m in back["missed"] if m["event"].startswith("poll")]
    assert [m["event"] for m in told] == ["poll-created", "poll-updated"]
    assert (told[0]["payload"]["poll"]["pollId"], told[0]["payload"]["poll"]["counts"]) == (missed, [0, 1, 0])
    assert (told[1]["payload"]["pollId"], told[1]["payload"]["counts"]) == (seen, [0, 1, 0])
