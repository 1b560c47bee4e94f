"""The first impression: how soon the front page is there, on a slow connection, and of how little."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bundle import bundle
from tests.support.node import run_node
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.processes import ServerProcess, server_process

HERE = Path(__file__).parent
MAX_REQUESTS = 8
MAX_BYTES = 150_000
COLD_MS, WARM_MS = 1_000, 400
LOADED = 2.5 * PACE
"""A machine that is busy with other tests may take so many times longer."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    requires("node", "node packages", "chromium")
    bundle()
    with server_process(STUN_URLS="", ENVIRONMENT="production") as running:
        yield running


async def test_the_form_is_there_at_once_also_on_a_slow_connection(server: ServerProcess) -> None:
    (seen,) = await run_node(HERE / "impression.mjs", server.url, limit_s=60.0)
    assert "served as its sources" not in server.log()
    cold, warm = seen["cold"], seen["warm"]
    print(f"\nform: cold {cold['formMs']:.0f} ms, {len(cold['requests'])} requests, {cold['bytes']} bytes; ", end="")
    print(f"warm {warm['formMs']:.0f} ms, {len(warm['requests'])} requests, {warm['bytes']} bytes", end="")
    german = seen["german"]
    print(f"; German, cold: {german['formMs']:.0f} ms, {len(german['requests'])} requests, {german['bytes']} bytes")
    assert len(cold["requests"]) <= MAX_REQUESTS, cold["requests"]
    assert cold["bytes"] <= MAX_BYTES
    assert not any("qrcode" in path for path in cold["requests"])
    assert warm["requests"] == ["/"]
    assert warm["bytes"] < 2_000
    assert cold["formMs"] < COLD_MS * LOADED
    assert warm["formMs"] < WARM_MS * LOADED
    # One file more, in the place of nothing: English is part of the page.
    assert len(german["requests"]) <= MAX_REQUESTS, german["requests"]
    assert german["bytes"] <= MAX_BYTES
    assert german["formMs"] < COLD_MS * LOADED


async def test_the_page_can_be_installed_and_the_client_is_a_module_for_pages_of_every_origin() -> None:
    requires("node", "node packages", "chromium")
    bundle()
    with server_process(STUN_URLS="") as server:
        (seen,) = await run_node(HERE / "taken.mjs", server.url, limit_s=60.0)
    assert seen["errors"] == []
    # Chromium installs nothing for a private window, which each of a test's is.
    assert {error["errorId"] for error in seen["installabilityErrors"]} <= {"in-incognito"}
    assert seen["said"] == "Ada has joined"
