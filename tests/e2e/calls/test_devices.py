"""Devices after quick presses: what was wished for last is live, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from tests.e2e.calls.browser_pages import LIVE, WATCH, Pages, browser_pages, make_room
from tests.support.processes import server_process

pytestmark = [pytest.mark.usefixtures("chromium"), pytest.mark.timeout(180)]

# Every device takes a moment to open, so that presses come in between; `person.busy` counts those that are opening.
SLOW = """() => {
  const { mediaDevices } = navigator;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  person.busy = 0;
  const slowly = (action) => async (wish) => {
    person.busy += 1;
    await new Promise((resolve) => setTimeout(resolve, 300));
    try {
      return await action(wish);
    } finally {
      person.busy -= 1;
    }
  };
  mediaDevices.getUserMedia = slowly(open);
  // A drawn one: a test has nobody to choose a screen.
  mediaDevices.getDisplayMedia = slowly(async () => {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(0, 0, 9, 9);
    const stream = canvas.captureStream(5);
    person.opened.push(...stream.getTracks());
    return stream;
  });
}"""
KINDS = """() => person.opened.filter((track) => track.readyState === "live")
  .map(({ kind, enabled }) => [kind, enabled]).sort()"""
KIT = """
  const { call } = person.room;
  const { listDevices } = await import("/client/browser.js");
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  // The browser has been asked and has not answered.
  const opening = async () => {
    for (let tries = 0; !person.busy; tries += 1) {
      if (tries > 200) throw new Error("nothing is opening");
      await wait(10);
    }
  };
"""
LATER = "() => new Promise((resolve) => setTimeout(resolve, 300))"
AUDIO, VIDEO = ["audio", True], ["video", True]
PRESSES: dict[str, tuple[str, list[list[object]]]] = {
    "camera on, off": ("call.setVideo(true); await call.setVideo(false);", [AUDIO]),
    "camera off while it opens": ("call.setVideo(true); await opening(); await call.setVideo(false);", [AUDIO]),
    "camera off, on": (
        "await call.setVideo(true); call.setVideo(false); await call.setVideo(true);",
        [AUDIO, VIDEO],
    ),
    "camera off, on while it opens": (
        "call.setVideo(true); await opening(); call.setVideo(false); await call.setVideo(true);",
        [AUDIO, VIDEO],
    ),
    "microphone muted while it opens": (
        "call.stop(); call.start({ video: false }); await opening(); await call.setAudio(false);",
        [],
    ),
    "microphone muted, unmuted": ("call.setAudio(false); await call.setAudio(true);", [AUDIO]),
    "left while a camera opens": ("call.setVideo(true); await opening(); await person.room.leave();", []),
    "closed while a camera opens": ("call.setVideo(true); await opening(); person.room.close();", []),
    "stopped while a camera opens": ("call.setVideo(true); await opening(); call.stop();", []),
    "camera exchanged, then off": (
        "await call.setVideo(true); const { cameras: [{ deviceId }] } = await listDevices();"
        " call.switchDevice('video', deviceId); await opening(); await call.setVideo(false);",
        [AUDIO],
    ),
    "microphone exchanged, then muted": (
        "const { microphones } = await listDevices(); call.switchDevice('audio', microphones.at(-1).deviceId);"
        " await opening(); await call.setAudio(false);",
        [],
    ),
    "screen called off while it opens": (
        "call.setScreen(true); await opening(); await call.setScreen(false);",
        [AUDIO],
    ),
    "left while a screen opens": ("call.setScreen(true); await opening(); await person.room.leave();", []),
    "start, stop, start": ("call.stop(); call.start(); call.stop(); await call.start({ video: false });", [AUDIO]),
    "start, stop, start while devices open": (
        "call.stop(); call.start(); await opening(); call.stop(); await call.start({ video: false });",
        [AUDIO],
    ),
    "start, stop": ("call.stop(); call.start(); call.stop();", []),
    "start, stop while devices open": ("call.stop(); call.start(); await opening(); call.stop();", []),
}


AT_ONCE = 4
"""Pages of one browser that are tried side by side."""


async def press(pages: Pages, url: str, what: str) -> None:
    presses, expected = PRESSES[what]
    page = await pages.open(url)
    await page.run(WATCH)
    await page.run(SLOW)
    await page.enter(make_room(url)["url"])
    await page.run("() => person.room.call.start({ audio: true, video: false })")
    await page.run(f"async () => {{ {KIT} {presses} }}")
    # What was being opened comes only now, and is closed a moment later.
    await page.wait_until("() => person.busy === 0")
    await page.run(LATER)
    assert await page.run(KINDS) == expected, what
    await page.run("() => person.room.leave()")
    assert await page.run(LIVE) == 0, what
    await page.close()


@pytest.mark.parametrize("browser", ["chromium", pytest.param("firefox", marks=pytest.mark.soak)])
async def test_after_every_quick_press_only_what_was_asked_for_last_is_live(
    browser: Literal["chromium", "firefox"], request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(browser)
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(what: str) -> None:
        async with turns:
            await press(pages, server.url, what)

    with server_process(STUN_URLS="") as server:
        async with browser_pages(browser) as pages, asyncio.TaskGroup() as group:
            for what in PRESSES:
                group.create_task(in_turn(what))


WATCH_LOST = "() => { person.lost = []; person.room.call.on('device-lost', (lost) => person.lost.push(lost)); }"
LOST = "() => person.lost"
NO_DEVICE = """() => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("none", "NotFoundError"));
}"""
MEDIA = "([id]) => person.room.getSnapshot().participants.find((one) => one.id === id)?.media"
RATES = """() => person.pc.getSenders().filter(({ track }) => track?.kind === "video")
  .map((sender) => sender.getParameters().encodings[0]?.maxBitrate ?? null)"""


async def test_a_lost_device_is_told_and_replaced_or_off() -> None:
    """The browser itself ends the tracks: the processes that read its camera and microphone are killed."""
    with server_process(STUN_URLS="") as server:
        link = make_room(server.url)["url"]
        async with browser_pages() as here, browser_pages() as there:
            first, second = await here.open(server.url), await there.open(server.url)
            await first.run(WATCH)
            await first.enter(link)
            await second.enter(link)
            await first.call()
            await second.call()
            await second.wait_for_media([first.id])
            await first.run(WATCH_LOST)
            for slot in ("video", "audio"):
                before = (await second.media())[first.id]
                await here.lose_device("video" if slot == "video" else "audio")
                await first.wait_until(f"() => ({LOST})().length")
                assert await first.run(f"() => ({LOST})().splice(0)") == [{"slot": slot, "replaced": True}]
                await second.wait_for_media(
                    [first.id],
                    lambda media, before=before: (  # type: ignore[misc]
                        media["frames"] > before["frames"] + 5 and media["energy"] > before["energy"]
                    ),
                )
                assert await first.run(LIVE) == 2
            # Where there is no other one it is off, here and for the others.
            await first.run(NO_DEVICE)
            await here.lose_device("video")
            await first.wait_until(f"() => ({LOST})().length")
            assert await first.run(LOST) == [{"slot": "video", "replaced": False}]
            assert await first.run(KINDS) == [["audio", True]]
            off = "() => { const { video, wanted } = person.room.call.getSnapshot(); return [video, wanted.video]; }"
            assert await first.run(off) == [False, False]
            await second.wait_until(f"(given) => ({MEDIA})(given)?.video === false", first.id)


async def test_a_shared_screen_is_capped() -> None:
    with server_process(STUN_URLS="") as server:
        link = make_room(server.url)["url"]
        async with browser_pages() as pages:
            first, second = await pages.open(server.url), await pages.open(server.url)
            await first.enter(link)
            await second.enter(link)
            await first.call()
            await second.call()
            await second.wait_for_media([first.id])
            await first.run("""async () => {
              const canvas = document.createElement("canvas");
              canvas.getContext("2d").fillRect(0, 0, 9, 9);
              navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(5);
              await person.room.call.setScreen(true);
            }""")
            await first.wait_until(f"() => ({RATES})().length === 2 && ({RATES})().every(Boolean)")
            assert max(await first.run(RATES)) == 2_500_000
