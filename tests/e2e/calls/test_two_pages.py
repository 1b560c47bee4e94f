"""Two browsers call each other through the server: direct, through TURN, from both sides at once, across faults."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time

import pytest

from tests.e2e.calls.browser_pages import Page, Pages, browser_pages, make_room, sees
from tests.support.processes import server_process
from tests.support.proxy import tcp_proxy
from tests.support.turn import TurnServer

pytestmark = [pytest.mark.usefixtures("chromium"), pytest.mark.timeout(180)]

RELAY_ONLY = {"iceTransportPolicy": "relay"}
GLARES, MANY_GLARES = 12, 50
CUT_S = 5.0


async def two_in_a_room(pages: Pages, url: str, rtc: dict[str, object] | None = None) -> tuple[Page, Page]:
    link = make_room(url)["url"]
    first, second = await pages.open(url), await pages.open(url)
    await first.enter(link, rtc)
    await second.enter(link, rtc)
    return first, second


async def test_two_pages_see_and_hear_each_other():
    with server_process(STUN_URLS="") as server:
        async with browser_pages() as pages:
            first, second = await two_in_a_room(pages, server.url)
            await asyncio.gather(first.call(), second.call())
            begun = time.monotonic()
            seen = await first.wait_for_media([second.id])
            await second.wait_for_media([first.id])
            print(f"both ways after {time.monotonic() - begun:.1f} s: {seen[second.id]}")


async def test_two_pages_call_through_turn_alone(turn_server: TurnServer):
    turn = {"TURN_URLS": ",".join(turn_server.urls), "TURN_SECRET": turn_server.secret}
    with server_process(STUN_URLS="", **turn) as server:
        async with browser_pages() as pages:
            first, second = await two_in_a_room(pages, server.url, RELAY_ONLY)
            await asyncio.gather(first.call(), second.call())
            seen = await first.wait_for_media([second.id])
            await second.wait_for_media([first.id])
            assert seen[second.id]["pair"] == ["relay", "relay"]


async def test_expired_turn_credentials_connect_nobody_and_say_so(turn_server: TurnServer):
    username = f"{int(time.time()) - 60}:somebody"
    digest = hmac.new(turn_server.secret.encode(), username.encode(), hashlib.sha1).digest()
    expired = {"urls": turn_server.urls, "username": username, "credential": base64.b64encode(digest).decode()}
    with server_process(STUN_URLS="") as server:
        async with browser_pages() as pages:
            rtc = {**RELAY_ONLY, "iceServers": [expired]}
            first, second = await two_in_a_room(pages, server.url, rtc)
            await asyncio.gather(first.call(), second.call())
            await first.wait_until("() => person.iceErrors.includes(401)")
            media = await first.media()
            assert all(peer["frames"] == 0 and peer["state"] != "connected" for peer in media.values())


@pytest.mark.parametrize("glares", [GLARES, pytest.param(MANY_GLARES, marks=pytest.mark.soak)])
async def test_both_sides_offer_at_the_same_moment_again_and_again(glares: int):
    with server_process(STUN_URLS="", EVENTS_PER_S="0") as server:
        async with browser_pages() as pages:
            first, second = await two_in_a_room(pages, server.url)
            connected = 0
            for _ in range(glares):
                # Whoever starts its call greets everybody who is there, so both offer.
                await asyncio.gather(first.call(), second.call())
                await asyncio.gather(connects(first, second), connects(second, first))
                connected += 1
                await asyncio.gather(*(page.run("() => person.room.call.stop()") for page in (first, second)))
            print(f"{connected} of {glares} glares connected")
            assert connected == glares


async def connects(page: Page, other: Page) -> None:
    await page.wait_until(
        "([id]) => person.room.call.getSnapshot().peers.some((p) => p.state === 'connected')", other.id
    )


async def test_a_call_connects_although_a_socket_is_away_for_five_seconds_in_the_middle():
    with server_process(STUN_URLS="") as server, tcp_proxy(server.port) as proxy:
        async with browser_pages() as pages:
            link = make_room(server.url)["url"]
            first, second = await pages.open(server.url), await pages.open(proxy.url)
            await first.enter(link)
            await second.enter(link)
            await second.run("() => { person.room.call.on('peer-connection', () => { person.offered = true; }); }")
            await first.call()
            await second.run("() => { person.room.call.start(); }")
            await second.wait_until("() => person.offered")
            proxy.refuse()
            proxy.cut()
            await asyncio.sleep(CUT_S)
            proxy.accept()
            await first.wait_for_media([second.id], limit_s=40)
            await second.wait_for_media([first.id], limit_s=40)


async def test_an_ice_restart_after_a_cut_brings_the_media_back():
    with server_process(STUN_URLS="") as server, tcp_proxy(server.port) as proxy:
        async with browser_pages() as pages:
            link = make_room(server.url)["url"]
            first, second = await pages.open(server.url), await pages.open(proxy.url)
            await first.enter(link)
            await second.enter(link)
            await asyncio.gather(first.call(), second.call())
            await first.wait_for_media([second.id])
            before = await second.run("() => person.ufrag()")
            proxy.cut()
            await second.wait_until("() => person.room.getSnapshot().status === 'joined'")
            await second.run("() => person.pc.restartIce()")
            await second.wait_until("([old]) => person.ufrag() !== old", before)
            count = (await first.media())[second.id]["frames"]
            await first.wait_for_media([second.id], sees(count + 5))
