"""Messages of one session run in the order sent; none costs a task unless it takes time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

import pytest

from server.transport.engineio import EngineLimits
from tests.support.engine import Rig, engine_rig, eventually


async def test_an_ordinary_handler_costs_no_task(rig: Rig) -> None:
    tasks: list[int] = []

    def handle(sid: str, data: str) -> None:
        tasks.append(len(asyncio.all_tasks()))
        rig.engine.send_text(sid, data)

    rig.engine.on("message", handle)
    ws, _ = await rig.open_websocket()
    before = len(asyncio.all_tasks())
    await ws.send("4a", "4b", "4c")
    assert [await ws.text() for _ in range(3)] == ["4a", "4b", "4c"]
    assert tasks == [before] * 3
    await ws.finish()


async def test_a_receiver_takes_the_place_of_the_message_handler(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    taken: list[str | bytes] = []

    async def later(message: str | bytes) -> None:
        await asyncio.sleep(0)
        taken.append(message)

    def receive(message: str | bytes) -> Awaitable[None] | None:
        if message == "fails":
            raise RuntimeError("on purpose")
        if message == "slow":
            return later(message)
        taken.append(message)
        return None

    rig.engine.on("message", lambda sid, data: rig.engine.send_text(sid, f"handler: {data}"))
    rig.engine.set_receiver(sid, receive)
    rig.engine.set_receiver("nobody", receive)
    await ws.send("4a", "4slow", "4fails", "4b")
    await eventually(lambda: taken == ["a", "slow", "b"], "every message, in order, in spite of one that failed")
    rig.engine.set_receiver(sid, None)
    await ws.send("4c")
    assert await ws.text() == "4handler: c"
    await ws.finish()


async def test_an_open_websocket_keeps_no_task(rig: Rig) -> None:
    before = len(asyncio.all_tasks())
    sockets = [await rig.open_websocket() for _ in range(10)]
    await eventually(lambda: len(asyncio.all_tasks()) == before, "the end of the handshakes' tasks")
    for ws, _ in sockets:
        await ws.finish()


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_what_waits_behind_a_slow_command_runs_after_it_in_order(rig: Rig, transport: str) -> None:
    done: list[str] = []
    leave = asyncio.Event()

    def handle(sid: str, data: str) -> object:
        if data.startswith("slow"):
            return slow(data)
        done.append(data)
        return None

    async def slow(data: str) -> None:
        await leave.wait()
        done.append(data)

    rig.engine.on("message", handle)
    if transport == "websocket":
        ws, sid = await rig.open_websocket()
        await ws.send("4fast1", "4slow1", "4fast2", "4slow2", "4fast3")
    else:
        sid = await rig.open_polling()
        await rig.post(sid, "4fast1\x1e4slow1\x1e4fast2\x1e4slow2\x1e4fast3")
    await eventually(lambda: done == ["fast1"], "the first command")
    leave.set()
    await eventually(lambda: done == ["fast1", "slow1", "fast2", "slow2", "fast3"], "all commands in order")
    if transport == "websocket":
        await ws.finish()


async def test_sessions_do_not_wait_for_each_other(rig: Rig) -> None:
    leave = asyncio.Event()

    async def handle(sid: str, data: str) -> None:
        if data == "slow":
            await leave.wait()
        await rig.engine.send(sid, data)

    rig.engine.on("message", handle)
    slow, _ = await rig.open_websocket()
    fast, _ = await rig.open_websocket()
    await slow.send("4slow")
    await fast.send("4fast")
    assert await fast.text() == "4fast"
    leave.set()
    assert await slow.text() == "4slow"
    await slow.finish()
    await fast.finish()


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_handler_that_raises_hurts_nobody_and_its_text_is_not_logged(
    rig: Rig, asynchronous: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def handle(sid: str, data: str) -> object:
        if asynchronous:
            return fail(data)
        raise ValueError(f"cannot handle {data}")

    async def fail(data: str) -> None:
        raise ValueError(f"cannot handle {data}")

    rig.engine.on("message", handle)
    ws, sid = await rig.open_websocket()
    with caplog.at_level(logging.DEBUG):
        await ws.send("4secret words", "4secret words")
        await eventually(lambda: "ValueError" in caplog.text, "the log line")
    assert caplog.text.count("ValueError") == 1  # the same failure is not logged over and over
    assert "secret" not in caplog.text
    rig.engine.on("message", lambda sid, data: rig.engine.send_text(sid, data))
    await ws.send("4fine")
    assert await ws.text() == "4fine"
    await ws.finish()
    assert await rig.gone(sid) == "transport close"


async def test_a_full_inbox_stops_reading_until_half_of_it_is_done() -> None:
    async with engine_rig(limits=EngineLimits(waiting_commands=8), max_http_buffer_size=100_000) as rig:
        turns = asyncio.Semaphore(0)
        begun: list[str] = []

        async def handle(sid: str, data: str) -> None:
            begun.append(data[:3])
            await turns.acquire()

        rig.engine.on("message", handle)
        ws, sid = await rig.open_websocket()
        sending = asyncio.create_task(ws.send(*(f"4{i:03}" + "x" * 20_000 for i in range(1_000))))
        await eventually(lambda: rig.engine.sockets[sid].inbox.holding, "the hold")
        await eventually(lambda: ws.writer.transport.get_write_buffer_size() > 0, "backpressure at the client")
        await asyncio.sleep(0.1)
        assert rig.engine.stats.messages_in == 9  # one runs, eight wait, the rest is not read
        assert not sending.done()
        for _ in range(1_000):
            turns.release()
        await sending
        await eventually(lambda: len(begun) == 1_000, "all commands")
        assert begun == [f"{i:03}" for i in range(1_000)]
        await ws.finish()


async def test_an_inbox_is_full_of_bytes_as_it_is_of_messages() -> None:
    async with engine_rig(limits=EngineLimits(waiting_bytes=50_000), max_http_buffer_size=100_000) as rig:
        turns = asyncio.Semaphore(0)

        async def handle(sid: str, data: str) -> None:
            await turns.acquire()

        rig.engine.on("message", handle)
        ws, sid = await rig.open_websocket()
        session = rig.engine.sockets[sid]
        sending = asyncio.create_task(ws.send(*(f"4{i:03}" + "x" * 20_000 for i in range(400))))
        await eventually(lambda: session.inbox.holding, "the hold")
        await eventually(lambda: ws.writer.transport.get_write_buffer_size() > 0, "backpressure at the client")
        assert rig.engine.stats.messages_in == 4  # one runs; the third that waits crosses the bound
        turns.release()
        turns.release()
        await eventually(lambda: rig.engine.stats.messages_in > 4, "more, once half of it is done")
        for _ in range(400):
            turns.release()
        await sending
        await eventually(lambda: rig.engine.stats.messages_in == 400, "all of them")
        await eventually(lambda: session.inbox.idle, "the last of them")
        assert rig.engine.input.used_bytes == 0
        await ws.finish()


async def test_a_full_inbox_delays_the_answer_to_a_post() -> None:
    async with engine_rig(limits=EngineLimits(waiting_commands=4)) as rig:
        leave = asyncio.Event()

        async def handle(sid: str, data: str) -> None:
            await leave.wait()
            rig.events.append(("message", sid, data))

        rig.engine.on("message", handle)
        sid = await rig.open_polling()
        post = asyncio.create_task(rig.post(sid, "\x1e".join(f"4{i}" for i in range(10))))
        await eventually(lambda: rig.engine.sockets[sid].inbox.holding, "the hold")
        await asyncio.sleep(0.05)
        assert not post.done()
        leave.set()
        assert (await post).status == 200
        await eventually(lambda: len(rig.told("message")) == 10, "all commands")


async def test_while_reading_is_held_a_missing_pong_does_not_count() -> None:
    async with engine_rig(ping_interval=0.1, ping_timeout=1, limits=EngineLimits(waiting_commands=2)) as rig:
        leave = asyncio.Event()

        async def handle(sid: str, data: str) -> None:
            await leave.wait()

        rig.engine.on("message", handle)
        ws, sid = await rig.open_websocket()
        await ws.send("41", "42", "43", "44")
        await eventually(lambda: rig.engine.sockets[sid].inbox.holding, "the hold")
        await asyncio.sleep(1.5)
        assert rig.engine.open_session(sid) is not None
        await ws.send("3")
        leave.set()
        assert await ws.frame() == (1, b"2")
        await ws.send("3")
        assert await ws.frame() == (1, b"2")
        await ws.finish()


async def test_a_command_that_never_ends_keeps_its_session_for_a_bounded_time_only() -> None:
    limits = EngineLimits(waiting_commands=2, stalled_command_s=0.2, command_grace_s=0.1)
    async with engine_rig(ping_interval=0.1, ping_timeout=0.1, limits=limits) as rig:

        async def forever(sid: str, data: str) -> None:
            await asyncio.Event().wait()

        rig.engine.on("message", forever)
        ws, sid = await rig.open_websocket()
        await ws.send("41", "42", "43", "44")
        assert await rig.gone(sid) == "ping timeout"
        ws.abort()


async def test_commands_received_before_the_client_left_are_done_before_the_disconnect_event(rig: Rig) -> None:
    leave = asyncio.Event()

    async def handle(sid: str, data: str) -> None:
        await leave.wait()
        rig.events.append(("message", sid, data))

    rig.engine.on("message", handle)
    ws, sid = await rig.open_websocket()
    await ws.send("4one", "4two")
    await eventually(lambda: rig.engine.stats.messages_in == 2, "both messages")
    ws.abort()
    await eventually(lambda: rig.engine.sockets[sid].closing, "the end of the transport")
    assert not rig.told("disconnect")
    leave.set()
    await rig.gone(sid)
    assert [event[0] for event in rig.events] == ["connect", "message", "message", "disconnect"]


async def test_a_kicked_sessions_waiting_commands_are_dropped(rig: Rig) -> None:
    leave = asyncio.Event()

    async def handle(sid: str, data: str) -> None:
        await leave.wait()
        rig.events.append(("message", sid, data))

    rig.engine.on("message", handle)
    ws, sid = await rig.open_websocket()
    await ws.send("4running", "4waiting")
    await eventually(lambda: rig.engine.stats.messages_in == 2, "both messages")
    rig.engine.close_session(sid)
    leave.set()
    await rig.gone(sid)
    assert [data for _, data in rig.told("message")] == ["running"]
    ws.abort()


async def test_a_command_may_disconnect_its_own_session(rig: Rig) -> None:
    async def handle(sid: str, data: str) -> None:
        await rig.engine.disconnect(sid)
        rig.events.append(("after", sid))

    rig.engine.on("message", handle)
    ws, sid = await rig.open_websocket()
    await ws.send("4bye")
    assert await ws.close_code() == 1000
    assert await rig.gone(sid) == "server disconnect"
    assert [event[0] for event in rig.events] == ["connect", "after", "disconnect"]
    ws.abort()
