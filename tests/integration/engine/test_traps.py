"""The traps of the stock engine, each as one scenario: ours passes, the stock one is the witness that it is a trap.

Where a new release of python-engineio passes, the strict mark says so, and the remedy here may be given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import engineio
import pytest
from aiohttp import web

from server.transport.engineio import EngineServer
from tests.support.at_rest import engine_at_rest
from tests.support.engine import PATH, Connection, Rig, client_frame, eventually, served
from tests.support.pace import PACE

SOON_S = 2.0
Scenario = Callable[[Rig], Awaitable[None]]
SCENARIOS: list[Scenario] = []


def trap(scenario: Scenario) -> Scenario:
    """Run it on both engines."""
    SCENARIOS.append(scenario)
    return scenario


@trap
async def permessage_deflate_is_declined(rig: Rig) -> None:
    ws, _, head = await rig.handshake(PATH + "websocket", {"Sec-WebSocket-Extensions": "permessage-deflate"})
    ws.abort()
    assert "permessage-deflate" not in head


@trap
async def an_idle_connection_keeps_no_task(rig: Rig) -> None:
    before = len(asyncio.all_tasks())
    sockets = [(await rig.open_websocket())[0] for _ in range(5)]
    with contextlib.suppress(AssertionError):
        await eventually(lambda: len(asyncio.all_tasks()) <= before, "fewer tasks", SOON_S)
    kept = len(asyncio.all_tasks()) - before
    for ws in sockets:
        ws.abort()
    assert kept <= 0


@trap
async def a_reader_that_never_reads_is_dropped(rig: Rig) -> None:
    sid = await rig.open_polling()
    with contextlib.suppress(KeyError):
        for _ in range(5_000):
            await rig.engine.send(sid, "x" * 1_000)
    await eventually(lambda: rig.told("disconnect"), "the disconnect event", SOON_S)


@trap
async def a_frame_that_does_not_parse_ends_the_session_with_its_event(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    await ws.send_raw(client_frame(b"abc"))
    try:
        await eventually(lambda: rig.told("disconnect") or len(rig.told("message")), "the event", SOON_S)
    finally:
        ws.abort()
    assert [event[0] for event in rig.told("disconnect")] == [sid]


@trap
async def disconnect_closes_the_websocket(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    disconnecting = asyncio.create_task(rig.engine.disconnect(sid))
    try:
        async with asyncio.timeout(SOON_S * PACE):
            opcode = 0
            while opcode != 8:
                opcode, _ = await ws.frame()
            await ws.ended()
    finally:
        ws.abort()
        disconnecting.cancel()
        await asyncio.gather(disconnecting, return_exceptions=True)


@trap
async def a_socket_that_never_connects_is_closed(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    try:
        await eventually(lambda: rig.told("disconnect"), "the disconnect event", SOON_S)
    finally:
        ws.abort()


@trap
async def times_are_advertised_in_milliseconds(rig: Rig) -> None:
    answer = await rig.request("GET", PATH + "polling")
    assert json.loads(answer.text[1:])["pingInterval"] == 25_500


@trap
async def forty_packets_in_one_post_are_handled(rig: Rig) -> None:
    sid = await rig.open_polling()
    await rig.post(sid, "\x1e".join(f"4m{i}" for i in range(40)))
    await eventually(lambda: len(rig.told("message")) == 40, "40 messages", SOON_S)


@trap
async def a_body_in_two_segments_is_read_whole(rig: Rig) -> None:
    sid = await rig.open_polling()
    connection = await Connection.open(rig.port)
    connection.send_head("POST", f"{PATH}polling&sid={sid}", {"Content-Length": "7"})
    connection.writer.write(b"4one")
    await asyncio.sleep(0.1)
    connection.writer.write(b"two")
    await connection.answer()
    await connection.close()
    await eventually(lambda: rig.told("message") == [(sid, "onetwo")], "the message", SOON_S)


@trap
async def a_dropped_upgrade_leaves_no_busy_polling_behind(rig: Rig) -> None:
    sid = await rig.open_polling()
    ws = await rig.open_upgrading(sid)
    ws.abort()
    await asyncio.sleep(0.3)
    poll = asyncio.create_task(rig.poll(sid))
    done, _ = await asyncio.wait([poll], timeout=0.5)
    poll.cancel()
    await asyncio.gather(poll, return_exceptions=True)
    assert not done, "the poll is not kept: the client would poll without a pause"


@trap
async def a_disconnect_handler_that_raises_a_type_error_is_called_once(rig: Rig) -> None:
    calls: list[str] = []

    async def broken(sid: str, reason: str = "") -> None:
        calls.append(sid)
        raise TypeError

    rig.engine.on("disconnect", broken)
    ws, _ = await rig.open_websocket()
    ws.abort()
    await eventually(lambda: calls, "the disconnect event", SOON_S)
    await asyncio.sleep(0.05)
    assert len(calls) == 1


@trap
async def messages_of_one_socket_run_one_after_the_other(rig: Rig) -> None:
    running = 0
    most = 0
    done = 0

    async def slow(sid: str, data: Any) -> None:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        done += 1

    rig.engine.on("message", slow)
    ws, _ = await rig.open_websocket()
    await ws.send(*["4x"] * 5)
    await eventually(lambda: done == 5, "five commands", SOON_S)
    ws.abort()
    assert most == 1


@contextlib.asynccontextmanager
async def either_engine(engine: Any) -> AsyncIterator[Rig]:
    """Either engine on a port; what the stock one leaves running is ended."""
    rig = Rig(engine, port=0)

    async def connect(sid: str, environ: Any) -> None:
        rig.events.append(("connect", sid))

    async def disconnect(sid: str, reason: str) -> None:
        rig.events.append(("disconnect", sid, reason))

    async def message(sid: str, data: Any) -> None:
        rig.events.append(("message", sid, data))

    for handler in (connect, disconnect, message):
        engine.on(handler.__name__, handler)
    app = web.Application()
    engine.attach(app, "engine.io")
    before = asyncio.all_tasks()
    async with served(app) as rig.port:
        yield rig
        for task in asyncio.all_tasks() - before - {asyncio.current_task()}:
            if not isinstance(engine, EngineServer) and "RequestHandler.start" not in repr(task):
                task.cancel()
        if isinstance(engine, EngineServer):
            await engine_at_rest(engine)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    await asyncio.gather(*left, return_exceptions=True)


OPTIONS: dict[str, Any] = {"cors_allowed_origins": "*", "ping_interval": 25.5, "ping_timeout": 20}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_our_engine_avoids(scenario: Scenario) -> None:
    async with either_engine(EngineServer(**OPTIONS, connect_timeout=1.0)) as rig:
        await scenario(rig)


@pytest.mark.xfail(strict=True, raises=(AssertionError, TimeoutError), reason="a trap of the stock engine")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_the_stock_engine_falls_into(scenario: Scenario) -> None:
    async with either_engine(engineio.AsyncServer(**OPTIONS, async_mode="aiohttp")) as rig:
        await scenario(rig)
