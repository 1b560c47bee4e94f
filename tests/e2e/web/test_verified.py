"""Who came with a join token looks different on the page."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from tests.support.issuers import SECRET, token
from tests.support.node import run_node
from tests.support.parts import requires
from tests.support.processes import server_process

SCRIPT = Path(__file__).with_name("verified.mjs")
LIMIT_S = 110.0


async def test_whom_the_site_vouches_for_has_a_mark_that_nobody_else_can_have() -> None:
    requires("node", "node packages", "chromium")
    with server_process(STUN_URLS="", JOIN_JWT_SECRET=SECRET) as server:
        asked = urllib.request.Request(f"{server.url}/api/rooms", data=b"{}", method="POST")
        with urllib.request.urlopen(asked, timeout=10) as answer:
            room = json.load(answer)["roomId"]
        vouched = token(room, name="Grace Hopper")
        assert await run_node(SCRIPT, server.url, room, vouched, limit_s=LIMIT_S) == [{"errors": []}]
