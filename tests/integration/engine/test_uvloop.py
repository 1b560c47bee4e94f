"""The same cases on uvloop, whose transports differ from asyncio's in when they write and whom they call."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import uvloop

from tests.integration.engine import (
    test_bounds,
    test_closing,
    test_commands,
    test_compression,
    test_fan_out,
    test_handshake,
    test_heartbeat,
    test_polling,
    test_upgrade,
    test_websocket,
)
from tests.integration.engine.wire import engine_rig

MODULES = (
    test_bounds,
    test_closing,
    test_commands,
    test_compression,
    test_fan_out,
    test_handshake,
    test_heartbeat,
    test_polling,
    test_upgrade,
    test_websocket,
)
ASYNCIO_ONLY = {"test_the_heartbeats_of_many_idle_sessions_share_one_timer"}  # looks into asyncio's own heap


def cases(module: ModuleType) -> list[Any]:
    """The tests of a module that need nothing but an engine."""
    return [
        pytest.param(function, id=f"{module.__name__.rpartition('.')[2]}-{name}")
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction)
        if name.startswith("test_")
        and name not in ASYNCIO_ONLY
        and not set(inspect.signature(function).parameters) - {"rig"}
    ]


@pytest.mark.parametrize("case", [case for module in MODULES for case in cases(module)])
def test_on_uvloop(case: Callable[..., Any]) -> None:
    async def run() -> None:
        assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
        if inspect.signature(case).parameters:
            async with engine_rig() as rig:
                await case(rig)
        else:
            await case()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop, debug=True) as runner:
        runner.run(run())
