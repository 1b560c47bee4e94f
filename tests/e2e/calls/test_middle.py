"""A server in the middle that swaps fingerprints, in whatever spelling, gets no media of an encrypted room."""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.e2e.calls.browser_pages import Page, browser_pages
from tests.support.middle import in_the_middle
from tests.support.pace import PACE
from tests.support.processes import ROOT, server_process

pytestmark = [pytest.mark.usefixtures("chromium", "firefox"), pytest.mark.timeout(180)]

SPELLINGS: dict[str, str] = json.loads((Path(ROOT) / "tests/unit/signaling/sdp_spellings.json").read_text())["added"]
OWN = ":".join(["CD"] * 32)
TRUE = re.compile(r"a=fingerprint:sha-256 [0-9A-F:]+\r\n")
REFUSED_LIMIT_S = 30.0 * PACE
"""For all spellings at once, on a busy machine; one alone is refused in less than a second."""
WATCHED_S = 2.0
"""So long nothing may connect that was refused."""
ROOM_LIMIT_S = 90.0

MAKE = """async ([names]) => {
  const { createRoom } = await import("/client/browser.js");
  const made = {};
  for (const name of names) made[name] = (await createRoom()).link;
  return made;
}"""
# A person for each spelling, in a room of their own: all of them try at once, and remember whatever became of it.
ENTER = """async ([links]) => {
  window.people = {};
  await Promise.all(Object.entries(links).map(async ([trick, link]) => {
    const one = Object.assign(Object.create(person), { problems: [], players: new Map(), became: new Set() });
    await one.enter(link, "Somebody");
    one.room.call.subscribe(() => {
      const { peers } = one.room.call.getSnapshot();
      for (const { state, stream } of peers) one.became.add(state).add(stream ? "stream" : state);
    });
    people[trick] = one;
  }));
}"""
CALL = """([tricks]) => Promise.all(
  tricks.map((trick) => people[trick].room.call.start({ audio: false, video: false })))"""
BECAME = """() => Object.fromEntries(Object.entries(people).map(([trick, one]) => [trick, {
  state: one.room.call.getSnapshot().peers.map(({ state }) => state).join(),
  became: [...one.became],
  problems: one.problems,
}]))"""


def added(line: str, sdp: str) -> str:
    """The man in the middle keeps what was vouched for, and adds its own where browsers look last and first."""
    own = line.replace("CD:CD", OWN)
    return TRUE.sub(lambda true: own + true[0] + own, sdp)


def ever(seen: dict[str, dict[str, Any]], *became: str) -> dict[str, dict[str, Any]]:
    """The spellings by which a call has become one of these, at any moment."""
    return {trick: one for trick, one in seen.items() if set(became) & set(one["became"])}


async def all_refused(page: Page) -> dict[str, dict[str, Any]]:
    """What became of each spelling, once this page has refused them all."""
    deadline = time.monotonic() + REFUSED_LIMIT_S
    while True:
        seen: dict[str, dict[str, Any]] = await page.run(BECAME)
        open_yet = {trick: one for trick, one in seen.items() if one["state"] != "unverified"}
        if not open_yet:
            return seen
        assert time.monotonic() < deadline, open_yet
        await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("browser", "direction"),
    [
        ("chromium", "in"),
        ("firefox", "out"),
        pytest.param("chromium", "out", marks=pytest.mark.soak),
        pytest.param("firefox", "in", marks=pytest.mark.soak),
    ],
)
async def test_no_spelling_lets_a_server_in_the_middle_listen(
    browser: Literal["chromium", "firefox"], direction: Literal["in", "out"]
) -> None:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(server_process(STUN_URLS="", EVENTS_PER_S="0"))
        pages = await stack.enter_async_context(browser_pages(browser))
        middle = await stack.enter_async_context(in_the_middle(server.url))
        honest, victim = await pages.open(server.url), await pages.open(middle.url)
        links: dict[str, str] = await honest.run(MAKE, [*SPELLINGS, "hands off"])
        untouched = links.pop("hands off")
        rooms = {re.findall(r"/r/([^#]+)", link)[0]: trick for trick, link in links.items()}

        def forge(room_id: str, sdp: str) -> str:
            return added(SPELLINGS[rooms[room_id]], sdp) if room_id in rooms else sdp

        setattr(middle, f"forge_{direction}", forge)
        await asyncio.gather(*(page.run(ENTER, links, limit_s=ROOM_LIMIT_S) for page in (honest, victim)))
        # Whoever comes second calls: in half of the rooms it is an offer that is forged, in the others an answer.
        halves = list(links)[::2], list(links)[1::2]
        for first, second, tricks in ((honest, victim, halves[0]), (victim, honest, halves[1])):
            await first.run(CALL, tricks)
            await second.run(CALL, tricks)
        refusing, other = (victim, honest) if direction == "in" else (honest, victim)
        refused = await all_refused(refusing)
        await asyncio.sleep(WATCHED_S)
        # Nothing was ever set that media could flow over; the other one, who got a true description, waits in vain.
        assert not ever(refused, "stream", "connected")
        assert not ever(await refusing.run(BECAME), "stream", "connected")
        assert not ever(await other.run(BECAME), "connected")
        # Whatever came was refused with a reason that a page can show.
        assert all(any("A call was refused" in one for one in refused[trick]["problems"]) for trick in links), refused
        assert {rooms[room_id] for room_id, count in middle.forged.items() if count} == set(SPELLINGS)
        # With its hands off, the same two see each other: what was refused was the forgery.
        for page in (honest, victim):
            await page.enter(untouched)
        await honest.call()
        await victim.call()
        await victim.wait_for_media([honest.id], limit_s=40)
