"""Sites of other origins at a server in production, in a real Chromium with `socket.io-client` and `fetch`."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest

from tests.support.node import run_node
from tests.support.processes import server_process

SCRIPT = Path(__file__).with_name("cross_origin.mjs")
LIMIT_S = 90.0


def rooms_of(url: str) -> float:
    """How many rooms the server has, as its metrics say."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:
        (count,) = re.findall(r"^mayfly_rooms (\S+)$", answer.read().decode(), re.MULTILINE)
    return float(count)


@pytest.mark.usefixtures("chromium")
async def test_a_named_site_uses_credentials_and_a_foreign_one_does_nothing() -> None:
    with server_process(ENVIRONMENT="production", ALLOWED_ORIGINS="http://localhost:*") as server:
        (seen,) = await run_node(SCRIPT, server.url, limit_s=LIMIT_S)
        log, rooms = server.log(), rooms_of(server.url)
    allowed, foreign = seen["allowed"], seen["foreign"]
    assert (allowed["made"]["status"], allowed["made"]["type"]) == (201, "cors")
    assert allowed["put"]["status"] == 405
    assert allowed["put"]["body"]["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert {way: one["ok"] for way, one in allowed["sockets"].items()} == {
        "polling": True,
        "websocket": True,
        "polling+websocket": True,
    }
    assert foreign["made"] == foreign["put"] == {"failed": "TypeError"}
    assert foreign["simple"]["type"] == "opaque"  # it was sent, and its page cannot tell what became of it
    assert all("failed" in one for one in foreign["sockets"].values())
    assert rooms == 2, "of the two of the named site"
    assert log.count("was refused") == 1
    assert "http://127.0.0.1:" in log
    assert seen["page"] == {"own": "open", "other": "connect-src"}
