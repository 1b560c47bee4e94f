"""What a built page would fetch from another host: nothing, or the build fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

FETCHED = frozenset({"src", "srcset", "poster", "data"})
"""Attributes whose address a browser asks for by itself."""

ONLY_NAMED = frozenset({"canonical", "prev", "next", "alternate", "author", "license"})
"""What `<link>` names and no browser fetches."""

FOREIGN = re.compile(r"(?:https?:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?\s*((?:https?:)?//[^"')\s;]+)""", re.IGNORECASE)


def foreign(site: Path) -> list[str]:
    """`file: address` for each script, style, font, picture or frame that is fetched from another host."""
    return [
        f"{path.relative_to(site)}: {address}"
        for path in sorted(site.rglob("*"))
        if path.suffix in {".html", ".css", ".svg"}
        for address in _addresses(path)
    ]


def _addresses(path: Path) -> Iterator[str]:
    text = path.read_text()
    yield from IN_STYLES.findall(text)
    if path.suffix != ".css":
        page = _Page()
        page.feed(text)
        yield from page.found


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: (value or "").strip() for name, value in attrs}
        fetched = [value for name, value in had.items() if name in FETCHED]
        if tag == "link" and not ONLY_NAMED & set(had.get("rel", "").lower().split()):
            fetched.append(had.get("href", ""))
        if tag in {"image", "use", "feimage"}:
            fetched += [had.get("href", ""), had.get("xlink:href", "")]
        self.found += [value for value in fetched if any(map(FOREIGN.match, re.split(r",\s*", value)))]
