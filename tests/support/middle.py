"""A server in the middle: passes HTTP and WebSocket on, and rewrites every description that comes by, both ways."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

Forge = Callable[[str, str], str]
"""The id of the room that a description is for, and its SDP, to SDP."""

SHUTDOWN_S = 0.5
_EVENT = re.compile(r"^(42\d*)(\[.*\])$", re.DOTALL)
_NOT_PASSED_ON = {"host", "connection", "transfer-encoding", "content-encoding", "content-length", "upgrade"}


class Middle:
    """`forge_in` rewrites what the server sends to the clients of this address, `forge_out` what they send."""

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        self.url = ""
        self.forge_in: Forge = lambda room_id, sdp: sdp
        self.forge_out: Forge = lambda room_id, sdp: sdp
        self.forged: Counter[str] = Counter()
        """How many descriptions were rewritten, by room."""

    def _rewrite(self, frame: str, forge: Forge) -> str:
        found = _EVENT.match(frame)
        if found is None:
            return frame
        packet: list[Any] = json.loads(found[2])
        description = packet[1].get("description") if len(packet) > 1 and isinstance(packet[1], dict) else None
        if description is None:
            return frame
        room_id = str(packet[1].get("roomId"))
        changed = forge(room_id, description["sdp"])
        self.forged[room_id] += changed != description["sdp"]
        description["sdp"] = changed
        return found[1] + json.dumps(packet)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request, or one WebSocket for as long as it lasts."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_PASSED_ON}
        async with aiohttp.ClientSession(auto_decompress=True) as http:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._websocket(request, http)
            body = await request.read()
            target = self.server_url + str(request.rel_url)
            async with http.request(request.method, target, headers=headers, data=body) as answer:
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _NOT_PASSED_ON}
                return web.Response(status=answer.status, headers=kept, body=await answer.read())

    async def _websocket(self, request: web.Request, http: aiohttp.ClientSession) -> web.WebSocketResponse:
        client = web.WebSocketResponse()
        await client.prepare(request)
        async with http.ws_connect(self.server_url + str(request.rel_url)) as server:
            tasks = [
                asyncio.create_task(self._pump(server, client, lambda frame: self._rewrite(frame, self.forge_in))),
                asyncio.create_task(self._pump(client, server, lambda frame: self._rewrite(frame, self.forge_out))),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
        await client.close()
        return client

    @staticmethod
    async def _pump(source: Any, target: Any, rewrite: Callable[[str], str]) -> None:
        async for message in source:
            if message.type is aiohttp.WSMsgType.TEXT:
                await target.send_str(rewrite(message.data))


@asynccontextmanager
async def in_the_middle(server_url: str) -> AsyncIterator[Middle]:
    """A running one, on a port of its own."""
    middle = Middle(server_url)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", middle.handle)
    # WebSockets end when their pages do, which may be after this.
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        middle.url = f"http://127.0.0.1:{port}"
        yield middle
    finally:
        await runner.cleanup()
