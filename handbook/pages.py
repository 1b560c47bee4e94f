"""The pages that a site is made of: those of `docs/`, some from beside it, and a list of the decisions."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handbook.links import Wrong, as_is_read, on_the_site

DECISIONS = "decisions/index.md"
MOVED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/results/latest.svg": "images/benchmarks.svg",
    "web/icon.svg": "images/icon.svg",
}
"""file outside of `docs/`, from the root → where it is among the pages"""


def gather(root: Path, into: Path) -> None:
    """Put all pages, pictures and downloads into a folder, with links as they are there. What was in it goes."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(root / "docs", into)
    for path, address in MOVED.items():
        shutil.copyfile(root / path, into / address)
    (into / DECISIONS).write_text("".join(_list_of_decisions(into)))
    there = {str(path.relative_to(into)) for path in into.rglob("*") if path.is_file()}
    for address in sorted(each for each in there if each.endswith(".md")):
        text = (into / address).read_text()
        (into / address).write_text(as_is_read(on_the_site(text, address, MOVED, there, root)))


def _list_of_decisions(into: Path) -> Iterator[str]:
    yield "# Decisions\n\nShort records of what a newcomer would question.\n\n"
    for path in sorted((into / "decisions").glob("[0-9]*.md")):
        title = re.search(r"^# (.+)$", path.read_text(), re.MULTILINE)
        if title is None:
            raise Wrong(f"{path.name} has no title.")
        yield f"- {int(path.name[:4])}: [{title[1]}]({path.name})\n"


def in_no_menu(into: Path, config: Path) -> list[str]:
    """Pages that nobody would find: of no place in the `nav` of the configuration, and no decision."""
    named = set(_pages(tomllib.loads(config.read_text())["project"]["nav"]))
    there = {str(path.relative_to(into)) for path in into.rglob("*.md")}
    return sorted(each for each in there - named if not re.match(r"decisions/[0-9]", each))


def _pages(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
        return
    for each in entry.values() if isinstance(entry, dict) else entry:
        yield from _pages(each)
