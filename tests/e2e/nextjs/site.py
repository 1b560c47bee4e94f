"""The Next.js example as a process: built once, served as in production or in development."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.client import PARTS
from tests.support.pace import PACE
from tests.support.parts import missing, requires
from tests.support.processes import LOOPBACK, ROOT, Service, http_answers, launch

EXAMPLE = ROOT / "examples" / "nextjs"
NEXT = EXAMPLE / "node_modules" / "next" / "dist" / "bin" / "next"
BUILD_LIMIT_S = 300.0 * PACE
"""Against hanging only: 8 s on two idle cores."""


class Site(Service):
    """`next start` or `next dev` of the example."""

    def __init__(self, mode: str, port: int, env: Mapping[str, str]) -> None:
        super().__init__(port, ["node", str(NEXT), mode, "-H", LOOPBACK, "-p", str(port)], env=env)
        self.cwd = EXAMPLE
        self.mode = mode

    @property
    def url(self) -> str:
        # Browsers count localhost as a secure context, and the Mayfly server lets it in while in development.
        return f"http://localhost:{self.port}"

    def ready(self) -> bool:
        return http_answers(f"http://{LOOPBACK}:{self.port}/")

    def close(self) -> None:
        """Ask first: `next dev` has children of its own, which it ends by itself when it is asked to."""
        if self.running():
            self.terminate()
        super().close()


def require_example() -> None:
    """Skip (fail in CI) where the example's packages are not installed."""
    requires("node", "node packages", "chromium")
    if not NEXT.exists():
        missing("the packages of examples/nextjs were not found: run `make install-dev`")


def build(server: str) -> None:
    """`next build` for the Mayfly server of this URL."""
    done = subprocess.run(
        ["node", str(NEXT), "build"], cwd=EXAMPLE, env=_environment(server), capture_output=True, timeout=BUILD_LIMIT_S
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


@contextmanager
def site(mode: str, server: str, **more: str) -> Iterator[Site]:
    """The example, served until the way out; `mode` is `start` (after `build`) or `dev`. `more`: of its environment."""
    running = launch(lambda port: Site(mode, port, {**_environment(server), **more}))
    try:
        yield running
    finally:
        running.close()


def installed_client() -> dict[str, str]:
    """The files of the client package as the example has them, by name."""
    return _sources(EXAMPLE / "node_modules" / "@mayfly" / "client")


def current_client() -> dict[str, str]:
    """The files of the client package as they are."""
    return _sources(ROOT / "client")


def _sources(folder: Path) -> dict[str, str]:
    """But `browser.js`, which is for pages of the server itself and not in the package."""
    found = [path for place in (folder, *(folder / part for part in PARTS)) for path in place.glob("*.[jt]s")]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found if path.name != "browser.js"}


def _environment(server: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "NEXT_TELEMETRY_DISABLED": "1", "NEXT_PUBLIC_MAYFLY_URL": server, "NO_COLOR": "1"}
