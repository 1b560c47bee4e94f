"""The heartbeat: Engine.IO v4 protocol, "Heartbeat"."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.engine import Rig, engine_rig


async def test_a_websocket_is_pinged_after_each_interval_and_lives_on_pongs() -> None:
    async with engine_rig(ping_interval=0.1, ping_timeout=20) as rig:
        loop = asyncio.get_running_loop()
        start = loop.time()
        ws, sid = await rig.open_websocket()
        for _ in range(4):
            assert await ws.frame() == (1, b"2")
            await ws.send("3")
        assert loop.time() - start >= 0.39
        assert rig.engine.open_session(sid) is not None
        await ws.finish()


async def test_polling_is_pinged_too() -> None:
    async with engine_rig(ping_interval=0.1, ping_timeout=20) as rig:
        sid = await rig.open_polling()
        for _ in range(3):
            assert (await rig.poll(sid)).text == "2"
            await rig.post(sid, "3")
        assert rig.engine.open_session(sid) is not None


async def silent_since(start: float, rig: Rig, sid: str) -> float:
    """How long a session lives that answers nothing, in seconds."""
    assert await rig.gone(sid) == "ping timeout"
    return asyncio.get_running_loop().time() - start


async def test_a_silent_client_is_closed_right_after_interval_and_timeout_on_either_transport() -> None:
    async with engine_rig(ping_interval=0.5, ping_timeout=1.5) as rig:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        ws, sid = await rig.open_websocket()
        later = loop.time()
        polling = await rig.open_polling()
        for lived_s in await asyncio.gather(silent_since(begun, rig, sid), silent_since(later, rig, polling)):
            assert 1.9 <= lived_s < 3.2  # the stock engine takes up to the interval and twice the timeout: 3.5
        assert await ws.close_code() == 1011
        assert await ws.ended() == b""  # cut, though the client never answered the close frame
        await ws.close()
        assert (await rig.poll(polling)).code == 1


async def test_messages_do_not_stand_in_for_a_pong() -> None:
    async with engine_rig(ping_interval=0.1, ping_timeout=0.2) as rig:
        ws, sid = await rig.open_websocket()
        while (await ws.frame())[1] != b"2":
            pass
        for _ in range(5):
            await ws.send("4busy")
        assert await rig.gone(sid) == "ping timeout"
        ws.abort()


async def test_a_slow_command_does_not_stop_the_heartbeat() -> None:
    async with engine_rig(ping_interval=0.1, ping_timeout=20) as rig:
        leave = asyncio.Event()

        async def slow(sid: str, data: str) -> None:
            await leave.wait()
            await rig.engine.send(sid, "done")

        rig.engine.on("message", slow)
        ws, sid = await rig.open_websocket()
        await ws.send("4go")
        for _ in range(5):
            assert await ws.frame() == (1, b"2")
            await ws.send("3")
        leave.set()
        assert await ws.text() == "4done"
        assert rig.engine.open_session(sid) is not None
        await ws.finish()


@pytest.mark.pure
async def test_the_heartbeats_of_many_idle_sessions_share_one_timer() -> None:
    async with engine_rig() as rig:
        sockets = [await rig.open_websocket() for _ in range(20)]
        loop = asyncio.get_running_loop()
        # Also those which are due: opening all these may have taken a while.
        timers = [handle for handle in (*loop._scheduled, *loop._ready) if not handle.cancelled()]  # type: ignore[attr-defined]
        ours = [handle for handle in timers if "Deadlines._run" in repr(handle)]
        assert len(ours) == 2  # and one for the handshakes that were waited for
        for ws, _ in sockets:
            await ws.finish()
