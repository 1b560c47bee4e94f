"""A room of the probe's own: made over REST, ended afterwards. Lets a probe run with a server's address alone."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from peer.channel import Refused, Unreachable
from peer.link import Link, parse_link

REST_TIMEOUT_S = 15.0
ROOM_LIFE_S = 600
SEATS = 2


@contextlib.asynccontextmanager
async def own_room(link: Link) -> AsyncIterator[Link]:
    """The link of a new room for two on the server at `link`. Raises `Unreachable` or `Refused`."""
    timeout = aiohttp.ClientTimeout(total=REST_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        made = await _create(session, link)
        room_id, host_key = made["roomId"], made["hostKey"]
        try:
            # Not the `url` of the answer: with a wrong PUBLIC_URL that would lead to another server.
            yield parse_link(f"{link.server_url}/r/{room_id}#hostKey={host_key}")
        finally:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                url = f"{link.server_url}/api/rooms/{room_id}"
                await session.delete(url, headers={"Authorization": f"Bearer {host_key}"})


async def _create(session: aiohttp.ClientSession, link: Link) -> dict[str, Any]:
    body = {"capacity": SEATS, "expiresInS": ROOM_LIFE_S}
    try:
        async with session.post(f"{link.server_url}/api/rooms", json=body) as response:
            answer = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    if response.status != 201 or not isinstance(answer, dict):
        told = answer.get("error", {}) if isinstance(answer, dict) else {}
        raise Refused(str(told.get("code", f"HTTP {response.status}")), str(told.get("message", "")))
    return answer
