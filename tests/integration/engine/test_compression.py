"""permessage-deflate as a switch: RFC 7692, over raw sockets."""

from __future__ import annotations

import asyncio
import random
import zlib
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from server.transport.engineio import EngineLimits, deflater
from tests.support.engine import PATH, RawWebSocket, Rig, client_frame, engine_rig, eventually

BROWSERS = "permessage-deflate; client_max_window_bits"
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
WORDS = "so many words that are said again and again, "
LONG = WORDS * 100


def compressing_rig(**options: Any) -> AbstractAsyncContextManager[Rig]:
    """An echoing engine with the switch on."""
    return engine_rig(websocket_compression=True, **options)


def deflated(data: bytes) -> bytes:
    """A message as a client compresses it."""
    deflater = zlib.compressobj(wbits=-15)
    return (deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


def deflated_frame(data: bytes, opcode: int = 1) -> bytes:
    """A whole compressed message in one frame."""
    return client_frame(deflated(data), opcode, rsv=4)


class Deflating(RawWebSocket):
    """A client that inflates what it is sent, and keeps how it came."""

    def __init__(self, ws: RawWebSocket, window_bits: int) -> None:
        super().__init__(ws.reader, ws.writer)
        self.window_bits = window_bits
        self.came: list[tuple[bool, int]] = []
        """Of each frame: whether it was compressed, and the bytes of its payload as it came."""

    async def frame(self) -> tuple[int, bytes]:
        first, payload = await self.raw_frame()
        assert first & 0xB0 == 0x80, "server frames are final and carry no other extension"
        self.came.append((first & 0x40 != 0, len(payload)))
        if first & 0x40:
            inflater = zlib.decompressobj(-self.window_bits)
            payload = inflater.decompress(payload + b"\x00\x00\xff\xff")
        return first & 0x0F, payload


async def open_deflating(rig: Rig, offer: str = BROWSERS, window_bits: int = 15) -> tuple[Deflating, str]:
    """A WebSocket session that agreed on compression, and its id; its handshake packet has been read."""
    ws, status, head = await rig.handshake(PATH + "websocket", {"Sec-WebSocket-Extensions": offer})
    assert status == 101
    assert f"Sec-WebSocket-Extensions: {AGREED}" in head
    client = Deflating(ws, window_bits)
    opened = await client.text()
    assert client.came.pop() == (False, len(opened))
    return client, rig.told("connect")[-1][0]


# What is agreed on.


@pytest.mark.parametrize(
    "offer", [BROWSERS, "permessage-deflate", AGREED, "permessage-deflate; server_max_window_bits=9"]
)
async def test_switched_off_no_offer_is_ever_accepted(rig: Rig, offer: str) -> None:
    headers = {"Sec-WebSocket-Extensions": offer}
    direct, status, head = await rig.handshake(PATH + "websocket", headers)
    assert (status, "extensions" in head.lower()) == (101, False)
    sid = await rig.open_polling()
    upgrading, status, head = await rig.handshake(f"{PATH}websocket&sid={sid}", headers)
    assert (status, "extensions" in head.lower()) == (101, False)
    await direct.send_raw(deflated_frame(b"4x"))
    assert await direct.close_code() == 1002
    direct.abort()
    upgrading.abort()


async def test_an_offer_is_accepted_without_context_takeover_and_answered_with_its_window() -> None:
    async with compressing_rig() as rig:
        offers = {
            BROWSERS: AGREED,
            f"foo, {BROWSERS}; server_max_window_bits=10": AGREED + "; server_max_window_bits=10",
        }
        for offer, answer in offers.items():
            ws, status, head = await rig.handshake(PATH + "websocket", {"Sec-WebSocket-Extensions": offer})
            assert status == 101
            assert f"\r\nSec-WebSocket-Extensions: {answer}\r\n" in head
            ws.abort()


async def test_without_an_offer_that_can_be_kept_the_connection_is_a_plain_one() -> None:
    async with compressing_rig() as rig:
        for offer in ("", "permessage-deflate;", "permessage-deflate; novel", "x-webkit-deflate-frame", '"'):
            ws, status, head = await rig.handshake(PATH + "websocket", {"Sec-WebSocket-Extensions": offer})
            assert (status, "extensions" in head.lower()) == (101, False)
            await ws.frame()
            await ws.send("4" + LONG)
            assert await ws.text() == "4" + LONG
            await ws.send_raw(deflated_frame(b"4x"))
            assert await ws.close_code() == 1002
            ws.abort()


async def test_offers_in_several_headers_are_one_list() -> None:
    async with compressing_rig() as rig:
        lines = f"foo; a=1\r\nSec-WebSocket-Extensions: {BROWSERS}"
        ws, _ = await open_deflating(rig, lines)
        await ws.finish()


async def test_an_upgrade_from_polling_agrees_too_and_a_compressed_probe_is_understood() -> None:
    async with compressing_rig() as rig:
        sid = await rig.open_polling()
        headers = {"Sec-WebSocket-Extensions": BROWSERS}
        raw, status, head = await rig.handshake(f"{PATH}websocket&sid={sid}", headers)
        assert status == 101
        assert AGREED in head
        ws = Deflating(raw, 15)
        await ws.send_raw(deflated_frame(b"2probe"))
        assert await ws.text() == "3probe"
        rig.engine.send_text(sid, LONG)
        await ws.send_raw(deflated_frame(b"5"))
        assert await ws.text() == "4" + LONG
        assert [compressed for compressed, _ in ws.came] == [False, True]
        await ws.finish()


# What is sent.


async def test_long_messages_travel_compressed_and_short_ones_plain() -> None:
    async with compressing_rig() as rig:
        ws, sid = await open_deflating(rig)
        for size in (1, 1_022, 1_023, 70_000):
            rig.engine.send_text(sid, "x" * size)
            assert await ws.text() == "4" + "x" * size
        # The packet's type counts: 1,024 bytes are the first to be compressed.
        assert [compressed for compressed, _ in ws.came] == [False, False, True, True]
        assert ws.came[2][1] < 40
        assert ws.came[3][1] < 400
        await ws.finish()


async def test_binary_messages_are_compressed_as_binary() -> None:
    async with compressing_rig() as rig:
        ws, _ = await open_deflating(rig)
        await ws.send_raw(deflated_frame(LONG.encode(), 2))
        assert await ws.frame() == (2, LONG.encode())
        assert ws.came[0][0]
        await ws.finish()


async def test_what_does_not_shrink_and_what_is_too_long_to_compress_at_once_goes_plain() -> None:
    async with compressing_rig(limits=EngineLimits(compressed_body_bytes=2_000)) as rig:
        ws, sid = await open_deflating(rig)
        noise = random.Random(7).randbytes(1_900)
        await ws.send_raw(client_frame(noise, 2))
        assert await ws.frame() == (2, noise)
        for text in ("x" * 2_500, "x" * 1_900):
            rig.engine.send_text(sid, text)
            assert await ws.text() == "4" + text
        assert [compressed for compressed, _ in ws.came] == [False, False, True]
        await ws.finish()


async def test_a_small_window_is_kept_to() -> None:
    async with compressing_rig() as rig:
        ws, sid = await open_deflating(rig, "permessage-deflate; server_max_window_bits=9", 9)
        text = "".join(random.Random(7).choices("abcdef", k=2_000)) * 3
        rig.engine.send_text(sid, text)
        assert await ws.text() == "4" + text
        assert ws.came[0][0]
        await ws.finish()


@pytest.mark.pure
async def test_a_fan_out_compresses_once_for_all_who_agreed_and_the_others_get_it_plain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    deflate = deflater.deflate_frame
    monkeypatch.setattr(deflater, "deflate_frame", lambda frame, bits: made.append(bits) or deflate(frame, bits))
    async with compressing_rig() as rig:
        agreed = [await open_deflating(rig) for _ in range(5)]
        narrow = await open_deflating(rig, "permessage-deflate; server_max_window_bits=10", 10)
        plain, plain_sid = await rig.open_websocket()
        polling = await rig.open_polling()
        everybody = [sid for _, sid in agreed] + [narrow[1], plain_sid, polling]
        for text in (LONG, LONG + "more", "short"):
            rig.engine.broadcast(everybody, text)
        for ws, _ in [*agreed, narrow]:
            assert [await ws.text() for _ in range(3)] == ["4" + LONG, "4" + LONG + "more", "4short"]
            assert [compressed for compressed, _ in ws.came] == [True, True, False]
            assert sum(size for _, size in ws.came) < len(LONG) / 5
        assert [await plain.text() for _ in range(3)] == ["4" + LONG, "4" + LONG + "more", "4short"]
        assert (await rig.poll(polling)).text == f"4{LONG}\x1e4{LONG}more\x1e4short"
        assert sorted(made) == [10, 10, 15, 15]
        for ws in (*(ws for ws, _ in agreed), narrow[0], plain):
            await ws.finish()


@pytest.mark.pure
async def test_what_was_compressed_is_kept_for_one_turn_and_so_is_the_bound_on_it() -> None:
    async with compressing_rig(limits=EngineLimits(deflated_bytes_per_turn=3_000)) as rig:
        ws, sid = await open_deflating(rig)
        for _ in range(3):
            texts = [f"{number}" + "x" * 1_400 for number in range(4)]
            for text in texts:
                rig.engine.send_text(sid, text)
            assert [await ws.text() for _ in texts] == ["4" + text for text in texts]
        assert [compressed for compressed, _ in ws.came] == [True, True, False, False] * 3
        assert not rig.engine._core.deflater._done
        await ws.finish()


@pytest.mark.pure
async def test_the_messages_of_one_turn_leave_in_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    async with compressing_rig() as rig:
        ws, sid = await open_deflating(rig)
        carrier = rig.engine.sockets[sid].carrier
        writes: list[bytes] = []
        write = carrier.write
        monkeypatch.setattr(type(carrier), "write", lambda _, data: writes.append(data) or write(data))
        texts = [LONG, "short", LONG + "2", "short2"]
        for text in texts:
            rig.engine.send_text(sid, text)
        assert [await ws.text() for _ in texts] == ["4" + text for text in texts]
        assert len(writes) == 1
        monkeypatch.undo()
        await ws.finish()


async def test_a_reader_that_pauses_finds_all_of_it_afterwards() -> None:
    async with compressing_rig() as rig:
        ws, sid = await open_deflating(rig)
        ws.writer.transport.pause_reading()
        carrier = rig.engine.sockets[sid].carrier
        sent = []
        letters = random.Random(7)
        while not carrier._slow:
            text = "".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=200_000))
            sent.append(text)
            rig.engine.send_text(sid, text)
            await asyncio.sleep(0)
        for text in ("late" * 400, "later" * 400):
            sent.append(text)
            rig.engine.send_text(sid, text)
        ws.writer.transport.resume_reading()
        assert [await ws.text() for _ in sent] == ["4" + text for text in sent]
        assert all(compressed for compressed, _ in ws.came)
        await ws.finish()


# What is received.


async def test_compressed_messages_of_every_size_and_plain_ones_are_understood() -> None:
    async with compressing_rig() as rig:
        ws, sid = await open_deflating(rig)
        texts = ["", "x", "é€" * 100, LONG, "x" * 900_000]
        for text in texts:
            await ws.send_raw(deflated_frame(b"4" + text.encode()))
            await ws.send("4" + text)
            assert await ws.text() == await ws.text() == "4" + text
        assert rig.told("message") == [(sid, text) for text in texts for _ in range(2)]
        await ws.finish()


async def test_fragments_of_a_compressed_message_are_put_together_around_control_frames() -> None:
    async with compressing_rig() as rig:
        ws, _ = await open_deflating(rig)
        data = deflated(b"4" + LONG.encode())
        await ws.send_raw(client_frame(data[:20], 1, fin=False, rsv=4))
        await ws.send_raw(client_frame(b"still here?", 9))
        await ws.send_raw(client_frame(data[20:21], 0, fin=False) + client_frame(b"", 10))
        await ws.send_raw(client_frame(b"", 0, fin=False) + client_frame(data[21:], 0))
        assert await ws.frame() == (10, b"still here?")
        assert await ws.text() == "4" + LONG
        # The next message says for itself whether it is compressed.
        await ws.send_raw(client_frame(b"4pl", 1, fin=False) + client_frame(b"ain", 0))
        assert await ws.text() == "4plain"
        await ws.finish()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (client_frame(b"4x", rsv=2), 1002),
        (client_frame(b"4x", rsv=1), 1002),
        (client_frame(deflated(b"4x"), rsv=6), 1002),
        (client_frame(b"x", 9, rsv=4), 1002),
        (client_frame(b"", 8, rsv=4), 1002),
        (client_frame(b"4x", 3, rsv=4), 1002),
        (client_frame(b"x", 0, rsv=4), 1002),
        (client_frame(deflated(b"4x")[:2], fin=False, rsv=4) + client_frame(deflated(b"4x")[2:], 0, rsv=4), 1002),
        (client_frame(b"4", fin=False) + client_frame(b"4x", rsv=4), 1002),
        (client_frame(b"\xff\xff\xff", rsv=4), 1007),
        (client_frame(b"", rsv=4), 1007),
        (client_frame(deflated(LONG.encode())[:-3], rsv=4), 1007),
        (deflated_frame(b"4\xff"), 1007),
        (deflated_frame(b"4" + b"x" * 1_000_000), 1009),
        (deflated_frame(b"\0" * 50_000_000), 1009),
        (client_frame(b"4" * 600_000, fin=False, rsv=4) + client_frame(b"4" * 600_000, 0), 1009),
        (client_frame(b"4" * 1_000_001, rsv=4), 1009),
        (deflated_frame(b"abc"), 1002),
    ],
)
async def test_what_breaks_the_protocol_ends_the_session_at_once(data: bytes, code: int) -> None:
    async with compressing_rig() as rig:
        ws, sid = await open_deflating(rig)
        await ws.send_raw(data)
        assert await ws.close_code() == code
        assert await rig.gone(sid) == "transport error"
        assert not rig.told("message")
        ws.abort()


async def test_a_socket_that_sends_small_bombs_leaves_the_others_their_turn() -> None:
    limits = EngineLimits(messages_per_turn=100_000, inflated_bytes_per_turn=10_000)
    async with compressing_rig(limits=limits) as rig:
        flood, flooder = await open_deflating(rig)
        polite, calm = await rig.open_websocket()
        rig.engine.on("message", lambda sid, data: rig.events.append(("message", sid, data)))
        await flood.send_raw(deflated_frame(b"4" + b"x" * 6_000) * 1_000)
        await polite.send("4please")
        await eventually(lambda: rig.told("message").count((calm, "please")), "the calm one's message")
        order = [sid for sid, _ in rig.told("message")]
        assert order.index(calm) < 100
        await eventually(lambda: len(rig.told("message")) == 1_001, "all messages")
        assert {data for sid, data in rig.told("message") if sid == flooder} == {"x" * 6_000}
        await flood.finish()
        await polite.finish()


async def test_inflated_messages_that_wait_for_a_command_are_as_bounded_as_others() -> None:
    limits = EngineLimits(inflated_bytes_per_turn=1_000, waiting_commands=4)
    async with compressing_rig(limits=limits) as rig:
        ws, sid = await open_deflating(rig)
        done: list[str] = []
        leave = asyncio.Event()

        async def handle(sid: str, data: str) -> None:
            await leave.wait()
            done.append(data[:2])

        rig.engine.on("message", handle)
        await ws.send_raw(b"".join(deflated_frame(b"4%02d" % number + b"x" * 2_000) for number in range(50)))
        inbox = rig.engine.sockets[sid].inbox
        await eventually(lambda: inbox.holding, "the end of reading")
        for _ in range(20):
            await asyncio.sleep(0)
            assert len(inbox._waiting) == 4
        leave.set()
        await eventually(lambda: len(done) == 50, "all messages")
        assert done == [f"{number:02d}" for number in range(50)]
        await ws.finish()


# What it costs.


async def test_a_connection_keeps_neither_window_nor_buffer_between_messages() -> None:
    async with compressing_rig() as rig:
        ws, sid = await open_deflating(rig)
        _, plain_sid = plain = await rig.open_websocket()
        await ws.send_raw(deflated_frame(b"4" + LONG.encode()))
        assert await ws.text() == "4" + LONG
        carrier, parser = rig.engine.sockets[sid].carrier, rig.engine.sockets[sid].carrier._parser
        other = rig.engine.sockets[plain_sid].carrier
        assert carrier.__sizeof__() - other.__sizeof__() <= 32
        assert parser.__sizeof__() - other._parser.__sizeof__() <= 32
        assert (parser._buffer, parser._fragments) == (b"", None)
        assert not [name for name in dir(parser) if "zlib" in type(getattr(parser, name)).__module__]
        await ws.finish()
        await plain[0].finish()


async def test_with_the_switch_off_the_parts_are_the_plain_ones(rig: Rig) -> None:
    ws, sid = await rig.open_websocket({"Sec-WebSocket-Extensions": BROWSERS})
    carrier = rig.engine.sockets[sid].carrier
    assert type(carrier).__name__ == "WebSocketCarrier"
    assert type(carrier._parser).__name__ == "FrameParser"
    await ws.finish()
