"""Does anything that we install have a known fault? pip-audit and `npm audit` are asked about everything in the locks.

`python -m supply.audit` (`make audit`). Exit code 0: all were asked about, none has one. 1: some have. 2: some could
not be asked about, so nothing is known of them: without a network, or where the package index knows no advisories.
Never 0 then, which pip-audit itself would return. `--osv-url` asks another service of the OSV kind, `--registry`
another of npm.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supply.lock import LONGEST, ROOT

PACKAGES = ("client", "web", "tests", "benchmarks", "examples/nextjs")
"""folders with a package-lock.json"""

NOTHING_KNOWN, SOME_FAULTY, ALL_WELL = 2, 1, 0
SHOWN = 10
HINT = "Their advisories could not be asked for here (no network, or an index without them): run this where they can."


@dataclass
class Report:
    """What is known, of one or of all."""

    asked: int = 0
    faults: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """of what nothing is known"""

    @property
    def code(self) -> int:
        """What the process exits with. A fault counts more than what is not known."""
        return SOME_FAULTY if self.faults else NOTHING_KNOWN if self.unknown or not self.asked else ALL_WELL

    def add(self, other: Report) -> None:
        """Take in what is known of others."""
        self.asked += other.asked
        self.faults += other.faults
        self.unknown += other.unknown


def _json(command: list[str], cwd: Path) -> Any:
    """What a program prints, as JSON; None where it prints none. Its exit code says too many things to be of use."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return None


def python(lock: Path, osv_url: str | None = None) -> Report:
    """Of the Python packages in a lock, as far as they are for this system."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off"]
    command += ["--vulnerability-service", "osv", "--osv-url", osv_url] if osv_url else []
    told = _json(command, lock.parent)
    if told is None:
        return Report(unknown=[f"all of {lock.name}"])
    report = Report()
    for package in told["dependencies"]:
        if "skip_reason" in package:
            report.unknown.append(package["name"])
            continue
        report.asked += 1
        report.faults += [f"{package['name']} {package['version']}: {fault['id']}" for fault in package["vulns"]]
    return report


def npm(folder: Path, registry: str | None = None) -> Report:
    """Of the packages in the package-lock.json of a folder."""
    command = ["npm", "audit", "--json", "--package-lock-only"]
    command += [f"--registry={registry}"] if registry else []
    told = _json(command, folder)
    if told is None or "vulnerabilities" not in told:
        return Report(unknown=[f"all of {folder.name}/package-lock.json"])
    faults = [f"{name} ({each['severity']}), in {folder.name}/" for name, each in told["vulnerabilities"].items()]
    return Report(asked=told["metadata"]["dependencies"]["total"], faults=faults)


def main(arguments: list[str] | None = None) -> int:
    """Ask about everything, and say what is known."""
    parser = argparse.ArgumentParser(prog="python -m supply.audit", description="Look for known faults.")
    parser.add_argument("--osv-url", help="where to ask about Python packages instead of the package index")
    parser.add_argument("--registry", help="where to ask about npm packages")
    parser.add_argument("--lock", type=Path, default=ROOT / f"{LONGEST}.lock", help="which Python packages")
    parser.add_argument("--package", type=Path, action="append", help="which folders of npm packages")
    options = parser.parse_args(arguments)
    report = Report()
    for folder in options.package or [ROOT / name for name in PACKAGES]:
        report.add(npm(folder, options.registry))
    report.add(python(options.lock.resolve(), options.osv_url))
    print(f"Asked about {report.asked} packages: {len(report.faults)} known faults.")
    for fault in report.faults:
        print(f"  {fault}")
    if report.unknown or not report.asked:
        more = len(report.unknown) - SHOWN
        print(f"NOT KNOWN: {', '.join(report.unknown[:SHOWN])}{f' and {more} more' if more > 0 else ''}. {HINT}")
    return report.code


if __name__ == "__main__":
    sys.exit(main())
