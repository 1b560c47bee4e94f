"""python-socketio's own tests of its asynchronous server, run on our host."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pace import PACE
from tests.support.parts import ROOT
from tests.support.upstream import socketio_sources

FILES = ("tests/async/test_server.py", "tests/async/test_namespace.py", "tests/async/test_manager.py")
LEAST = 130
"""So many upstream tests there are at least; fewer means that they were not found."""

LIMIT_S = 110 * PACE


@pytest.mark.timeout(240)
def test_python_socketios_own_tests_pass_on_our_host(tmp_path: Path) -> None:
    sources = socketio_sources(tmp_path)
    plugin = "tests.integration.socketio.upstream_plugin"
    # In a folder of its own, whose `tests` package would hide ours: upstream's are found by their path.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", plugin, "-p", "no:cacheprovider", "--import-mode=importlib"]
        + ["-o", "asyncio_mode=auto", "--rootdir", str(sources), "-c", str(sources / "pyproject.toml")]
        + [str(sources / name) for name in FILES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
    counted = re.search(r"(\d+) passed", done.stdout)
    assert counted is not None
    assert int(counted[1]) >= LEAST
    assert "skipped" not in done.stdout
