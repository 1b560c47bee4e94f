"""What operators look at, in a real Chromium: our own page, and Socket.IO's Admin UI."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.node import run_node
from tests.support.parts import requires
from tests.support.processes import free_port, server_process

HERE = Path(__file__).parent
KEY = "correct horse bättery staple"
LIMIT_S = 110.0


async def test_the_operators_page_by_keyboard_and_under_axe() -> None:
    requires("node", "node packages", "chromium")
    with server_process(ADMIN_KEY=KEY, STUN_URLS="", LOG_LEVEL="error") as server:
        seen = (await run_node(HERE / "admin.mjs", server.url, KEY, limit_s=LIMIT_S))[-1]
    assert seen["violations"] == []
    assert seen["foreign"] == [], "the page needs nothing but its own files"
    assert seen["back"] == seen["expectedBack"], "the focus goes back to the button that opened the dialog"
    assert seen["after"], "the focus is somewhere when the room has gone from the table"
    assert seen["gone"] == 410


@pytest.mark.slow
async def test_the_admin_ui_of_socket_io_shows_how_many_there_are() -> None:
    requires("node", "node packages", "chromium")
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with server_process(ADMIN_KEY=KEY, CORS_ORIGINS=origin, STUN_URLS="", LOG_LEVEL="error") as server:
        seen = (await run_node(HERE / "admin-ui.mjs", server.url, str(port), KEY, limit_s=LIMIT_S))[-1]
    assert "CONNECTED" in seen["dashboard"]
    assert seen["stats"] >= 1
    assert seen["told"] is False
