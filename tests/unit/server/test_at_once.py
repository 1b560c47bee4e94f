"""What does not wait is done at once; what does is found out, not left hanging."""

from __future__ import annotations

import asyncio

import pytest

from server.usecases.at_once import at_once


async def _inner(value: int) -> int:
    return value + 1


async def _answer(value: int) -> int:
    return await _inner(value) * 2


async def _fails() -> None:
    raise LookupError("as ever")


def test_the_result_is_there_without_a_loop() -> None:
    assert at_once(_answer(3)) == 8


def test_what_it_raises_is_raised() -> None:
    with pytest.raises(LookupError, match="as ever"):
        at_once(_fails())


async def test_one_that_waits_is_closed_and_said_so() -> None:
    closed = []

    async def waits() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError, match="had to wait"):
        at_once(waits())
    assert closed == [True]
