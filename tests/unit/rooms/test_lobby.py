"""The door of a room with a lobby, and what a seat leaves behind when another connection takes it."""

from __future__ import annotations

import pytest

from rooms import joining, lobby, messages
from rooms.errors import Code, Refused
from rooms.events import KnockAnswered, SeatTakenOver, StateChanged, TypingChanged
from rooms.limits import MAX_INVITES, MAX_KNOCKS, MAX_KNOCKS_PER_ORIGIN, MAX_ROOMS_PER_CONNECTION
from rooms.model import Seat
from rooms.room import House, Room

ORIGIN = b"one address"


def room_with_lobby() -> Room:
    return Room(House(30.0, 300.0), "room", "epoch", 0.0, 1e6, 8, b"", lobby=True)


def seated(room: Room, name: str) -> Seat:
    room.invites.add(f"invite of {name}", f"token of {name}", uses=1, now=0.0, expires_at=1e6)
    seat = joining.admit(room, joining.Admission(name, f"resume {name}", name, invite=f"token of {name}"), 0.0)
    joining.seat(room, seat, 0.0)
    return seat


def knock(room: Room, number: int, origin: bytes | None = ORIGIN) -> None:
    lobby.knock(room, f"knock {number}", "Bob", origin)


def admit(room: Room, knock_id: str) -> list[object]:
    return list(lobby.answer(room, knock_id, admit=True, invite_id="i", token="secret", now=0.0))


def test_an_admission_that_is_refused_leaves_the_knock_at_the_door() -> None:
    room = room_with_lobby()
    knock(room, 1)
    for number in range(MAX_INVITES):
        room.invites.add(f"id {number}", f"token {number}", uses=1, now=0.0, expires_at=1e6)
    with pytest.raises(Refused) as caught:
        admit(room, "knock 1")
    assert caught.value.code is Code.RATE_LIMITED
    room.invites.revoke("id 0")
    assert admit(room, "knock 1") == [StateChanged("room"), KnockAnswered("room", "knock 1", True, "secret")]
    assert not room.knocks


def test_nobody_waits_at_more_doors_than_they_may_have_seats() -> None:
    room = room_with_lobby()
    lobby.knock(room, "knock 1", "Ada", ORIGIN, elsewhere=MAX_ROOMS_PER_CONNECTION - 1)
    with pytest.raises(Refused) as caught:
        lobby.knock(room, "knock 2", "Ada", ORIGIN, elsewhere=MAX_ROOMS_PER_CONNECTION)
    assert caught.value.code is Code.RATE_LIMITED


def test_one_address_cannot_fill_the_door() -> None:
    room = room_with_lobby()
    for number in range(MAX_KNOCKS_PER_ORIGIN):
        knock(room, number)
    with pytest.raises(Refused) as caught:
        knock(room, 99)
    assert caught.value.code is Code.RATE_LIMITED
    knock(room, 99, b"another address")
    knock(room, 0)  # a repeated knock is the same one
    lobby.walk_away(room, "knock 0")
    knock(room, 100)
    assert len(room.knocks) == MAX_KNOCKS_PER_ORIGIN + 1


def test_a_seat_that_is_taken_over_types_no_more() -> None:
    room = room_with_lobby()
    ada = seated(room, "Ada")
    messages.set_typing(room, ada, is_typing=True)
    events = [event for event in room.take(ada, 1.0) if not isinstance(event, StateChanged)]
    assert events == [SeatTakenOver("room", "Ada"), TypingChanged("room", "Ada", False)]
    assert not ada.typing


def test_so_many_wait_at_a_door_wherever_they_come_from() -> None:
    room = room_with_lobby()
    for number in range(MAX_KNOCKS):
        knock(room, number, b"address %d" % number)
    with pytest.raises(Refused) as caught:
        knock(room, MAX_KNOCKS, b"another")
    assert caught.value.code is Code.RATE_LIMITED
    assert len(room.knocks) == MAX_KNOCKS
