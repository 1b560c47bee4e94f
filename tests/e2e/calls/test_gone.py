"""More rows of the table in docs/calls.md: the room is left, a page does not come back into its call, silence."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.e2e.calls.browser_pages import browser_pages, make_room
from tests.e2e.calls.two_in_a_call import AT_ONCE_S, LONG_GRACE_S, OTHER, PEERS, in_a_call
from tests.support.pace import PACE
from tests.support.processes import LOOPBACK, server_process
from tests.support.proxy import tcp_proxy
from tests.support.turn import TurnServer

pytestmark = [pytest.mark.usefixtures("chromium"), pytest.mark.timeout(180)]

PING_INTERVAL_S, PING_TIMEOUT_S, GRACE_S = 6, 4, 6
STATE = "([id]) => person.room.call.getSnapshot().peers.find((peer) => peer.participantId === id)?.state ?? 'none'"
LIFE_S = 600
MARGIN_S = 3.0 * PACE
"""For a busy machine, on top of what the table says."""
NO_RESUME = """async ([link, name]) => {
  const { joinRoom } = await import("/client/browser.js");
  person.room = await joinRoom(location.origin + new URL(link).pathname, { name, call: { resume: false } });
}"""


async def test_leaving_the_room_takes_the_person_and_the_picture_away_at_once() -> None:
    async with in_a_call() as (stays, goes, _, _):
        await goes.run("() => { person.room.leave(); }")
        await stays.wait_until(f"() => ({OTHER})() === null && ({PEERS})() === 0", limit_s=AT_ONCE_S)


async def test_a_page_that_does_not_want_its_call_back_after_a_reload_has_hung_up() -> None:
    async with in_a_call(grace_s=LONG_GRACE_S) as (stays, goes, _, link):
        await goes.reload()
        await goes.run(NO_RESUME, link, goes.name)
        await stays.wait_until(f"() => ({OTHER})()?.connected && ({OTHER})().inCall === false", limit_s=AT_ONCE_S)
        await stays.wait_until(f"() => ({PEERS})() === 0", limit_s=AT_ONCE_S)
        assert await goes.run("() => person.room.call.getSnapshot().active") is False


def relay(turn: TurnServer, port: int) -> dict[str, Any]:
    """What leads all media of one side over TCP through this port, which can fall silent."""
    username = f"{int(time.time()) + LIFE_S}:somebody"
    digest = hmac.new(turn.secret.encode(), username.encode(), hashlib.sha1).digest()
    server = {"urls": f"turn:{LOOPBACK}:{port}?transport=tcp", "username": username}
    return {
        "iceTransportPolicy": "relay",
        "iceServers": [{**server, "credential": base64.b64encode(digest).decode()}],
    }


@pytest.mark.parametrize("back", [False, True], ids=["for good", "for a while"])
async def test_a_network_that_is_gone_without_a_word(turn_server: TurnServer, back: bool) -> None:
    """Neither media nor signals pass, and no connection ends: as where a cable was pulled further away."""
    settings = {
        "STUN_URLS": "",
        "SEAT_GRACE_S": str(GRACE_S),
        "PING_INTERVAL_S": str(PING_INTERVAL_S),
        "PING_TIMEOUT_S": str(PING_TIMEOUT_S),
    }
    async with AsyncExitStack() as stack:
        server = stack.enter_context(server_process(**settings))
        signals = stack.enter_context(tcp_proxy(server.port))
        media = stack.enter_context(tcp_proxy(turn_server.port))
        pages = await stack.enter_async_context(browser_pages())
        link = make_room(server.url)["url"]
        stays, goes = await pages.open(server.url), await pages.open(signals.url)
        await stays.enter(link)
        await goes.enter(link, relay(turn_server, media.port))
        await asyncio.gather(stays.call(), goes.call())
        await stays.wait_for_media([goes.id])

        signals.pause()
        media.pause()
        began = time.monotonic()
        frames = (await stays.media())[goes.id]["frames"]
        await stays.wait_until(f"(given) => ({STATE})(given) === 'reconnecting'", goes.id, limit_s=8 + MARGIN_S)
        print(f"reconnecting after {time.monotonic() - began:.1f} s")
        assert (await stays.media())[goes.id]["frames"] - frames < 10, "the picture should have stopped"
        if back:
            signals.resume()
            media.resume()
            count = frames + 20
            await stays.wait_for_media([goes.id], lambda seen: seen["state"] == "connected" and seen["frames"] > count)
            await stays.wait_until(f"([id]) => ({OTHER})()?.id === id && ({OTHER})().connected", goes.id)
            return
        await stays.wait_until(f"() => !({OTHER})()?.connected", limit_s=PING_INTERVAL_S + PING_TIMEOUT_S + MARGIN_S)
        away_s = time.monotonic() - began
        print(f"away after {away_s:.1f} s")
        assert away_s < PING_INTERVAL_S + PING_TIMEOUT_S + MARGIN_S
        await stays.wait_until(f"() => ({OTHER})() === null && ({PEERS})() === 0", limit_s=GRACE_S + MARGIN_S)
        print(f"gone after {time.monotonic() - began:.1f} s")
