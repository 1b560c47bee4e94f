"""The locks fit the ranges, are in step, and are complete: an exact version and hashes for whatever is installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from supply.audit import PACKAGES
from supply.lock import LONGEST, OTHERS
from tests.support.processes import ROOT

NAMES = (LONGEST, *OTHERS)
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = ("linux", "darwin")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Pin:
    """One version of a package, and where it is for."""

    requirement: Requirement
    hashes: int

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> Version:
        (only,) = self.requirement.specifier
        assert only.operator == "==", f"{self.requirement} is no exact version"
        return Version(only.version)


def ranges(name: str) -> Iterator[Requirement]:
    """What a requirements file asks for, and what those that it includes do."""
    for line in (ROOT / f"{name}.txt").read_text().splitlines():
        asked = line.partition(" #")[0].strip()
        if asked.startswith("-r "):
            yield from ranges(asked.removeprefix("-r ").removesuffix(".txt"))
        elif asked and not asked.startswith("#"):
            yield Requirement(asked)


def pins(name: str) -> list[Pin]:
    entries = (ROOT / f"{name}.lock").read_text().replace("\\\n", " ").splitlines()
    return [
        Pin(Requirement(HASH.sub("", entry).strip()), len(HASH.findall(entry)))
        for entry in entries
        if entry and not entry.lstrip().startswith("#")
    ]


def environment(python: str, system: str) -> dict[str, str]:
    """Whoever installs: what markers ask about."""
    own = {name: str(value) for name, value in default_environment().items()}
    return {**own, "python_version": python, "python_full_version": f"{python}.4", "sys_platform": system}


def chosen(name: str, python: str, system: str) -> dict[str, Pin]:
    """package → what a lock chooses for one system. No package twice."""
    where = environment(python, system)
    there = [each for each in pins(name) if each.requirement.marker is None or each.requirement.marker.evaluate(where)]
    assert len({each.name for each in there}) == len(there), "a package has two versions"
    return {each.name: each for each in there}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_lock_fits_its_ranges_on_every_python_and_system(name: str, python: str, system: str) -> None:
    locked, where = chosen(name, python, system), environment(python, system)
    for asked in ranges(name):
        if asked.marker is None or asked.marker.evaluate(where):
            version = locked[canonicalize_name(asked.name)].version
            assert version in SpecifierSet(str(asked.specifier), prereleases=True), f"{asked}, but {version} is locked"


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_locked_is_one_version_with_hashes(name: str) -> None:
    for pin in pins(name):
        assert pin.version
        assert pin.hashes, f"{pin.requirement} has no hash: pip would refuse the whole file"


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("python", PYTHONS)
def test_tests_run_on_what_is_deployed(name: str, python: str) -> None:
    """All locks choose the same versions, with the same hashes."""
    longest = chosen(LONGEST, python, "linux")
    for package, pin in chosen(name, python, "linux").items():
        assert (pin.version, pin.hashes) == (longest[package].version, longest[package].hashes)


@pytest.mark.parametrize("name", NAMES)
def test_no_index_is_written_down(name: str) -> None:
    for file in (f"{name}.txt", f"{name}.lock"):
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", (ROOT / file).read_text())


def test_the_packages_of_this_environment_are_the_locked_ones() -> None:
    """What `make install-dev` put here; another version means that the tests say little of what is deployed."""
    told = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format", "json"], capture_output=True, text=True, check=True
    )
    installed = {canonicalize_name(each["name"]): Version(each["version"]) for each in json.loads(told.stdout)}
    python, system = f"{sys.version_info.major}.{sys.version_info.minor}", sys.platform
    for package, pin in chosen(LONGEST, python, system).items():
        assert installed.get(package) == pin.version, f"{package}: make install-dev"


def test_every_package_lock_is_audited() -> None:
    found = {
        str(path.parent.relative_to(ROOT))
        for path in ROOT.rglob("package-lock.json")
        if not {"node_modules", ".next", "dist", ".venv"} & set(path.relative_to(ROOT).parts)
    }
    assert found == set(PACKAGES)


def test_make_and_render_install_from_the_locks() -> None:
    make, render = (ROOT / "Makefile").read_text(), (ROOT / "render.yaml").read_text()
    dry = subprocess.run(
        ["make", "--dry-run", "--always-make", "install-dev"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "-r requirements.lock" in dry
    assert "-r requirements-dev.lock" in dry
    assert "LOCKED ?= yes" in make
    assert "pip install -r requirements-server.lock" in render
    assert Path(ROOT / "requirements-server.lock").is_file()
