"""The key set of join tokens, kept fresh while the application runs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from aiohttp import web

from server.security.key_sets import KeySet
from server.transport.client.fetching import Fetcher


class KeyFetcher:
    """The task that fetches `JOIN_JWKS_URL`. `keys` is what it has."""

    def __init__(self, url: str) -> None:
        self._fetch = Fetcher(url)
        self.keys = KeySet(self._fetch, time.monotonic)

    async def alive(self, _: web.Application) -> AsyncIterator[None]:
        """While the application runs."""
        task = asyncio.get_running_loop().create_task(self.keys.keep_fresh())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await self.keys.close()
        await self._fetch.close()
