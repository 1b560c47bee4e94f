"""Two pages in a call, one of which can be cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from tests.e2e.calls.browser_pages import WATCH, Page, browser_pages, make_room
from tests.support.processes import server_process
from tests.support.proxy import TcpProxy, tcp_proxy

GRACE_S = 6
LONG_GRACE_S = 60
"""For whoever comes back, however long a page takes to load."""
AT_ONCE_S = 4.0
PEERS = "() => person.room.call.getSnapshot().peers.length"
OTHER = "() => person.room.getSnapshot().participants[0] ?? null"


@asynccontextmanager
async def in_a_call(
    browser: Literal["chromium", "firefox"] = "chromium",
    grace_s: int = GRACE_S,
) -> AsyncIterator[tuple[Page, Page, TcpProxy, str]]:
    """Two pages that see each other; the second one reaches the server over a proxy that can be cut."""
    settings = {"STUN_URLS": "", "SEAT_GRACE_S": str(grace_s), "PING_INTERVAL_S": "2", "PING_TIMEOUT_S": "2"}
    with server_process(**settings) as server, tcp_proxy(server.port) as proxy:
        async with browser_pages(browser) as pages:
            link = make_room(server.url)["url"]
            stays, goes = await pages.open(server.url), await pages.open(proxy.url)
            for page in (stays, goes):
                await page.run(WATCH)
                await page.enter(link)
            await asyncio.gather(stays.call(), goes.call())
            await stays.wait_for_media([goes.id])
            yield stays, goes, proxy, link
