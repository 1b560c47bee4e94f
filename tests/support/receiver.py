"""Somebody who gets webhooks, on 127.0.0.1: verifies each with the specification's own library, and may misbehave."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from tests.support.pace import PACE
from tests.support.processes import free_port

LIMIT_S = 20.0 * PACE
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """What was verified, once for each `webhook-id`, in order. `answer` may be replaced."""

    def __init__(self, secret: str = SECRET) -> None:
        self.webhook = Webhook(secret)
        self.messages: list[dict[str, Any]] = []
        self.raw: list[str] = []
        self.tries = 0
        self.tries_of: Counter[str] = Counter()
        """By `webhook-id`."""
        self.faults: list[str] = []
        self.answer: Answer | None = None
        self.port = free_port()
        self._ids: set[str] = set()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?token=xyzzyplugh"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/hooks", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.tries += 1
        self.tries_of[request.headers["webhook-id"]] += 1
        body = await request.text()
        if self.answer is not None:
            return await self.answer(request)
        try:
            message = self.webhook.verify(body, dict(request.headers))
        except Exception as error:
            self.faults.append(type(error).__name__)
            return web.Response(status=400)
        if request.headers["webhook-id"] not in self._ids:
            self._ids.add(request.headers["webhook-id"])
            self.messages.append(message)
            self.raw.append(body)
        return web.Response(status=204)

    def kinds(self, room_id: str) -> list[str]:
        """The types of what was told of a room, in order."""
        return [one["type"] for one in self.messages if one["data"]["roomId"] == room_id]

    async def wait_for(self, room_id: str, *kinds: str) -> list[dict[str, Any]]:
        """Return what was told of a room, once it is these, in this order."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while len(self.kinds(room_id)) < len(kinds):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pass
        assert self.kinds(room_id) == list(kinds)
        return [one["data"] for one in self.messages if one["data"]["roomId"] == room_id]


@asynccontextmanager
async def receiving(secret: str = SECRET) -> AsyncIterator[Receiver]:
    receiver = Receiver(secret)
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()
    assert receiver.faults == []
