"""Links as they are written in the repository, turned into links of the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Mapping
from pathlib import Path

FENCED = re.compile(r"^( *```.*?^ *```)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^()\s#]+)(#[^()\s]*)?\)")
IN_TABLE = re.compile(r"^\|.*", re.MULTILINE)
CODE = re.compile(r"`[^`]+`")
ELSEWHERE = re.compile(r"[a-z]+:", re.IGNORECASE)


class Wrong(Exception):
    """The documentation cannot become a site; says why."""


def as_is_read(text: str) -> str:
    """On GitHub a bar in the code of a table needs a backslash; on the site that would be shown."""
    return IN_TABLE.sub(lambda row: CODE.sub(lambda code: code[0].replace(r"\|", "|"), row[0]), text)


def on_the_site(text: str, page: str, moved: Mapping[str, str], pages: Container[str], root: Path) -> str:
    """A page's text in which each link leads to what is on the site, or is plain text where that is a source.

    `page` and `pages` are addresses on the site, `moved` has files outside of `docs/` by their path.
    Raises `Wrong` where a link leads to what is not in the repository. Of anchors, Zensical finds that out.
    """
    of_page = {address: path for path, address in moved.items()}.get(page, f"docs/{page}")

    def turn(found: re.Match[str]) -> str:
        picture, said, target, anchor = found[1], found[2], found[3], found[4] or ""
        if ELSEWHERE.match(target):
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(of_page), target))
        address = moved.get(path, path.removeprefix("docs/"))
        address = next((each for each in (address, f"{address}/index.md") if each in pages), "")
        if address:
            return f"{picture}[{said}]({posixpath.relpath(address, posixpath.dirname(page) or '.')}{anchor})"
        if not (root / path).exists():
            raise Wrong(f"{of_page} has a link to {path}, which is not there.")
        return _named(said, path)

    parts = FENCED.split(text)
    return "".join(part if number % 2 else LINK.sub(turn, part) for number, part in enumerate(parts))


def _named(said: str, path: str) -> str:
    """What a link to a source says, and where the source is."""
    bare = said.strip("`")
    return f"`{path}`" if bare.strip("/") in (path, posixpath.basename(path)) else f"{said} (`{path}`)"
