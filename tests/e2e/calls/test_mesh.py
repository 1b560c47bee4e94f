"""Several people in one call, somebody who reloads or goes while others negotiate, and the test peer's echo."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.e2e.calls.browser_pages import Page, browser_pages, make_room, sees
from tests.e2e.peer_process import peer
from tests.support.pace import PACE
from tests.support.processes import server_process

pytestmark = [pytest.mark.usefixtures("chromium"), pytest.mark.timeout(180)]

OTHERS = "() => person.room.getSnapshot().participants.map((p) => p.id)"
TILES = "() => person.room.call.getSnapshot().peers.map((p) => p.participantId)"


async def all_see_all(pages: list[Page]) -> None:
    async with asyncio.timeout(60 * PACE):
        await asyncio.gather(*(p.wait_for_media([o.id for o in pages if o is not p], limit_s=50) for p in pages))


async def test_four_pages_see_each_other_and_again_after_one_reloads():
    with server_process(STUN_URLS="", EVENTS_PER_S="0") as server:
        async with browser_pages() as browser:
            link = make_room(server.url)["url"]
            pages = [await browser.open(server.url) for _ in range(4)]
            for page in pages:
                await page.enter(link)
            begun = time.monotonic()
            await asyncio.gather(*(page.call() for page in pages))
            await all_see_all(pages)
            print(f"12 directions after {time.monotonic() - begun:.1f} s")

            old_id = pages[0].id
            begun = time.monotonic()
            await pages[0].reload()
            assert await pages[0].enter(link) == old_id, "a reload made a second participant"
            frames = [(await page.media()).get(old_id, {}).get("frames", 0) for page in pages[1:]]
            await pages[0].call()
            await all_see_all(pages)
            for page, count in zip(pages[1:], frames, strict=True):
                await page.wait_for_media([old_id], lambda media, count=count: media["frames"] != count)
            print(f"12 directions again {time.monotonic() - begun:.1f} s after a reload")
            for page in pages:
                expected = sorted(other.id for other in pages if other is not page)
                assert sorted(await page.run(OTHERS)) == expected
                assert sorted(await page.run(TILES)) == expected


async def test_somebody_leaves_and_somebody_comes_while_the_others_negotiate():
    with server_process(STUN_URLS="", EVENTS_PER_S="0") as server:
        async with browser_pages() as browser:
            link = make_room(server.url)["url"]
            first, second, leaver, late = [await browser.open(server.url) for _ in range(4)]
            for page in (first, second, leaver):
                await page.enter(link)
            await asyncio.gather(*(page.run("() => { person.room.call.start(); }") for page in (first, second, leaver)))
            await asyncio.gather(leaver.run("() => person.room.leave()"), late.enter(link))
            await late.call()
            await all_see_all([first, second, late])
            for page in (first, second, late):
                assert leaver.id not in await page.run(TILES)


async def test_a_browser_calls_the_echo_peer_and_sees_its_own_frames_come_back():
    with server_process(STUN_URLS="") as server:
        link = make_room(server.url)["url"]
        async with browser_pages() as browser:
            page = await browser.open(server.url)
            await page.enter(link)
            await page.call()
            with peer("--mode", "echo", "--seconds", "60", link) as echo:
                await page.wait_until("() => person.room.getSnapshot().participants.length === 1")
                [echo_id] = await page.run(OTHERS)
                await page.wait_for_media([echo_id], sees(20), limit_s=40)
                await page.run("() => person.room.leave()")
                done = await asyncio.to_thread(echo.finish)
            assert done.code == 0, done
            assert done.calls[0]["video"]["frames"] > 0
