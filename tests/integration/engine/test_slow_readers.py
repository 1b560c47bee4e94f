"""Fifty sockets that never read, in a room of a hundred that chats."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket

import pytest

from server.transport.engineio import EngineLimits
from server.transport.engineio.frames import text_frame
from tests.support.engine import RawWebSocket, Rig, engine_rig, eventually
from tests.support.memory import MIB, rss
from tests.support.pace import PACE

READERS = 50
NON_READERS = 50
MESSAGES = 6_000
TEXT = "x" * 1_000
DROPPED_WITHIN_S = 2.0 * PACE


async def test_non_readers_are_dropped_and_cost_neither_memory_nor_the_others() -> None:
    async with engine_rig(limits=EngineLimits(outbox_bytes=262_144)) as rig:
        room: list[str] = []
        counts = [0] * READERS
        readers, frozen = [], []
        for number in range(READERS):
            ws, sid = await rig.open_websocket()
            room.append(sid)
            readers.append((ws, asyncio.create_task(count_bytes(ws, counts, number))))
        for _ in range(NON_READERS):
            ws, sid = await rig.open_websocket()
            ws.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            ws.writer.transport.pause_reading()
            room.append(sid)
            frozen.append((ws, sid))
        gc.collect()
        before = peak = rss()
        expected = MESSAGES * (len(TEXT) + 1 + 4)
        for number in range(MESSAGES):
            rig.engine.broadcast(room, TEXT)
            if number % 10 == 0:
                sent = (number + 1) * (len(TEXT) + 1 + 4)
                await eventually(lambda sent=sent: min(counts) >= sent - 50_000, "the readers", 30)
                peak = max(peak, rss())
        await eventually(lambda: min(counts) >= expected, "every message at every reader", 30)
        for _, sid in frozen:
            assert await rig.gone(sid) == "transport error"
        assert rig.engine.stats.overflows == NON_READERS
        assert rig.engine.session_count == READERS
        assert peak - before < 50 * MIB, f"{(peak - before) / MIB:.0f} MiB"
        gc.collect()
        assert rss() - before < 20 * MIB, f"{(rss() - before) / MIB:.0f} MiB are still there"
        for ws, reading in readers:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            ws.abort()
        for ws, _ in frozen:
            ws.abort()


async def test_a_non_reader_is_gone_within_two_seconds_of_crossing_its_bound() -> None:
    async with engine_rig(limits=EngineLimits(outbox_bytes=65_536)) as rig:
        ws, sid = await rig.open_websocket()
        ws.writer.transport.pause_reading()
        session = rig.engine.sockets[sid]
        while not rig.engine.stats.overflows:
            rig.engine.send_text(sid, TEXT)
            assert session.outbox.size <= 65_536
            await asyncio.sleep(0)
        assert rig.engine.open_session(sid) is None, "nothing is queued for it any more"
        over = lambda: rig.told("disconnect") == [(sid, "transport error")] and not rig.engine.sockets  # noqa: E731
        await eventually(over, "the event, and the end of the session", DROPPED_WITHIN_S)
        ws.writer.transport.resume_reading()
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(DROPPED_WITHIN_S):
                while await ws.reader.read(65_536):  # what the kernel had taken, and then the end
                    pass
        ws.abort()


async def test_a_long_answer_does_not_count_as_unread() -> None:
    async with engine_rig(limits=EngineLimits(outbox_bytes=65_536)) as rig:
        ws, sid = await rig.open_websocket()
        session = rig.engine.sockets[sid]
        ws.writer.transport.pause_reading()
        for _ in range(40):
            rig.engine.send_answer(sid, "x" * MIB)
        caught_up = asyncio.create_task(rig.engine.caught_up(sid))
        rig.engine.send_text(sid, "and a word")
        await asyncio.sleep(0.05)
        assert not session.closing
        assert not caught_up.done(), "the kernel does not take so much"
        ws.writer.transport.resume_reading()
        for _ in range(40):
            assert len(await ws.text()) == MIB + 1
        assert await ws.text() == "4and a word"
        await asyncio.wait_for(caught_up, DROPPED_WITHIN_S)


@pytest.mark.parametrize("polling", [False, True])
async def test_a_client_that_reads_has_caught_up_however_much_goes_on(polling: bool) -> None:
    async with engine_rig(limits=EngineLimits(outbox_bytes=64 * MIB, outbox_packets=1_000_000)) as rig:
        ws = None
        if polling:
            sid = await rig.open_polling()
            reading = asyncio.create_task(poll_on(rig, sid))
        else:
            ws, sid = await rig.open_websocket()
            reading = asyncio.create_task(count_bytes(ws, [0], 0))
        for _ in range(20):
            rig.engine.send_answer(sid, "x" * 1_000)
            caught_up = asyncio.create_task(rig.engine.caught_up(sid))
            async with asyncio.timeout(DROPPED_WITHIN_S):
                while not caught_up.done():
                    rig.engine.send_text(sid, TEXT)
                    await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        if ws is not None:
            ws.abort()


async def test_behind_a_long_answer_the_bound_is_what_it_was() -> None:
    async with engine_rig(limits=EngineLimits(outbox_bytes=65_536)) as rig:
        ws, sid = await rig.open_websocket()
        ws.writer.transport.pause_reading()
        for _ in range(40):
            rig.engine.send_answer(sid, "x" * MIB)
        caught_up = asyncio.create_task(rig.engine.caught_up(sid))
        await asyncio.sleep(0)
        while not rig.engine.stats.overflows:
            rig.engine.send_text(sid, TEXT)
            await asyncio.sleep(0)
        await asyncio.wait_for(caught_up, DROPPED_WITHIN_S)
        assert await rig.gone(sid) == "transport error"
        ws.abort()


async def test_of_many_slow_readers_those_with_the_most_give_way_in_the_budget_of_all() -> None:
    limits = EngineLimits(outbox_bytes=8 * MIB, output_bytes=12 * MIB)
    async with engine_rig(limits=limits) as rig:
        large, small = [], []
        for _ in range(8):
            ws, sid = await rig.open_websocket()
            ws.writer.transport.pause_reading()
            large.append(sid)
        ws, sid = await rig.open_websocket()
        ws.writer.transport.pause_reading()
        small.append(sid)
        budget = rig.engine.output
        for _ in range(24):  # more than the kernel takes
            for sid in small:
                rig.engine.send_text(sid, "x" * (MIB // 4))
            for sid in large:
                rig.engine.send_answer(sid, "x" * (MIB // 2))
            await asyncio.sleep(0)
            assert budget.used_bytes <= limits.output_bytes
        assert budget.shed_count >= 1
        assert rig.engine.stats.overflows == budget.shed_count
        assert not rig.engine.sockets[small[0]].closing, "it has less than any other"
        for connection in list(ws.opened):
            connection.abort()
        await eventually(lambda: budget.used_bytes == 0, "all of it is given back")


async def test_answers_to_many_in_one_loop_turn_are_never_more_than_the_budget_of_all() -> None:
    limits = EngineLimits(output_bytes=4 * MIB)
    async with engine_rig(limits=limits) as rig:
        sids = []
        for _ in range(30):
            ws, sid = await rig.open_websocket()
            ws.writer.transport.pause_reading()
            sids.append(sid)
        sessions = [rig.engine.sockets[sid] for sid in sids]
        # More than `answer_bytes_per_write` each, so that what the transport cannot take is seen at once.
        for _ in range(40):  # without a pause: nothing but what is sent at once can leave
            for session in sessions:
                session.send_answer(text_frame(b"4" + b"x" * (MIB // 4)))
                waiting = sum(sum(map(len, other.outbox.frames)) for other in sessions)
                assert waiting <= limits.output_bytes
        assert rig.engine.output.shed_count > 0
        for connection in list(ws.opened):
            connection.abort()


async def poll_on(rig: Rig, sid: str) -> None:
    """Poll, and poll again."""
    while True:
        await rig.poll(sid)


async def count_bytes(ws: RawWebSocket, counts: list[int], number: int) -> None:
    """Read on, and count."""
    while data := await ws.reader.read(65_536):
        counts[number] += len(data)
