"""`Page`: a person in a real page of Chromium or Firefox who joins a room with Mayfly's client and calls."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from tests.support.node import NodeScript, node_script
from tests.support.pace import PACE

DRIVER = Path(__file__).resolve().parent / "pages.mjs"
POLL_S = 0.2
MEDIA_LIMIT_S = 20.0
PAGE_LIMIT_S = 60.0

# For `Page.run`: every device that is opened from now on is kept (WATCH); how many of them are live (LIVE).
LIVE = """() => [...(person.opened ?? [])].filter((track) => track.readyState === "live").length"""
WATCH = """() => {
  person.opened = [];
  const { mediaDevices } = navigator;
  for (const name of ["getUserMedia", "getDisplayMedia"]) {
    const open = mediaDevices[name].bind(mediaDevices);
    mediaDevices[name] = async (wish) => {
      const stream = await open(wish);
      person.opened.push(...stream.getTracks());
      return stream;
    };
  }
}"""


def make_room(url: str, **options: Any) -> dict[str, Any]:
    """`POST /api/rooms`."""
    request = urllib.request.Request(f"{url}/api/rooms", data=json.dumps(options).encode(), method="POST")
    with urllib.request.urlopen(request) as response:
        made: dict[str, Any] = json.load(response)
    return made


def sees(frames: int = 5) -> Callable[[Mapping[str, Any]], bool]:
    """Video frames are decoded and audio is heard."""
    return lambda media: media["frames"] >= frames and media["energy"] > 0


class Page:
    """One page. `id` is the participant id after `enter`."""

    def __init__(self, script: NodeScript, name: str) -> None:
        self._script = script
        self.name = name
        self.id = ""

    async def enter(self, link: str, rtc: Mapping[str, Any] | None = None) -> str:
        self.id = await self.run(
            "([link, name, rtc]) => person.enter(link, name, rtc ?? undefined)", link, self.name, rtc
        )
        return self.id

    async def call(self) -> None:
        await self.run("() => person.room.call.start()")

    async def run(self, code: str, *args: Any, limit_s: float = PAGE_LIMIT_S) -> Any:
        """Run a function in the page, with the arguments as one array."""
        return await self._script.call("run", page=self.name, code=code, arg=list(args), limit_s=limit_s)

    async def media(self) -> dict[str, dict[str, Any]]:
        """participant id → `{state, frames, bytes, energy, pair}`."""
        media = await self.run("() => person.media()")
        assert isinstance(media, dict)
        return media

    async def wait_for_media(
        self, peers: list[str], good: Callable[[Mapping[str, Any]], bool] | None = None, limit_s: float = MEDIA_LIMIT_S
    ) -> dict[str, dict[str, Any]]:
        """Return once media of all these peers is good; the failure shows what there was."""
        wanted = good or sees()
        deadline = time.monotonic() + limit_s * PACE
        while True:
            media = await self.media()
            if all(peer in media and wanted(media[peer]) for peer in peers):
                return media
            if time.monotonic() > deadline:
                problems = await self.run("() => person.problems")
                raise AssertionError(f"{self.name}: no media from {peers} in {limit_s} s: {media} {problems}")
            await asyncio.sleep(POLL_S)

    async def reload(self) -> None:
        await self._script.call("reload", page=self.name, limit_s=PAGE_LIMIT_S)

    async def close(self) -> None:
        """Close the tab, as a person does who has had enough."""
        await self._script.call("close", page=self.name, limit_s=PAGE_LIMIT_S)

    async def wait_until(self, code: str, *args: Any, limit_s: float = MEDIA_LIMIT_S) -> Any:
        """Run a function in the page until it returns something true, and return that."""
        deadline = time.monotonic() + limit_s * PACE
        while not (result := await self.run(code, *args)):
            assert time.monotonic() < deadline, f"{self.name}: not within {limit_s} s: {code}"
            await asyncio.sleep(POLL_S)
        return result


class Pages:
    """Pages of one browser; each has a context, and so a session storage, of its own."""

    def __init__(self, script: NodeScript) -> None:
        self._script = script
        self._count = 0

    async def open(self, url: str) -> Page:
        self._count += 1
        page = Page(self._script, f"page{self._count}")
        await self._script.call("open", page=page.name, url=url, limit_s=PAGE_LIMIT_S)
        return page

    async def lose_device(self, kind: Literal["audio", "video"]) -> None:
        """The device that all pages of this Chromium have open is gone without a word, as if it was unplugged."""
        await self._script.call("loseDevice", kind=kind, limit_s=PAGE_LIMIT_S)


@asynccontextmanager
async def browser_pages(browser: Literal["chromium", "firefox"] = "chromium") -> AsyncIterator[Pages]:
    """A real browser, ended on the way out."""
    async with node_script(DRIVER, browser) as script:
        yield Pages(script)
