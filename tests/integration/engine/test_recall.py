"""What is taken back and waits for a client that does not read: it is cut, and one that reads is not."""

from __future__ import annotations

import asyncio
import socket

import pytest

from server.transport.engineio import EngineLimits
from server.transport.engineio.websocket import WebSocketCarrier
from tests.support.engine import RawWebSocket, Rig, engine_rig, eventually
from tests.support.pace import PACE

LIMITS = EngineLimits(recall_look_s=0.02)
CUT_WITHIN_S = 2.0 * PACE
HIGH_WATER = 65_536
KIB = "x" * 1_024


async def unread(rig: Rig, *, at_least: int = 1) -> tuple[RawWebSocket, str, WebSocketCarrier]:
    """A WebSocket whose client has not taken at least so much."""
    ws, sid = await rig.open_websocket()
    ws.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    ws.writer.transport.pause_reading()
    carrier = rig.engine.sockets[sid].carrier
    while carrier._transport.get_write_buffer_size() < at_least:
        rig.engine.send_text(sid, KIB)
        await asyncio.sleep(0)
    return ws, sid, carrier


@pytest.mark.parametrize("at_least", [1, HIGH_WATER + 1])
async def test_who_does_not_read_is_cut_however_little_waits(at_least: int) -> None:
    async with engine_rig(limits=LIMITS) as rig:
        _, sid, carrier = await unread(rig, at_least=at_least)
        assert (carrier._transport.get_write_buffer_size() > HIGH_WATER) is (at_least > 1)
        began = asyncio.get_running_loop().time()
        rig.engine.recall([sid])
        assert await asyncio.wait_for(rig.gone(sid), CUT_WITHIN_S) == "transport error"
        assert rig.engine.recalls.cut_count == 1
        # Not before so many looks (timers of uvloop are of milliseconds); with the limits as they come, in time.
        assert asyncio.get_running_loop().time() - began >= 0.8 * LIMITS.recall_look_s * LIMITS.recall_looks
        assert EngineLimits().recall_look_s * EngineLimits().recall_looks == 1.5


async def test_nobody_is_watched_for_whom_nothing_waits(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    polling = await rig.open_polling()
    rig.engine.send_text(sid, "hello")
    await ws.text()
    rig.engine.recall([sid, polling, "nobody"])
    assert len(rig.engine.recalls) == 0
    await ws.finish()


async def test_who_reads_on_gets_all_of_it_and_is_not_cut() -> None:
    async with engine_rig() as rig:
        ws, sid, _ = await unread(rig, at_least=HIGH_WATER + 1)
        rig.engine.send_text(sid, "gone")
        rig.engine.recall([sid])
        assert len(rig.engine.recalls) == 1
        rig.engine.send_text(sid, "it is gone")
        ws.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        ws.writer.transport.resume_reading()
        while await ws.text() != "4it is gone":
            pass
        await eventually(lambda: not len(rig.engine.recalls), "nobody to be watched")
        assert rig.engine.open_session(sid) is not None
        await ws.finish()


async def test_that_a_client_reads_is_seen_where_only_the_kernel_gives_to_it() -> None:
    async with engine_rig(limits=LIMITS) as rig:
        ws, _, carrier = await unread(rig, at_least=HIGH_WATER + 1)
        await asyncio.sleep(0.05)  # what was under way has arrived
        before, waiting = carrier.progress(), carrier._transport.get_write_buffer_size()
        ws.writer.transport.pause_reading()
        raw = ws.writer.get_extra_info("socket")
        taken = 0
        while taken < 32_768:
            with socket.socket(fileno=raw.fileno()) as borrowed:
                try:
                    taken += len(borrowed.recv(8_192))
                except BlockingIOError:
                    await asyncio.sleep(0.005)
                finally:
                    borrowed.detach()
        await eventually(lambda: carrier.progress() > before, "a sign of it")
        assert carrier._transport.get_write_buffer_size() <= waiting
        ws.abort()


async def test_what_waits_for_a_client_that_polls_no_more_is_let_go_of() -> None:
    async with engine_rig(limits=LIMITS) as rig:
        sid = await rig.open_polling()
        rig.engine.send_text(sid, "gone")
        rig.engine.recall([sid])
        assert await asyncio.wait_for(rig.gone(sid), CUT_WITHIN_S) == "transport error"
        assert (await rig.poll(sid)).status == 400


async def test_who_polls_in_time_goes_on() -> None:
    async with engine_rig() as rig:
        sid = await rig.open_polling()
        rig.engine.send_text(sid, "gone")
        rig.engine.recall([sid])
        assert (await rig.poll(sid)).text == "4gone"
        await eventually(lambda: not len(rig.engine.recalls), "nobody to be watched")
        assert rig.engine.open_session(sid) is not None


async def test_what_waits_moves_on_to_a_websocket() -> None:
    async with engine_rig() as rig:
        sid = await rig.open_polling()
        ws = await rig.open_upgrading(sid)
        await ws.send("2probe")
        assert await ws.text() == "3probe"
        rig.engine.send_text(sid, "gone")
        rig.engine.recall([sid])
        await ws.send("5")
        assert await ws.text() == "4gone"
        await eventually(lambda: not len(rig.engine.recalls), "nobody to be watched")
        assert rig.engine.open_session(sid) is not None
        await ws.finish()


async def test_what_is_compressed_on_its_way_is_not_waited_for_for_ever() -> None:
    async with engine_rig(websocket_compression=True) as rig:
        ws, sid = await rig.open_websocket({"Sec-WebSocket-Extensions": "permessage-deflate"})
        rig.engine.send_text(sid, KIB * 8)
        rig.engine.recall([sid])  # before it has left: its length is known as it is
        await ws.raw_frame()
        await eventually(lambda: not len(rig.engine.recalls), "nobody to be watched")
        assert rig.engine.open_session(sid) is not None
        await ws.finish()


async def test_who_takes_too_little_of_it_does_not_read() -> None:
    async with engine_rig(limits=EngineLimits(recall_look_s=0.05, recall_least_bytes=1 << 30)) as rig:
        ws, sid, _ = await unread(rig, at_least=HIGH_WATER + 1)
        rig.engine.recall([sid])
        ws.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        reading = asyncio.create_task(ws.reader.read(1_024))
        assert await asyncio.wait_for(rig.gone(sid), CUT_WITHIN_S) == "transport error"
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
