"""python-socketio as it comes, on python-engineio and aiohttp. Usage: python plain.py PORT PING_MS"""

import sys
from typing import Any

import socketio
from aiohttp import web

port, ping_ms = map(int, sys.argv[1:])
sio = socketio.AsyncServer(async_mode="aiohttp", ping_interval=ping_ms / 1000, cors_allowed_origins=[])
ACKNOWLEDGED = {"ok": True, "data": {}}


@sio.on("join-room")
async def join(sid: str, request: dict[str, Any]) -> dict[str, Any]:
    await sio.enter_room(sid, request["roomId"])
    return ACKNOWLEDGED


@sio.on("send-message")
async def send(sid: str, request: dict[str, Any]) -> dict[str, Any]:
    said = {"roomId": request["roomId"], "text": request["text"], "sender": sid}
    await sio.emit("message-received", said, room=request["roomId"], skip_sid=sid)
    return ACKNOWLEDGED


@sio.on("ice-candidate")
async def candidate(sid: str, request: dict[str, Any]) -> dict[str, Any]:
    passed_on = {"roomId": request["roomId"], "candidate": request["candidate"], "from": sid}
    await sio.emit("ice-candidate-received", passed_on, room=request["roomId"], skip_sid=sid)
    return ACKNOWLEDGED


async def health(_: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.router.add_get("/health", health)
sio.attach(app)
# aiohttp waits a minute for WebSockets that are open, and python-socketio does not close them.
web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None, shutdown_timeout=0.5)
