"""The door of a room with a lobby: who may knock, and what becomes of it."""

from __future__ import annotations

import pytest

from rooms import lobby
from rooms.events import Event, KnockAnswered, KnockReceived, StateChanged
from rooms.limits import (
    KNOCK_INVITE_TTL_S,
    MAX_INVITES,
    MAX_KNOCKS,
    MAX_KNOCKS_PER_ORIGIN,
    MAX_ROOMS_PER_CONNECTION,
)
from tests.support.rooms import Stage, refusal, stage_with

ORIGIN = b"one address"


@pytest.fixture
def stage() -> Stage:
    """A room with a lobby and its host, ada."""
    made = stage_with(lobby=True)
    made.sit("ada", host_key="key")
    return made


def knock(stage: Stage, number: int, origin: bytes | None = ORIGIN, *, elsewhere: int = 0) -> list[Event]:
    return list(lobby.knock(stage.room, f"knock {number}", "Bob", origin, elsewhere=elsewhere))


def answer(stage: Stage, number: int, *, admit: bool) -> list[Event]:
    return lobby.answer(stage.room, f"knock {number}", admit=admit, invite_id="i", token="secret", now=stage.now)


# Knocking


def test_the_host_is_told_who_knocks_and_of_each_knock_once(stage: Stage) -> None:
    assert knock(stage, 1) == [KnockReceived("r", "knock 1", "Bob")]
    assert knock(stage, 2) == [KnockReceived("r", "knock 2", "Bob")]


def test_a_knock_that_is_repeated_replaces_itself(stage: Stage) -> None:
    knock(stage, 1)
    lobby.knock(stage.room, "knock 1", "Robert", ORIGIN)
    assert [one.name for one in stage.room.knocks.values()] == ["Robert"]


def test_a_room_without_a_lobby_has_no_door_to_knock_at() -> None:
    assert refusal(knock, Stage(), 1) == "FORBIDDEN"


def test_nobody_knocks_at_a_locked_room(stage: Stage) -> None:
    stage.room.locked = True
    assert refusal(knock, stage, 1) == "ROOM_LOCKED"


def test_a_banned_address_does_not_knock(stage: Stage) -> None:
    stage.room.banned_origins |= {ORIGIN}
    assert refusal(knock, stage, 1) == "BANNED"
    knock(stage, 1, b"another address")


def test_one_address_cannot_fill_the_door(stage: Stage) -> None:
    """The bound is `MAX_KNOCKS_PER_ORIGIN`."""
    for number in range(MAX_KNOCKS_PER_ORIGIN):
        knock(stage, number)
    assert refusal(knock, stage, 99) == "RATE_LIMITED"
    knock(stage, 99, b"another address")


def test_at_a_crowded_door_a_knock_can_be_repeated_and_one_who_goes_makes_place(stage: Stage) -> None:
    for number in range(MAX_KNOCKS_PER_ORIGIN):
        knock(stage, number)
    knock(stage, 0)
    lobby.walk_away(stage.room, "knock 0")
    knock(stage, 100)
    assert len(stage.room.knocks) == MAX_KNOCKS_PER_ORIGIN


def test_so_many_wait_at_a_door_wherever_they_come_from(stage: Stage) -> None:
    """The bound is `MAX_KNOCKS`."""
    for number in range(MAX_KNOCKS):
        knock(stage, number, b"address %d" % number)
    assert refusal(knock, stage, MAX_KNOCKS, b"another") == "RATE_LIMITED"
    assert len(stage.room.knocks) == MAX_KNOCKS


def test_nobody_waits_at_more_doors_than_they_may_have_seats(stage: Stage) -> None:
    knock(stage, 1, elsewhere=MAX_ROOMS_PER_CONNECTION - 1)
    assert refusal(knock, stage, 2, elsewhere=MAX_ROOMS_PER_CONNECTION) == "RATE_LIMITED"


# The answer


def test_who_is_let_in_gets_an_invite_for_one_and_a_few_minutes(stage: Stage) -> None:
    knock(stage, 1)
    assert answer(stage, 1, admit=True) == [StateChanged("r"), KnockAnswered("r", "knock 1", True, "secret")]
    [invite] = stage.room.invites.records()
    assert (invite.uses, invite.expires_at) == (1, stage.now + KNOCK_INVITE_TTL_S)
    stage.sit("bob", invite="secret")
    assert refusal(stage.ask, "cleo", invite="secret") == "INVITE_USED"


def test_who_is_sent_away_gets_no_invite_and_may_knock_again(stage: Stage) -> None:
    knock(stage, 1)
    assert answer(stage, 1, admit=False) == [KnockAnswered("r", "knock 1", False, None)]
    assert len(stage.room.invites) == 0
    knock(stage, 1)


@pytest.mark.parametrize("admit", [True, False])
def test_a_knock_is_answered_once(stage: Stage, admit: bool) -> None:
    knock(stage, 1)
    answer(stage, 1, admit=admit)
    assert refusal(answer, stage, 1, admit=True) == "PEER_NOT_FOUND"


def test_who_has_walked_away_is_not_let_in(stage: Stage) -> None:
    knock(stage, 1)
    lobby.walk_away(stage.room, "knock 1")
    lobby.walk_away(stage.room, "knock 1")
    assert refusal(answer, stage, 1, admit=True) == "PEER_NOT_FOUND"
    assert len(stage.room.invites) == 0


def test_an_admission_that_is_refused_leaves_the_knock_at_the_door(stage: Stage) -> None:
    knock(stage, 1)
    for number in range(MAX_INVITES):
        stage.invite(f"token {number}")
    assert refusal(answer, stage, 1, admit=True) == "RATE_LIMITED"
    stage.room.invites.revoke("id of token 0")
    answer(stage, 1, admit=True)
    assert not stage.room.knocks
