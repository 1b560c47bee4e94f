"""What a room, and all of them together, may have: as much as that, and no more."""

from __future__ import annotations

import pytest

from rooms import directory, joining, lobby
from rooms.directory import Registry, RoomOptions
from rooms.errors import Code, Refused
from rooms.limits import JOIN_REGRET_S, MAX_INVITES, MAX_KNOCKS
from rooms.room import House, Room
from tests.unit.rooms.test_regrets import admitted, room_with_invites


def test_the_process_has_max_rooms_and_one_that_ends_makes_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "MAX_ROOMS", 2)
    registry = Registry(House(30.0, 300.0), tombstone_ttl_s=60.0)

    def make(room_id: str) -> Room:
        return registry.create(room_id, "epoch", "host key", RoomOptions(capacity=8, expires_in_s=60.0), 0.0)

    first, _ = make("1"), make("2")
    with pytest.raises(Refused) as caught:
        make("3")
    assert caught.value.code is Code.UNAVAILABLE
    assert caught.value.retry_after_ms
    registry.end(first, "room-ended", 1.0)
    make("3")


def test_a_room_has_so_many_open_invites_and_dead_ones_make_way() -> None:
    room = Room(House(30.0, 300.0), "room", "epoch", 0.0, 1e6, 8, b"")

    def invite(number: int, now: float) -> None:
        room.invites.add(f"id {number}", f"token {number}", uses=1, now=now, expires_at=1.0 if not number else 1e6)

    for number in range(MAX_INVITES):
        invite(number, 0.0)
    with pytest.raises(Refused) as caught:
        invite(MAX_INVITES, 0.5)
    assert caught.value.code is Code.RATE_LIMITED
    invite(MAX_INVITES, 2.0)
    assert len(room.invites) == MAX_INVITES


def test_so_many_wait_at_a_door_wherever_they_come_from() -> None:
    room = Room(House(30.0, 300.0), "room", "epoch", 0.0, 1e6, 8, b"", lobby=True)

    def knock(number: int) -> None:
        lobby.knock(room, f"knock {number}", "Bob", b"address %d" % number)

    for number in range(MAX_KNOCKS):
        knock(number)
    with pytest.raises(Refused) as caught:
        knock(MAX_KNOCKS)
    assert caught.value.code is Code.RATE_LIMITED
    lobby.walk_away(room, "knock 0")
    knock(MAX_KNOCKS)


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
