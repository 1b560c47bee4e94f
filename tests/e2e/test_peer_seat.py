"""What happens to a test peer's seat: lobby, kick, a connection that stays away too long, a server that restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import socketio

from tests.e2e.peer_process import STAY, Rooms, peer, run_peer
from tests.support.pace import PACE
from tests.support.processes import server_process
from tests.support.proxy import tcp_proxy

EVENT_LIMIT_S = 20.0 * PACE


class Host:
    """A host on a real Socket.IO client."""

    def __init__(self, sio: socketio.AsyncClient, room_id: str) -> None:
        self._sio = sio
        self._room_id = room_id
        self.events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        sio.on("*", lambda event, payload, *_: self.events.put_nowait((event, payload)))

    async def request(self, event: str, **fields: Any) -> dict[str, Any]:
        reply = await self._sio.call(event, {"roomId": self._room_id, **fields}, timeout=10 * PACE)
        assert reply["ok"], reply
        return dict(reply["data"])

    async def next(self, wanted: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        async with asyncio.timeout(EVENT_LIMIT_S):
            while True:
                event, payload = await self.events.get()
                if event == wanted and fits(payload):
                    return payload


@asynccontextmanager
async def host_of(rooms: Rooms, room: dict[str, Any]) -> AsyncIterator[Host]:
    sio = socketio.AsyncClient(handle_sigint=False)
    host = Host(sio, room["roomId"])
    await sio.connect(rooms.server.url)
    try:
        await host.request("join-room", hostKey=room["hostKey"], name="Host")
        yield host
    finally:
        await sio.shutdown()


async def test_a_peer_knocks_at_a_lobby_and_comes_in_when_it_is_admitted() -> None:
    with server_process(STUN_URLS="") as server:
        rooms = Rooms(server)
        room = rooms.create(lobby=True)
        async with host_of(rooms, room) as host:
            with peer(room["url"], "--mode", "echo") as echo:
                knock = await host.next("knock-received")
                await host.request("answer-knock", knockId=knock["knockId"], admit=True)
                joined = await host.next("user-joined")
                assert joined["participant"]["name"] == "Test peer (echo)"
                echo.interrupt()
                await host.next("user-left")
                assert (await asyncio.to_thread(echo.finish)).told["seats"][0]["participantId"]


async def test_a_peer_that_is_turned_away_says_so() -> None:
    with server_process(STUN_URLS="") as server:
        rooms = Rooms(server)
        room = rooms.create(lobby=True)
        async with host_of(rooms, room) as host:
            with peer(room["url"]) as visitor:
                knock = await host.next("knock-received")
                await host.request("answer-knock", knockId=knock["knockId"], admit=False)
                done = await asyncio.to_thread(visitor.finish)
    assert (done.code, done.told["problem"]["code"]) == (2, "LOBBY_WAITING")


async def test_a_peer_that_is_kicked_ends_and_says_why() -> None:
    with server_process(STUN_URLS="") as server:
        rooms = Rooms(server)
        room = rooms.create()
        async with host_of(rooms, room) as host:
            with peer(room["url"], "--mode", "echo") as echo:
                joined = await host.next("user-joined")
                await host.request("kick", participantId=joined["participant"]["id"])
                done = await asyncio.to_thread(echo.finish)
    assert done.told["seats"][0]["endReason"] == "kicked"


def test_a_peer_whose_seat_has_gone_joins_afresh_and_calls_again() -> None:
    with server_process(STUN_URLS="", SEAT_GRACE_S="1") as server, tcp_proxy(server.port) as proxy:
        rooms = Rooms(server)
        room = rooms.create()
        through_proxy = room["url"].replace(str(server.port), str(proxy.port))
        with (
            peer(room["url"], "--mode", "echo") as echo,
            peer(through_proxy, *STAY, "--calls", "2") as lost,
        ):
            rooms.wait_for_participants(room, 2)
            known = {one["id"] for one in rooms.participants(room)}
            proxy.refuse()
            proxy.cut()
            rooms.wait_for_participants(room, 1)
            proxy.accept()
            rooms.wait_for_participants(room, 2)
            (afresh,) = {one["id"] for one in rooms.participants(room)} - known
            # One call is the one made afresh. The other is that of the lost seat, if it got so far, or this one:
            with peer(room["url"], *STAY, "--calls", "2"):
                done = lost.finish()
            echo.interrupt()
            echoed = echo.finish()
    assert done.code == 0
    assert done.told["seats"][0]["participantId"] == afresh
    assert done.told["seats"][0]["reconnects"] == 1
    last = {call["participantId"]: call for call in echoed.calls}
    assert last[afresh]["mediaFlowed"]


def test_a_peer_waits_for_a_server_that_restarts_and_ends_when_its_room_is_gone() -> None:
    with server_process(STUN_URLS="") as server:
        rooms = Rooms(server)
        room = rooms.create()
        with peer(room["url"], "--mode", "echo", *STAY) as echo:
            rooms.wait_for_participants(room, 1)
            assert server.terminate() == 0
            assert echo.process.poll() is None
            server.restart()
            done = echo.finish()  # in memory the room did not outlive the process
    assert done.told["seats"][0]["endReason"] == "ROOM_NOT_FOUND"
    assert run_peer(room["url"]).code == 2
