"""Lock the requirements: each `requirements*.txt` (ranges) gets a `.lock` beside it (exact versions, with hashes).

`python -m supply.lock` (`make lock`) keeps what is locked and still fits, `--upgrade` moves all to the newest that fit.
One file is for every system and every Python from 3.11 on. The longest is resolved first and binds the others, so that
tests run on what is deployed. uv asks the index that pip is set up with; no index is written down.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
OLDEST_PYTHON = "3.11"

LONGEST = "requirements-dev"
OTHERS = ("requirements", "requirements-server", "requirements-sentry", "requirements-docs")
"""names of requirements files, without their endings; all that is in these is in the longest, too"""


def compile_command(name: str, *, upgrade: bool) -> list[str]:
    """What locks one file; the others within what the longest has chosen."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", OLDEST_PYTHON, "--custom-compile-command", "make lock"]
    command += [f"{name}.txt", "--output-file", f"{name}.lock"]
    command += ["--upgrade"] if upgrade else []
    return command if name == LONGEST else [*command, "--constraints", f"{LONGEST}.lock"]


def environment() -> dict[str, str]:
    """That of this process, with the index of pip where uv has been told of none."""
    env = dict(os.environ)
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    index = env.get("PIP_INDEX_URL") or asked.stdout.strip()
    return {"UV_DEFAULT_INDEX": index, **env} if index else env


def main(folder: Path = ROOT, arguments: list[str] | None = None) -> int:
    """Lock all files in a folder. The exit code of what failed first, or 0."""
    parser = argparse.ArgumentParser(prog="python -m supply.lock", description="Lock the requirements.")
    parser.add_argument("--upgrade", action="store_true", help="move all to the newest versions that fit")
    upgrade = parser.parse_args(arguments).upgrade
    for name in (LONGEST, *OTHERS):
        code = subprocess.run(
            compile_command(name, upgrade=upgrade), cwd=folder, env=environment(), check=False
        ).returncode
        if code:
            return code
        print(f"{name}.lock fits {name}.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
