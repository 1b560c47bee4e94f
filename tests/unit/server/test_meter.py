"""What requests cost to be counted, and that they are."""

from __future__ import annotations

import asyncio
import timeit
from collections.abc import Awaitable
from typing import Any

import pytest

from rooms.errors import Code, Refused
from server.observability.histogram import Histogram
from server.observability.meter import UNKNOWN, Meter
from server.protocol.acknowledgements import Outcome, Reply, refusal
from server.usecases.commands import COMMANDS
from tests.support.pace import PACE

MOST_US = 3.0 * PACE
"""A fraction of a microsecond is asked for, and 0.3 was measured; ten times that is for machines that are busy."""

CALLS = 20_000
ANSWER: dict[str, Any] = {"id": "x"}


def meter_of(outcome: Outcome | Awaitable[Outcome]) -> Meter:
    return Meter(lambda *_: outcome, COMMANDS)


def test_a_message_costs_a_fraction_of_a_microsecond() -> None:
    def handle(connection: Any, event: str, args: Any) -> Outcome:
        return ANSWER

    meter = Meter(handle, COMMANDS)
    args: list[Any] = [{}]

    def best(call: Any) -> float:
        return min(timeit.repeat(lambda: call(None, "send-message", args), number=CALLS, repeat=9)) / CALLS * 1e6

    spent_us = best(meter.request) - best(handle)
    print(f"{spent_us:.3f} µs")
    assert spent_us < MOST_US
    assert meter.events["send-message"].granted == meter.events["send-message"].seconds.count > 0


def test_each_event_is_counted_by_outcome() -> None:
    meter = meter_of(ANSWER)
    assert meter.request(None, "typing", [{}]) is ANSWER
    refused = meter_of(refusal(Refused(Code.ROOM_FULL)))
    refused.request(None, "join-room", [{}])
    assert meter.events["typing"].outcomes() == {"ok": 1}
    assert refused.events["join-room"].outcomes() == {"room_full": 1}


def test_the_requests_of_all_events_are_counted_by_outcome() -> None:
    answers = iter((ANSWER, Reply({}), refusal(Refused(Code.ROOM_FULL)), refusal(Refused(Code.UNKNOWN_EVENT))))
    meter = Meter(lambda *_: next(answers), COMMANDS)
    for event in ("typing", "send-message", "join-room", "xyzzyplugh"):
        meter.request(None, event, [{}])
    assert meter.outcomes() == {"ok": 2, "ROOM_FULL": 1, "UNKNOWN_EVENT": 1}


async def test_an_answer_that_comes_later_is_timed_until_then() -> None:
    async def later() -> Outcome:
        await asyncio.sleep(0.02)
        return Reply({})

    meter = meter_of(later())
    outcome = meter.request(None, "end-room", [{}])
    assert not isinstance(outcome, dict | tuple)
    assert await outcome == Reply({})
    answers = meter.events["end-room"]
    assert answers.outcomes() == {"ok": 1}
    assert answers.seconds.total_s >= 0.02


def test_what_a_client_calls_an_event_is_no_label() -> None:
    meter = meter_of(refusal(Refused(Code.UNKNOWN_EVENT)))
    for event in ("xyzzyplugh", UNKNOWN, "connect"):
        meter.request(None, event, [{}])
    assert set(meter.events) == {*COMMANDS, UNKNOWN}
    assert meter.events[UNKNOWN].outcomes() == {"unknown_event": 3}


@pytest.mark.parametrize(
    ("args", "resumes"),
    [([{}], False), ([{"resume": None}], False), ([{"resume": {}}], True), ([], False), ([7], False), ([[{}]], False)],
)
def test_joins_and_resumes_are_told_apart(args: list[Any], resumes: bool) -> None:
    meter = meter_of(Reply({}))
    meter.request(None, "join-room", args)
    assert (dict(meter.joins), dict(meter.resumes)) == (({}, {"ok": 1}) if resumes else ({"ok": 1}, {}))


def test_a_histogram_shows_each_duration_in_its_bucket_and_all_above() -> None:
    histogram = Histogram()
    for seconds in (0.0, 0.00001, 0.0005, 0.5, 100.0):
        histogram.observe(seconds)
    shown = dict(histogram.buckets())
    assert shown["1.6e-05"] == 2
    assert shown["0.000256"] == 2
    assert shown["0.001024"] == 3
    assert shown["1.048576"] == 4
    assert (shown["16.777216"], shown["+Inf"], histogram.count) == (4, 5, 5)
    assert histogram.total_s == pytest.approx(100.50051)


def test_a_quantile_is_no_lower_than_what_it_stands_for() -> None:
    histogram = Histogram()
    assert histogram.quantile(0.99) == 0.0
    for _ in range(99):
        histogram.observe(0.001)
    histogram.observe(2.0)
    assert histogram.quantile(0.5) == pytest.approx(0.001024)
    assert 2.0 <= histogram.quantile(1.0) <= 4.2
