"""What the table of several processes says is what was measured."""

from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks.cluster import report
from benchmarks.cluster.measure import Start, order_of
from benchmarks.cluster.plan import ROWS, Goal, Row, against_base, quick
from benchmarks.cluster.report import Line

MACHINE = {
    "at": "2026-11-30T12:00:00+00:00",
    "cores": 2,
    "processor": "A processor",
    "load1": 0.5,
    "load1AtTheEnd": 1.25,
    "kernel": "6.1",
    "python": "3.11",
    "pythonBuild": "CPython, no build flags",
    **dict.fromkeys(("uvloop", "redis", "node", *report.PACKAGES), "1.2.3"),
}


def row(name: str) -> Row:
    return next(one for one in ROWS if one.name == name)


def starts(of: Row, cpu_us: float, ratios: dict[str, float]) -> list[Start]:
    figures = {"cpuUs": cpu_us, "redisUs": 1.0, "ratePerS": 1e6 / cpu_us}
    return [Start(side.name, figures, {goal.against: ratios[side.name] for goal in side.goals}) for side in of.sides]


@pytest.mark.parametrize("of", [row("relay-four"), against_base(row("relay-four")), row("fanout-1000")])
def test_no_side_has_two_turns_one_after_the_other_in_a_warm_cache(of: Row) -> None:
    turns = [side.name for number in range(10) for side in order_of(of.sides, number)]
    assert all(turns.count(side.name) == 10 for side in of.sides)
    assert all(one != following for one, following in pairwise(turns))


def test_a_ratio_is_the_median_of_those_of_all_starts() -> None:
    fan_out = row("fanout-100")
    found = [starts(fan_out, 2.0, {"redis": ratio}) for ratio in (0.80, 0.90, 0.86)]
    alone, redis = report.lines_of(fan_out, found)
    assert redis.ratios["alone"] == (0.86, 0.80, 0.90)
    assert redis.holds(redis.side.goals[0])
    assert alone.ratios == {}


def test_a_side_holds_from_its_goal_upwards() -> None:
    fan_out = row("fanout-100")
    for ratio, holds in ((0.85, True), (0.84, False)):
        line = report.lines_of(fan_out, [starts(fan_out, 2.0, {"redis": ratio})])[1]
        assert line.holds(line.side.goals[0]) is holds
        assert report.page([line], MACHINE).count("✓") == holds


def test_what_a_side_failed_with_stands_in_the_table() -> None:
    fan_out = row("fanout-100")
    ones = starts(fan_out, 2.0, {"redis": 0.9})
    ones[0] = Start("alone", {}, {}, "TimeoutError: not done")
    ones[1] = ones[1]._replace(beside={})
    alone, redis = report.lines_of(fan_out, [ones])
    assert alone.failed == "TimeoutError: not done"
    assert redis.holds(redis.side.goals[0]) is None
    assert "TimeoutError" in report.page([alone, redis], MACHINE)


def test_what_a_relay_adds_is_told_beside_one_process() -> None:
    paced = row("latency-relay")
    found = [
        [Start(side.name, {"p50Ms": 0.5 + 0.6 * at, "p99Ms": 2.0 + 2 * at}, {}) for at, side in enumerate(paced.sides)]
    ]
    lines = report.lines_of(paced, found)
    assert lines[1].figures["p50MsAdded"] == pytest.approx(0.6)
    assert lines[2].figures["p99MsAdded"] == pytest.approx(4.0)
    cells = [line.split("|") for line in report.page(lines, MACHINE).splitlines()]
    assert cells[3][5].strip() == "0.60, ≤ 1 ✓"
    assert cells[4][5].strip() == "1.20, ≤ 1 ✗"


def test_each_goal_names_a_side_that_is_measured() -> None:
    for one in ROWS:
        names = {side.name for side in one.sides}
        assert all(goal.against in names for side in one.sides for goal in side.goals)
        assert quick(one).messages < one.messages or one.is_latency


def test_an_earlier_revision_is_compared_side_by_side_and_no_rival() -> None:
    sides = against_base(row("fanout-1000")).sides
    assert [side.name for side in sides] == ["alone-old", "alone", "redis-old", "redis", "halves-old", "halves"]
    assert [side.setup.tree for side in sides] == ["old", "new"] * 3
    assert sides[3].goals == (Goal("redis-old", 0.97),)


def test_publishing_replaces_the_tables_and_nothing_else() -> None:
    line = Line(row("fanout-100"), row("fanout-100").sides[0], {"cpuUs": 2.0, "redisUs": 0.0, "ratePerS": 5e5}, {})
    text = report.page([line], MACHINE)
    page = report.published(f"above\n{report.BEGIN}\nold\n{report.END}\nbelow\n", text)
    assert page.startswith(f"above\n{report.BEGIN}\n|")
    assert page.endswith(f"{report.END}\nbelow\n")
    assert "old" not in page.replace("threshold", "")
    with pytest.raises(ValueError, match="the page has no"):
        report.published("a page", text)
