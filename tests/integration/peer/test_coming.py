"""Who comes while a test peer is itself still coming in."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from mayfly_client.credentials import Credentials
from mayfly_client.link import parse_link
from peer.client import RoomClient
from peer.connection import ConnectionSettings, MediaMode
from tests.support.pace import PACE
from tests.support.server import running

LIMIT_S = 10 * PACE


class Slow(RoomClient):
    """One whose `call-state` is under way until somebody else has come."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.another_came = asyncio.Event()

    async def _request(self, event: str, fields: dict[str, Any], *, when_ready: bool = True) -> dict[str, Any]:
        if event == "call-state":
            await asyncio.wait_for(self.another_came.wait(), LIMIT_S)
        return await super()._request(event, fields, when_ready=when_ready)

    async def _handle(self, event: str, payload: dict[str, Any]) -> None:
        await super()._handle(event, payload)
        if event == "user-joined":
            self.another_came.set()


async def test_whoever_comes_meanwhile_is_called_once() -> None:
    async with running(stun_urls=()) as server, AsyncExitStack() as stack:
        link = parse_link((await server.room())["url"])
        settings = ConnectionSettings(MediaMode.SEND)
        slow = Slow(link, Credentials("Ada"), settings, 1)
        other = RoomClient(link, Credentials("Ben"), settings, 2)
        opening = asyncio.create_task(slow.open())
        stack.push_async_callback(slow.close)
        while slow.self_id is None:
            await asyncio.sleep(0.01)
        stack.push_async_callback(other.close)
        await other.open()
        await asyncio.wait_for(opening, LIMIT_S)
        assert [len(slow.every_call()), len(other.every_call())] == [1, 1]
        assert not slow.past
