"""Invites: which admit whom, how often, and until when."""

from __future__ import annotations

import pytest

from rooms.invites import Invites
from rooms.limits import MAX_INVITES
from tests.support.rooms import refusal


@pytest.fixture
def invites() -> Invites:
    """One invite, "id" with the token "open", for two and until 100."""
    made = Invites({})
    made.add("id", "open", uses=2, now=0.0, expires_at=100.0)
    return made


def test_looking_at_an_invite_spends_nothing(invites: Invites) -> None:
    for _ in range(5):
        assert invites.check("open", 1.0).used == 0


def test_an_invite_admits_as_many_as_it_is_for(invites: Invites) -> None:
    invites.redeem(invites.check("open", 1.0))
    invites.redeem(invites.check("open", 1.0))
    assert refusal(invites.check, "open", 1.0) == "INVITE_USED"


def test_an_invite_is_good_until_it_expires_and_not_at_that_moment(invites: Invites) -> None:
    assert invites.check("open", 99.9)
    assert refusal(invites.check, "open", 100.0) == "INVITE_EXPIRED"


def test_a_guessed_token_is_told_from_no_other_that_is_no_good(invites: Invites) -> None:
    invites.revoke("id")
    assert refusal(invites.check, "open", 1.0) == refusal(invites.check, "guessed", 1.0) == "INVITE_INVALID"


def test_a_use_that_is_given_back_can_be_redeemed_again(invites: Invites) -> None:
    for _ in range(2):
        invites.redeem(invites.check("open", 1.0))
    invites.give_back("id")
    assert invites.check("open", 1.0).used == 1


def test_no_more_uses_are_given_back_than_were_spent(invites: Invites) -> None:
    invites.give_back("id")
    assert invites.check("open", 1.0).used == 0


def test_only_whoever_spent_an_invite_and_gave_it_up_finds_it_unspent(invites: Invites) -> None:
    for _ in range(2):
        invites.redeem(invites.check("open", 1.0))
    assert invites.check("open", 1.0, regretted="id")
    assert refusal(invites.check, "open", 1.0, regretted="another") == "INVITE_USED"


def test_what_was_given_up_and_has_expired_is_expired(invites: Invites) -> None:
    for _ in range(2):
        invites.redeem(invites.check("open", 1.0))
    assert refusal(invites.check, "open", 100.0, regretted="id") == "INVITE_EXPIRED"


def test_giving_back_one_that_is_not_there_changes_nothing(invites: Invites) -> None:
    invites.redeem(invites.check("open", 1.0))
    invites.give_back("another")
    assert invites.check("open", 1.0).used == 1


def test_while_there_is_place_a_dead_invite_says_what_it_died_of(invites: Invites) -> None:
    for _ in range(2):
        invites.redeem(invites.check("open", 1.0))
    invites.add("other", "other token", uses=1, now=1.0, expires_at=100.0)
    assert refusal(invites.check, "open", 1.0) == "INVITE_USED"


def test_an_invite_that_is_not_there_cannot_be_revoked(invites: Invites) -> None:
    assert refusal(invites.revoke, "another") == "INVITE_INVALID"


def test_revoking_one_leaves_the_others(invites: Invites) -> None:
    invites.add("other", "other token", uses=1, now=0.0, expires_at=100.0)
    invites.revoke("other")
    assert invites.check("open", 1.0)


def test_a_room_has_at_most_max_invites_that_are_open(invites: Invites) -> None:
    """The bound is `MAX_INVITES`."""
    for number in range(MAX_INVITES - 1):
        invites.add(f"id {number}", f"token {number}", uses=1, now=0.0, expires_at=100.0)
    assert refusal(invites.add, "more", "more", uses=1, now=1.0, expires_at=100.0) == "RATE_LIMITED"


@pytest.mark.parametrize("end", ["expired", "spent", "revoked"])
def test_an_invite_that_is_dead_makes_way_for_another(invites: Invites, end: str) -> None:
    for number in range(MAX_INVITES - 1):
        invites.add(f"id {number}", f"token {number}", uses=1, now=0.0, expires_at=200.0)
    if end == "spent":
        for _ in range(2):
            invites.redeem(invites.check("open", 1.0))
    elif end == "revoked":
        invites.revoke("id")
    now = 100.0 if end == "expired" else 1.0
    invites.add("more", "more", uses=1, now=now, expires_at=200.0)
    assert len(invites) == MAX_INVITES
    assert refusal(invites.check, "open", now) == "INVITE_INVALID"


def test_what_a_store_kept_of_invites_is_what_they_were(invites: Invites) -> None:
    invites.redeem(invites.check("open", 1.0))
    assert Invites.of(invites.records()).check("open", 1.0).used == 1


def test_no_token_is_kept_in_the_clear(invites: Invites) -> None:
    assert "open" not in repr(invites)
