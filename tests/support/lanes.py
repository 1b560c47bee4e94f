"""Which tests may run beside which, where `pytest -n` runs several at a time.

Most may run beside any other; those of one file run in order on one worker, as they share servers. Tests that drive
browsers are in two lanes, each of which runs one test after the other, beside those. Tests that must not share the
cores with browsers come when those have ended. Tests that measure time or memory come last, and while one of them runs
no other does, on whatever worker.
"""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Generator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.pace import PACE

ALONE = (
    "tests/e2e/resilience/test_busy_chat.py",
    "tests/e2e/resilience/test_cluster.py",
    "tests/e2e/resilience/test_hundred_rooms.py",
    "tests/e2e/resilience/test_stopping.py",
    "tests/integration/cluster/test_files_elsewhere.py::test_chat_goes_on_beside_ten_files_each_way",
    "tests/integration/engine/test_fuzz.py",
    "tests/integration/engine/test_slow_readers.py",
    "tests/integration/test_attacks.py",
    "tests/integration/test_fair_turns.py",
    "tests/integration/test_file_load.py",
    "tests/integration/test_guesses.py",
    "tests/integration/test_hurried.py",
    "tests/integration/test_non_readers.py",
    "tests/integration/test_password_attack.py",
)
LATE = (
    "tests/contract/",  # a call of the store has two seconds
    "tests/e2e/resilience/test_endings.py",
    "tests/e2e/resilience/test_lost_clients.py",
    "tests/e2e/resilience/test_moving.py",
    "tests/integration/cluster/test_gone_everywhere.py",
    "tests/integration/cluster/test_sealed.py",
    "tests/integration/test_recalled.py",
    "tests/e2e/web/test_page.py::test_a_reload_and_an_outage_of_ten_seconds_lose_and_double_nothing",
)
PAGE = ("tests/e2e/web/",)
CALLS = ("tests/e2e/calls/", "tests/e2e/nextjs/", "tests/e2e/test_cross_origin.py", "tests/e2e/test_peer_browser.py")
LANES = {"alone": ALONE, "late": LATE, "page": PAGE, "calls": CALLS, "": ("tests/",)}
"""lane → how the ids of its tests begin; the first that fits."""

ORDER = ("page", "calls", "", "late", "alone")
"""The longest begin; whoever wants the machine alone waits for all others to end."""

SHARED = ("", "late")
"""In these, each file is a piece of work of its own."""

DATABASES = frozenset({"_mongo_base", "own_mongod", "replica_set", "own_redis", "redis_server"})
"""Fixtures that start MongoDB or Redis."""

HERE = Path(__file__)


def lane_of(nodeid: str) -> str:
    """The lane of a test, by its id; `""` where it may run beside any other."""
    return next((lane for lane, starts in LANES.items() if nodeid.startswith(starts)), "")


def needs_database(nodeid: str, fixtures: Collection[str]) -> bool:
    """Whether a test waits for a real MongoDB or Redis: by its fixtures, a parameter that asks for one, or its file."""
    parameters = nodeid.partition("[")[2].removesuffix("]").split("-")
    starts_its_own = nodeid.startswith("tests/contract/test_mongo_outage.py")
    return starts_its_own or not DATABASES.isdisjoint(fixtures) or "mongodb" in parameters


class Lanes(LoadScopeScheduling):
    """A lane of browsers is one piece of work, and so is each file outside of those.

    Not pytest-xdist's own `loadgroup`: it writes the group into the id of a test, which pytest 9.2 does not let it do.
    """

    def _split_scope(self, nodeid: str) -> str:
        lane = lane_of(nodeid)
        return nodeid.partition("::")[0] if lane in SHARED else lane


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    config.option.loadscopereorder = False  # in the order of the collection
    return Lanes(config, log)


@pytest.hookimpl(tryfirst=True)  # before pytest reads the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if lane := lane_of(item.nodeid):
            item.add_marker(lane if lane in ("late", "alone") else "browser")
        limit = item.get_closest_marker("timeout")
        limit_s = limit.args[0] if limit else float(config.getini("timeout"))
        item.add_marker(pytest.mark.timeout(limit_s * PACE), append=False)
        if needs_database(item.nodeid, getattr(item, "fixturenames", ())):
            item.add_marker("database")
    items.sort(key=lambda item: ORDER.index(lane_of(item.nodeid)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Outside of everything, so that waiting counts towards no time limit."""
    with HERE.open() as shared:
        fcntl.flock(shared, fcntl.LOCK_EX if lane_of(item.nodeid) == "alone" else fcntl.LOCK_SH)
        return (yield)
