"""An engine on a real socket, for each test afresh, on asyncio's event loop and on uvloop's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from tests.support.engine import Rig, engine_rig

ON_UVLOOP_TOO = {
    "test_bounds",
    "test_closing",
    "test_commands",
    "test_compression",
    "test_fan_out",
    "test_handshake",
    "test_heartbeat",
    "test_polling",
    "test_recall",
    "test_upgrade",
    "test_websocket",
}
"""Modules whose tests run on both loops: uvloop's transports differ in when they write and whom they call."""

ASYNCIO_ONLY = {
    "test_the_heartbeats_of_many_idle_sessions_share_one_timer",
    "test_the_messages_of_one_turn_leave_in_one_write",
    "test_one_broken_recipient_does_not_keep_the_message_from_the_others",
}
"""They look into asyncio's own heap, or put a `write` of their own into a transport."""


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    on_both = item.path.stem in ON_UVLOOP_TOO and item.name not in ASYNCIO_ONLY
    return {"asyncio": asyncio.new_event_loop} | ({"uvloop": uvloop.new_event_loop} if on_both else {})


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """An echoing engine with the default settings."""
    async with engine_rig() as rig:
        yield rig
