"""Joins that were given up: what the room remembers of them, and for how long."""

from __future__ import annotations

import pytest

from rooms import joining
from rooms.errors import Code, Refused
from rooms.limits import JOIN_REGRET_S, JOINS_REGRETTED
from rooms.model import Seat
from rooms.room import House, Room


def room_with_invites(count: int, uses: int = 1) -> Room:
    room = Room(House(30.0, 300.0), "room", "epoch", 0.0, 1e6, 8, b"", invite_only=True)
    for number in range(count):
        room.invites.add(f"id {number}", f"token {number}", uses=uses, now=0.0, expires_at=1e6)
    return room


def admitted(room: Room, number: int, join: str, now: float = 0.0) -> Seat:
    admission = joining.Admission(f"p{room.ordinals}", "resume", "Ada", invite=f"token {number}", join_id=join)
    seat = joining.admit(room, admission, now)
    joining.seat(room, seat, now)
    return seat


def used(room: Room) -> list[int]:
    return [record.used for record in room.invites.records()]


def test_a_join_that_is_repeated_counts_once() -> None:
    room = room_with_invites(1, uses=2)
    for _ in range(3):
        room.remove(admitted(room, 0, "mine"), "left", 1.0)
        assert used(room) == [1]
    admitted(room, 0, "other")
    assert used(room) == [2]


def test_a_join_that_was_given_up_and_is_withdrawn_frees_its_use() -> None:
    room = room_with_invites(1)
    room.remove(admitted(room, 0, "mine"), "left", 1.0)
    again = joining.admit(room, joining.Admission("p9", "resume", "Ada", invite="token 0", join_id="mine"), 2.0)
    assert used(room) == [1]
    joining.withdraw(room, again, 2.0)
    assert used(room) == [0]


def test_another_invite_is_not_opened_by_it() -> None:
    room = room_with_invites(2)
    room.remove(admitted(room, 0, "mine"), "left", 1.0)
    admitted(room, 1, "other")
    with pytest.raises(Refused) as refused:
        joining.admit(room, joining.Admission("p9", "resume", "Ada", invite="token 1", join_id="mine"), 2.0)
    assert refused.value.code is Code.INVITE_USED


def test_as_many_as_are_remembered_and_no_more() -> None:
    room = room_with_invites(1, uses=JOINS_REGRETTED + 1)
    for number in range(JOINS_REGRETTED + 1):
        room.remove(admitted(room, 0, f"join {number}"), "left", 1.0)
    assert len(room.regretted) == JOINS_REGRETTED
    with pytest.raises(Refused):
        admitted(room, 0, "join 0")
    admitted(room, 0, "join 1")


@pytest.mark.parametrize("reason", ["kicked", "banned", "timeout"])
def test_only_whoever_leaves_gives_a_join_up(reason: str) -> None:
    room = room_with_invites(1)
    room.remove(admitted(room, 0, "mine"), reason, 1.0)
    assert not room.regretted


def test_nothing_is_left_of_it_when_the_room_ends() -> None:
    room = room_with_invites(1)
    room.remove(admitted(room, 0, "mine"), "left", 1.0)
    room.end("room-ended", 2.0)
    assert not room.regretted


@pytest.mark.parametrize(("left_at", "remembered"), [(JOIN_REGRET_S, True), (JOIN_REGRET_S + 1, False)])
def test_a_join_is_given_up_in_that_time_or_not_at_all(left_at: float, remembered: bool) -> None:
    room = room_with_invites(1)
    room.remove(admitted(room, 0, "mine"), "left", left_at)
    assert bool(room.regretted) is remembered
    again = joining.Admission("p9", "resume", "Ada", invite="token 0", join_id="mine")
    if remembered:
        joining.admit(room, again, left_at)
    else:
        with pytest.raises(Refused):
            joining.admit(room, again, left_at)
