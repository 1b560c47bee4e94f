"""From runs to a table: medians, and ratios to the rivals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.figures import Figure, figures_of
from benchmarks.machine import in_words
from benchmarks.plan import RIVALS, TARGETS, TITLES, Scenario, Target
from benchmarks.runner import Run

BEGIN, END = "<!-- results -->", "<!-- /results -->"


class Ratio(NamedTuple):
    """The median, lowest and highest of the ratios of each repeat."""

    median: float
    lowest: float
    highest: float


class Row(NamedTuple):
    """One line of the table. `ratios` are Mayfly's to each rival."""

    scenario: Scenario
    figure: Figure
    medians: dict[Target, float]
    ratios: dict[Target, Ratio]
    failures: dict[Target, str]

    def goal(self, rival: Target) -> float | None:
        """What must hold of the ratio to a rival: at most, where less is better, else at least."""
        goal = self.scenario.goal(rival) if self.figure.decides else None
        return 1 / goal if goal and self.figure.turned else goal

    @property
    def alone(self) -> float | None:
        """What must hold of Mayfly's own figure: at most so much."""
        return self.scenario.alone if self.figure.decides else None

    @property
    def pictured(self) -> bool:
        """Whether the line is in the picture."""
        return self.figure.pictured and any(self.goal(rival) is not None for rival in RIVALS)

    def holds(self, rival: Target | None = None) -> bool | None:
        """Whether the goal for a rival (without one: Mayfly's own) is reached; None where there is none to be told."""
        if rival is None:
            own = self.medians.get("mayfly")
            return None if self.alone is None or own is None else own <= self.alone
        goal, ratio = self.goal(rival), self.ratios.get(rival)
        if goal is None or ratio is None:
            return None
        return ratio.median <= goal if self.figure.less else ratio.median >= goal


def rows(scenarios: Sequence[Scenario], runs: Sequence[Run]) -> list[Row]:
    """Every figure of every scenario that ran."""
    found = []
    for scenario in scenarios:
        mine = [run for run in runs if run.scenario == scenario.name]
        found += [_row(scenario, figure, mine) for figure in figures_of(scenario) if mine]
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
    ratios = {}
    for rival in RIVALS:
        theirs = values.get(rival, {})
        each = [ours / theirs[repeat] for repeat, ours in values.get("mayfly", {}).items() if theirs.get(repeat)]
        if each:
            ratios[rival] = Ratio(median(each), min(each), max(each))
    return Row(scenario, figure, medians, ratios, failures)


def table(found: Sequence[Row]) -> str:
    """A Markdown table: each server's median, Mayfly's ratio to each rival, goals beside what they are about."""
    head = ["", "figure", *(TITLES[target] for target in TARGETS)]
    head += [f"÷ {TITLES[rival].split()[-1]} (lowest–highest), goal" for rival in RIVALS]
    lines = ["| " + " | ".join(head) + " |", "|---|---" + "|--:" * (len(TARGETS) + len(RIVALS)) + "|"]
    title = ""
    for row in found:
        cells = [row.scenario.title if row.scenario.title != title else "", row.figure.unit]
        title = row.scenario.title
        cells += [_value(row, target) for target in TARGETS]
        cells += [_ratio(row, rival) for rival in RIVALS]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _value(row: Row, target: Target) -> str:
    if target not in row.medians:
        return row.failures.get(target, "–")
    text = f"{row.medians[target] / row.figure.divide:,.{row.figure.digits}f}"
    if target != "mayfly" or row.alone is None:
        return text
    return f"{text}, ≤ {_plain(row.alone / row.figure.divide)}{_verdict(row.holds())}"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,g}"


def _ratio(row: Row, rival: Target) -> str:
    if rival not in row.ratios:
        return "–"
    ratio, goal = row.ratios[rival], row.goal(rival)
    text = f"{ratio.median:.2f} ({ratio.lowest:.2f}–{ratio.highest:.2f})"
    return text if goal is None else f"{text}, {'≤' if row.figure.less else '≥'} {goal:g}{_verdict(row.holds(rival))}"


def _verdict(holds: bool | None) -> str:
    return {True: " ✓", False: " ✗", None: ""}[holds]


def as_json(found: Sequence[Row], runs: Sequence[Run], machine: Mapping[str, Any]) -> dict[str, Any]:
    """Everything, for machines: what the table says, and each run as it was measured."""
    return {
        "machine": machine,
        "rows": [
            {
                "scenario": row.scenario.name,
                "title": row.scenario.title,
                "unit": row.figure.unit,
                "goals": {rival: row.goal(rival) for rival in RIVALS} | {"alone": row.alone},
                "lessIsBetter": row.figure.less,
                "medians": {target: value / row.figure.divide for target, value in row.medians.items()},
                "ratios": {rival: ratio._asdict() for rival, ratio in row.ratios.items()},
                "failures": dict(row.failures),
            }
            for row in found
        ],
        "runs": [run._asdict() for run in runs],
    }


def published(page: str, found: Sequence[Row], machine: Mapping[str, Any]) -> str:
    """The page with this table, and on what it was measured, between its two marks."""
    before, opened, rest = page.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not opened or not closed:
        raise ValueError(f"the page has no {BEGIN} … {END}")
    with_what = ", ".join(
        f"{name} {machine[name]}" for name in ("uvloop", "aiohttp", "node", "bun", "socket.io", "@socket.io/bun-engine")
    )
    load = f"{machine['load1']:.1f} before and {machine['load1AtTheEnd']:.1f} after"
    about = f"{in_words(machine)}; {with_what}. Load average {load}."
    picture = "![Mayfly's ratios to Socket.IO on Node and on Bun](../benchmarks/results/latest.svg)"
    return f"{before}{BEGIN}\n{table(found)}\n\n{about}\n\n{picture}\n{END}{after}"
