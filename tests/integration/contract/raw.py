"""A server's WebSocket, frame by frame."""

from __future__ import annotations

from tests.support.engine import RawWebSocket
from tests.support.server import Server


async def raw(server: Server, *, extension: str = "") -> RawWebSocket:
    port = int(server.url.rpartition(":")[2])
    ws = await RawWebSocket.open(port)
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    if extension:
        headers["Sec-WebSocket-Extensions"] = extension
    ws.send_head("GET", "/socket.io/?EIO=4&transport=websocket", headers)
    head = await ws.reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head
    assert (await ws.text()).startswith("0{")
    return ws


async def connected(server: Server, *, extension: str = "") -> RawWebSocket:
    ws = await raw(server, extension=extension)
    await ws.send("40")
    assert (await ws.text()).startswith("40{")
    return ws
