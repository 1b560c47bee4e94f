"""The few calls over REST that a client makes: a room of its own, and a look at somebody's before joining it."""

from __future__ import annotations

from typing import Any

import aiohttp

from mayfly_client.channel import Refused, Unreachable
from mayfly_client.keys import key_check
from mayfly_client.link import Link

REST_TIMEOUT_S = 15.0


async def call(method: str, url: str, *, body: dict[str, Any] | None = None, key: str | None = None) -> dict[str, Any]:
    """One call; `key` is sent as the bearer. Raises `Unreachable` or `Refused`."""
    timeout = aiohttp.ClientTimeout(total=REST_TIMEOUT_S)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.request(method, url, json=body) as response,
        ):
            answer = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    if not response.ok:
        told = answer.get("error", {}) if isinstance(answer, dict) else {}
        raise Refused(str(told.get("code", f"HTTP {response.status}")), str(told.get("message", "")))
    return answer if isinstance(answer, dict) else {}


async def check_key(link: Link) -> None:
    """Look at the room before joining it. Raises `Refused` where the link has no key, or another room's."""
    try:
        room = (await call("GET", f"{link.server_url}/api/rooms/{link.room_id}")).get("room") or {}
    except (Refused, Unreachable):
        if link.e2e:
            return  # says nothing in the clear; the join will tell what is wrong
        raise
    if link.e2e is None:
        if room.get("encrypted"):
            raise Refused("KEY_MISSING", "the room is encrypted and the link has no key")
    elif room.get("keyCheck", key_check(link.e2e)) != key_check(link.e2e):
        raise Refused("KEY_WRONG", "the link has the key of another room")
