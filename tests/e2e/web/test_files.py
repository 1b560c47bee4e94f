"""Files on the page, in a real Chromium: sent in every way, shown where that is safe, refused in words, and erased."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.node import run_node
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.processes import ServerProcess, server_process

HERE = Path(__file__).parent
PARTS = [
    "attached",
    "pastedAndDropped",
    "hostile",
    "spoken",
    "cancelled",
    "refused",
    "erased",
    "expired",
    "seenOnce",
]
CERTIFICATE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    requires("node", "node packages", "chromium")
    with server_process(STUN_URLS="", TRUSTED_PROXY_HOPS="1") as running:
        yield running


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_files_are_sent_shown_refused_and_erased_and_hostile_ones_run_nothing(server: ServerProcess) -> None:
    seen = (await run_node(HERE / "files.mjs", server.url, limit_s=230.0))[-1]
    assert seen == {"done": PARTS, "errors": []}


async def test_over_http_2_a_file_is_streamed_as_it_is_sealed(server: ServerProcess, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [*CERTIFICATE.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=20 * PACE)
    seen = (await run_node(HERE / "streamed.mjs", server.url, str(certificate), str(key), limit_s=60.0))[-1]
    assert seen == {"version": "2.0", "length": None}
