"""A real Chromium page calls the test peer: its own picture comes back, whoever calls and whatever happens."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator

import pytest

from tests.e2e.calls.browser_pages import Page, browser_pages, sees
from tests.e2e.peer_process import STAY, Rooms, peer
from tests.support.processes import server_process
from tests.support.turn import TurnServer

pytestmark = [pytest.mark.usefixtures("chromium"), pytest.mark.timeout(180)]

# A picture of one colour in place of the camera, and a look at the colour of what comes back.
SHOW_COLOUR = """() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const brush = canvas.getContext("2d");
  person.colour = "#ff0000";
  let tick = 0;
  setInterval(() => {
    brush.fillStyle = person.colour;
    brush.fillRect(0, 0, 320, 240);
    brush.fillStyle = tick++ % 2 ? "#000000" : "#ffffff";
    brush.fillRect(0, 0, 8, 8);
  }, 50);
  return person.room.call.start({ video: canvas.captureStream(20).getVideoTracks()[0] });
}"""
SEEN_COLOUR = """async ([id]) => {
  const stream = person.room.call.getSnapshot().peers.find((one) => one.participantId === id)?.stream;
  if (!stream?.getVideoTracks().length) return "";
  person.screen ??= Object.assign(document.createElement("video"), { muted: true });
  if (person.screen.srcObject !== stream) person.screen.srcObject = stream;
  person.screen.play().catch(() => {});
  if (!person.screen.videoWidth) return "";
  const canvas = new OffscreenCanvas(32, 24);
  const brush = canvas.getContext("2d");
  brush.drawImage(person.screen, 0, 0, 32, 24);
  const [red, green, blue] = brush.getImageData(16, 12, 1, 1).data;
  const strong = [red, green, blue].map((value) => (value > 150 ? 1 : value < 100 ? 0 : 9)).join("");
  return { 100: "red", "010": "green", "001": "blue" }[strong] ?? "";
}"""
PAINT = "([colour]) => { person.colour = colour; }"


@pytest.fixture(scope="module")
def rooms() -> Iterator[Rooms]:
    with server_process(STUN_URLS="") as server:
        yield Rooms(server)


def other_than(page: Page, room: dict[str, object], rooms: Rooms) -> str:
    (other,) = [str(one["id"]) for one in rooms.participants(room) if one["id"] != page.id]
    return other


async def sees_own_colours(page: Page, other: str) -> None:
    for colour, name in (("#ff0000", "red"), ("#00ff00", "green"), ("#0000ff", "blue")):
        await page.run(PAINT, colour)
        await page.wait_until(f"async (given) => (await ({SEEN_COLOUR})(given)) === '{name}'", other)


async def test_a_page_that_calls_an_echo_sees_its_own_frames_and_hears_itself(rooms: Rooms) -> None:
    room = rooms.create()
    async with browser_pages() as pages:
        with peer(room["url"], "--mode", "echo") as echo:
            rooms.wait_for_participants(room, 1)
            page = await pages.open(rooms.server.url)
            await page.enter(room["url"])
            other = other_than(page, room, rooms)
            await page.run(SHOW_COLOUR)
            await page.wait_for_media([other])
            await sees_own_colours(page, other)
            echo.interrupt()
            done = echo.finish()
    assert (done.code, done.stderr) == (0, "")
    assert (done.calls[0]["offersSent"], done.calls[0]["problem"]) == (0, None)


async def test_an_echo_that_comes_later_calls_the_page(rooms: Rooms) -> None:
    room = rooms.create()
    async with browser_pages() as pages:
        page = await pages.open(rooms.server.url)
        await page.enter(room["url"])
        await page.run(SHOW_COLOUR)
        with peer(room["url"], "--mode", "echo") as echo:
            rooms.wait_for_participants(room, 2)
            other = other_than(page, room, rooms)
            await page.wait_for_media([other])
            await sees_own_colours(page, other)
            echo.interrupt()
            done = echo.finish()
    assert (done.code, done.calls[0]["offersSent"], done.calls[0]["problem"]) == (0, 1, None)


async def test_a_page_sees_the_synthetic_picture_and_the_sender_sees_the_page(rooms: Rooms) -> None:
    room = rooms.create()
    async with browser_pages() as pages:
        page = await pages.open(rooms.server.url)
        await page.enter(room["url"])
        await page.call()
        with peer(room["url"], *STAY, "--calls", "1") as sender:
            rooms.wait_for_participants(room, 2)
            await page.wait_for_media([other_than(page, room, rooms)])
            done = sender.finish()
    assert (done.code, done.told["problem"]) == (0, None)
    assert done.calls[0]["video"]["width"] > 0
    assert done.calls[0]["audio"]["packets"] > 10


async def test_pictures_go_on_after_the_page_restarts_ice_and_after_it_reloads(rooms: Rooms) -> None:
    room = rooms.create()
    async with browser_pages() as pages:
        with peer(room["url"], "--mode", "echo") as echo:
            rooms.wait_for_participants(room, 1)
            page = await pages.open(rooms.server.url)
            await page.enter(room["url"])
            other = other_than(page, room, rooms)
            await page.run(SHOW_COLOUR)
            await sees_own_colours(page, other)
            before = await page.run("() => person.ufrag()")
            await page.run("() => person.pc.restartIce()")
            await page.wait_until("([before]) => person.ufrag() !== before", before)
            await sees_own_colours(page, other)
            await page.reload()
            await page.enter(room["url"])
            await page.run(SHOW_COLOUR)
            await sees_own_colours(page, other)
            echo.interrupt()
            done = echo.finish()
    assert done.code == 0
    assert done.told["seats"][0]["breach"] is None


async def test_in_a_room_with_an_end_to_end_key_the_page_trusts_the_peer_that_has_it(rooms: Rooms) -> None:
    room = rooms.create()
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    link = f"{room['url']}#e2e={key}"
    async with browser_pages() as pages:
        page = await pages.open(rooms.server.url)
        await page.enter(link)
        await page.run(SHOW_COLOUR)
        with peer(link, "--mode", "echo", "--name", "Zoë") as echo:
            rooms.wait_for_participants(room, 2)
            other = other_than(page, room, rooms)
            await sees_own_colours(page, other)
            (seen,) = await page.run("() => person.room.getSnapshot().participants")
            assert (seen["name"], seen["unsealed"]) == ("Zoë", False)
            assert "Zoë" not in str(rooms.participants(room)), "the name left the peer in the clear"
            echo.interrupt()
            assert echo.finish().code == 0
        with peer(room["url"], "--mode", "echo"):
            rooms.wait_for_participants(room, 2)
            stranger = other_than(page, room, rooms)
            unverified = "([id]) => person.room.call.getSnapshot().peers.some((one) => one.participantId === id"
            await page.wait_until(unverified + " && one.state === 'unverified')", stranger)


async def test_a_page_and_an_echo_that_both_may_use_relays_alone_meet_in_coturn(turn_server: TurnServer) -> None:
    settings = {"TURN_URLS": ",".join(turn_server.urls), "TURN_SECRET": turn_server.secret}
    with server_process(STUN_URLS="", **settings) as server:
        rooms = Rooms(server)
        room = rooms.create()
        async with browser_pages() as pages:
            with peer(room["url"], "--mode", "echo", "--relay-only") as echo:
                rooms.wait_for_participants(room, 1)
                page = await pages.open(server.url)
                await page.enter(room["url"], {"iceTransportPolicy": "relay"})
                await page.call()
                other = other_than(page, room, rooms)
                seen = await page.wait_for_media([other], sees(10))
                echo.interrupt()
                done = echo.finish()
    assert seen[other]["pair"] == ["relay", "relay"]
    assert done.calls[0]["pair"]["local"]["type"] == "relay"
