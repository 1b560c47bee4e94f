"""The example of a call in docs/client-examples.md, as it stands, in a real browser."""

from __future__ import annotations

from pathlib import Path

from tests.support.node import run_node
from tests.support.parts import requires
from tests.support.processes import server_process


async def test_the_example_of_a_call_tells_what_stands_beside_it() -> None:
    requires("node", "node packages", "chromium")
    with server_process(STUN_URLS="") as server:
        (seen,) = await run_node(Path(__file__).parent / "example.mjs", server.url)
    assert seen["errors"] == []
    assert seen["told"] > 0
