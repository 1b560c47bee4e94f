"""A deploy: people are told, the process is gone in seconds, and everybody is back on the next one."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable

from tests.e2e.resilience.api import Answer, api_of
from tests.e2e.resilience.times import FAST
from tests.support.js_client import JsClient, JsSocket
from tests.support.pace import PACE
from tests.support.processes import server_process, wait_until

SOCKETS = 1_000
CONNECTING_AT_ONCE = 50
EXIT_WITHIN_S = 5.0 * PACE
BACK_WITHIN_S = 40.0
STEADY = {**FAST, "PING_INTERVAL_S": "25", "PING_TIMEOUT_S": "20", "SEAT_GRACE_S": "60"}


async def test_sigterm_with_a_thousand_sockets(js: JsClient) -> None:
    turns = asyncio.Semaphore(CONNECTING_AT_ONCE)
    with server_process(**STEADY) as server:

        async def connect() -> JsSocket:
            async with turns:
                socket = await js.connect(server.url, reconnection=True, reconnectionDelay=500, timeout=5_000)
                await socket.wait_for("connect")
                return socket

        sockets = await asyncio.gather(*(connect() for _ in range(SOCKETS)))
        started = time.monotonic()
        assert await asyncio.to_thread(server.terminate) == 0
        took = time.monotonic() - started
        await asyncio.to_thread(server.restart)
        await asyncio.gather(*(socket.wait_for("connect", limit_s=BACK_WITHIN_S) for socket in sockets))
        back = time.monotonic() - started
        reasons = [event.payload for socket in sockets for event in socket.events if event.name == "disconnect"]
        await js.leave()
    told = [socket.received("server-draining") for socket in sockets]
    assert all(len(each) == 1 for each in told)
    retries = {each[0]["retryAfterMs"] for each in told}
    assert len(retries) > SOCKETS / 10, "not all at one moment"
    assert set(reasons) == {"transport close"}, "the reason upon which socket.io-client comes back by itself"
    assert took < EXIT_WITHIN_S
    print(f"\nSIGTERM with {SOCKETS} sockets: exit after {took:.2f} s, all {len(sockets)} back after {back:.1f} s")


async def first_other(watcher: JsSocket, ask: Callable[[], Awaitable[str]], usual: str) -> str:
    """Ask until the answer is another: at the latest that to the first request sent after `watcher` was told."""
    while True:
        told = bool(watcher.received("server-draining"))
        if (said := await ask()) != usual:
            return said
        assert not told, f"{said}, by a process that had told everybody that it stops"
        await asyncio.sleep(0.01)


async def of_http(call: Awaitable[Answer]) -> str:
    answer = await call
    return str(answer.status) if answer.status < 400 else f"{answer.status} {answer.code}"


async def test_while_it_stops_it_takes_nothing_new(js: JsClient) -> None:
    with server_process(**STEADY) as server:
        async with api_of(server.url) as api:
            room = await api.room()
            ada = await room.enter(js)
            asks: list[Callable[[], Awaitable[str]]] = [
                lambda: of_http(api.call("GET", "/ready")),
                lambda: of_http(api.call("POST", "/api/rooms", {})),
                lambda: ada.socket.refused("join-room", {"roomId": room.id, "name": "again"}),
            ]
            usual = [await ask() for ask in asks]
            assert usual == ["200", "201", "ALREADY_JOINED"]
            server.send(signal.SIGTERM)
            others = (first_other(ada.socket, ask, before) for ask, before in zip(asks, usual, strict=True))
            refused = await asyncio.gather(*others)
            await ada.socket.wait_for("server-draining")
        await asyncio.to_thread(wait_until, lambda: not server.running(), "an exit", EXIT_WITHIN_S)
    assert refused == ["503 SERVER_DRAINING", "503 SERVER_DRAINING", "SERVER_DRAINING"]


async def test_after_a_deploy_everybody_has_their_seat_roles_bans_and_locks(js: JsClient, mongo_uri: str) -> None:
    with server_process(**STEADY, MONGODB_URI=mongo_uri) as server:
        async with api_of(server.url) as api:
            room = await api.room(capacity=4)
            await room.enter(js, name="First")
            host = await room.enter(js, name="Host", hostKey=room.host_key)
            ada, gone = await room.enter(js, name="Ada"), await room.enter(js, name="Gone")
            await ada.say("what was said does not outlive the process")
            await host.ok("ban", participantId=gone.id)
            await host.ok("update-room", locked=True)
            invite = await room.invite()
            assert await asyncio.to_thread(server.terminate) == 0
        await asyncio.to_thread(server.restart)
        async with api_of(server.url) as api:
            sockets = [await js.connect(server.url) for _ in range(4)]
            back = [await s.ok("join-room", m.resume_fields()) for s, m in zip(sockets, (host, ada), strict=False)]
            assert [each["self"]["id"] for each in back] == [host.id, ada.id]
            assert all(each["recovered"] is False and each["messages"] == [] for each in back)
            assert back[0]["epoch"] == back[1]["epoch"] != ada.snapshot["epoch"]
            assert back[0]["self"]["role"] == "host"
            assert await sockets[2].refused("join-room", gone.resume_fields()) == "BANNED"
            locked = {"roomId": room.id, "invite": invite}
            assert await sockets[2].refused("join-room", locked) == "ROOM_LOCKED", "the lock is still there"
            await sockets[0].ok("update-room", {"roomId": room.id, "locked": False})
            assert await sockets[2].refused("join-room", {"roomId": room.id}) == "BANNED", "and so is the ban"
            assert (await sockets[3].ok("join-room", locked))["self"]["role"] == "member", "and the invite"
        await js.leave()
