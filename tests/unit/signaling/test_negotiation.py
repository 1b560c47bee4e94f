"""Which negotiation of a pair is the current one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.errors import Code, Refused
from signaling.negotiation import SUPERSEDED_REMEMBERED, Kind, Negotiations

OFFER, ANSWER, CANDIDATE = Kind.OFFER, Kind.ANSWER, Kind.CANDIDATE
Step = tuple[Kind, str, str, str | None]


def outcomes(steps: list[Step]) -> list[bool]:
    """Whether each signal (kind, sender, target, negotiation) is admitted."""
    negotiations = Negotiations()
    return [admitted(negotiations, step) for step in steps]


def admitted(negotiations: Negotiations, step: Step) -> bool:
    try:
        negotiations.admit(*step)
    except Refused as refused:
        if refused.code is Code.STALE_NEGOTIATION:
            return False
        raise
    return True


def test_an_offer_its_answer_and_the_candidates_of_both_pass() -> None:
    steps: list[Step] = [
        (OFFER, "a", "b", "n1"),
        (CANDIDATE, "a", "b", "n1"),
        (ANSWER, "b", "a", "n1"),
        (CANDIDATE, "b", "a", "n1"),
        (CANDIDATE, "a", "b", "n1"),
    ]
    assert outcomes(steps) == [True] * 5


def test_a_newer_offer_replaces_the_older_one() -> None:
    steps: list[Step] = [
        (OFFER, "a", "b", "n1"),
        (OFFER, "a", "b", "n2"),
        (ANSWER, "b", "a", "n1"),
        (CANDIDATE, "a", "b", "n1"),
        (CANDIDATE, "b", "a", "n1"),
        (ANSWER, "b", "a", "n2"),
    ]
    assert outcomes(steps) == [True, True, False, False, False, True]


def test_the_same_offer_may_be_repeated() -> None:
    steps: list[Step] = [(OFFER, "a", "b", "n1"), (OFFER, "a", "b", "n1"), (ANSWER, "b", "a", "n1")]
    assert outcomes(steps) == [True] * 3


def test_renegotiation_replaces_what_was_settled() -> None:
    steps: list[Step] = [
        (OFFER, "a", "b", "n1"),
        (ANSWER, "b", "a", "n1"),
        (OFFER, "b", "a", "n2"),
        (CANDIDATE, "a", "b", "n1"),
        (ANSWER, "a", "b", "n2"),
        (CANDIDATE, "a", "b", "n2"),
    ]
    assert outcomes(steps) == [True, True, True, False, True, True]


def test_of_two_offers_that_cross_the_answered_one_lives() -> None:
    steps: list[Step] = [
        (OFFER, "a", "b", "n1"),
        (OFFER, "b", "a", "n2"),
        # b is polite: it takes its own offer back and answers.
        (ANSWER, "b", "a", "n1"),
        (CANDIDATE, "b", "a", "n2"),
        (ANSWER, "a", "b", "n2"),
        (CANDIDATE, "b", "a", "n1"),
    ]
    assert outcomes(steps) == [True, True, True, False, False, True]


def test_an_answer_to_an_offer_that_never_was_passes_where_none_is_open() -> None:
    assert outcomes([(ANSWER, "b", "a", "n1")]) == [True]
    assert outcomes([(OFFER, "a", "b", "n1"), (ANSWER, "b", "a", "n0")]) == [True, False]


def test_pairs_do_not_disturb_each_other() -> None:
    steps: list[Step] = [
        (OFFER, "a", "b", "n1"),
        (OFFER, "a", "c", "n2"),
        (ANSWER, "b", "a", "n1"),
        (ANSWER, "c", "a", "n2"),
    ]
    assert outcomes(steps) == [True] * 4


def test_signals_without_an_id_are_passed_on() -> None:
    steps: list[Step] = [
        (OFFER, "a", "b", None),
        (OFFER, "a", "b", None),
        (ANSWER, "b", "a", None),
        (CANDIDATE, "b", "a", None),
    ]
    assert outcomes(steps) == [True] * 4


def test_an_offer_without_an_id_forgets_the_negotiations_with_one() -> None:
    steps: list[Step] = [(OFFER, "a", "b", "n1"), (OFFER, "a", "b", "n2"), (OFFER, "a", "b", None)]
    assert outcomes([*steps, (CANDIDATE, "a", "b", "n1")]) == [True] * 4


@pytest.mark.parametrize("who", ["a", "b"])
def test_whoever_leaves_is_forgotten(who: str) -> None:
    negotiations = Negotiations()
    for negotiation in ("n1", "n2"):
        negotiations.admit(OFFER, "a", "b", negotiation)
    negotiations.forget(who)
    assert admitted(negotiations, (CANDIDATE, "a", "b", "n1"))


def test_only_so_many_are_remembered() -> None:
    negotiations = Negotiations()
    for number in range(SUPERSEDED_REMEMBERED + 2):
        negotiations.admit(OFFER, "a", "b", str(number))
    assert admitted(negotiations, (CANDIDATE, "a", "b", "0"))
    assert not admitted(negotiations, (CANDIDATE, "a", "b", "1"))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Kind)),
            st.sampled_from([("a", "b"), ("b", "a")]),
            st.sampled_from(["n1", "n2", "n3"]),
        ),
        max_size=30,
    )
)
def test_what_was_refused_as_an_offer_stays_refused_until_forgotten(
    signals: list[tuple[Kind, tuple[str, str], str]],
) -> None:
    """Superseded is for good: no later signal brings a negotiation back."""
    negotiations = Negotiations()
    dead: set[str] = set()
    for kind, (sender, target), negotiation in signals:
        passed = admitted(negotiations, (kind, sender, target, negotiation))
        assert not (passed and negotiation in dead)
        if not passed and kind is not ANSWER:
            dead.add(negotiation)
