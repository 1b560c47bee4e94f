"""One message to many: encoded once, framed once, one write for each loop turn."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.engine import Rig, eventually


async def test_a_broadcast_reaches_websockets_and_polling_clients_alike(rig: Rig) -> None:
    sockets = [await rig.open_websocket() for _ in range(5)]
    polling = await rig.open_polling()
    rig.engine.broadcast([sid for _, sid in sockets] + ["nobody", polling], '2["m","é"]')
    for ws, _ in sockets:
        assert await ws.text() == '42["m","é"]'
        await ws.finish()
    assert (await rig.poll(polling)).text == '42["m","é"]'


async def test_a_broadcast_is_framed_once(rig: Rig) -> None:
    sockets = [await rig.open_websocket() for _ in range(5)]
    rig.engine.broadcast((sid for _, sid in sockets), b"2[]")
    waiting = [frame for _, sid in sockets for frame in rig.engine.sockets[sid].outbox.frames]
    for ws, _ in sockets:
        assert await ws.text() == "42[]"
        await ws.finish()
    assert len(waiting) == 5
    assert all(frame is waiting[0] for frame in waiting)


async def test_the_messages_of_one_turn_leave_in_one_write(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, sid = await rig.open_websocket()
    transport = rig.engine.sockets[sid].carrier._transport
    writes: list[bytes] = []
    write = transport.write
    monkeypatch.setattr(transport, "write", lambda data: writes.append(data) or write(data))
    for number in range(20):
        rig.engine.send_text(sid, str(number))
    assert not writes
    assert [await ws.text() for _ in range(20)] == [f"4{number}" for number in range(20)]
    assert len(writes) == 1
    await ws.finish()


async def test_one_broken_recipient_does_not_keep_the_message_from_the_others(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, broken_sid = await rig.open_websocket()
    fine, fine_sid = await rig.open_websocket()

    def fail(data: bytes) -> None:
        raise OSError("broken")

    monkeypatch.setattr(rig.engine.sockets[broken_sid].carrier._transport, "write", fail)
    rig.engine.broadcast([broken_sid, fine_sid], "x")
    assert await fine.text() == "4x"
    monkeypatch.undo()
    await fine.finish()
    broken.abort()


async def test_a_session_that_ends_within_a_broadcasts_turn_gets_nothing_more(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    ws.abort()
    await rig.gone(sid)
    rig.engine.broadcast([sid], "x")
    await asyncio.sleep(0)
    await eventually(lambda: not rig.engine.sockets, "no session")
