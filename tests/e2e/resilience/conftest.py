"""A real server with short times, and real socket.io-client sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e.resilience.api import Api, api_of
from tests.e2e.resilience.times import FAST
from tests.support.js_client import JsClient, js_client
from tests.support.processes import ServerProcess, server_process


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
