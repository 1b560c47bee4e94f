"""From runs to a table: medians, and ratios to the JavaScript server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.plan import RIVAL, TARGETS, TITLES, Scenario, Target
from benchmarks.runner import Run

BEGIN, END = "<!-- results -->", "<!-- /results -->"


class Figure(NamedTuple):
    """One thing that is told of a scenario: the key in the results, its heading, its unit, how to print it."""

    key: str
    heading: str
    unit: str
    divide: float
    digits: int


RATE = Figure("ratePerS", "a second", "deliveries/s", 1.0, 0)
PER_CPU = Figure("perCpuS", "a CPU second", "deliveries/CPU s", 1.0, 0)
ARRIVALS = Figure("ratePerS", "a second", "connections/s", 1.0, 0)
ARRIVALS_PER_CPU = Figure("perCpuS", "a CPU second", "connections/CPU s", 1.0, 0)
MEMORY = Figure("bytesPerConnection", "memory", "KiB/connection", 1024.0, 1)
P50 = Figure("p50Ms", "p50", "p50, ms", 1.0, 2)
P99 = Figure("p99Ms", "p99", "p99, ms", 1.0, 2)
P99_RATIO = Figure("p99Ratio", "p99", "p99, × without", 1.0, 2)
GROWTH = Figure("growthBytes", "memory", "MiB more", 1_048_576.0, 1)

FIGURES: dict[str, tuple[Figure, ...]] = {
    "fan-out": (RATE, PER_CPU),
    "acked": (RATE, PER_CPU),
    "storm": (ARRIVALS, ARRIVALS_PER_CPU),
    "idle": (MEMORY,),
    "latency": (P50, P99),
    "non-readers": (P99_RATIO, GROWTH),
}


class Row(NamedTuple):
    """One line of the table. `ratios` are to the JavaScript server: the median, lowest and highest of the repeats."""

    scenario: Scenario
    figure: Figure
    medians: dict[Target, float]
    ratios: dict[Target, tuple[float, float, float]]
    failures: dict[Target, str]

    @property
    def decides(self) -> bool:
        """Whether the goal of the scenario is about this line."""
        return self.figure.key not in ("p50Ms", "growthBytes")

    @property
    def pictured(self) -> bool:
        """Whether the line is in the picture: of the two of a rate, the one that other programs disturb less."""
        return self.decides and self.figure.key != "ratePerS" and not self.scenario.alone

    def holds(self) -> bool | None:
        """Whether the goal is reached; None where nothing was compared."""
        if "mayfly" not in (self.medians if self.scenario.alone else self.ratios):
            return None
        ratio = self.medians["mayfly"] if self.scenario.alone else self.ratios["mayfly"][0]
        return ratio <= self.scenario.goal if self.scenario.less_is_better else ratio >= self.scenario.goal


def rows(scenarios: Sequence[Scenario], runs: Sequence[Run]) -> list[Row]:
    """Every figure of every scenario that ran."""
    found = []
    for scenario in scenarios:
        mine = [run for run in runs if run.scenario == scenario.name]
        found += [_row(scenario, figure, mine) for figure in FIGURES[scenario.kind] if mine]
    return found


def _row(scenario: Scenario, figure: Figure, runs: Sequence[Run]) -> Row:
    values: dict[Target, dict[int, float]] = {}
    failures: dict[Target, str] = {}
    failed: Counter[Target] = Counter()
    for run in runs:
        if figure.key in run.result:
            values.setdefault(run.target, {})[run.repeat] = run.result[figure.key]
        else:
            failures[run.target] = "overloaded" if "overloaded" in run.result else "failed"
            failed[run.target] += 1
    # What worked in the lesser part of its runs has no median.
    values = {target: by_repeat for target, by_repeat in values.items() if failed[target] < len(by_repeat)}
    medians = {target: median(by_repeat.values()) for target, by_repeat in values.items()}
    rival = values.get(RIVAL, {})
    ratios: dict[Target, tuple[float, float, float]] = {}
    for target, by_repeat in values.items():
        each = [value / rival[repeat] for repeat, value in by_repeat.items() if rival.get(repeat)]
        if each and target != RIVAL:
            ratios[target] = (median(each), min(each), max(each))
    return Row(scenario, figure, medians, ratios, failures)


def table(found: Sequence[Row]) -> str:
    """A Markdown table. The ratio in it is Mayfly's to the JavaScript server."""
    head = ["", "figure", *(TITLES[target] for target in TARGETS), "ratio (lowest–highest)", "goal"]
    lines = ["| " + " | ".join(head) + " |", "|---|---" + "|--:" * len(TARGETS) + "|--:|--:|"]
    title = ""
    for row in found:
        cells = [row.scenario.title if row.scenario.title != title else "", row.figure.unit]
        title = row.scenario.title
        cells += [_value(row, target) for target in TARGETS]
        cells += [_ratio(row), _goal(row)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _value(row: Row, target: Target) -> str:
    if target in row.medians:
        return f"{row.medians[target] / row.figure.divide:,.{row.figure.digits}f}"
    return row.failures.get(target, "–")


def _ratio(row: Row) -> str:
    if "mayfly" not in row.ratios:
        return "–"
    middle, low, high = row.ratios["mayfly"]
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def _goal(row: Row) -> str:
    if not row.decides:
        return ""
    sign = "≤" if row.scenario.less_is_better else "≥"
    verdict = {True: " ✓", False: " ✗", None: ""}[row.holds()]
    return f"{sign} {row.scenario.goal:g}{verdict}"


def as_json(found: Sequence[Row], runs: Sequence[Run], machine: dict[str, Any]) -> dict[str, Any]:
    """Everything, for machines: what the table says, and each run as it was measured."""
    return {
        "machine": machine,
        "rows": [
            {
                "scenario": row.scenario.name,
                "title": row.scenario.title,
                "unit": row.figure.unit,
                "goal": row.scenario.goal if row.decides else None,
                "lessIsBetter": row.scenario.less_is_better,
                "medians": {target: value / row.figure.divide for target, value in row.medians.items()},
                "ratios": {
                    target: dict(zip(("median", "lowest", "highest"), ratio, strict=True))
                    for target, ratio in row.ratios.items()
                },
                "failures": dict(row.failures),
            }
            for row in found
        ],
        "runs": [run._asdict() for run in runs],
    }


def published(page: str, found: Sequence[Row], machine: dict[str, Any]) -> str:
    """The page with this table, and on what it was measured, between its two marks."""
    before, opened, rest = page.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not opened or not closed:
        raise ValueError(f"the page has no {BEGIN} … {END}")
    with_what = ", ".join(f"{name} {machine[name]}" for name in ("python", "uvloop", "aiohttp", "node", "socket.io"))
    load = f"{machine['load1']:.1f} before and {machine['load1AtTheEnd']:.1f} after"
    about = (
        f"{machine['at'][:10]}, {machine['cores']} cores of {machine['processor']}; {with_what}. Load average {load}."
    )
    picture = "![Mayfly's ratios to the JavaScript server](../benchmarks/results/latest.svg)"
    return f"{before}{BEGIN}\n{table(found)}\n\n{about}\n\n{picture}\n{END}{after}"
