"""The WebSocket transport: Engine.IO v4 protocol, "WebSocket"; RFC 6455."""

from __future__ import annotations

import asyncio
import struct

import pytest

from server.transport.engineio import EngineLimits, turns
from tests.support.engine import Rig, client_frame, engine_rig


async def test_a_text_message_is_echoed(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    await ws.send("4héllo €")
    assert await ws.text() == "4héllo €"
    assert rig.told("message") == [(sid, "héllo €")]
    await ws.finish()
    assert await rig.gone(sid) == "transport close"


@pytest.mark.parametrize("size", [0, 1, 124, 125, 126, 65_534, 65_535, 70_000])
async def test_messages_of_every_header_size_pass_both_ways(rig: Rig, size: int) -> None:
    ws, _ = await rig.open_websocket()
    await ws.send("4" + "x" * size)
    assert await ws.text() == "4" + "x" * size
    await ws.finish()


async def test_a_binary_message_is_echoed_as_binary(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    await ws.send_raw(client_frame(b"\x01\x02", 2))
    assert await ws.frame() == (2, b"\x01\x02")
    assert rig.told("message") == [(sid, b"\x01\x02")]
    await ws.finish()


async def test_many_frames_in_one_segment_are_handled_in_order(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    texts = [f"4{i}" for i in range(500)]
    await ws.send(*texts)
    assert [await ws.text() for _ in texts] == texts
    await ws.finish()


async def test_a_frame_that_comes_byte_by_byte_is_handled(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    for byte in client_frame(b"4slowly") + client_frame(b"4and" + b"x" * 200):
        await ws.send_raw(bytes([byte]))
    assert await ws.text() == "4slowly"
    assert await ws.text() == "4and" + "x" * 200
    await ws.finish()


async def test_fragments_are_put_together_around_a_ping(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    euro = "€".encode()
    await ws.send_raw(client_frame(b"4" + euro[:1], 1, fin=False))
    await ws.send_raw(client_frame(b"still here?", 9))
    await ws.send_raw(client_frame(euro[1:2], 0, fin=False) + client_frame(euro[2:], 0))
    assert await ws.frame() == (10, b"still here?")
    assert await ws.text() == "4€"
    await ws.finish()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (client_frame(b"4x", masked=False), 1002),
        (client_frame(b"4x", rsv=4), 1002),
        (client_frame(b"4x", 3), 1002),
        (client_frame(b"4x", 11), 1002),
        (client_frame(b"x", 0), 1002),
        (client_frame(b"4", fin=False) + client_frame(b"4x"), 1002),
        (client_frame(b"x" * 126, 9), 1002),
        (client_frame(b"x", 9, fin=False), 1002),
        (client_frame(b"x", 8), 1002),
        (client_frame(struct.pack("!H", 1005), 8), 1002),
        (client_frame(struct.pack("!H", 1000) + b"\xff", 8), 1007),
        (client_frame(b"4\xff"), 1007),
        (client_frame(b"4" + b"x" * 1_000_000), 1009),
        (client_frame(b"4" * 600_000, fin=False) + client_frame(b"4" * 600_000, 0), 1009),
        (client_frame(b""), 1002),
        (client_frame(b"abc"), 1002),
        (client_frame(b"8"), 1002),
        (client_frame(b"0"), 1002),
        (client_frame(b"2"), 1002),
    ],
)
async def test_what_breaks_the_protocol_ends_the_session_at_once(rig: Rig, data: bytes, code: int) -> None:
    ws, sid = await rig.open_websocket()
    await ws.send_raw(data)
    assert await ws.close_code() == code
    assert await rig.gone(sid) == "transport error"
    ws.abort()


async def test_brackets_without_end_are_a_message_and_no_harm(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    await ws.send("4" + "[" * 5_000)
    assert await ws.text() == "4" + "[" * 5_000
    await ws.finish()


async def test_the_declared_size_alone_is_enough_to_refuse_a_frame(rig: Rig) -> None:
    ws, _ = await rig.open_websocket()
    await ws.send_raw(b"\x81\xff" + struct.pack("!Q", 1 << 40) + b"mask")
    assert await ws.close_code() == 1009
    ws.abort()


@pytest.mark.parametrize(("payload", "answer"), [(b"", b""), (b"\x03\xe8bye", b"\x03\xe8"), (b"\x0f\xa0", b"\x0f\xa0")])
async def test_a_close_frame_is_answered_with_its_code_and_the_connection_closed(
    rig: Rig, payload: bytes, answer: bytes
) -> None:
    ws, sid = await rig.open_websocket()
    await ws.send_raw(client_frame(payload, 8))
    assert await ws.frame() == (8, answer)
    assert await ws.ended() == b""
    assert await rig.gone(sid) == "transport close"
    await ws.close()


async def test_messages_in_front_of_a_close_frame_are_handled_and_those_behind_are_not(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    await ws.send_raw(client_frame(b"4last") + client_frame(b"", 8) + client_frame(b"4never"))
    assert await rig.gone(sid) == "transport close"
    assert [data for _, data in rig.told("message")] == ["last"]
    ws.abort()


async def test_a_connection_that_is_cut_ends_the_session(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    ws.abort()
    assert await rig.gone(sid) == "transport close"


async def test_the_close_packet_closes_the_websocket(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    await ws.send("1")
    assert await ws.close_code() == 1000
    assert await rig.gone(sid) == "client disconnect"
    ws.abort()


async def test_http_requests_with_the_sid_of_a_websocket_are_refused_and_another_websocket_is_closed(rig: Rig) -> None:
    ws, sid = await rig.open_websocket()
    assert (await rig.poll(sid)).status == 400
    assert (await rig.post(sid, "4x")).status == 400
    other = await rig.open_upgrading(sid)
    assert await other.close_code() == 1000
    other.abort()
    await ws.send("4still fine")
    assert await ws.text() == "4still fine"
    await ws.finish()


async def test_one_flooding_socket_leaves_the_others_their_turn() -> None:
    async with engine_rig(limits=EngineLimits(messages_per_turn=4)) as rig:
        flood, flooder = await rig.open_websocket()
        polite, calm = await rig.open_websocket()
        rig.engine.on("message", lambda sid, data: rig.events.append(("message", sid, data)))
        await flood.send(*["4x"] * 3_000)
        await polite.send("4please")
        await rig_eventually_handled(rig, calm)
        order = [sid for sid, _ in rig.told("message")]
        assert order.index(calm) < 3_000
        await rig_eventually_handled(rig, flooder, 3_000)
        await flood.finish()
        await polite.finish()


@pytest.mark.pure
@pytest.mark.parametrize(("count", "asks"), [(2, False), (3, True)])
async def test_a_few_messages_of_one_read_wait_for_no_turn(
    monkeypatch: pytest.MonkeyPatch, count: int, asks: bool
) -> None:
    asked: list[bool] = []
    take = turns.Turns.take
    monkeypatch.setattr(turns.Turns, "take", lambda line: asked.append(take(line)) or asked[-1])
    async with engine_rig(limits=EngineLimits(messages_at_once=2)) as rig:
        client, sid = await rig.open_websocket()
        rig.engine.on("message", lambda sid, data: rig.events.append(("message", sid, data)))
        asked.clear()
        await client.send(*["4x"] * count)
        await rig_eventually_handled(rig, sid, count)
        assert bool(asked) is asks
        await client.finish()


async def rig_eventually_handled(rig: Rig, sid: str, count: int = 1) -> None:
    from tests.support.engine import eventually

    await eventually(lambda: sum(1 for s, _ in rig.told("message") if s == sid) >= count, "the messages")


@pytest.mark.pure
async def test_a_client_that_sends_crumbs_leaves_others_their_turn(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_S", 0.0)  # one step each
    crumbs, _ = await rig.open_websocket()
    other, _ = await rig.open_websocket()
    parts = 20_000
    whole = client_frame(b"4", fin=False) + client_frame(b"", 0, fin=False) * parts + client_frame(b"done", 0)
    crumbs.writer.write(whole)
    taken = 0
    while not rig.told("message"):
        taken += 1
        await asyncio.sleep(0)
    assert taken > parts // rig.engine.limits.fragments_per_turn
    await other.send("4hi")
    assert await other.text() == "4hi"
    assert await crumbs.text() == "4done"
    await crumbs.finish()
    await other.finish()
