"""`python -m compiler`: compile the hot path with mypyc into `build/compiled/`, and record of which sources.

It needs a C compiler, Python's headers, and the packages of requirements-dev.txt; it takes some minutes. What was there
before stays until all of the new build is.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

from mypyc.build import mypycify
from setuptools import Distribution

from compiler.modules import modules
from server.builds import FOLDER, RECORD, ROOT, digest

GROUP = "mayfly"
"""All modules are one library, in which they call each other directly: `mayfly__mypyc`."""

OPTIMIZE = "2"


def compile_into(folder: Path, root: Path = ROOT) -> int:
    """Compile what `modules` names; `folder` is replaced. Returns how many modules there are.

    The C sources, object files and mypy's own cache are left beside it, in `work`.
    """
    os.chdir(root)
    work = folder.parent / "work"
    fresh = work / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    found = modules(root)
    # Before the sources are read: whoever edits them meanwhile gets a build that counts as stale.
    made_of = digest(root)
    options = ["--config-file", str(root / "pyproject.toml"), "--cache-dir", str(work / "types")]
    extensions = mypycify(
        [*options, *found], opt_level=OPTIMIZE, debug_level="0", group_name=GROUP, target_dir=str(work / "c")
    )
    distribution = Distribution({"name": GROUP, "packages": [], "ext_modules": extensions})
    building = distribution.get_command_obj("build_ext")
    building.build_lib, building.build_temp = str(fresh), str(work / "objects")
    building.parallel = os.cpu_count() or 1
    building.ensure_finalized()
    building.run()
    (fresh / RECORD).write_text(json.dumps({"digest": made_of, "modules": found}, indent=1) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return len(found)


def main() -> int:
    """Compile, and say so."""
    began = time.monotonic()
    count = compile_into(FOLDER)
    print(f"{count} modules compiled into {FOLDER.relative_to(ROOT)} in {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
