"""A plain `socketio.AsyncServer` on the engine: Socket.IO v5 protocol, case by case over raw sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.support.engine import Rig, client_frame, eventually
from tests.support.socketio_rig import connected, packets_until_connected, socketio_rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with socketio_rig() as rig:
        yield rig


async def test_connect_without_auth(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    await ws.send("40")
    packets = await packets_until_connected(ws, "40")
    assert '42["auth",{}]' in packets
    await ws.finish()


async def test_connect_with_auth(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    await ws.send('40{"token":"123"}')
    packets = await packets_until_connected(ws, "40")
    assert '42["auth",{"token":"123"}]' in packets
    await ws.finish()


async def test_connect_to_a_custom_namespace(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    await ws.send("40/custom,")
    packets = await packets_until_connected(ws, "40/custom,")
    assert '42/custom,["auth",{}]' in packets
    await ws.finish()


async def test_connect_to_a_custom_namespace_with_a_query(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    await ws.send('40/custom?key=value,{"token":"abc"}')
    packets = await packets_until_connected(ws, "40/custom,")
    assert '42/custom,["auth",{"token":"abc"}]' in packets
    await ws.finish()


async def test_connect_to_an_unknown_namespace_is_refused(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    await ws.send("40/random")
    packet = await ws.text()
    assert packet.startswith("44/random,")
    await ws.finish()


async def test_both_namespaces_share_one_connection(rig: Rig) -> None:
    ws = await connected(rig)
    await ws.send("40/custom,")
    await packets_until_connected(ws, "40/custom,")
    await ws.send('42["message","main"]', '42/custom,["message","custom"]')
    assert await ws.text() == '42["message-back","main"]'
    assert await ws.text() == '42/custom,["message-back","custom"]'
    await ws.finish()
    await eventually(lambda: len(rig.told("disconnect")) == 2, "both disconnect events")


async def test_disconnect_from_a_namespace_leaves_the_other(rig: Rig) -> None:
    ws = await connected(rig)
    await ws.send("40/custom")
    await packets_until_connected(ws, "40/custom,")
    await ws.send("41/custom")
    await eventually(lambda: rig.told("disconnect"), "the disconnect event")
    [(namespace, _, reason)] = rig.told("disconnect")
    assert (namespace, reason) == ("/custom", "client disconnect")
    await ws.send('42["message","here"]')
    assert await ws.text() == '42["message-back","here"]'
    await ws.finish()


async def test_events_carry_any_json(rig: Rig) -> None:
    ws = await connected(rig)
    await ws.send('42["message",1,"2",{"3":[true,null,"é"]}]')
    packet = await ws.text()
    assert json.loads(packet[2:]) == ["message-back", 1, "2", {"3": [True, None, "é"]}]
    await ws.finish()


async def test_an_event_with_an_id_is_acknowledged_with_it(rig: Rig) -> None:
    ws = await connected(rig)
    await ws.send('42456["message-with-ack",1,"2",{"3":[false]}]')
    assert await ws.text() == '43456[1,"2",{"3":[false]}]'
    await ws.send("40/custom,")
    await packets_until_connected(ws, "40/custom,")
    await ws.send('42/custom,789["message-with-ack"]')
    assert await ws.text() == "43/custom,789[]"
    await ws.finish()


async def test_many_acknowledgements_come_in_order(rig: Rig) -> None:
    ws = await connected(rig)
    await ws.send(*(f'42{number}["message-with-ack",{number}]' for number in range(100)))
    assert [await ws.text() for _ in range(100)] == [f"43{number}[{number}]" for number in range(100)]
    await ws.finish()


async def test_a_binary_event_and_its_attachment_pass_through_the_engine(rig: Rig) -> None:
    ws = await connected(rig)
    await ws.send_raw(client_frame(b'451-["message",{"_placeholder":true,"num":0}]') + client_frame(b"\x01\x02", 2))
    assert await ws.text() == '451-["message-back",{"_placeholder":true,"num":0}]'
    assert await ws.frame() == (2, b"\x01\x02")
    await ws.finish()


@pytest.mark.parametrize("packet", ["4abc", "4", "42{}", '42abc["message"]', "42[", "49", '44{"message":"x"}', "4[[[["])
async def test_what_is_not_socket_io_hurts_nobody_and_leaves_no_ghost(rig: Rig, packet: str) -> None:
    ws = await connected(rig)
    other = await connected(rig)
    await ws.send(packet)
    await other.send('42["message","fine"]')
    assert await other.text() == '42["message-back","fine"]'
    ws.abort()
    await other.finish()
    await eventually(lambda: len(rig.told("disconnect")) == 2, "both disconnect events")
    await eventually(lambda: not rig.engine.sockets, "the end of all sessions")


async def test_a_polling_client_connects_and_talks(rig: Rig) -> None:
    sid = await rig.open_polling()
    await rig.post(sid, "40")
    packets = (await rig.poll(sid)).text.split("\x1e")
    while '42["auth",{}]' not in packets:
        packets += (await rig.poll(sid)).text.split("\x1e")
    await rig.post(sid, '421["message-with-ack","a"]\x1e42["message","b"]')
    assert (await rig.poll(sid)).text == '431["a"]\x1e42["message-back","b"]'
    await rig.post(sid, "41\x1e1")
    await eventually(lambda: rig.told("disconnect"), "the disconnect event")


async def test_the_connect_timeout_spares_who_connected_and_closes_who_did_not() -> None:
    async with socketio_rig(connect_timeout=1.0) as rig:
        mark = rig.engine.mark_connected
        ws, sid = await rig.open_websocket()
        await ws.send("40")
        await packets_until_connected(ws, "40")
        mark(sid)
        idle, _ = await rig.open_websocket()
        assert await idle.close_code() == 1008
        await ws.send('42["message","still here"]')
        assert await ws.text() == '42["message-back","still here"]'
        await ws.finish()
        idle.abort()
