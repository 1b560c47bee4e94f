"""What the table says is what was measured."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from benchmarks import picture, report
from benchmarks.latency import percentile
from benchmarks.plan import SCENARIOS, Target, by_name, quick
from benchmarks.runner import Run


def _runs(scenario: str, target: Target, key: str, values: list[float]) -> list[Run]:
    return [Run(scenario, target, repeat, {key: value}) for repeat, value in enumerate(values)]


def _row(scenario: str, key: str, ours: list[float], theirs: list[float], rival: Target = "node") -> report.Row:
    runs = _runs(scenario, "mayfly", key, ours) + _runs(scenario, rival, key, theirs)
    found = [row for row in report.rows([by_name(scenario)], runs) if row.figure.key == key]
    return found[0]


def test_a_ratio_is_the_median_of_the_ratios_of_each_repeat() -> None:
    row = _row("relay", "ratePerS", [20.0, 40.0, 300.0], [10.0, 10.0, 100.0])
    assert row.ratios["node"] == (3.0, 2.0, 4.0)
    assert row.medians == {"mayfly": 40.0, "node": 10.0}


def test_a_rate_holds_from_its_goal_upwards() -> None:
    assert _row("relay", "ratePerS", [1.2], [1.0]).holds("node")
    assert not _row("relay", "ratePerS", [1.19], [1.0]).holds("node")
    assert _row("relay", "ratePerS", [1.6], [1.0], rival="bun").holds("bun")
    assert not _row("relay", "ratePerS", [1.59], [1.0], rival="bun").holds("bun")


def test_memory_and_latency_hold_up_to_their_goal() -> None:
    assert _row("idle", "bytesPerConnection", [1.0], [1.0]).holds("node")
    assert not _row("idle", "bytesPerConnection", [0.51], [1.0], rival="bun").holds("bun")
    assert not _row("latency-relay", "p99Ms", [1.01], [1.0]).holds("node")


def test_the_goal_for_the_cost_of_a_connection_is_turned_for_the_rate() -> None:
    assert _row("storm", "cpuUs", [2.0], [1.0], rival="bun").holds("bun")
    assert not _row("storm", "cpuUs", [2.01], [1.0], rival="bun").holds("bun")
    assert _row("storm", "ratePerS", [0.5], [1.0], rival="bun").holds("bun")
    assert not _row("storm", "ratePerS", [0.49], [1.0], rival="bun").holds("bun")


def test_each_rival_has_a_column_and_a_verdict_of_its_own() -> None:
    runs = [
        *_runs("relay", "mayfly", "ratePerS", [3.0]),
        *_runs("relay", "node", "ratePerS", [1.0]),
        *_runs("relay", "bun", "ratePerS", [2.0]),
    ]
    line = report.table([report.rows([by_name("relay")], runs)[0]]).splitlines()[-1]
    assert [cell.strip() for cell in line.split("|")][3:-1] == [
        "3",
        "–",
        "1",
        "2",
        "3.00 (3.00–3.00), ≥ 1.2 ✓",
        "1.50 (1.50–1.50), ≥ 1.6 ✗",
    ]


def test_a_goal_that_stands_alone_is_about_our_own_figure() -> None:
    assert _row("non-readers", "p99Ratio", [1.9, 1.9, 9.0], [1.0]).holds()
    assert not _row("non-readers", "p99Ratio", [2.1], [100.0]).holds()
    assert report.rows([by_name("non-readers")], _runs("non-readers", "mayfly", "p99Ratio", [1.0]))[0].holds()
    line = report.table([_row("non-readers", "p99Ratio", [2.1], [1.0])]).splitlines()[-1]
    assert "| 2.10, ≤ 2 ✗ |" in line
    line = report.table([_row("bytes-hundred", "joinBytes", [42_000.0], [300.0])]).splitlines()[-1]
    assert "| 42,000, ≤ 1,000,000 ✓ |" in line


def test_a_server_that_failed_is_shown_as_failed_and_compared_with_nothing() -> None:
    runs = [*_runs("relay", "node", "ratePerS", [1.0]), Run("relay", "mayfly", 0, {"failed": "why"})]
    row = report.rows([by_name("relay")], runs)[0]
    assert row.failures == {"mayfly": "failed"}
    assert row.holds("node") is None
    assert "| failed |" in report.table([row])


def test_a_repeat_in_which_the_rival_failed_is_left_out_of_the_ratios() -> None:
    runs: list[Run] = [
        *_runs("relay", "mayfly", "ratePerS", [2.0, 4.0, 9.0]),
        *_runs("relay", "node", "ratePerS", [1.0, 1.0]),
        Run("relay", "node", 2, {"failed": "why"}),
    ]
    assert report.rows([by_name("relay")], runs)[0].ratios["node"] == (3.0, 2.0, 4.0)


def test_the_picture_is_svg_with_a_bar_for_each_goal() -> None:
    rows = [
        _row("relay", "perCpuS", [2.0], [1.0], rival="bun"),
        _row("idle", "bytesPerConnection", [1.0], [4.0]),
        _row("candidates", "perCpuS", [3.0], [1.0], rival="bun"),
    ]
    root = ElementTree.fromstring(picture.svg(rows))
    texts = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "2.0×" in texts
    assert "4.0×" in texts
    assert "to Socket.IO on Bun" in texts
    bars = [element for element in root.iter("{http://www.w3.org/2000/svg}rect") if element.get("height") == "14"]
    assert [bar.get("class") for bar in bars] == ["bun", "node", "bun"]
    goals = [element for element in root.iter("{http://www.w3.org/2000/svg}line") if element.get("class") == "goal"]
    assert len(goals) == 2, "there is no goal for candidates on Bun"


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 50), (0.99, 99), (0.0, 1), (1.0, 100)])
def test_percentiles_are_by_nearest_rank(share: float, wanted: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == wanted


def test_every_latency_names_the_scenario_that_sets_its_rate() -> None:
    for scenario in SCENARIOS:
        if scenario.kind == "latency":
            assert by_name(scenario.rate_of).people == scenario.people


def test_the_quick_run_keeps_every_scenario_and_shortens_it() -> None:
    for scenario in SCENARIOS:
        assert quick(scenario).warm_s < scenario.warm_s
        assert quick(scenario).measured_s < scenario.measured_s or scenario.kind == "non-readers"


def test_results_are_plain_json() -> None:
    row = _row("relay", "ratePerS", [2.0], [1.0])
    found: dict[str, Any] = report.as_json([row], [], {"python": "3.11"})
    assert found["rows"][0]["ratios"]["node"] == {"median": 2.0, "lowest": 2.0, "highest": 2.0}


MACHINE = {
    "at": "2026-11-20T12:00:00+00:00",
    "cores": 2,
    "processor": "A processor",
    "load1": 0.5,
    "load1AtTheEnd": 1.25,
    "kernel": "6.1",
    "pythonBuild": "CPython, --with-lto",
    **dict.fromkeys(("python", "uvloop", "aiohttp", "node", "bun", "socket.io", "@socket.io/bun-engine"), "1.2.3"),
}


def test_publishing_replaces_the_table_and_nothing_else() -> None:
    old = report.published(f"above\n{report.BEGIN}\n{report.END}\nbelow\n", [], MACHINE)
    page = report.published(old, [_row("relay", "ratePerS", [2.0], [1.0])], MACHINE)
    assert page.startswith(f"above\n{report.BEGIN}\n|")
    assert page.endswith(f"{report.END}\nbelow\n")
    assert page.count("2.00 (2.00–2.00)") == 1
    assert "Python 1.2.3 (CPython, --with-lto)" in page
    assert "bun 1.2.3" in page
    assert "Load average 0.5 before and 1.2 after." in page


def test_a_page_without_marks_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="the page has no"):
        report.published("a page", [], MACHINE)


def test_a_server_that_failed_as_often_as_not_has_no_median() -> None:
    runs: list[Run] = [
        *_runs("latency-relay", "node", "p99Ms", [1.0, 1.0]),
        Run("latency-relay", "plain", 0, {"p99Ms": 0.1}),
        Run("latency-relay", "plain", 1, {"overloaded": True}),
    ]
    row = report.rows([by_name("latency-relay")], runs)[-1]
    assert "plain" not in row.medians
    assert "| overloaded |" in report.table([row])
