"""Call records: who was in, how long, and never what was said."""

from __future__ import annotations

import pytest

from rooms.errors import Code, Refused
from rooms.events import CallEnded, CallStarted
from rooms.records import CallRecord
from signaling.calls import CALLS_RECORDED, MESH_PARTICIPANTS, Calls
from signaling.negotiation import Kind


def records_of(calls: Calls, now: float) -> tuple[CallRecord, ...]:
    """The records of a room that is over."""
    return calls.end("room", now)[0]


def send(calls: Calls, sender: str, target: str, kind: Kind, at: float = 1.0) -> None:
    calls.check("room", sender, target, kind)
    calls.note("room", sender, target, kind, at)


def answered(calls: Calls, offerer: str, answerer: str, at: float = 1.0) -> None:
    send(calls, offerer, answerer, Kind.OFFER, at)
    send(calls, answerer, offerer, Kind.ANSWER, at)


def refused(calls: Calls, sender: str, target: str, kind: Kind) -> Code:
    with pytest.raises(Refused) as caught:
        calls.check("room", sender, target, kind)
    return caught.value.code


def full_star(calls: Calls) -> list[str]:
    """The first of these people is in a call with each of the others, and can be with no more."""
    people = [f"p{n}" for n in range(MESH_PARTICIPANTS)]
    for person in people[1:]:
        answered(calls, person, people[0])
    return people


def test_a_call_begins_with_the_first_answer_and_ends_when_one_is_left():
    calls = Calls()
    send(calls, "a", "b", Kind.OFFER, 1.0)
    assert calls.active == 0
    send(calls, "b", "a", Kind.ANSWER, 2.0)
    assert calls.active == 1
    calls.left("room", "b", 9.0)
    assert calls.active == 0
    assert records_of(calls, 20.0) == (CallRecord(2.0, 9.0, 2, connected=False),)


def test_the_peak_counts_everybody_in_the_mesh_at_once():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    answered(calls, "c", "a", 2.0)
    calls.left("room", "b", 3.0)
    answered(calls, "d", "a", 4.0)
    assert records_of(calls, 5.0) == (CallRecord(1.0, 5.0, 3, connected=False),)


def test_a_participant_may_report_that_it_connected():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    calls.reported("room", "a", "connected", 1.5)
    assert records_of(calls, 5.0)[0].connected


def test_a_report_from_outside_the_call_changes_nothing():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    calls.reported("room", "stranger", "connected", 1.5)
    calls.reported("elsewhere", "a", "connected", 1.5)
    assert not records_of(calls, 5.0)[0].connected


def test_hanging_up_ends_the_call_while_its_participant_stays_in_the_room():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    calls.reported("room", "a", "ended", 4.0)
    answered(calls, "a", "b", 6.0)
    records = records_of(calls, 8.0)
    assert [(r.started_at, r.ended_at) for r in records] == [(1.0, 4.0), (6.0, 8.0)]


def test_nobody_gets_more_partners_than_a_mesh_has():
    calls = Calls()
    people = full_star(calls)
    assert refused(calls, "one too many", people[0], Kind.OFFER) is Code.ROOM_FULL
    assert refused(calls, people[0], "one too many", Kind.OFFER) is Code.ROOM_FULL
    answered(calls, people[2], people[1])


def test_those_who_are_partners_may_always_negotiate_again():
    calls = Calls()
    people = full_star(calls)
    answered(calls, people[0], people[1])
    answered(calls, people[1], people[0])


def test_of_many_offers_at_once_only_so_many_can_be_answered():
    calls = Calls()
    others = [f"p{n}" for n in range(MESH_PARTICIPANTS)]
    for other in others:
        send(calls, "a", other, Kind.OFFER)
    for other in others[:-1]:
        send(calls, other, "a", Kind.ANSWER)
    assert refused(calls, others[-1], "a", Kind.ANSWER) is Code.ROOM_FULL


def test_pairs_that_call_each_other_leave_room_for_another_pair():
    calls = Calls()
    for n in range(MESH_PARTICIPANTS):
        answered(calls, f"a{n}", f"b{n}")
    assert records_of(calls, 2.0) == (CallRecord(1.0, 2.0, 2 * MESH_PARTICIPANTS, connected=False),)


def test_answers_that_nobody_asked_for_count_for_nothing():
    calls = Calls()
    for n in range(MESH_PARTICIPANTS + 1):
        send(calls, "stranger", f"p{n}", Kind.ANSWER)
    assert calls.active == 0
    answered(calls, "p1", "p2")
    answered(calls, "stranger", "p1")


def test_an_offer_is_answered_once():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    calls.reported("room", "b", "ended", 2.0)
    send(calls, "b", "a", Kind.ANSWER, 3.0)
    assert calls.active == 0


def test_where_both_have_offered_one_answer_settles_both():
    calls = Calls()
    send(calls, "a", "b", Kind.OFFER)
    answered(calls, "b", "a")
    calls.reported("room", "a", "ended", 2.0)
    send(calls, "b", "a", Kind.ANSWER, 3.0)
    send(calls, "a", "b", Kind.ANSWER, 3.0)
    assert calls.active == 0


@pytest.mark.parametrize("how", ["ended", "left"])
def test_whoever_goes_frees_a_place_with_each_partner(how: str):
    calls = Calls()
    people = full_star(calls)
    if how == "left":
        calls.left("room", people[1], 2.0)
    else:
        calls.reported("room", people[1], "ended", 2.0)
    answered(calls, "another", people[0], 3.0)
    assert calls.active == 1


def test_an_offer_to_somebody_who_has_left_can_no_longer_be_answered():
    calls = Calls()
    send(calls, "a", "b", Kind.OFFER)
    calls.left("room", "b", 2.0)
    send(calls, "b", "a", Kind.ANSWER)
    assert calls.active == 0


def test_records_of_one_room_are_bounded():
    calls = Calls()
    for n in range(CALLS_RECORDED + 10):
        answered(calls, "a", "b", float(n))
        calls.left("room", "a", n + 0.5)
    assert len(records_of(calls, 1e6)) == CALLS_RECORDED


def test_nothing_is_kept_after_the_end():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    records_of(calls, 2.0)
    assert records_of(calls, 3.0) == ()


def test_the_beginning_and_the_end_of_a_call_are_told_once() -> None:
    calls = Calls()
    assert calls.note("room", "a", "b", Kind.OFFER, 1.0) == ()
    assert calls.note("room", "b", "a", Kind.ANSWER, 2.0) == (CallStarted("room"),)
    calls.note("room", "a", "c", Kind.OFFER, 3.0)
    assert calls.note("room", "c", "a", Kind.ANSWER, 3.0) == ()
    assert calls.reported("room", "b", "ended", 4.0) == ()
    assert calls.left("room", "c", 6.0) == (CallEnded("room", 3, 4.0),)
    assert calls.left("room", "a", 7.0) == ()
    calls.note("room", "a", "b", Kind.OFFER, 8.0)
    calls.note("room", "b", "a", Kind.ANSWER, 8.0)
    assert calls.end("room", 9.0)[1] == (CallEnded("room", 2, 1.0),)
