"""Pure Python or compiled: which of the two this process is made of. Chosen before anything else is imported.

`make compile` puts extension modules of the hot path into a folder of its own (`compiler/`). They are never beside the
sources, where one that is stale would hide an edit, and never loaded where anything of ours was changed since.
`MAYFLY_BUILD`, in the environment alone, says what is asked for: `pure` (also where it is not set), `compiled`, which
stops a process that cannot have it, or `auto`: compiled, where there is a build of just these sources.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import sysconfig
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Final, Literal, NamedTuple

Build = Literal["pure", "compiled"]

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "build" / "compiled"
RECORD: Final = "build.json"
"""In that folder: the digest of what it was made of."""

VARIABLE: Final = "MAYFLY_BUILD"
ASKED: Final = ("pure", "auto", "compiled")
PACKAGES: Final = ("rooms", "signaling", "storage", "server")
"""What a build depends on: compiled modules know the constants and shapes of others."""

SUFFIX: Final = str(sysconfig.get_config_var("EXT_SUFFIX"))


class Choice(NamedTuple):
    """A build, and where its modules are found: their full names and files. `doubt`: what is to be told of it."""

    build: Build
    modules: dict[str, Path]
    doubt: str = ""


PURE: Final = Choice("pure", {})


class _Finder(MetaPathFinder):
    """Finds compiled modules, and nothing else."""

    def __init__(self, modules: dict[str, Path]) -> None:
        self._modules = modules

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The compiled module of this name, if there is one."""
        file = self._modules.get(fullname)
        return None if file is None else spec_from_file_location(fullname, file)


def digest(root: Path = ROOT) -> str:
    """Of every source of the server, and of the interpreter: what a build has to be of to be loaded."""
    found = hashlib.sha256(f"{platform.python_version()} {SUFFIX}".encode())
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        found.update(f"\n{path.relative_to(root)}\n".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def modules_in(folder: Path) -> dict[str, Path]:
    """The full name of each compiled module in a folder, and its file."""
    return {".".join(path.relative_to(folder).parts).removesuffix(SUFFIX): path for path in folder.rglob(f"*{SUFFIX}")}


def choice(asked: str, folder: Path = FOLDER, root: Path = ROOT) -> Choice:
    """The build for what is asked. Raises `ValueError` where it cannot be had."""
    if asked not in ASKED:
        raise ValueError(f"{VARIABLE}: one of {', '.join(ASKED)}")
    if asked == "pure":
        return PURE
    record = folder / RECORD
    made_of = json.loads(record.read_text())["digest"] if record.is_file() else None
    if made_of is not None and made_of == digest(root):
        return Choice("compiled", modules_in(folder))
    reason = "there is no compiled build" if made_of is None else "the compiled build is of other sources"
    if asked == "compiled":
        raise ValueError(f"{VARIABLE}: {reason}. `make compile` makes one.")
    return PURE._replace(doubt="" if made_of is None else f"In pure Python: {reason}. `make compile` makes it anew.")


def choose() -> Build:
    """Have this process import the build that `MAYFLY_BUILD` asks for. Exits with 2 where it cannot be had."""
    try:
        chosen = choice(os.environ.get(VARIABLE) or "pure")
        late = sorted(chosen.modules.keys() & sys.modules.keys())
        if late:
            raise ValueError(f"{VARIABLE}: {', '.join(late)} had been imported before the build was chosen.")
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the one who started it is to read this
        raise SystemExit(2) from None
    if chosen.doubt:
        print(chosen.doubt, file=sys.stderr)  # noqa: T201
    if chosen.modules:
        sys.meta_path.insert(0, _Finder(chosen.modules))
    return chosen.build
