"""The sources of an earlier revision, beside those of the working tree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.processes import ROOT

INSTALLED = ("client/node_modules", "web/node_modules")
"""What a server may want of what is installed and not in the repository; both sides use the same."""


def commit_of(revision: str, repository: Path = ROOT) -> str:
    """The commit that a revision names; `SystemExit` where it names none."""
    name = f"{revision}^{{commit}}"
    found = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", name],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode != 0:
        raise SystemExit(f"{revision} is no revision of the repository in {repository}.")
    return found.stdout.strip()


@contextmanager
def tree_of(commit: str, repository: Path = ROOT) -> Iterator[Path]:
    """A folder with the sources of a commit, removed on the way out."""
    with TemporaryDirectory(prefix="mayfly-base-") as folder:
        tree = Path(folder)
        archive = subprocess.run(["git", "archive", commit], cwd=repository, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        for name in INSTALLED:
            if (repository / name).is_dir() and (tree / name).parent.is_dir():
                (tree / name).symlink_to(repository / name, target_is_directory=True)
        yield tree
