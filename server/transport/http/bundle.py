"""What `web/build` made of the page and of the client, held in memory, and whether it is still of their sources."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[3]
AREAS = ("client", "web")
LEFT_OUT = frozenset({"node_modules", "test"})
"""Folders that nothing is built of, as in `web/build/sources.mjs`."""

BUILD = "`make install` (or `npm run build --prefix web`)"
ENDINGS = {"br": ".br", "gzip": ".gzip"}
"""Content codings (RFC 9110, section 8.4.1), the better one first → how the file with that coding ends."""


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file: its bytes by content coding, `""` for none. `shared`: pages of all sites may read it.

    `worker`: a script that runs beside the page, under a policy of its own.
    """

    media_type: str
    variants: Mapping[str, bytes] = field(repr=False)
    tag: str
    immutable: bool
    shared: bool
    worker: bool = False


@dataclass(frozen=True, slots=True)
class Build:
    """All that one run of the build made. `sources` is the digest of its sources, `admin` the operator's page."""

    sources: str
    page: str
    files: Mapping[str, BuiltFile]
    admin: str = ""


class Bundle:
    """The build in `root/dist`. With `watch`, each look finds out whether sources or build have changed meanwhile."""

    def __init__(self, root: Path = ROOT, *, watch: bool = False) -> None:
        self._root = root
        self._watch = watch
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._build: Build | None = None
        self._fits = False

    def current(self) -> Build | None:
        """The build, where it was made of the sources that are there."""
        self._look()
        return self._build if self._fits else None

    def file(self, path: str) -> BuiltFile | None:
        """What is built under this path. What a name with a hash stands for is never out of date; the rest may be."""
        found = self._build.files.get(path) if self._build else None
        if found is None or not found.immutable:
            self._look()
            found = self._build.files.get(path) if self._build else None
        return found if found is not None and (found.immutable or self._fits) else None

    def doubt(self) -> str:
        """What whoever runs the server should know; empty where the build is there and fits."""
        if self.current() is not None:
            return ""
        if self._build is None:
            return f"The page is not built: it is served as its sources, and slower. {BUILD} builds it."
        return f"The page was built of other sources: it is served as its sources, and slower. {BUILD} builds it anew."

    def _look(self) -> None:
        if self._seen is not None and not self._watch:
            return
        seen = tuple(self._marks())
        if seen == self._seen:
            return
        first, self._seen = self._seen is None, seen
        self._build = read_build(self._root / "dist")
        fitted, self._fits = self._fits, self._build is not None and self._build.sources == digest(self._root)
        if fitted and not self._fits and not first:
            log.warning(self.doubt())

    def _marks(self) -> Iterator[tuple[str, int, int]]:
        """Of each source and of the build: what changes when it is written."""
        for path in (*sources(self._root), "dist/manifest.json"):
            try:
                stat = (self._root / path).stat()
            except FileNotFoundError:
                continue
            yield path, stat.st_mtime_ns, stat.st_size


def sources(root: Path) -> list[str]:
    """The paths of all sources from the root, sorted."""
    return sorted(path for area in AREAS for path in _files_under(root, area))


def digest(root: Path) -> str:
    """SHA-256 over `path NUL sha256 newline` of each source, as `web/build/sources.mjs` computes it."""
    whole = hashlib.sha256()
    for path in sources(root):
        whole.update(f"{path}\0{hashlib.sha256((root / path).read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def read_build(folder: Path) -> Build | None:
    """What is in the folder, all of it; `None` where nothing is, or not all that should be."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        files = {path: _read(folder, about) for path, about in manifest["files"].items()}
        admin = (folder / manifest["admin"]).read_text() if "admin" in manifest else ""
        return Build(manifest["sources"], (folder / manifest["page"]).read_text(), files, admin)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        log.warning("dist/ cannot be read (%s): %s makes it anew.", type(error).__name__, BUILD)
        return None


def _read(folder: Path, about: Mapping[str, Any]) -> BuiltFile:
    name = about["file"]
    plain = (folder / name).read_bytes()
    coded = {coding: (folder / f"{name}{ENDINGS[coding]}").read_bytes() for coding in about["encodings"]}
    return BuiltFile(
        media_type=about["type"],
        variants={"": plain, **coded},
        tag=hashlib.sha256(plain).hexdigest()[:32],
        immutable=about["immutable"] is True,
        shared=about["shared"] is True,
        worker=about.get("worker") is True,
    )


def _files_under(root: Path, folder: str) -> Iterator[str]:
    try:
        entries = list((root / folder).iterdir())
    except FileNotFoundError:
        return
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if entry.name.startswith(".") or entry.name in LEFT_OUT or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _files_under(root, path)
        elif entry.is_file():
            yield path
