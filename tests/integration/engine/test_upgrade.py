"""From polling to WebSocket: Engine.IO v4 protocol, "Upgrade"."""

from __future__ import annotations

import asyncio
import json

import pytest

from server.transport.engineio import EngineLimits
from tests.support.engine import PATH, Rig, client_frame, engine_rig, eventually


async def test_probe_and_upgrade_move_the_session(rig: Rig) -> None:
    sid = await rig.open_polling()
    poll = asyncio.create_task(rig.poll(sid))
    await eventually(lambda: rig.engine.sockets[sid].carrier.polled, "the pending poll")
    ws = await rig.open_upgrading(sid)
    await ws.send("2probe")
    assert await ws.text() == "3probe"
    assert (await poll).text == "6"
    await ws.send("5")
    await ws.send("4moved")
    assert await ws.text() == "4moved"
    assert rig.engine.transport(sid) == "websocket"
    assert rig.told("connect") == [(sid,)]
    assert (await rig.poll(sid)).status == 400
    await ws.finish()
    assert await rig.gone(sid) == "transport close"


async def test_what_was_queued_during_the_upgrade_follows_over_the_websocket_in_order(rig: Rig) -> None:
    sid = await rig.open_polling()
    ws = await rig.open_upgrading(sid)
    await ws.send("2probe")
    assert await ws.text() == "3probe"
    for number in range(5):
        rig.engine.send_text(sid, str(number))
    await ws.send("5")
    assert [await ws.text() for _ in range(5)] == ["40", "41", "42", "43", "44"]
    await ws.finish()


async def test_a_poll_during_the_upgrade_is_kept_a_moment_and_answered_with_noop(rig: Rig) -> None:
    sid = await rig.open_polling()
    ws = await rig.open_upgrading(sid)
    await ws.send("2probe")
    assert await ws.text() == "3probe"
    loop = asyncio.get_running_loop()
    start = loop.time()
    assert (await rig.poll(sid)).text == "6"
    assert loop.time() - start >= 0.09
    rig.engine.send_text(sid, "over polling still")
    assert (await rig.poll(sid)).text == "4over polling still"
    await ws.send("5")
    await ws.finish()


@pytest.mark.parametrize("frame", [b"4hello", b"2", b"5", b"2Probe", b""])
async def test_another_first_packet_than_the_probe_ends_the_attempt_not_the_session(rig: Rig, frame: bytes) -> None:
    sid = await rig.open_polling()
    ws = await rig.open_upgrading(sid)
    await ws.send_raw(client_frame(frame))
    assert await ws.close_code() == 1002
    ws.abort()
    await rig.post(sid, "4still here")
    assert (await rig.poll(sid)).text == "4still here"


async def test_another_packet_than_the_upgrade_after_the_probe_ends_the_attempt(rig: Rig) -> None:
    sid = await rig.open_polling()
    ws = await rig.open_upgrading(sid)
    await ws.send("2probe", "4too early")
    assert await ws.text() == "3probe"
    assert await ws.close_code() == 1002
    assert not rig.told("message")
    ws.abort()
    await assert_polls_wait(rig, sid)


async def test_a_dropped_upgrade_resets_the_session_to_polling(rig: Rig) -> None:
    sid = await rig.open_polling()
    ws = await rig.open_upgrading(sid)
    await ws.send("2probe")
    assert await ws.text() == "3probe"
    ws.abort()
    await eventually(lambda: rig.engine.sockets[sid].probe is None, "the end of the attempt")
    await assert_polls_wait(rig, sid)
    again = await rig.open_upgrading(sid)
    await again.send("2probe")
    assert await again.text() == "3probe"
    await again.send("5")
    await again.finish()
    assert await rig.gone(sid) == "transport close"


async def assert_polls_wait(rig: Rig, sid: str) -> None:
    """A poll is pending again, longer than during an upgrade, and gets the next message."""
    poll = asyncio.create_task(rig.poll(sid))
    await asyncio.sleep(0.2)
    assert not poll.done()
    rig.engine.send_text(sid, "back")
    assert (await poll).text == "4back"


async def test_an_upgrade_that_takes_too_long_is_given_up() -> None:
    async with engine_rig(limits=EngineLimits(upgrade_timeout_s=1)) as rig:
        sid = await rig.open_polling()
        ws = await rig.open_upgrading(sid)
        await ws.send("2probe")
        assert await ws.text() == "3probe"
        assert await ws.close_code() == 1000
        ws.abort()
        await assert_polls_wait(rig, sid)


async def test_a_second_upgrade_at_the_same_time_is_closed_and_disturbs_nothing(rig: Rig) -> None:
    sid = await rig.open_polling()
    ws = await rig.open_upgrading(sid)
    second = await rig.open_upgrading(sid)
    await second.send("2probe", "5", "4not taken")
    assert await second.close_code() == 1000
    await second.finish()
    await ws.send("2probe", "5", "4first wins")
    assert await ws.text() == "3probe"
    assert await ws.text() == "4first wins"
    await ws.finish()


async def test_a_websocket_for_an_upgraded_session_is_closed_and_disturbs_nothing(rig: Rig) -> None:
    sid = await rig.open_polling()
    ws = await rig.open_upgrading(sid)
    await ws.send("2probe", "5")
    await eventually(lambda: rig.engine.transport(sid) == "websocket", "the upgrade")
    second = await rig.open_upgrading(sid)
    assert await second.close_code() == 1000
    second.abort()
    await ws.send("4still here")
    assert await ws.text() == "3probe"
    assert await ws.text() == "4still here"
    await ws.finish()


async def test_a_superfluous_websocket_that_does_not_close_is_cut() -> None:
    async with engine_rig(limits=EngineLimits(close_timeout_s=0.1)) as rig:
        sid = await rig.open_polling()
        ws = await rig.open_upgrading(sid)
        second = await rig.open_upgrading(sid)
        assert await second.close_code() == 1000
        assert await second.ended() == b""
        ws.abort()


async def test_upgrades_may_be_switched_off() -> None:
    async with engine_rig(allow_upgrades=False) as rig:
        answer = await rig.request("GET", PATH + "polling")
        handshake = json.loads(answer.text[1:])
        assert handshake["upgrades"] == []
        ws, status, _ = await rig.handshake(f"{PATH}websocket&sid={handshake['sid']}")
        assert status == 400
        ws.abort()


async def test_a_session_that_ends_during_an_upgrade_takes_the_websocket_with_it(rig: Rig) -> None:
    sid = await rig.open_polling()
    ws = await rig.open_upgrading(sid)
    await ws.send("2probe")
    assert await ws.text() == "3probe"
    await rig.post(sid, "1")
    assert await rig.gone(sid) == "client disconnect"
    assert await ws.close_code() == 1000
    ws.abort()


async def test_messages_sent_while_moving_arrive_once_and_in_order(rig: Rig) -> None:
    sid = await rig.open_polling()
    received: list[str] = []

    async def poll_on() -> None:
        while (answer := await rig.poll(sid)).text != "6":
            received.extend(answer.text.split("\x1e"))

    polling = asyncio.create_task(poll_on())
    ws = await rig.open_upgrading(sid)
    for number in range(50):
        rig.engine.send_text(sid, str(number))
        await asyncio.sleep(0)
    await ws.send("2probe")
    assert await ws.text() == "3probe"
    for number in range(50, 100):
        rig.engine.send_text(sid, str(number))
    await polling
    await ws.send("5")
    while len(received) < 100:
        received.append(await ws.text())
    assert received == [f"4{number}" for number in range(100)]
    await ws.finish()
