"""What a session may hold, and what happens beyond."""

from __future__ import annotations

import asyncio
import socket

from server.transport.engineio import EngineLimits
from tests.support.engine import RawWebSocket, Rig, engine_rig, eventually
from tests.support.pace import PACE


async def test_a_socket_that_never_connects_is_closed_after_the_connect_timeout() -> None:
    async with engine_rig(connect_timeout=0.2) as rig:
        ws, sid = await rig.open_websocket()
        polling = await rig.open_polling()
        assert await ws.close_code() == 1008
        assert await rig.gone(sid) == "transport error"
        assert await rig.gone(polling) == "transport error"
        ws.abort()


async def test_a_socket_that_was_marked_connected_stays() -> None:
    async with engine_rig(connect_timeout=0.7) as rig:
        ws, sid = await rig.open_websocket()
        rig.engine.mark_connected(sid)
        await asyncio.sleep(1.0)
        await ws.send("4still here")
        assert await ws.text() == "4still here"
        await ws.finish()


async def open_non_reader(rig: Rig) -> tuple[RawWebSocket, str]:
    """A WebSocket session whose client has a small buffer and does not read."""
    ws, sid = await rig.open_websocket()
    sock: socket.socket = ws.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ws.writer.transport.pause_reading()
    return ws, sid


async def flood_until_dropped(rig: Rig, sid: str, text: str) -> int:
    """Send until the session is ending; gives the number of packets sent."""
    sent = 0
    while rig.engine.open_session(sid) is not None:
        rig.engine.send_text(sid, text)
        sent += 1
        assert sent < 1_000_000
        if sent % 50 == 0:
            await asyncio.sleep(0)
    return sent


async def test_a_reader_that_does_not_read_is_dropped_at_the_bound_of_bytes() -> None:
    async with engine_rig(limits=EngineLimits(outbox_bytes=100_000)) as rig:
        ws, sid = await open_non_reader(rig)
        await flood_until_dropped(rig, sid, "x" * 1_000)
        async with asyncio.timeout(2 * PACE):
            assert await rig.gone(sid) == "transport error"
        assert rig.engine.stats.overflows == 1
        ws.abort()


async def test_a_reader_that_does_not_read_is_dropped_at_the_bound_of_packets() -> None:
    async with engine_rig(limits=EngineLimits(outbox_packets=100)) as rig:
        sid = await rig.open_polling()
        for number in range(100):
            rig.engine.send_text(sid, str(number))
        assert rig.engine.open_session(sid) is not None
        rig.engine.send_text(sid, "one too many")
        assert await rig.gone(sid) == "transport error"
        assert (await rig.poll(sid)).code == 1


async def test_one_packet_above_the_bound_is_taken_where_nothing_waits() -> None:
    async with engine_rig(limits=EngineLimits(outbox_bytes=1_000)) as rig:
        ws, sid = await rig.open_websocket()
        rig.engine.send_text(sid, "x" * 50_000)
        assert len(await ws.text()) == 50_001
        await ws.finish()


async def test_a_slow_reader_that_catches_up_gets_everything_in_order() -> None:
    async with engine_rig(limits=EngineLimits(outbox_bytes=50_000_000)) as rig:
        ws, sid = await rig.open_websocket()
        ws.writer.transport.pause_reading()
        for number in range(2_500):  # 20 MB, more than the kernel's buffers hold
            rig.engine.send_text(sid, f"{number:05}" + "x" * 8_000)
            if number % 20 == 0:
                await asyncio.sleep(0)
        await eventually(lambda: len(rig.engine.sockets[sid].outbox) > 0, "a queue")
        ws.writer.transport.resume_reading()
        for number in range(2_500):
            assert (await ws.text())[1:6] == f"{number:05}"
        await ws.finish()


async def test_a_closed_socket_that_does_not_read_is_cut_all_the_same() -> None:
    async with engine_rig(limits=EngineLimits(close_timeout_s=0.2)) as rig:
        ws, sid = await open_non_reader(rig)
        for _ in range(40):
            rig.engine.send_text(sid, "x" * 20_000)
            await asyncio.sleep(0)
        rig.engine.close_session(sid)
        async with asyncio.timeout(2 * PACE):
            assert await rig.gone(sid) == "server disconnect"
            await rig.engine._core.closing.until_empty(2 * PACE)
        assert len(rig.engine._core.closing) == 0
        ws.abort()


async def test_a_client_that_pings_and_never_reads_is_dropped() -> None:
    from tests.support.engine import client_frame

    async with engine_rig(limits=EngineLimits(outbox_packets=200)) as rig:
        ws, sid = await open_non_reader(rig)
        ping = client_frame(b"x" * 125, 9) * 200

        async def flood() -> None:
            while True:
                await ws.send_raw(ping)

        flooding = asyncio.create_task(flood())
        assert await rig.gone(sid) == "transport error"
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
        ws.abort()
