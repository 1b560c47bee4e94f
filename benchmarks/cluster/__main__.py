"""`python -m benchmarks.cluster`: what rooms on Redis cost, over one process and over two, beside one without Redis.

All processes of a row are up at once on one core and take turns, slice by slice; the load is on the other core.
Prints a table, writes `benchmarks/results/cluster.json`. Exit code 1 where a side failed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.cluster import report
from benchmarks.cluster.measure import Start, start
from benchmarks.cluster.plan import ROWS, STARTS, TURNS, Row, Tree, against_base, quick
from benchmarks.machine import machine
from benchmarks.regression.trees import commit_of, tree_of
from benchmarks.servers import cores
from tests.support.processes import ROOT

RESULTS = Path(__file__).parents[1] / "results"
PAGE = ROOT / "docs/benchmarks.md"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("--quick", action="store_true", help="smaller and shorter, once: to see that it works")
    parser.add_argument("--row", action="append", choices=names, help="only this one (may be repeated)")
    parser.add_argument("--starts", type=int, default=None, metavar="N", help=f"of all processes, default {STARTS}")
    parser.add_argument("--turns", type=int, default=None, metavar="N", help=f"of each side a start, default {TURNS}")
    parser.add_argument("--base", metavar="REV", help="our sides beside those of this revision, and no others")
    parser.add_argument("--publish", action="store_true", help="put the table into docs/benchmarks.md, too")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    found = parser.parse_args(given)
    found.starts = found.starts or (1 if found.quick else STARTS)
    found.turns = found.turns or (2 if found.quick else TURNS)
    return found


def main() -> int:
    """Measure and print."""
    asked = arguments()
    rows: list[Row] = [row for row in ROWS if not asked.row or row.name in asked.row]
    rows = [quick(row) for row in rows] if asked.quick else rows
    about = {**machine(), **report.packages()}
    os.sched_setaffinity(0, {cores()[1]})
    found: dict[str, list[list[Start]]] = {}
    with ExitStack() as stack:
        trees: dict[Tree, Path] = {"new": ROOT}
        if asked.base:
            trees["old"] = stack.enter_context(tree_of(commit_of(asked.base)))
            rows = [against_base(row) for row in rows]
        for number in range(asked.starts):
            for row in rows:
                found.setdefault(row.name, []).append(start(row, asked.turns, trees))
                print(f"{row.name} {number + 1}/{asked.starts}", *found[row.name][-1], sep="\n  ", file=sys.stderr)
    lines = [line for row in rows for line in report.lines_of(row, found[row.name])]
    about["load1AtTheEnd"] = os.getloadavg()[0]
    text = report.page(lines, about)
    print(text)
    asked.output.mkdir(parents=True, exist_ok=True)
    results = report.as_json(lines, found, about)
    (asked.output / "cluster.json").write_text(json.dumps(results, indent=1) + "\n")
    if asked.publish:
        PAGE.write_text(report.published(PAGE.read_text(), text))
    return 1 if any(line.failed for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
