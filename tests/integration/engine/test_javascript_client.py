"""The real `socket.io-client` on a plain python-socketio server over the engine."""

from __future__ import annotations

import pytest

from tests.support.engine import eventually
from tests.support.js_client import js_client
from tests.support.socketio_rig import socketio_rig

TRANSPORTS = [["polling", "websocket"], ["websocket"], ["polling"]]


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)
async def test_events_and_acknowledgements_pass_over_every_transport(transports: list[str]) -> None:
    async with socketio_rig() as rig, js_client() as js:
        socket = await js.connect(f"http://127.0.0.1:{rig.port}", transports=transports)
        answers = await socket.request_all([["message-with-ack", number, "é"] for number in range(200)])
        assert answers == list(range(200))
        await socket.emit("message", {"text": "€" * 1_000})
        assert (await socket.wait_for("message-back")).args == [{"text": "€" * 1_000}]
        assert (await socket.state())["transport"] in transports
        await socket.disconnect()
        await eventually(lambda: rig.told("disconnect"), "the disconnect event")


@pytest.mark.usefixtures("node")
async def test_a_browsers_default_starts_with_polling_and_upgrades() -> None:
    async with socketio_rig() as rig, js_client() as js:
        sockets = [
            await js.connect(f"http://127.0.0.1:{rig.port}", transports=["polling", "websocket"]) for _ in range(5)
        ]
        await eventually(lambda: rig.engine.websocket_count == 5, "five upgrades")
        assert rig.engine.stats.upgraded == 5
        assert rig.engine.stats.opened == 5
        for socket in sockets:
            assert await socket.request("message-with-ack", "after") == "after"
            await socket.terminate()
        await eventually(lambda: len(rig.told("disconnect")) == 5, "five disconnect events")


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("transports", [["websocket"], ["polling"]], ids="+".join)
async def test_the_heartbeat_keeps_a_real_client(transports: list[str]) -> None:
    async with socketio_rig(ping_interval=0.1, ping_timeout=20) as rig, js_client() as js:
        socket = await js.connect(f"http://127.0.0.1:{rig.port}", transports=transports)
        pings = rig.engine._core.pings
        for _ in range(10):
            assert await socket.request("message-with-ack", 1) == 1
            await js.barrier()
            await eventually(lambda: len(pings) == 0 or rig.told("disconnect"), "a ping")
            await eventually(lambda: len(pings) == 1 or rig.told("disconnect"), "its pong")
        assert not rig.told("disconnect")
        await socket.disconnect()


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)
async def test_a_client_that_is_closed_with_1012_comes_back(transports: list[str]) -> None:
    async with socketio_rig() as rig, js_client() as js:
        socket = await js.connect(
            f"http://127.0.0.1:{rig.port}", transports=transports, reconnection=True, reconnectionDelay=10
        )
        [sid] = rig.engine.sockets
        rig.engine.close_session(sid, 1012)
        assert (await socket.wait_for("disconnect")).payload == "transport close"
        await socket.wait_for("connect", lambda state: state["id"] != sid)
        await eventually(lambda: len(rig.told("connect")) == 2, "the second connection")
        assert len(rig.told("disconnect")) == 1
        await socket.disconnect()


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("transports", [["websocket"], ["polling"]], ids="+".join)
async def test_a_frozen_client_is_dropped_and_its_process_gone_is_noticed(transports: list[str]) -> None:
    async with socketio_rig(ping_interval=0.2, ping_timeout=0.3) as rig, js_client() as js:
        await js.connect(f"http://127.0.0.1:{rig.port}", transports=transports)
        js.pause()
        await eventually(lambda: rig.told("disconnect"), "the disconnect event")
        [(_, _, reason)] = rig.told("disconnect")
        assert reason == "ping timeout"
        js.resume()
