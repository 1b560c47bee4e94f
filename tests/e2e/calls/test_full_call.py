"""A call that takes no more people says so at once, and lets the next one in when somebody has hung up."""

from __future__ import annotations

import pytest

from signaling.calls import MESH_PARTICIPANTS
from tests.e2e.calls.browser_pages import browser_pages, make_room
from tests.support.js_client import JsSocket, js_client
from tests.support.processes import server_process

pytestmark = [pytest.mark.usefixtures("chromium"), pytest.mark.timeout(120)]

STATE = "([id]) => person.room.call.getSnapshot().peers.find((peer) => peer.participantId === id)?.state"
SDP = "v=0\r\n"


async def answered(room_id: str, connection: JsSocket, answerer: JsSocket, answerer_id: str, caller_id: str) -> None:
    offer = {"type": "offer", "sdp": SDP}
    await connection.ok("offer", {"roomId": room_id, "to": answerer_id, "description": offer})
    answer = {"type": "answer", "sdp": SDP}
    await answerer.ok("answer", {"roomId": room_id, "to": caller_id, "description": answer})


async def test_a_ninth_page_hears_that_the_call_is_full_and_calls_when_somebody_has_left():
    with server_process(STUN_URLS="", EVENTS_PER_S="0") as server:
        made = make_room(server.url, capacity=20)
        room_id = made["roomId"]
        async with js_client() as js, browser_pages() as pages:
            people: list[tuple[JsSocket, str]] = []
            for _ in range(MESH_PARTICIPANTS):
                socket = await js.connect(server.url)
                people.append((socket, (await socket.ok("join-room", {"roomId": room_id}))["self"]["id"]))
            (hub, hub_id), *others = people
            for socket, person_id in others:
                await answered(room_id, hub, socket, person_id, hub_id)
            page = await pages.open(server.url)
            await page.enter(made["url"])
            await page.call()
            assert await page.wait_until(f"([id]) => ({STATE})([id]) === 'full'", hub_id)
            offers = len(hub.received("offer-received"))
            await others[0][0].ok("leave-room", {"roomId": room_id})
            await hub.wait_for("offer-received")
            assert len(hub.received("offer-received")) == offers + 1
