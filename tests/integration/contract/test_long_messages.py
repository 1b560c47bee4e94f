"""What is too long to be kept is answered or closed, over either transport, and is never in memory as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import io
import zlib

import pytest

from server.app import HOST
from server.transport.socketio.host import MAX_FRAME_BYTES, MAX_UNCONNECTED_BYTES
from server.transport.socketio.packets import MAX_PACKET_BYTES
from tests.integration.contract.raw import connected, raw
from tests.support.engine import client_frame
from tests.support.server import Server, running

MIB = 1_048_576


def request(size: int, ack_id: str = "7") -> bytes:
    head = f'42{ack_id}["send-message",{{"roomId":"r","text":"'.encode()
    return head + b"x" * (size - len(head) - 4) + b'"}]'


def fragments(payload: bytes, size: int) -> bytes:
    parts = [payload[at : at + size] for at in range(0, len(payload), size)]
    last = len(parts) - 1
    return b"".join(client_frame(part, 0 if n else 1, fin=n == last) for n, part in enumerate(parts))


def deflated(payload: bytes) -> bytes:
    deflater = zlib.compressobj(1, zlib.DEFLATED, -15)
    return client_frame((deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4], rsv=4)


def incompressible(size: int) -> bytes:
    """A request whose text does not shrink below half: what is compressed of it is longer than what is kept."""
    import random

    text = random.Random(1).randbytes(size // 2).hex()
    return b'427["send-message",{"roomId":"r","text":"' + text.encode() + b'"}]'


@pytest.mark.parametrize(
    "wire",
    [
        lambda: client_frame(request(MAX_PACKET_BYTES + 1_000)),
        lambda: client_frame(request(MAX_FRAME_BYTES)),
        lambda: fragments(request(2 * MIB), 100_000),
        lambda: fragments(request(2 * MIB), 700_000),
        lambda: fragments(request(MAX_PACKET_BYTES + 10), 50),
    ],
    ids=["just over", "as long as may be", "fragments that are kept", "fragments that are not", "crumbs"],
)
async def test_it_is_acknowledged_once_and_the_connection_stays(server: Server, wire) -> None:  # type: ignore[no-untyped-def]
    ws = await connected(server)
    await ws.send_raw(wire() + client_frame(b'428["no-such-event",{}]'))
    assert (await ws.text()).startswith('437[{"ok":false,"error":{"code":"PAYLOAD_TOO_LARGE"')
    assert (await ws.text()).startswith('438[{"ok":false,"error":{"code":"UNKNOWN_EVENT"')
    await ws.finish()


@pytest.mark.parametrize("content", [request(3 * MIB), incompressible(3 * MIB)], ids=["shrinks", "hardly shrinks"])
async def test_the_same_compressed(content: bytes) -> None:
    async with running(events_per_s=0, ws_compression="on") as server:
        ws = await connected(server, extension="permessage-deflate")
        await ws.send_raw(deflated(content) + client_frame(b'428["no-such-event",{}]'))
        assert "PAYLOAD_TOO_LARGE" in await ws.text()
        assert "UNKNOWN_EVENT" in await ws.text()
        await ws.finish()


async def test_what_arrives_of_it_is_discarded_and_not_kept(server: Server) -> None:
    ws = await connected(server)
    whole = client_frame(request(3 * MIB))
    core = server.runner.app[HOST].eio._core
    most = 0
    for at in range(0, len(whole) - 10, 65_536):
        await ws.send_raw(whole[at : at + 65_536][: len(whole) - 10 - at])
        await asyncio.sleep(0)
        most = max(most, core.input.used_bytes)
    assert most <= MAX_PACKET_BYTES
    await ws.send_raw(whole[-10:])
    assert "PAYLOAD_TOO_LARGE" in await ws.text()
    assert core.input.used_bytes == 0
    await ws.finish()


async def test_an_event_without_an_acknowledgement_is_told_by_its_name(server: Server) -> None:
    ws = await connected(server)
    await ws.send_raw(client_frame(request(MIB, "")))
    assert '"event":"send-message"' in (told := await ws.text())
    assert "PAYLOAD_TOO_LARGE" in told
    await ws.finish()


def with_attachment(ack_id: str) -> bytes:
    """The header of a packet with one attachment, which is too long to be kept."""
    return (
        f'51-{ack_id}["send-message",{{"roomId":"r","_placeholder":true,"num":0,"text":"'.encode() + b"x" * MIB + b'"}]'
    )


async def test_a_header_of_attachments_that_is_too_long_is_answered_and_the_connection_stays(server: Server) -> None:
    ws = await connected(server)
    await ws.send_raw(client_frame(b"4" + with_attachment("7")) + client_frame(b"bytes", 2))
    assert (await ws.text()).startswith('437[{"ok":false,"error":{"code":"PAYLOAD_TOO_LARGE"')
    await ws.send_raw(client_frame(b"4" + with_attachment("")) + client_frame(b"bytes", 2))
    assert (told := await ws.text()).startswith('42["request-failed",{"event":"send-message"')
    assert "PAYLOAD_TOO_LARGE" in told
    await ws.send('428["no-such-event",{}]')
    assert "UNKNOWN_EVENT" in await ws.text()
    await ws.finish()


async def test_the_same_over_polling(server: Server) -> None:
    path = await open_polling(server)
    assert (await server.call("POST", path, data=b"40")).status == 200
    assert (await server.call("GET", path)).text.startswith("40")
    body = b"\x1e".join([b"4" + with_attachment("7"), b"bYnl0ZXM=", b'428["no-such-event",{}]'])
    assert (await server.call("POST", path, data=io.BytesIO(body))).status == 200
    told = (await server.call("GET", path)).text.split("\x1e")
    assert [text[:3] for text in told] == ["437", "438"]
    assert "PAYLOAD_TOO_LARGE" in told[0]
    assert (await server.call("POST", path, data=b"1")).status == 200


@pytest.mark.parametrize("kind", ["0", "1", "3", "5"])
async def test_other_packets_that_are_too_long_close(server: Server, kind: str) -> None:
    ws = await connected(server)
    await ws.send_raw(client_frame(b"4" + kind.encode() + b" " * MIB))
    assert await ws.close_code() == 1008
    await ws.close()


async def test_over_four_mebibytes_close_at_the_header(server: Server) -> None:
    ws = await connected(server)
    await ws.send_raw(client_frame(b"x" * (MAX_FRAME_BYTES + 1))[:14])
    assert await ws.close_code() == 1009
    await ws.close()


async def test_over_four_mebibytes_in_fragments_close(server: Server) -> None:
    ws = await connected(server)
    with contextlib.suppress(ConnectionError):
        await ws.send_raw(fragments(request(MAX_FRAME_BYTES + 100_000), 300_000))
    assert await ws.close_code() == 1009
    await ws.close()


@pytest.mark.parametrize(
    "wire",
    [
        lambda: client_frame(b"4" + b"x" * MAX_UNCONNECTED_BYTES)[:14],
        lambda: fragments(b"4" + b"x" * MAX_UNCONNECTED_BYTES, 5_000),
    ],
    ids=["one frame", "fragments"],
)
async def test_before_connect_sixteen_kibibytes_are_the_most(server: Server, wire) -> None:  # type: ignore[no-untyped-def]
    ws = await raw(server)
    await ws.send_raw(wire())
    assert await ws.close_code() == 1009
    await ws.close()


async def open_polling(server: Server) -> str:
    answer = await server.call("GET", "/socket.io/?EIO=4&transport=polling")
    sid = answer.text[1:].partition('"sid":"')[2].partition('"')[0]
    assert sid
    return f"/socket.io/?EIO=4&transport=polling&sid={sid}"


async def test_polling_before_connect_takes_sixteen_kibibytes(server: Server) -> None:
    path = await open_polling(server)
    answer = await server.call("POST", path, data=b"4" + b"x" * MAX_UNCONNECTED_BYTES)
    assert answer.status == 413
    assert (await server.call("POST", path, data=b"40")).status == 400


async def test_polling_packets_that_are_too_long_are_acknowledged_in_their_order(server: Server) -> None:
    path = await open_polling(server)
    assert (await server.call("POST", path, data=b"40")).status == 200
    assert (await server.call("GET", path)).text.startswith("40")
    unknown = b'42%d["no-such-event",{}]'
    body = b"\x1e".join([unknown % 1, request(MIB, "2"), unknown % 3, request(MIB, "4"), unknown % 5])
    assert (await server.call("POST", path, data=io.BytesIO(body))).status == 200
    told = (await server.call("GET", path)).text.split("\x1e")
    codes = ["UNKNOWN_EVENT", "PAYLOAD_TOO_LARGE", "UNKNOWN_EVENT", "PAYLOAD_TOO_LARGE", "UNKNOWN_EVENT"]
    assert [t[:3] for t in told] == [f"43{n}" for n in range(1, 6)]
    assert all(code in text for code, text in zip(codes, told, strict=True))
    assert (await server.call("POST", path, data=b"1")).status == 200


async def test_a_client_that_is_told_so_goes_on_talking(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    assert await first.refused("send-message", roomId=room, text="x" * MIB) == "PAYLOAD_TOO_LARGE"
    await first.ok("send-message", roomId=room, text="short")
    assert (await second.wait_for("message-received"))["text"] == "short"
