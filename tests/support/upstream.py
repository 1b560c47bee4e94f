"""python-socketio's own tests, from the source distribution of the version that is installed; never a part of ours."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

from tests.support.pace import PACE
from tests.support.parts import missing

DOWNLOAD_LIMIT_S = 120 * PACE


def socketio_sources(folder: Path) -> Path:
    """The unpacked source distribution, with upstream's `tests/`. Where it cannot be had, the test is skipped."""
    wanted = f"python-socketio=={version('python-socketio')}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*pip, "--no-binary", "python-socketio", "--dest", str(folder), wanted],
        capture_output=True,
        text=True,
        timeout=DOWNLOAD_LIMIT_S,
    )
    archives = list(folder.glob("*.tar.gz"))
    if done.returncode or not archives:
        missing(f"the source distribution of {wanted} cannot be had: {done.stderr[-300:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())
