"""A real Firefox calls a real Chromium, and another Firefox, through the server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Literal

import pytest

from tests.e2e.calls.browser_pages import browser_pages, make_room
from tests.support.processes import server_process

pytestmark = [pytest.mark.usefixtures("chromium", "firefox"), pytest.mark.timeout(180)]


@pytest.mark.parametrize("other", ["chromium", "firefox"])
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
