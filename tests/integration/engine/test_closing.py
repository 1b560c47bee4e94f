"""Whatever ends a session really ends its transport, with the right code, and is told once."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Iterator

import pytest

from server.transport.engineio import EngineLimits
from server.transport.engineio.compression import DeflatingCarrier
from server.transport.engineio.inbox import Inbox
from server.transport.engineio.polling import PollingCarrier
from server.transport.engineio.session import Session
from server.transport.engineio.upgrade import Probe
from server.transport.engineio.websocket import WebSocketCarrier
from tests.support.engine import PATH, UPGRADE, Rig, client_frame, engine_rig, eventually
from tests.support.pace import PACE


async def test_close_session_sends_what_is_queued_then_the_code_and_the_reason(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    rig.engine.send_text(sid, "last words")
    rig.engine.close_session(sid, 4001, "kicked")
    rig.engine.send_text(sid, "too late")
    assert await ws.text() == "4last words"
    assert await ws.frame() == (8, b"\x0f\xa1kicked")
    assert await rig.gone(sid) == "server disconnect"
    await ws.finish()


async def test_a_client_that_ignores_the_close_frame_is_cut() -> None:
    async with engine_rig(limits=EngineLimits(close_timeout_s=0.1)) as rig:
        ws, sid = await rig.open_websocket()
        rig.engine.close_session(sid, 1012)
        assert await ws.close_code() == 1012
        await ws.send("4still talking")
        assert await ws.ended() == b""
        assert not rig.told("message")
        await ws.close()


async def test_a_pending_poll_gets_what_is_queued_and_the_close_packet(rig: Rig) -> None:
    sid = await rig.open_polling()
    poll = asyncio.create_task(rig.poll(sid))
    await eventually(lambda: rig.engine.sockets[sid].carrier.polled, "the pending poll")
    rig.engine.send_text(sid, "last words")
    rig.engine.close_session(sid)
    assert (await poll).text == "4last words\x1e1"
    assert await rig.gone(sid) == "server disconnect"
    assert (await rig.poll(sid)).code == 1


async def test_a_session_closed_between_two_polls_hears_of_it_in_the_next_one(rig: Rig) -> None:
    sid = await rig.open_polling()
    rig.engine.send_text(sid, "last words")
    rig.engine.close_session(sid)
    assert await rig.gone(sid) == "server disconnect"
    assert (await rig.post(sid, "4x")).code == 1
    assert (await rig.poll(sid)).text == "4last words\x1e1"
    assert (await rig.poll(sid)).code == 1


async def test_the_last_packets_of_a_closed_polling_session_are_not_kept_for_long() -> None:
    async with engine_rig(limits=EngineLimits(linger_s=0.05)) as rig:
        sid = await rig.open_polling()
        rig.engine.close_session(sid)
        await asyncio.sleep(0.1)
        assert (await rig.poll(sid)).code == 1


async def test_however_often_it_is_closed_the_event_comes_once(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    rig.engine.close_session(sid, 4000)
    rig.engine.close_session(sid, 4001)
    await rig.engine.disconnect(sid)
    assert await ws.close_code() == 4000
    ws.abort()
    await asyncio.sleep(0.05)
    assert rig.told("disconnect") == [(sid, "server disconnect")]


async def test_unknown_sids_are_ignored(rig: Rig) -> None:
    rig.engine.close_session("nobody")
    rig.engine.send_text("nobody", "x")
    rig.engine.mark_connected("nobody")
    rig.engine.broadcast(["nobody"], "x")
    await rig.engine.disconnect("nobody")
    await rig.engine.send("nobody", "x")


async def test_disconnect_returns_after_the_disconnect_event(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    await rig.engine.disconnect(sid)
    assert rig.told("disconnect") == [(sid, "server disconnect")]
    assert sid not in rig.engine.sockets
    await ws.close_code()
    ws.abort()


async def test_the_session_data_is_there_until_the_disconnect_event_is_over(rig: Rig) -> None:
    seen: list[object] = []

    async def disconnect(sid: str, reason: str) -> None:
        seen.append(await rig.engine.get_session(sid))
        rig.events.append(("disconnect", sid, reason))

    rig.engine.on("disconnect", disconnect)
    ws, sid = await rig.open_websocket()
    await rig.engine.save_session(sid, {"name": "n"})
    async with rig.engine.session(sid) as session:
        session["more"] = 1
    ws.abort()
    await rig.gone(sid)
    assert seen == [{"name": "n", "more": 1}]
    with pytest.raises(KeyError):
        await rig.engine.get_session(sid)


async def test_a_disconnect_handler_that_raises_is_called_once_and_leaves_nothing(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(sid: str, reason: str) -> None:
        rig.events.append(("disconnect", sid, reason))
        raise TypeError("secret")

    rig.engine.on("disconnect", broken)
    ws, sid = await rig.open_websocket()
    with caplog.at_level(logging.ERROR):
        ws.abort()
        await rig.gone(sid)
        await eventually(lambda: not rig.engine.sockets, "the end of the session")
    assert "TypeError" in caplog.text
    assert "secret" not in caplog.text
    assert len(rig.told("disconnect")) == 1


async def test_a_disconnect_handler_that_hangs_is_given_up() -> None:
    async with engine_rig(limits=EngineLimits(disconnect_timeout_s=0.1)) as rig:

        async def hang(sid: str, reason: str) -> None:
            await asyncio.Event().wait()

        rig.engine.on("disconnect", hang)
        ws, _ = await rig.open_websocket()
        ws.abort()
        await eventually(lambda: not rig.engine.sockets, "the end of the session")


async def test_an_ordinary_disconnect_handler_works_and_never_runs_inside_a_broadcast(rig: Rig) -> None:
    inside = False

    def disconnect(sid: str, reason: str) -> None:
        assert not inside
        rig.events.append(("disconnect", sid, reason))

    rig.engine.on("disconnect", disconnect)
    ws, sid = await rig.open_websocket()
    inside = True
    rig.engine.close_session(sid)
    inside = False
    await rig.gone(sid)
    ws.abort()


async def test_drain_closes_everybody_with_1012_within_bounds_and_refuses_newcomers(rig: Rig) -> None:
    sockets = [await rig.open_websocket() for _ in range(10)]
    polling = await rig.open_polling()
    poll = asyncio.create_task(rig.poll(polling))
    await eventually(lambda: rig.engine.sockets[polling].carrier.polled, "the pending poll")
    drain = asyncio.create_task(rig.engine.drain())
    for ws, _ in sockets:
        assert await ws.close_code() == 1012
        await ws.finish()
    assert (await poll).text == "1"
    async with asyncio.timeout(5 * PACE):
        await drain
    assert len(rig.told("disconnect")) == 11
    assert (await rig.request("GET", PATH + "polling")).status == 503
    assert (await rig.request("GET", PATH + "websocket", headers=UPGRADE)).status == 503


async def test_drain_does_not_wait_for_clients_that_do_not_answer_nor_for_commands_that_hang() -> None:
    limits = EngineLimits(close_timeout_s=0.2, drain_timeout_s=0.3, command_grace_s=0.1)
    async with engine_rig(limits=limits) as rig:

        async def forever(sid: str, data: str) -> None:
            await asyncio.Event().wait()

        rig.engine.on("message", forever)
        sockets = [(await rig.open_websocket())[0] for _ in range(5)]
        for ws in sockets:
            await ws.send("4go")
        await eventually(lambda: rig.engine.stats.messages_in == 5, "the commands")
        async with asyncio.timeout(5 * PACE):
            await rig.engine.drain(1001)
        for ws in sockets:
            assert await ws.close_code() == 1001
            assert await ws.ended() == b""
            await ws.close()


async def test_a_drain_during_a_connect_handler_refuses_the_client(rig: Rig) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(sid: str, environ: dict[str, str]) -> None:
        rig.events.append(("connect", sid))
        entered.set()
        await leave.wait()

    rig.engine.on("connect", slow)
    request = asyncio.create_task(rig.request("GET", PATH + "polling"))
    await entered.wait()
    [[sid]] = rig.told("connect")
    drain = asyncio.create_task(rig.engine.drain())
    await asyncio.sleep(0)
    leave.set()
    assert (await request).status == 400
    assert await rig.gone(sid) == "server disconnect"
    await drain


async def test_the_applications_shutdown_ends_every_session() -> None:
    async with engine_rig() as rig:
        ws, sid = await rig.open_websocket()
        polling = await rig.open_polling()
        assert rig.runner is not None
        await rig.runner.cleanup()
        assert await rig.gone(sid) == "server disconnect"
        assert await rig.gone(polling) == "server disconnect"
        assert await ws.close_code() == 1012


async def test_counters_add_up(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    polling = await rig.open_polling()
    assert (rig.engine.session_count, rig.engine.websocket_count) == (2, 1)
    rig.engine.broadcast([sid, polling, "nobody"], "x")
    assert await ws.text() == "4x"
    await ws.finish()
    await rig.gone(sid)
    stats = rig.engine.stats
    assert (stats.opened, stats.closed) == (2, {"transport close": 1})


PARTS = (Session, Inbox, WebSocketCarrier, DeflatingCarrier, PollingCarrier, Probe)


def parts() -> Counter[str]:
    """What there is of sessions, in use or not."""
    return Counter(type(one).__name__ for one in gc.get_objects() if type(one) in PARTS)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_what_has_ended_does_not_wait_for_the_garbage_collector(rig: Rig, no_collector: None) -> None:
    before = parts()
    closed_by_server, sid = await rig.open_websocket()
    rig.engine.close_session(sid, 4001)
    assert await closed_by_server.close_code() == 4001
    await closed_by_server.finish()
    closed_by_client, _ = await rig.open_websocket()
    await closed_by_client.finish()
    cut, _ = await rig.open_websocket()
    cut.abort()
    polled = await rig.open_polling()
    await rig.post(polled, "1")
    upgraded = await rig.open_upgrading(await rig.open_polling())
    await upgraded.send("2probe")
    assert await upgraded.text() == "3probe"
    await upgraded.send("5", "1")
    failed = await rig.open_polling()
    probe = await rig.open_upgrading(failed)
    await probe.send("4not a probe")
    await probe.close_code()
    await probe.finish()
    rig.engine.close_session(failed)
    await upgraded.finish()
    await eventually(lambda: len(rig.told("disconnect")) == 6, "six ends")
    await eventually(lambda: parts() == before, "their parts to be freed")


async def test_a_close_frame_behind_more_frames_than_a_turn_takes_is_heard() -> None:
    limits = EngineLimits(messages_per_turn=4, close_timeout_s=60.0)
    async with engine_rig(limits=limits) as rig:
        ws, sid = await rig.open_websocket()
        rig.engine.close_session(sid, 1012)
        await ws.send_raw(client_frame(b"4x") * 50 + client_frame(b"\x03\xf4", 8))
        assert await ws.close_code() == 1012
        assert await ws.ended() == b""
        await ws.close()
