"""Reading a small document from an address that the operator has named."""

from __future__ import annotations

import aiohttp

FETCH_TIMEOUT_S = 5.0
"""From the look-up of the name to the last byte."""

MAX_DOCUMENT_BYTES = 262_144


class Fetcher:
    """GET of one URL. Redirects are not followed: what answers is what was named."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self) -> bytes:
        """The body. Raises `OSError` where it cannot be had, is an error or is too long, `TimeoutError` where it is
        late.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S))
        try:
            async with self._session.get(self._url, allow_redirects=False) as response:
                if response.status != 200:
                    raise OSError("not answered with 200")
                return await _bounded(response.content)
        except aiohttp.ClientError as error:
            raise OSError(type(error).__name__) from None

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > MAX_DOCUMENT_BYTES:
            raise OSError("too long")
    return bytes(body)
