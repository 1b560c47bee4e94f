"""`python -m benchmarks.regression --base REV`: is anything slower or heavier than it was there, by more than 3 %?

Both servers of a pair run at once on one core and take turns, slice by slice; each pair is two fresh processes.
Exit code 0 where every row holds, 1 where one does not.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.machine import in_words, machine
from benchmarks.regression.rows import ROWS, Costs, Row, measure
from benchmarks.regression.trees import commit_of, tree_of
from benchmarks.regression.verdict import LEAST_CHANGE, LEAST_PAIRS, Verdict, change
from benchmarks.servers import MeasuredServer, cores
from tests.support.processes import ROOT, launch

PAIRS = 20
ORDER = (0, 1, 1, 0, 1, 0, 0, 1) * 3
"""Whose turn each slice is. Every server has as much of it early as late: what drifts meets both alike."""

SETTINGS = {"SEAT_GRACE_S": "3600"}
"""Seats of an earlier row are not given up in the middle of a later one."""


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regression", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("--base", default="HEAD", metavar="REV", help="compare with this revision (default HEAD)")
    parser.add_argument("--new", metavar="REV", help="compare this revision instead of the working tree")
    parser.add_argument("--build", default="pure", choices=("pure", "compiled"), help="what the new side is")
    parser.add_argument("--rows", default=",".join(names), help="comma-separated: " + ", ".join(names))
    parser.add_argument("--pairs", type=int, default=PAIRS, metavar="N", help=f"pairs of servers, default {PAIRS}")
    found = parser.parse_args(given)
    wanted = found.rows.split(",")
    if not set(wanted) <= set(names):
        parser.error("no such row: " + ", ".join(sorted(set(wanted) - set(names))))
    if found.new and found.build != "pure":
        parser.error("only the working tree is compiled")
    if found.pairs < LEAST_PAIRS:
        parser.error(f"at least {LEAST_PAIRS} pairs make an interval")
    found.rows = [row for row in ROWS if row.name in wanted]
    return found


def run_pairs(old: Path, new: Path, rows: Sequence[Row], pairs: int, build: str = "pure") -> Iterator[dict[str, Costs]]:
    """Each pair's costs, row by row. The servers' order, and whose turn is first, change from pair to pair.

    `build` is the new side's; the old one's is pure.
    """
    for pair in range(pairs):
        order = [side ^ pair % 2 for side in ORDER]
        with _servers((old, new), ("pure", build), reverse=pair % 2 == 1) as servers:
            yield {row.name: measure(row, servers, order, checked=pair == 0) for row in rows}


@contextmanager
def _servers(trees: Sequence[Path], builds: Sequence[str], *, reverse: bool) -> Iterator[list[MeasuredServer]]:
    core, _ = cores()
    running: dict[int, MeasuredServer] = {}
    with ExitStack() as stack:
        for side in (1, 0) if reverse else (0, 1):
            settings = SETTINGS | {"MAYFLY_BUILD": builds[side]}
            make = partial(MeasuredServer, target="mayfly", core=core, tree=trees[side], settings=settings)
            running[side] = server = launch(make)
            stack.callback(server.close)
        yield [running[side] for side in range(len(trees))]


def be_first() -> None:
    """Run this process and those it starts before all others, where the system allows it.

    What other programs do between two messages would leave the server with cold caches.
    """
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(os.sched_get_priority_min(os.SCHED_RR)))


def table(rows: Sequence[Row], costs: Sequence[dict[str, Costs]]) -> tuple[str, bool]:
    """The rows with medians, interval and verdict; and whether all hold."""
    lines = [f"{'row':<14} {'old':>9} {'new':>9} {'':<17} {'change':>7}  {'95 % interval':<17} verdict"]
    good = True
    for row in rows:
        mine = [pair[row.name] for pair in costs]
        found = change([pair.ratio for pair in mine])
        good = good and found.verdict is Verdict.HOLDS
        middle = median(pair.old for pair in mine), median(pair.new for pair in mine)
        interval = f"{found.low:+.1%} to {found.high:+.1%}"
        lines.append(
            f"{row.name:<14} {middle[0]:>9.2f} {middle[1]:>9.2f} {row.unit:<17} {found.middle:>+7.1%}  {interval:<17}"
            f" {found.verdict.value}"
        )
    return "\n".join(lines), good


def main() -> int:
    """Measure and print."""
    asked = arguments()
    base = commit_of(asked.base)
    new = commit_of(asked.new) if asked.new else None
    about = machine()
    os.sched_setaffinity(0, {cores()[1]})
    be_first()
    gc.disable()  # no pauses of ours; what a pair leaves is collected between pairs
    costs: list[dict[str, Costs]] = []
    with ExitStack() as stack:
        trees = (stack.enter_context(tree_of(base)), stack.enter_context(tree_of(new)) if new else ROOT)
        for pair in run_pairs(*trees, asked.rows, asked.pairs, asked.build):
            costs.append(pair)
            gc.collect()
            print(f"pair {len(costs)} of {asked.pairs}", file=sys.stderr)
    text, good = table(asked.rows, costs)
    print(f"{new[:10] if new else 'The working tree'} ({asked.build}) against {base[:10]}, {asked.pairs} pairs.")
    print("Change: what the new server does for the same cost. A row holds where the whole interval is above")
    print(f"{LEAST_CHANGE:.0%}. 'Not shown' reaches to both sides of that: ask for more pairs, or a calmer machine.\n")
    print(text)
    print(f"\n{in_words(about)}. Load average {about['load1']:.1f} before, {os.getloadavg()[0]:.1f} after.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
