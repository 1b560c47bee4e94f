"""Two who are alone in a call hand each other files over a data channel: the server has the message, and no more."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any, Literal

import pytest

from tests.e2e.calls.browser_pages import Page, browser_pages
from tests.support.node import run_node
from tests.support.processes import ROOT, ServerProcess, server_process

pytestmark = [pytest.mark.usefixtures("chromium"), pytest.mark.timeout(180)]

BYTES = 3_000_000
MAKE_LINK = ROOT / "tests" / "e2e" / "calls" / "make_room.mjs"
UPLOADS = """() => performance.getEntriesByType("resource")
  .map(({ name }) => new URL(name).pathname)
  .filter((path) => /^\\/api\\/rooms\\/[^/]+\\/files/.test(path))"""
SEND = """([bytes, text]) => {
  const content = Uint8Array.from({ length: bytes }, (_, at) => (at * 31 + (at >> 8)) & 255);
  person.progress = [];
  return person.room.sendFile(new File([content], "planted-name.bin"), {
    text, onProgress: ({ sent }) => person.progress.push(sent),
  });
}"""
MESSAGE = (
    "([text]) => person.room.getSnapshot().messages.find((one) => one.text === text && one.state === 'sent') ?? null"
)
CONNECTED = """() => person.room.call.getSnapshot().peers.some(({ state }) => state === "connected")"""
DELETE = """([text]) => {
  const { key } = person.room.getSnapshot().messages.find((one) => one.text === text);
  return person.room.deleteMessage(key, { undoMs: 0 });
}"""
TRY = """() => {
  try {
    person.room.sendFile(new Blob(["x"]));
  } catch (error) {
    return error.code;
  }
}"""
# What takes a file is loaded with the first one, while the other side waits for it: here it is there before.
WARM = "() => person.room.openFile('none', { direct: 'none', size: 1 }).catch(({ code }) => code)"
OPEN = """async ([text]) => {
  const message = person.room.getSnapshot().messages.find((one) => one.text === text);
  try {
    const blob = await person.room.openFile(message, message.attachments[0]);
    const content = new Uint8Array(await blob.arrayBuffer());
    return content.every((byte, at) => byte === ((at * 31 + (at >> 8)) & 255)) && content.length;
  } catch (error) {
    return error.code ?? String(error);
  }
}"""


async def call_of_two(
    stack: AsyncExitStack, one: str, other: str, encrypt: bool, **settings: str
) -> tuple[ServerProcess, Page, Page, str]:
    server = stack.enter_context(server_process(STUN_URLS="", **settings))
    made = (await run_node(MAKE_LINK, server.url, "sealed" if encrypt else "plain", limit_s=20))[-1]
    browsers: dict[str, Any] = {}
    people = []
    for name in (one, other):
        if name not in browsers:
            browsers[name] = await stack.enter_async_context(browser_pages(name))  # type: ignore[arg-type]
        page = await browsers[name].open(server.url)
        await page.enter(made["link"])
        people.append(page)
    first, second = people
    await asyncio.gather(first.call(), second.call())
    await first.wait_for_media([second.id])
    await second.wait_for_media([first.id])
    assert [await page.run(WARM) for page in (first, second)] == ["NOT_FOUND", "NOT_FOUND"]
    return server, first, second, made["link"]


async def hands_over(sender: Page, receiver: Page, text: str) -> dict[str, Any]:
    for page in (sender, receiver):  # Media may be there a moment before the certificates are looked at.
        await page.wait_until(CONNECTED)
    await sender.run(SEND, BYTES, text)
    sent = await sender.wait_until(MESSAGE, text)
    got = await receiver.wait_until(MESSAGE, text)
    assert [one["size"] for one in got["attachments"]] == [BYTES]
    assert await receiver.run(OPEN, text) == BYTES
    return dict(sent["attachments"][0])


@pytest.mark.parametrize(
    ("pair", "seal"),
    [
        ("chromium chromium", "sealed"),
        ("firefox chromium", "plain"),
        pytest.param("chromium chromium", "plain", marks=pytest.mark.soak),
        pytest.param("firefox chromium", "sealed", marks=pytest.mark.soak),
    ],
)
async def test_in_a_call_of_two_the_server_sees_nothing_of_a_file(
    pair: str, seal: Literal["sealed", "plain"], request: pytest.FixtureRequest
) -> None:
    one, other = pair.split()
    request.getfixturevalue(one)
    async with AsyncExitStack() as stack:
        server, first, second, link = await call_of_two(stack, one, other, seal == "sealed")
        for sender, receiver, text in ((first, second, "this way"), (second, first, "that way")):
            attachment = await hands_over(sender, receiver, text)
            assert "direct" in attachment
            assert "fileId" not in attachment
            progress = await sender.run("() => person.progress")
            assert progress == sorted(progress)
            assert progress[-1] == BYTES
        assert [await page.run(UPLOADS) for page in (first, second)] == [[], []]
        assert "/files" not in server.log()
        # The call goes on, and what is deleted is not to be had any more.
        await asyncio.gather(first.wait_for_media([second.id]), second.wait_for_media([first.id]))
        await first.run(DELETE, "this way")
        await second.wait_until("() => person.room.getSnapshot().messages.length === 1")
        # With a third one in the room, it goes by the server again.
        third = await stack.enter_async_context(browser_pages("chromium"))
        page = await third.open(server.url)
        await page.enter(link)
        await first.wait_until("() => person.room.getSnapshot().participants.length === 2")
        await page.wait_until(MESSAGE, "that way")
        assert "fileId" in await hands_over(first, second, "by the server")
        await page.wait_until(MESSAGE, "by the server")
        assert await page.run(OPEN, "by the server") == BYTES
        # What two have handed each other, a third one does not have, and is told so.
        assert await page.run(OPEN, "that way") == "NOT_FOUND"


async def test_where_the_channel_breaks_the_server_takes_the_file() -> None:
    async with AsyncExitStack() as stack:
        _, first, second, _ = await call_of_two(stack, "chromium", "chromium", True)
        await first.run(
            """() => {
              const create = RTCPeerConnection.prototype.createDataChannel;
              RTCPeerConnection.prototype.createDataChannel = function (...args) {
                const channel = create.apply(this, args);
                const send = channel.send.bind(channel);
                let count = 0;
                channel.send = (data) => (count += 1) === 40 ? channel.close() : send(data);
                return channel;
              };
            }"""
        )
        assert "fileId" in await hands_over(first, second, "cut half-way")


async def test_a_call_of_two_hands_files_over_where_the_server_takes_none() -> None:
    async with AsyncExitStack() as stack:
        _, first, second, _ = await call_of_two(stack, "chromium", "chromium", True, FILE_STORE="off")
        assert "direct" in await hands_over(first, second, "without a store")
        await second.run("() => person.room.call.stop()")
        await first.wait_until("() => person.room.call.getSnapshot().peers.length === 0")
        assert await first.run(TRY) == "FILES_OFF"
