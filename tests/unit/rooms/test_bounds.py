"""What a room, and all of them together, may have: as much as that, and no more."""

from __future__ import annotations

import pytest

from rooms import directory
from rooms.directory import Registry, RoomOptions
from rooms.errors import Code, Refused
from rooms.limits import MAX_INVITES
from rooms.room import House, Room


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
