"""A real server with short times, and real socket.io-client sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e.resilience.api import Api, api_of
from tests.support.js_client import JsClient, js_client
from tests.support.processes import ServerProcess, server_process

GRACE_S = 2.0
PING_INTERVAL_S = 1.0
PING_TIMEOUT_S = 1.0

FAST = {
    "SEAT_GRACE_S": str(GRACE_S),
    "PING_INTERVAL_S": str(PING_INTERVAL_S),
    "PING_TIMEOUT_S": str(PING_TIMEOUT_S),
    "EVENTS_PER_S": "0",
    "LOG_LEVEL": "warning",
}
"""Times as short as two busy cores allow."""


@pytest.fixture(scope="package")
def shared_server() -> Iterator[ServerProcess]:
    """One server in memory for all tests that do not break the server itself."""
    with server_process(**FAST) as server:
        yield server


@pytest.fixture
async def api(shared_server: ServerProcess) -> AsyncIterator[Api]:
    """The REST surface of the shared server."""
    async with api_of(shared_server.url) as api:
        yield api


@pytest.fixture
async def js(node: str) -> AsyncIterator[JsClient]:
    """One Node.js process for this test's sockets."""
    async with js_client() as client:
        yield client


@pytest.fixture
async def another_js(node: str) -> AsyncIterator[JsClient]:
    """Another Node.js process, for people who are busy at the same time."""
    async with js_client() as client:
        yield client
