"""The build of the page and of the client, as `make install` makes it."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

from server.transport.http.bundle import Build, Bundle
from tests.support.pace import PACE
from tests.support.parts import missing
from tests.support.processes import ROOT

BUILD_LIMIT_S = 60.0 * PACE
LOCK = Path(__file__)
PACKAGES = (
    "web/node_modules/esbuild",
    "web/node_modules/@twilio/video-processors",
    "client/node_modules/socket.io-client",
)


def bundle() -> Build:
    """The build of the sources that are there, made where there is none; skips the test where that cannot be."""
    if not shutil.which("npm") or not all((ROOT / package).exists() for package in PACKAGES):
        missing("the page cannot be built: install Node.js, and `make install`")
    with LOCK.open() as shared:
        fcntl.flock(shared, fcntl.LOCK_EX)  # one of several workers makes it
        if Bundle().current() is None:
            command = ["npm", "run", "build", "--silent", "--prefix", "web"]
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=BUILD_LIMIT_S)
    build = Bundle().current()
    assert build is not None
    return build
