"""Call records: who was in, how long, and never what was said."""

from __future__ import annotations

import pytest

from rooms.errors import Code, Refused
from rooms.records import CallRecord
from signaling.calls import CALLS_RECORDED, MESH_PARTICIPANTS, Calls
from signaling.negotiation import Kind


def answered(calls: Calls, offerer: str, answerer: str, at: float) -> None:
    calls.admit("room", offerer, answerer, Kind.OFFER, at)
    calls.admit("room", answerer, offerer, Kind.ANSWER, at)


def test_a_call_begins_with_the_first_answer_and_ends_when_one_is_left():
    calls = Calls()
    calls.admit("room", "a", "b", Kind.OFFER, 1.0)
    assert calls.active == 0
    calls.admit("room", "b", "a", Kind.ANSWER, 2.0)
    assert calls.active == 1
    calls.left("room", "b", 9.0)
    assert calls.active == 0
    assert calls.end("room", 20.0) == (CallRecord(2.0, 9.0, 2, connected=False),)


def test_the_peak_counts_everybody_in_the_mesh_at_once():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    answered(calls, "c", "a", 2.0)
    calls.left("room", "b", 3.0)
    answered(calls, "d", "a", 4.0)
    assert calls.end("room", 5.0) == (CallRecord(1.0, 5.0, 3, connected=False),)


def test_a_participant_may_report_that_it_connected():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    calls.reported("room", "a", "connected", 1.5)
    assert calls.end("room", 5.0)[0].connected


def test_a_report_from_outside_the_call_changes_nothing():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    calls.reported("room", "stranger", "connected", 1.5)
    calls.reported("elsewhere", "a", "connected", 1.5)
    assert not calls.end("room", 5.0)[0].connected


def test_hanging_up_ends_the_call_while_its_participant_stays_in_the_room():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    calls.reported("room", "a", "ended", 4.0)
    answered(calls, "a", "b", 6.0)
    records = calls.end("room", 8.0)
    assert [(r.started_at, r.ended_at) for r in records] == [(1.0, 4.0), (6.0, 8.0)]


def test_a_mesh_takes_no_more_than_its_limit():
    calls = Calls()
    people = [f"p{n}" for n in range(MESH_PARTICIPANTS)]
    for person in people[1:]:
        answered(calls, person, people[0], 1.0)
    with pytest.raises(Refused) as refused:
        calls.admit("room", "one too many", people[0], Kind.OFFER, 2.0)
    assert refused.value.code is Code.ROOM_FULL
    calls.admit("room", people[2], people[1], Kind.OFFER, 2.0)


def test_records_of_one_room_are_bounded():
    calls = Calls()
    for n in range(CALLS_RECORDED + 10):
        answered(calls, "a", "b", float(n))
        calls.left("room", "a", n + 0.5)
    assert len(calls.end("room", 1e6)) == CALLS_RECORDED


def test_nothing_is_kept_after_the_end():
    calls = Calls()
    answered(calls, "a", "b", 1.0)
    calls.end("room", 2.0)
    assert calls.end("room", 3.0) == ()
