"""A real Firefox calls a real Chromium, and another Firefox, through the server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Literal

import pytest

from tests.e2e.calls.browser_pages import browser_pages, make_room
from tests.support.processes import server_process

pytestmark = [pytest.mark.usefixtures("chromium", "firefox"), pytest.mark.timeout(180)]


@pytest.mark.parametrize("other", ["chromium", pytest.param("firefox", marks=pytest.mark.soak)])
async def test_firefox_and_another_browser_see_and_hear_each_other(other: Literal["chromium", "firefox"]):
    async with AsyncExitStack() as stack:
        server = stack.enter_context(server_process(STUN_URLS=""))
        in_firefox = await stack.enter_async_context(browser_pages("firefox"))
        elsewhere = in_firefox if other == "firefox" else await stack.enter_async_context(browser_pages(other))
        link = make_room(server.url)["url"]
        first, second = await in_firefox.open(server.url), await elsewhere.open(server.url)
        await first.enter(link)
        await second.enter(link)
        await asyncio.gather(first.call(), second.call())
        seen = await first.wait_for_media([second.id])
        assert (await second.wait_for_media([first.id]))[first.id]["pair"] is not None
        assert seen[second.id]["pair"] is not None


async def test_a_connection_closed_while_firefox_is_asked_for_its_statistics_holds_nobody_up():
    async with AsyncExitStack() as stack:
        server = stack.enter_context(server_process(STUN_URLS=""))
        in_firefox = await stack.enter_async_context(browser_pages("firefox"))
        page = await in_firefox.open(server.url)
        came = await page.run(
            """async ([module]) => {
              const { readStats } = await import(module);
              const pc = new RTCPeerConnection();
              const asked = readStats(pc);
              pc.close();
              return (await asked) === null;
            }""",
            "/client/call/stats.js",
            limit_s=20,
        )
        assert came is True
