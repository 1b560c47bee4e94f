"""A server for each test afresh."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from tests.support.server import Clock, Server, running


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server with the default settings and no limit on requests."""
    async with running(events_per_s=0) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time())
