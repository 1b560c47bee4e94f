"""Which tests may run beside which, where `pytest -n` runs several at a time.

Most may run beside any other; those of one file run in order on one worker, as they share servers. Tests that drive
browsers run one after the other on one worker, beside those. Tests that measure time or memory come last, and while one
of them runs no other does, on whatever worker.
"""

from __future__ import annotations

import fcntl
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

BROWSER = (
    "tests/e2e/calls/",
    "tests/e2e/nextjs/",
    "tests/e2e/test_cross_origin.py",
    "tests/e2e/test_peer_browser.py",
    "tests/e2e/web/",
)
ALONE = (
    "tests/contract/test_mongo_outage.py",
    "tests/e2e/resilience/test_endings.py",
    "tests/e2e/resilience/test_lost_clients.py",
    "tests/e2e/resilience/test_stopping.py",
    "tests/integration/engine/test_fuzz.py",
    "tests/integration/engine/test_slow_readers.py",
    "tests/integration/test_attacks.py",
    "tests/integration/test_non_readers.py",
    "tests/integration/test_password_attack.py",
)
LANES = {"browser": BROWSER, "alone": ALONE}
"""lane → the starts of the paths of its tests. Each lane is also a mark: `pytest -m "not browser"`."""

ORDER = ("browser", "", "alone")
"""The browsers' lane is the longest, so it begins; whoever wants the machine alone waits for the others to end."""

HERE = Path(__file__)


def lane_of(path: str) -> str:
    """The lane of a test, by its file's path from the root or by its id; `""` where it may run beside any other."""
    return next((lane for lane, starts in LANES.items() if path.startswith(starts)), "")


class Lanes(LoadScopeScheduling):
    """A lane is one piece of work, and so is a file outside of them.

    Not pytest-xdist's own `loadgroup`: it writes the group into the id of a test, which pytest 9.2 does not let it do.
    """

    def _split_scope(self, nodeid: str) -> str:
        return lane_of(nodeid) or nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    config.option.loadscopereorder = False  # in the order of the collection
    return Lanes(config, log)


@pytest.hookimpl(tryfirst=True)  # before pytest reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if lane := lane_of(item.nodeid):
            item.add_marker(lane)
    items.sort(key=lambda item: ORDER.index(lane_of(item.nodeid)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Outside of everything, so that waiting counts towards no time limit."""
    with HERE.open() as shared:
        fcntl.flock(shared, fcntl.LOCK_EX if lane_of(item.nodeid) == "alone" else fcntl.LOCK_SH)
        return (yield)
