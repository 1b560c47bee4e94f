"""What the other side sees when a call ends in one way or another, and when: the table of docs/calls.md, row by row."""

from __future__ import annotations

import time
from typing import Literal

import pytest

from tests.e2e.calls.browser_pages import LIVE, browser_pages, make_room
from tests.e2e.calls.two_in_a_call import AT_ONCE_S, GRACE_S, LONG_GRACE_S, OTHER, PEERS, in_a_call
from tests.support.js_client import js_client
from tests.support.processes import server_process

pytestmark = [pytest.mark.usefixtures("chromium"), pytest.mark.timeout(180)]


@pytest.mark.parametrize("browser", ["chromium", pytest.param("firefox", marks=pytest.mark.soak)])
async def test_a_hang_up_takes_the_picture_away_at_once_and_a_new_start_brings_it_back(
    browser: Literal["chromium", "firefox"], request: pytest.FixtureRequest
):
    request.getfixturevalue(browser)
    async with in_a_call(browser) as (stays, goes, _, _):
        await goes.run("() => { person.room.call.stop(); }")
        assert await goes.run(LIVE) == 0
        await stays.wait_until(f"() => ({PEERS})() === 0", limit_s=AT_ONCE_S)
        other = await stays.run(OTHER)
        assert (other["inCall"], other["connected"]) == (False, True)
        if browser == "chromium":
            # Nor is it called anew, as one that keeps silent is after 4 s.
            await stays.run("() => new Promise((resolve) => setTimeout(resolve, 5_000))")
            assert await stays.run(PEERS) == 0
        await goes.call()
        await stays.wait_for_media([goes.id])
        # Start, stop, start in one breath is one call, the last.
        await goes.run(
            "async () => { const { call } = person.room; call.stop(); call.start(); call.stop(); await call.start(); }"
        )
        await stays.wait_for_media([goes.id])
        assert await goes.run(LIVE) == 2


async def test_a_reload_re_enters_the_call_by_itself():
    async with in_a_call(grace_s=LONG_GRACE_S) as (stays, goes, _, link):
        await goes.reload()
        await goes.enter(link)
        began = time.monotonic()
        await stays.wait_for_media([goes.id], lambda media: media["state"] == "connected" and media["frames"] > 5)
        await goes.wait_until("() => person.room.call.getSnapshot().active")
        print(f"back {time.monotonic() - began:.1f} s after the reload")
        assert (await stays.run(OTHER))["inCall"] is True


async def test_a_closed_tab_is_reconnecting_and_gone_with_its_seat():
    async with in_a_call() as (stays, goes, _, _):
        await goes.close()
        began = time.monotonic()
        await stays.wait_until(f"() => !({OTHER})()?.connected", limit_s=AT_ONCE_S)
        await stays.wait_until(f"() => ({OTHER})() === null && ({PEERS})() === 0", limit_s=GRACE_S + 4)
        assert time.monotonic() - began > GRACE_S / 2


async def test_a_network_that_is_gone_takes_the_seat_after_its_grace_period():
    async with in_a_call() as (stays, goes, proxy, _):
        proxy.refuse()
        proxy.cut()
        await stays.wait_until(f"() => !({OTHER})()?.connected", limit_s=AT_ONCE_S)
        # Media goes its own way: while the seat is kept the picture moves on.
        frames = (await stays.media())[goes.id]["frames"]
        await stays.wait_for_media([goes.id], lambda media: media["frames"] > frames + 5, limit_s=GRACE_S / 2)
        await stays.wait_until(f"() => ({OTHER})() === null && ({PEERS})() === 0", limit_s=GRACE_S + 6)


async def test_a_browser_without_webrtc_is_there_for_the_chat_and_is_not_called():
    with server_process(STUN_URLS="") as server:
        link = make_room(server.url)["url"]
        async with browser_pages() as pages:
            without, other = await pages.open(server.url), await pages.open(server.url)
            await without.run("() => { delete window.RTCPeerConnection; }")
            await without.enter(link)
            await other.enter(link)
            await other.call()
            seen = await other.run(OTHER)
            assert (seen["media"]["canCall"], seen["inCall"]) == (False, False)
            code = await without.run("() => person.room.call.start().then(() => '', ({ code }) => code)")
            assert code == "CALL_UNSUPPORTED"
            await other.run(
                "() => new Promise((resolve) => setTimeout(resolve, 5_000))"
            )  # A silent one is called after 4 s.
            assert await other.run(PEERS) == 0


async def test_one_who_only_chats_gets_one_offer_at_most():
    with server_process(STUN_URLS="") as server:
        made = make_room(server.url)
        async with browser_pages() as pages, js_client() as js:
            chat = await js.connect(server.url)
            await chat.ok("join-room", {"roomId": made["roomId"]})
            page = await pages.open(server.url)
            await page.enter(made["url"])
            await page.call()
            await chat.wait_for("offer-received")
            assert await page.run(PEERS) == 0
            await page.run("() => new Promise((resolve) => setTimeout(resolve, 12_000))")  # Longer than every retry.
            assert len(chat.received("offer-received")) == 1


async def test_an_offer_that_was_refused_for_its_rate_is_sent_again():
    with server_process(STUN_URLS="", EVENTS_PER_S="3") as server:
        link = make_room(server.url)["url"]
        async with browser_pages() as pages:
            first, second = await pages.open(server.url), await pages.open(server.url)
            await first.enter(link)
            await second.enter(link)
            await first.call()
            # The second one's bucket is empty by the time that its offer is made.
            await second.run("""() => {
              const { room } = person;
              room.on("user-updated", ({ participant }) => {
                if (participant.id !== room.getSnapshot().self.id || !participant.inCall || person.spent) return;
                person.spent = true;
                for (let n = 0; n < 14; n += 1) room.request("typing", { isTyping: false }).catch(() => {});
              });
            }""")
            await second.run("() => { person.room.call.start(); }")
            await first.wait_for_media([second.id], limit_s=40)
            assert any("RATE_LIMITED" in problem for problem in await second.run("() => person.problems"))
