"""The disconnect event of a session, which an application may take its time over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any

from server.transport.engineio.core import Core


def tell(core: Core, sid: str, reason: str) -> Awaitable[Any] | None:
    """Call the disconnect handler; returns what is still to be waited for, with `ended`."""
    core.stats.closed[reason] += 1
    handler = core.handlers.get("disconnect")
    if handler is None:
        return None
    try:
        result = handler(sid, reason)
    except Exception as error:
        core.complaints.say("disconnect handler", error)
        return None
    return result if result is not None and isawaitable(result) else None


async def ended(core: Core, disconnecting: Awaitable[Any]) -> None:
    """Return once the handler is done, has failed, or has had its time."""
    try:
        async with asyncio.timeout(core.limits.disconnect_timeout_s):
            await disconnecting
    except Exception as error:
        core.complaints.say("disconnect handler", error)
