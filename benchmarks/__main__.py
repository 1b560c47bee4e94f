"""`python -m benchmarks`: measure, print the table, write JSON and a picture to `benchmarks/results/`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import picture, report
from benchmarks.machine import machine
from benchmarks.plan import RIVALS, SCENARIOS, TARGETS, TITLES, Scenario, by_name, quick
from benchmarks.runner import Run, run_all
from benchmarks.servers import program, said
from tests.support.processes import ROOT

DEFAULT_REPEATS = 5
RESULTS = Path(__file__).with_name("results")
PACKAGES = Path(__file__).with_name("node_modules")
RIVAL_PACKAGES = ("socket.io", "@socket.io/bun-engine")
PAGE = ROOT / "docs/benchmarks.md"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--quick", action="store_true", help="smaller and shorter, once: to see that it works")
    parser.add_argument("--scenario", action="append", choices=names, help="only this one (may be repeated)")
    parser.add_argument(
        "--repeat", type=int, default=None, metavar="N", help=f"runs of each, default {DEFAULT_REPEATS}"
    )
    parser.add_argument("--servers", default=",".join(TARGETS), help="comma-separated: " + ", ".join(TARGETS))
    parser.add_argument("--publish", action="store_true", help="put the table into docs/benchmarks.md, too")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where JSON and picture go")
    found = parser.parse_args(given)
    found.servers = tuple(found.servers.split(","))
    if not set(found.servers) <= set(TARGETS):
        parser.error("unknown server")
    found.repeat = found.repeat or (1 if found.quick else DEFAULT_REPEATS)
    return found


def about() -> dict[str, Any]:
    """Machine and interpreter, and the servers beside ours."""
    rivals: dict[str, str] = {name: said([program(name), "--version"]).lstrip("v") for name in RIVALS}
    packages = {name: json.loads((PACKAGES / name / "package.json").read_text())["version"] for name in RIVAL_PACKAGES}
    return {**machine(), **rivals, **packages}


def main() -> int:
    """Exit code 1 where a run failed."""
    asked = arguments()
    chosen: list[Scenario] = [by_name(name) for name in asked.scenario] if asked.scenario else list(SCENARIOS)
    if asked.quick:
        chosen = [quick(scenario) for scenario in chosen]
    measured_on = about()
    runs: list[Run] = []
    for run in run_all(chosen, asked.servers, asked.repeat):
        runs.append(run)
        print(f"{run.scenario} {run.repeat + 1}/{asked.repeat} {TITLES[run.target]}: {_brief(run)}", file=sys.stderr)
    found = report.rows(chosen, runs)
    print(report.table(found))
    asked.output.mkdir(parents=True, exist_ok=True)
    results = report.as_json(found, runs, {**measured_on, "load1AtTheEnd": os.getloadavg()[0]})
    (asked.output / "latest.json").write_text(json.dumps(results, indent=1) + "\n")
    (asked.output / "latest.svg").write_text(picture.svg(found))
    if asked.publish:
        PAGE.write_text(report.published(PAGE.read_text(), found, results["machine"]))
    return 1 if any("failed" in run.result for run in runs) else 0


def _brief(run: Run) -> str:
    return ", ".join(f"{k} {v:,.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in run.result.items())


if __name__ == "__main__":
    sys.exit(main())
