"""python-socketio's own tests, from the source distribution of the version that is installed; never a part of ours."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import time
from importlib.metadata import version
from pathlib import Path

from tests.support.pace import PACE
from tests.support.parts import missing

TRIES = 3
DOWNLOAD_LIMIT_S = 40 * PACE
"""Of one try."""
PAUSE_S = 2.0


def socketio_sources(folder: Path) -> Path:
    """The unpacked source distribution, with upstream's `tests/`. Where it cannot be had, the test is skipped."""
    wanted = f"python-socketio=={version('python-socketio')}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command = [*pip, "--no-binary", "python-socketio", "--dest", str(folder), wanted]
    told = [_failed(command)]
    while told[-1] and len(told) < TRIES:
        time.sleep(PAUSE_S)
        told.append(_failed(command))
    if told[-1]:
        missing(f"the source distribution of {wanted} cannot be had: {told}")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def _failed(command: list[str]) -> str:
    """Why it could not be downloaded; nothing where it was."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"not within {DOWNLOAD_LIMIT_S} s"
    return (done.stderr[-300:] or "it failed") if done.returncode else ""
