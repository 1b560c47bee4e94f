"""On what, with what and when something was measured: told with every result."""

from __future__ import annotations

import os
import platform
import sysconfig
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.servers import EVENTS_PER_S, cores

PACKAGES = ("aiohttp", "python-socketio", "uvloop", "orjson", "pydantic")
BUILD_FLAGS = ("--enable-optimizations", "--with-lto", "--enable-shared")
"""Those that change how fast the interpreter is."""


def machine() -> dict[str, Any]:
    """The processor and its load, the interpreter and how it was built, our packages."""
    server_core, load_core = cores()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "serverCore": server_core,
        "loadCore": load_core,
        "load1": os.getloadavg()[0],
        "eventsPerS": EVENTS_PER_S,
        "python": platform.python_version(),
        "pythonBuild": interpreter_build(),
        "mayflyBuild": os.environ.get("MAYFLY_BUILD") or "pure",
        **{name: version(name) for name in PACKAGES},
    }


def interpreter_build() -> str:
    """How this interpreter was built: its compiler, and which of the flags that matter were given."""
    given = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    flags = [name for name in BUILD_FLAGS if f"'{name}'" in given or f"'{name}=" in given]
    return f"{platform.python_implementation()}, {platform.python_compiler()}, {' '.join(flags) or 'no build flags'}"


def in_words(about: Mapping[str, Any]) -> str:
    """One line on machine and interpreter."""
    return (
        f"{about['at'][:10]}, {about['cores']} cores of {about['processor']}, Linux {about['kernel']};"
        f" Python {about['python']} ({about['pythonBuild']}), Mayfly {about.get('mayflyBuild', 'pure')}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
