"""Coroutines that have nothing to wait for, without a task."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that does not wait. Raises what it raises, and `RuntimeError` where it does wait.

    No task is current meanwhile, unless the caller runs in one: nothing in the coroutine may ask for it, as
    `asyncio.timeout` does.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine that was run at once had to wait")
