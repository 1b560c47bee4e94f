"""Which tests may run beside which, where `pytest -n` runs several at a time.

Most may run beside any other; those of one file run in order on one worker, as they share servers. Tests that drive
browsers (`browser`) run one at a time, beside those. Tests that measure time or memory (`alone`) come last, and while
one of them runs no other does, on whatever worker.
"""

from __future__ import annotations

import fcntl
from collections.abc import Generator
from pathlib import Path

import pytest

HERE = Path(__file__)
BROWSER_FOLDERS = ("e2e/calls", "e2e/nextjs", "e2e/web")
BROWSER_FIXTURES = {"chromium", "firefox"}
ORDER = {"browser": 0, "": 1, "alone": 2}
"""The browsers' lane is the longest, so it begins; whoever wants the machine alone waits for the others to end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _drives_a_browser(item):
            item.add_marker("browser")
        item.add_marker(pytest.mark.xdist_group(_lane(item) or item.path.relative_to(HERE.parents[1]).as_posix()))
    items.sort(key=lambda item: ORDER[_lane(item)])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Outside of everything, so that waiting counts towards no time limit."""
    with HERE.open() as shared:
        fcntl.flock(shared, fcntl.LOCK_EX if _lane(item) == "alone" else fcntl.LOCK_SH)
        return (yield)


def _lane(item: pytest.Item) -> str:
    return next((lane for lane in ("alone", "browser") if item.get_closest_marker(lane)), "")


def _drives_a_browser(item: pytest.Item) -> bool:
    folder = item.path.relative_to(HERE.parents[1]).parent.as_posix()
    return folder.startswith(BROWSER_FOLDERS) or bool(BROWSER_FIXTURES & set(getattr(item, "fixturenames", ())))
