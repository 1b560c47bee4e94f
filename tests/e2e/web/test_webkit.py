"""The page in a real WebKit, which has no WebRTC: it chats, and both sides are told that it cannot call."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.node import run_node
from tests.support.parts import requires
from tests.support.processes import server_process

LIMIT_S = 110.0


@pytest.mark.slow
async def test_webkit_chats_encrypted_with_chromium_and_both_are_told_that_it_cannot_call() -> None:
    requires("node", "node packages", "chromium", "webkit")
    with server_process(STUN_URLS="") as server:
        seen = (await run_node(Path(__file__).parent / "webkit.mjs", server.url, limit_s=LIMIT_S))[-1]
    assert seen["encrypted"] == "End-to-end encrypted"
    assert seen["canCall"] is False
    assert seen["tiles"] == 0, "nobody waits for the picture of somebody who cannot call"
    assert seen["people"] == 2
    assert seen["errors"] == []
