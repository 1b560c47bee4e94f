"""The stores under contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rooms.ports import Store
from storage.memory import MemoryStore
from storage.mongo import MongoStore


@pytest_asyncio.fixture(params=["memory", "mongodb"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """An empty, open store of each kind."""
    in_memory = request.param == "memory"
    kept: Store = MemoryStore() if in_memory else MongoStore(request.getfixturevalue("mongo_uri"))
    await kept.open()
    yield kept
    await kept.close()


@pytest_asyncio.fixture
async def mongo(mongo_uri: str) -> AsyncIterator[MongoStore]:
    """An empty, open MongoStore."""
    kept = MongoStore(mongo_uri)
    await kept.open()
    yield kept
    await kept.close()
