"""A plain python-socketio server on the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import socketio

from server.transport.engineio import EngineServer
from tests.support.engine import RawWebSocket, Rig, attached


class PlainServer(socketio.AsyncServer):
    """python-socketio as it is, but for its engine."""

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer


@asynccontextmanager
async def socketio_rig(**options: Any) -> AsyncIterator[Rig]:
    """Namespaces `/` and `/custom`, as in the protocol's own test suite."""
    sio = PlainServer(cors_allowed_origins="*", async_handlers=False, **options)
    rig = Rig(sio.eio, port=0, root="/socket.io/")

    def handlers(namespace: str) -> None:
        @sio.on("connect", namespace=namespace)  # type: ignore[untyped-decorator]
        async def connect(sid: str, environ: dict[str, str], auth: Any = None) -> None:
            rig.events.append(("connect", namespace, sid))
            await sio.emit("auth", auth or {}, to=sid, namespace=namespace)

        @sio.on("disconnect", namespace=namespace)  # type: ignore[untyped-decorator]
        async def disconnect(sid: str, reason: str) -> None:
            rig.events.append(("disconnect", namespace, sid, reason))

        @sio.on("message", namespace=namespace)  # type: ignore[untyped-decorator]
        async def message(sid: str, *args: Any) -> None:
            await sio.emit("message-back", args, to=sid, namespace=namespace)

        @sio.on("message-with-ack", namespace=namespace)  # type: ignore[untyped-decorator]
        async def message_with_ack(sid: str, *args: Any) -> Any:
            return args

    handlers("/")
    handlers("/custom")
    async with attached(sio.eio, "/socket.io") as rig.runner:
        rig.port = rig.runner.addresses[0][1]
        yield rig
    assert not sio.environ
    assert not any(sio.manager.rooms.values()), "a room is left"


async def connected(rig: Rig) -> RawWebSocket:
    """A WebSocket that is in the main namespace."""
    ws, _ = await rig.open_websocket()
    await ws.send("40")
    await packets_until_connected(ws, "40")
    return ws


async def packets_until_connected(ws: RawWebSocket, prefix: str) -> list[str]:
    """The packets up to the CONNECT of a namespace, in any order with its first event."""
    packets = [await ws.text(), await ws.text()]
    assert any(packet.startswith(prefix + '{"sid":"') for packet in packets)
    return packets
