"""The doors of rooms with passwords: what is known of the right word, and who shares the brake."""

from __future__ import annotations

import pytest

from server.security import password_doors as module
from server.security.password_doors import GUESSER_FORGOTTEN_S, MAX_DOORS, SHARED_GUESSES, Doors

KEPT = "scrypt$salt$hash"


@pytest.fixture
def doors() -> Doors:
    return Doors()


def test_a_door_knows_nothing_until_it_was_proved(doors: Doors) -> None:
    assert doors.knows(KEPT, "right") is None
    doors.guessed(KEPT, "a", 0.0)
    assert doors.knows(KEPT, "right") is None
    doors.prove(KEPT, "right", 0.0)
    assert doors.knows(KEPT, "right") is True
    assert doors.knows(KEPT, "wrong") is False
    assert doors.knows("scrypt$other$hash", "right") is None
    doors.forget(KEPT)
    assert doors.knows(KEPT, "right") is None
    assert len(doors) == 0


def test_whoever_has_not_guessed_wrong_pays_nothing_however_many_have(doors: Doors) -> None:
    for number in range(2 * SHARED_GUESSES):
        doors.guessed(KEPT, f"a{number}", 0.0)
        doors.pay(KEPT, f"a{number}", 0.0)
    assert doors.pay(KEPT, "a1", 0.0) > 0
    assert doors.pay(KEPT, "fresh", 0.0) == 0
    assert doors.pay("scrypt$other$hash", "a1", 0.0) == 0


def test_those_who_have_share_so_many_looks(doors: Doors) -> None:
    looks = 0
    for second in range(60):
        for number in range(200):
            doors.guessed(KEPT, f"a{number}", second)
            looks += doors.pay(KEPT, f"a{number}", second) == 0
    assert looks <= SHARED_GUESSES + 60


def test_a_wrong_guess_is_forgotten_after_a_minute_or_forgiven_by_the_right_one(doors: Doors) -> None:
    for _ in range(SHARED_GUESSES + 2):
        doors.guessed(KEPT, "a", 0.0)
        doors.pay(KEPT, "a", 0.0)
    wait_s = doors.pay(KEPT, "a", 0.0)
    assert 0 < wait_s <= GUESSER_FORGOTTEN_S
    assert doors.pay(KEPT, "a", GUESSER_FORGOTTEN_S) == 0
    doors.guessed(KEPT, "b", 0.0)
    doors.prove(KEPT, "right", 0.0, "b")
    assert doors.pay(KEPT, "b", 0.0) == 0


def test_what_is_remembered_is_bounded(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GUESSERS", 10)
    for number in range(30):
        doors.guessed(KEPT, f"a{number}", 0.0)
    assert len(doors._doors[KEPT].guessed_at) == 10
    doors.guessed(KEPT, "late", GUESSER_FORGOTTEN_S)
    assert list(doors._doors[KEPT].guessed_at) == ["late"]
    for number in range(MAX_DOORS + 5):
        doors.prove(str(number), "right", 0.0)
    assert len(doors) == MAX_DOORS
