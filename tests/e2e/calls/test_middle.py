"""A server in the middle that swaps fingerprints, in whatever spelling, gets no media of an encrypted room."""

from __future__ import annotations

import json
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import pytest

from tests.e2e.calls.browser_pages import browser_pages
from tests.support.middle import in_the_middle
from tests.support.processes import ROOT, server_process

pytestmark = [pytest.mark.usefixtures("chromium", "firefox"), pytest.mark.timeout(300)]

SPELLINGS = json.loads((Path(ROOT) / "tests/unit/signaling/sdp_spellings.json").read_text())["added"]
OWN = ":".join(["CD"] * 32)
TRUE = re.compile(r"a=fingerprint:sha-256 [0-9A-F:]+\r\n")
MAKE = "async () => (await (await import('/client/browser.js')).createRoom()).link"
STATE = "([id]) => person.room.call.getSnapshot().peers.find((peer) => peer.participantId === id)?.state"
# Nothing was ever set that media could flow over; whatever came was refused with a code that a page can show.
DARK = """() => ({
  streams: person.room.call.getSnapshot().peers.filter(({ stream }) => stream).length,
  connected: person.room.call.getSnapshot().peers.filter(({ state }) => state === "connected").length,
  problems: person.problems,
})"""
# A few of the unit tests' list: each of them costs two browsers a call.
TRICKS = [
    "upper case",
    "mixed case",
    "a blank for the colon",
    "a blank behind the colon",
    "behind a lone CR",
    "another one in canonical spelling",
]


def added(line: str, sdp: str) -> str:
    """The man in the middle keeps what was vouched for, and adds its own where browsers look last and first."""
    own = line.replace("CD:CD", OWN)
    return TRUE.sub(lambda true: own + true[0] + own, sdp)


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
async def test_no_spelling_lets_a_server_in_the_middle_listen(
    browser: Literal["chromium", "firefox"], direction: Literal["in", "out"]
):
    async with AsyncExitStack() as stack:
        server = stack.enter_context(server_process(STUN_URLS="", EVENTS_PER_S="0"))
        pages = await stack.enter_async_context(browser_pages(browser))
        middle = await stack.enter_async_context(in_the_middle(server.url))
        honest, victim = await pages.open(server.url), await pages.open(middle.url)
        link = await honest.run(MAKE)
        await honest.enter(link)
        await victim.enter(link)
        for trick in TRICKS:
            line = SPELLINGS[trick]
            setattr(middle, f"forge_{direction}", lambda sdp, line=line: added(line, sdp))
            before = middle.forged
            await honest.call()
            await victim.call()
            refusing, other = (victim, honest) if direction == "in" else (honest, victim)
            assert await refusing.wait_until(f"([id]) => ({STATE})([id]) === 'unverified'", other.id), trick
            assert middle.forged > before
            assert (await other.run(DARK))["connected"] == 0, trick
            dark = await refusing.run(DARK)
            assert (dark["streams"], dark["connected"]) == (0, 0), (trick, dark)
            assert any("A call was refused" in problem for problem in dark["problems"]), (trick, dark)
            for page in (victim, honest):
                await page.run("() => { person.room.call.stop(); person.problems = []; }")
            await honest.wait_until("() => !person.room.getSnapshot().participants[0].inCall")
        # With its hands off, the same two see each other: what was refused was the forgery.
        setattr(middle, f"forge_{direction}", lambda sdp: sdp)
        await honest.call()
        await victim.call()
        await victim.wait_for_media([honest.id], limit_s=40)
