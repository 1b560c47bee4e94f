"""What every fixture that serves sockets ends with finds a server that keeps something of its clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web

from server.app import LIFECYCLE, SOCKETS
from server.transport.engineio import EngineServer
from server.transport.socketio.gateway import Gateway
from server.usecases.recovery import Recovery
from signaling.relay import Relay
from tests.support.at_rest import engine_at_rest, process_at_rest, read_gauges
from tests.support.engine import Rig, eventually, serving
from tests.support.processes import server_process
from tests.support.server import Clock, running, talking_to

SOON_S = 0.2
OFFER = {"type": "offer", "sdp": "v=0\r\n"}


@contextmanager
def found(what: str) -> Iterator[None]:
    """The check inside must fail, and name what is left."""
    with pytest.raises(AssertionError, match=f"left .* clients: .*{what}"):
        yield


def keep_the_session(engine: EngineServer) -> None:
    engine._core.on_gone = lambda session: None


def keep_a_task(engine: EngineServer) -> None:
    engine.on("disconnect", lambda sid, reason: engine._core.spawn(asyncio.Event().wait()) and None)


def keep_a_deadline(engine: EngineServer) -> None:
    engine.on("disconnect", lambda sid, reason: engine._core.pings.add(sid))  # type: ignore[arg-type]


def keep_nothing(engine: EngineServer) -> None:
    """As it is."""


@pytest.mark.parametrize(
    ("leak", "what"),
    [
        (keep_the_session, "1 sessions"),
        (keep_a_task, "1 tasks"),
        (keep_a_deadline, r"1 deadlines \(pings\)"),
        (keep_nothing, ""),
    ],
)
async def test_an_engine_that_keeps_something_of_a_client_is_found(
    leak: Callable[[EngineServer], None], what: str
) -> None:
    engine = EngineServer(cors_allowed_origins="*")
    leak(engine)
    app = web.Application()
    engine.attach(app, "/engine.io")
    async with serving(app) as runner:
        ws, _ = await Rig(engine, runner.addresses[0][1]).open_websocket()
        with found(r"1 sessions, 1 deadlines \(pings\)"):
            await engine_at_rest(engine, SOON_S)
        await ws.finish()
        if what:
            with found(what):
                await engine_at_rest(engine, SOON_S)
            for task in engine._core.tasks:
                task.cancel()
        else:
            await engine_at_rest(engine)


@pytest.mark.parametrize(
    ("owner", "method", "what"),
    [
        (Gateway, "closed", "2 transports"),
        (Gateway, "disconnected", "2 connections"),
        (Relay, "end", "1 relays"),
        (Recovery, "forget_old", "2 recoverable sessions"),
    ],
)
async def test_a_server_that_keeps_something_of_a_client_or_a_room_is_found(
    monkeypatch: pytest.MonkeyPatch, owner: type, method: str, what: str
) -> None:
    with found(what):
        async with running(rest_limit_s=SOON_S) as server:
            room, first, *_ = await server.pair()
            await first.ok("offer", roomId=room, description=OFFER)
            monkeypatch.setattr(owner, method, lambda *_: None)


def test_a_process_that_keeps_a_client_is_found() -> None:
    async def look(url: str) -> None:
        tasks = read_gauges(url)["mayfly_tasks"]
        async with talking_to(url) as server:
            made = await server.room()
            await server.seated(made["roomId"])
            with found("1 transports, 1 sockets, 1 held seats"):
                await asyncio.to_thread(process_at_rest, url, tasks, SOON_S)
        await asyncio.to_thread(process_at_rest, url, tasks)

    with server_process() as process:
        asyncio.run(look(process.url))


async def test_private_ids_are_forgotten_with_the_grace_period() -> None:
    clock = Clock(time.time())
    async with running(clock=clock, seat_grace_s=30) as server:
        made = await server.room()
        client, _ = await server.seated(made["roomId"])
        await client.leave()
        await eventually(lambda: len(server.context.recovery) == 1)
        clock.now += 31
        await server.runner.app[LIFECYCLE].sweeper.sweep()
        assert len(server.context.recovery) == 0


async def test_who_was_put_out_and_is_gone_leaves_no_timer() -> None:
    async with running() as server:
        room, first, _, second, two = await server.pair()
        await first.ok("kick", roomId=room, participantId=two["self"]["id"])
        lingering = server.runner.app[SOCKETS]._lingering
        (handle,) = lingering.values()
        await second.leave()
        await eventually(lambda: not lingering)
        assert handle.cancelled()
