"""Calls with a Firefox in them, through ICE restarts in any order, cuts of the network, and a reload.

Media passes a relay that can be cut, and nothing else (`iceTransportPolicy: "relay"`). Aimed at: media within `GOAL_S`
each time. The test holds ten times that against hanging, and prints what was seen.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from tests.e2e.calls.browser_pages import POLL_S, Page, browser_pages, make_room, sees
from tests.support.pace import PACE
from tests.support.processes import server_process
from tests.support.proxy import TcpProxy, tcp_proxy
from tests.support.turn import TurnServer
from tests.support.udp_relay import UdpRelay, udp_relay

pytestmark = [pytest.mark.usefixtures("chromium", "firefox"), pytest.mark.timeout(420), pytest.mark.slow]

Browser = Literal["chromium", "firefox"]
Good = Callable[[Mapping[str, Any]], bool]
GOAL_S = 5.0
BOUND_S = 10 * GOAL_S
RESTARTS, MANY_RESTARTS = 4, 10
CUT_S = 10.0
GRACE_S = "120"
"""Whoever reloads comes back, however long a page takes to load."""
CUTS = 3
"""Firefox sends into a dead path from the second restart on, and so after the third cut."""
RELAY_ONLY = {"iceTransportPolicy": "relay"}
STATE = "([id]) => person.room.call.getSnapshot().peers.find((p) => p.participantId === id)?.state"
PROBLEMS = "() => person.problems"


@dataclass
class Call:
    """Two pages that see each other. `relay` carries their media, `proxy` the second one's connection to the server."""

    first: Page
    second: Page
    relay: UdpRelay
    proxy: TcpProxy
    link: str

    async def counts(self) -> tuple[int, int]:
        seen = await asyncio.gather(self.first.media(), self.second.media())
        return seen[0].get(self.second.id, {}).get("frames", 0), seen[1].get(self.first.id, {}).get("frames", 0)

    async def media_moves(self, what: str) -> None:
        """Both see new frames of each other, and say that they are connected."""
        begun = time.monotonic()
        at_first, at_second = await self.counts()
        while not await self.both(moved(at_first), moved(at_second)):
            if time.monotonic() - begun > BOUND_S * PACE:
                seen = [(await page.media(), await page.run(PROBLEMS)) for page in (self.first, self.second)]
                raise AssertionError(f"{what}: no media both ways within {BOUND_S} s: {seen}")
            await asyncio.sleep(POLL_S)
        print(f"{what}: media both ways after {time.monotonic() - begun:.1f} s (aim: {GOAL_S:.0f})")

    async def both(self, at_first: Good, at_second: Good) -> bool:
        """Whether the media of both are good, at one look."""
        first, second = await asyncio.gather(self.first.media(), self.second.media())
        return (
            self.second.id in first
            and self.first.id in second
            and at_first(first[self.second.id])
            and at_second(second[self.first.id])
        )


def moved(frames: int) -> Good:
    """More frames than that, or those of a new connection, and what is shown says so."""

    def good(media: Mapping[str, Any]) -> bool:
        return media["state"] == "connected" and (media["frames"] > frames + 3 or 3 < media["frames"] < frames)

    return good


@asynccontextmanager
async def call_of(browsers: tuple[Browser, Browser], turn: TurnServer) -> AsyncIterator[Call]:
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(udp_relay(turn.port))
        urls = f"turn:127.0.0.1:{relay.port}?transport=udp"
        server = stack.enter_context(
            server_process(STUN_URLS="", SEAT_GRACE_S=GRACE_S, TURN_URLS=urls, TURN_SECRET=turn.secret)
        )
        proxy = stack.enter_context(tcp_proxy(server.port))
        running = {name: await stack.enter_async_context(browser_pages(name)) for name in dict.fromkeys(browsers)}
        link = make_room(server.url)["url"]
        first = await running[browsers[0]].open(server.url)
        second = await running[browsers[1]].open(proxy.url)
        for page in (first, second):
            await page.enter(link, RELAY_ONLY)
        await asyncio.gather(first.call(), second.call())
        await first.wait_for_media([second.id], sees(), limit_s=BOUND_S)
        await second.wait_for_media([first.id], sees(), limit_s=BOUND_S)
        yield Call(first, second, relay, proxy, link)


@pytest.mark.parametrize(
    ("browsers", "restarts"),
    [
        (("firefox", "chromium"), RESTARTS),
        pytest.param(("firefox", "firefox"), MANY_RESTARTS, marks=pytest.mark.soak),
        pytest.param(("firefox", "chromium"), MANY_RESTARTS, marks=pytest.mark.soak),
    ],
)
async def test_media_is_back_after_restarts_cuts_and_a_reload(
    browsers: tuple[Browser, Browser], restarts: int, turn_server: TurnServer
):
    async with call_of(browsers, turn_server) as call:
        order = random.Random(16)
        for number in range(restarts):
            chosen = order.choice(([call.first], [call.second], [call.first, call.second]))
            before = [await page.run("() => person.ufrag()") for page in chosen]
            await asyncio.gather(*(page.run("() => person.pc.restartIce()") for page in chosen))
            for page, old in zip(chosen, before, strict=True):
                await page.wait_until("([old]) => person.ufrag() !== old", old)
            await call.media_moves(f"restart {number + 1} by {len(chosen)}")

        for number in range(CUTS):
            call.relay.cut()
            await asyncio.sleep(CUT_S)
            call.relay.mend()
            await call.media_moves(f"cut {number + 1} of media")

        call.relay.cut()
        call.proxy.refuse()
        call.proxy.cut()
        await asyncio.sleep(CUT_S)
        call.proxy.accept()
        call.relay.mend()
        await call.media_moves("cut of media and server")

        for page, other in ((call.second, call.first), (call.first, call.second)):
            await page.reload()
            begun = time.monotonic()
            await page.enter(call.link, RELAY_ONLY)
            await page.wait_for_media([other.id], sees(), limit_s=BOUND_S)
            await call.media_moves(f"reload, {time.monotonic() - begun:.1f} s until the page saw the other")


@pytest.mark.parametrize("browsers", [("firefox", "chromium")], ids="-".join)
async def test_a_cut_is_seen_by_both_although_the_browser_says_nothing(
    browsers: tuple[Browser, Browser], turn_server: TurnServer
):
    async with call_of(browsers, turn_server) as call:
        call.relay.cut()
        begun = time.monotonic()
        for page, other in ((call.first, call.second), (call.second, call.first)):
            await page.wait_until(f"async (args) => ({STATE})(args) !== 'connected'", other.id)
        print(f"both say that the call is not connected {time.monotonic() - begun:.1f} s after the cut")
        call.relay.mend()
        await call.media_moves("after a short cut")
