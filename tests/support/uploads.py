"""Many uploads at once, from a process of their own, so that they hold up nobody but the server.

    python -m tests.support.uploads URL ROOM KEY COUNT BYTES BYTES_PER_S

prints `{statuses, seconds}` when all are answered. `BYTES_PER_S` is the link of each.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator

import aiohttp

PIECE = bytes(65_536)


async def body(size: int, bytes_per_s: float) -> AsyncIterator[bytes]:
    """A file over a slow link."""
    began, sent = time.monotonic(), 0
    while sent < size:
        piece = PIECE[: size - sent]
        yield piece
        sent += len(piece)
        await asyncio.sleep(max(0.0, began + sent / bytes_per_s - time.monotonic()))


async def upload(http: aiohttp.ClientSession, url: str, key: str, size: int, bytes_per_s: float) -> int:
    """The status of one upload."""
    headers = {"Authorization": f"Bearer {key}", "Content-Length": str(size)}
    async with http.post(url, data=body(size, bytes_per_s), headers=headers) as response:
        await response.read()
        return response.status


async def main(base: str, room: str, key: str, count: int, size: int, bytes_per_s: float) -> None:
    began = time.monotonic()
    url = f"{base}/api/rooms/{room}/files"
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:
        statuses = await asyncio.gather(*(upload(http, url, key, size, bytes_per_s) for _ in range(count)))
    print(json.dumps({"statuses": Counter(map(str, statuses)), "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(main(given[0], given[1], given[2], int(given[3]), int(given[4]), float(given[5])))
