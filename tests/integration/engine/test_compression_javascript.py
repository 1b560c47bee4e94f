"""Real clients whose WebSockets offer permessage-deflate, with the switch off and on: `socket.io-client`, Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.transport.engineio import compression, deflater
from tests.support.engine import PATH, engine_rig, eventually
from tests.support.js_client import js_client
from tests.support.node import run_node
from tests.support.socketio_rig import socketio_rig

BROWSER = Path(__file__).with_name("browser_websocket.mjs")

AGREED = {"server_no_context_takeover": True, "client_no_context_takeover": True}
NARROW = {"perMessageDeflate": {"threshold": 0, "serverMaxWindowBits": 10, "clientMaxWindowBits": 9}}
# Its own window the client keeps to without being asked.
NARROWER = {**AGREED, "server_max_window_bits": 10, "client_max_window_bits": 9}
TEXT = "It was said, and said again, and written down. " * 1_000
TRANSPORTS = [["polling", "websocket"], ["websocket"]]


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)
@pytest.mark.parametrize("switched_on", [False, True])
async def test_long_messages_travel_compressed_only_where_it_is_switched_on(
    transports: list[str], switched_on: bool
) -> None:
    async with socketio_rig(websocket_compression=switched_on) as rig, js_client() as js:
        socket = await js.connect(f"http://127.0.0.1:{rig.port}", transports=transports, perMessageDeflate=True)
        await eventually(lambda: rig.engine.websocket_count == 1, "the WebSocket")
        before = await socket.wire()
        assert before["parameters"] == (AGREED if switched_on else None)
        assert await socket.request("message-with-ack", TEXT) == TEXT
        after = await socket.wire()
        for direction in ("bytesRead", "bytesWritten"):
            size = after[direction] - before[direction]
            assert (size < len(TEXT) / 10) is switched_on, size
        texts = [TEXT[:size] for size in range(0, 2_000, 9)]
        assert await socket.request_all([["message-with-ack", text] for text in texts]) == texts
        await socket.disconnect()


@pytest.mark.pure
@pytest.mark.usefixtures("node")
async def test_a_message_to_many_is_compressed_once_and_reaches_those_who_declined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    deflate = deflater.deflate_frame
    monkeypatch.setattr(deflater, "deflate_frame", lambda frame, bits: made.append(bits) or deflate(frame, bits))
    async with socketio_rig(websocket_compression=True) as rig, js_client() as js:
        url = f"http://127.0.0.1:{rig.port}"
        options = [{"perMessageDeflate": True}] * 3 + [
            NARROW,
            {"perMessageDeflate": False},
            {"transports": ["polling"]},
        ]
        sockets = [await js.connect(url, **each) for each in options]
        wires = [await socket.wire() for socket in sockets[:-1]]
        assert [wire["parameters"] for wire in wires] == [AGREED] * 3 + [NARROWER, None]
        packet = f'2["news","{TEXT}"]'
        rig.engine.broadcast(list(rig.engine.sockets), packet)
        for socket in sockets:
            assert (await socket.wait_for("news")).payload == TEXT
        assert sorted(made) == [10, 15]
        for socket, wire in zip(sockets[:-1], wires, strict=True):
            size = (await socket.wire())["bytesRead"] - wire["bytesRead"]
            assert (size < len(TEXT) / 10) is (wire["parameters"] is not None), size
        for socket in sockets[:-1]:
            assert await socket.request("message-with-ack", "é" * 3_000) == "é" * 3_000
        for socket in sockets:
            await socket.disconnect()


@pytest.mark.pure
@pytest.mark.usefixtures("chromium", "node")
@pytest.mark.parametrize("switched_on", [False, True])
async def test_chromium_compresses_with_us_only_where_it_is_switched_on(
    switched_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    inflated: list[int] = []
    inflate = compression.inflate
    monkeypatch.setattr(compression, "inflate", lambda data, most: inflated.append(len(data)) or inflate(data, most))
    texts = ["short", TEXT, "é€" * 2_000]
    async with engine_rig(websocket_compression=switched_on) as rig:
        (seen,) = await run_node(BROWSER, f"ws://127.0.0.1:{rig.port}{PATH}websocket", *texts)
        assert seen["came"] == texts
        if switched_on:
            assert seen["extensions"].split("; ") == ["permessage-deflate", *AGREED]
            # Chromium compresses whatever it sends.
            assert len(inflated) == 3
            assert sum(inflated) < len(TEXT) / 10
        else:
            assert (seen["extensions"], inflated) == ("", [])
        await eventually(lambda: not rig.engine.sockets, "the browser's leaving")
