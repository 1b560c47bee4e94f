"""From starts to two tables: costs and latencies, each with its goal beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.cluster.measure import Start
from benchmarks.cluster.plan import ADDED, Goal, Row, Side
from benchmarks.machine import in_words
from benchmarks.report import Ratio
from benchmarks.servers import HERE, program, said

BEGIN, END = "<!-- cluster -->", "<!-- /cluster -->"
PACKAGES = ("socket.io", "@socket.io/redis-streams-adapter", "@redis/client")
COSTS_HEAD = (
    "",
    "",
    "CPU µs/delivery, all parts",
    "of these Redis",
    "deliveries/s, one core for all parts",
    "deliveries/CPU s (lowest–highest), goal",
)
LATENCY_HEAD = ("", "", "p50, ms", "p99, ms", "added p50, goal", "added p99, goal")


class Line(NamedTuple):
    """A side in all its starts. `failed` says why there is nothing."""

    row: Row
    side: Side
    figures: dict[str, float]
    ratios: dict[str, Ratio]
    failed: str = ""

    def holds(self, goal: Goal) -> bool | None:
        """Whether this goal is reached; None where it cannot be told."""
        ratio = self.ratios.get(goal.against)
        return None if goal.least is None or ratio is None else ratio.median >= goal.least


def lines_of(row: Row, starts: Sequence[Sequence[Start]]) -> list[Line]:
    """A line for each side; of a latency also what it adds to the first side's."""
    lines = []
    for at, side in enumerate(row.sides):
        mine = [each[at] for each in starts]
        failed = next((one.failed for one in mine if one.failed), "")
        if failed:
            lines.append(Line(row, side, {}, {}, failed))
            continue
        figures = {key: median(one.figures[key] for one in mine) for key in mine[0].figures}
        if row.is_latency and at:
            firsts = [each[0].figures for each in starts]
            for key in mine[0].figures:
                more = [one.figures[key] - first[key] for one, first in zip(mine, firsts, strict=True) if first]
                figures |= {f"{key}Added": median(more)} if more else {}
        values = {goal.against: [one.beside[goal.against] for one in mine if one.beside] for goal in side.goals}
        ratios = {name: Ratio(median(each), min(each), max(each)) for name, each in values.items() if each}
        lines.append(Line(row, side, figures, ratios))
    return lines


def page(lines: Sequence[Line], about: Mapping[str, Any]) -> str:
    """Both tables, and on what they were measured."""
    costs = [line for line in lines if not line.row.is_latency]
    latencies = [line for line in lines if line.row.is_latency]
    tables = [_table(COSTS_HEAD, costs, _cost_cells), _table(LATENCY_HEAD, latencies, _latency_cells)]
    with_what = ", ".join(f"{name} {about[name]}" for name in ("uvloop", "redis", "node", *PACKAGES))
    load = f"{about['load1']:.1f} before and {about['load1AtTheEnd']:.1f} after"
    return "\n\n".join([*filter(None, tables), f"{in_words(about)}; {with_what}. Load average {load}."])


def _table(head: Sequence[str], lines: Sequence[Line], cells: Any) -> str:
    if not lines:
        return ""
    text = ["| " + " | ".join(head) + " |", "|---|---" + "|--:" * (len(head) - 2) + "|"]
    title = ""
    for line in lines:
        first = line.row.title if line.row.title != title else ""
        title = line.row.title
        rest = [line.failed] if line.failed else cells(line)
        text.append("| " + " | ".join([first, line.side.title, *rest]) + " |")
    return "\n".join(text)


def _cost_cells(line: Line) -> list[str]:
    figures = line.figures
    redis = f"{figures['redisUs']:.2f}" if line.side.setup.redis else "–"
    return [f"{figures['cpuUs']:.2f}", redis, f"{figures['ratePerS']:,.0f}", "; ".join(_ratios(line)) or "–"]


def _ratios(line: Line) -> list[str]:
    said = []
    for goal in line.side.goals:
        ratio = line.ratios.get(goal.against)
        if ratio is None:
            continue
        title = {"alone": "alone", "streams": "Node"}.get(goal.against, "before")
        text = f"÷ {title} {ratio.median:.2f} ({ratio.lowest:.2f}–{ratio.highest:.2f})"
        said.append(text if goal.least is None else f"{text}, ≥ {goal.least:g} {_verdict(line.holds(goal))}")
    return said


def _latency_cells(line: Line) -> list[str]:
    figures = line.figures
    cells = [f"{figures['p50Ms']:.2f}", f"{figures['p99Ms']:.2f}"]
    for key, most in (("p50MsAdded", ADDED.p50_ms), ("p99MsAdded", ADDED.p99_ms)):
        more = figures.get(key)
        ours = line.side.setup.product == "mayfly"
        goal = f", ≤ {most:g} {_verdict(more is not None and more <= most)}" if ours else ""
        cells.append("–" if more is None else f"{more:.2f}{goal}")
    return cells


def _verdict(holds: bool | None) -> str:
    return {True: "✓", False: "✗", None: ""}[holds]


def packages() -> dict[str, str]:
    """The versions of what is measured beside ours, and of Redis."""
    found = {
        name: str(json.loads((HERE / "node_modules" / name / "package.json").read_text())["version"])
        for name in PACKAGES
    }
    redis = said(["redis-server", "--version"]).partition("v=")[2].split()[0]
    return {**found, "node": said([program("node"), "--version"]).lstrip("v"), "redis": redis}


def as_json(
    lines: Sequence[Line], found: Mapping[str, Sequence[Sequence[Start]]], about: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything, for machines."""
    return {
        "machine": dict(about),
        "lines": [
            {
                "row": line.row.name,
                "side": line.side.name,
                "title": line.side.title,
                "figures": line.figures,
                "goals": {goal.against: goal.least for goal in line.side.goals},
                "ratios": {name: ratio._asdict() for name, ratio in line.ratios.items()},
                "failed": line.failed,
            }
            for line in lines
        ],
        "starts": {name: [[one._asdict() for one in each] for each in starts] for name, starts in found.items()},
    }


def published(page_before: str, text: str) -> str:
    """The page with these tables between its two marks."""
    before, opened, rest = page_before.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not opened or not closed:
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"
