"""An engine on a real socket, for each test afresh."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.engine.wire import Rig, engine_rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """An echoing engine with the default settings."""
    async with engine_rig() as rig:
        yield rig
