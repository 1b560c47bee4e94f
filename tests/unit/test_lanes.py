"""The lanes of tests/support/lanes.py: what is in them exists, and a test is in the first that fits."""

from __future__ import annotations

import pytest

from tests.support.lanes import LANES, lane_of, needs_database
from tests.support.processes import ROOT


@pytest.mark.parametrize("start", [start for starts in LANES.values() for start in starts])
def test_every_file_and_test_of_a_lane_is_there(start: str) -> None:
    path, _, name = start.partition("::")
    assert (ROOT / path).exists()
    assert not name or f"def {name}(" in (ROOT / path).read_text()


def test_a_test_is_in_the_first_lane_that_fits() -> None:
    assert lane_of("tests/e2e/web/test_page.py::test_the_keyboard_alone[x]") == "page"
    assert lane_of("tests/e2e/test_peer_browser.py::test_x") == "calls"
    assert lane_of("tests/integration/test_attacks.py::test_x") == "alone"
    assert lane_of("tests/contract/test_store.py::test_x[memory]") == "late"
    assert lane_of("tests/unit/engine/test_frames.py::test_x") == ""


@pytest.mark.parametrize(
    ("name", "fixtures", "needs"),
    [
        ("tests/contract/test_store.py::test_x[mongodb]", ("store",), True),
        ("tests/contract/test_store.py::test_x[memory]", ("store",), False),
        ("tests/contract/test_mongo.py::test_x", ("mongo", "mongo_uri", "_mongo_base"), True),
        ("tests/contract/test_mongo_outage.py::test_x", (), True),
        ("tests/contract/test_redis_board.py::test_x", ("redis_server",), True),
        ("tests/unit/server/test_logs.py::test_x[pymongo]", (), False),
    ],
)
def test_what_waits_for_a_database_is_no_part_of_the_fast_tests(
    name: str, fixtures: tuple[str, ...], needs: bool
) -> None:
    assert needs_database(name, fixtures) is needs
    fast = (ROOT / "Makefile").read_text().partition("\ntest-fast:")[2].partition("\n\n")[0]
    assert '-m "not database"' in fast


def test_what_needs_a_database_is_marked(request: pytest.FixtureRequest, mongo_uri: str) -> None:
    assert request.node.get_closest_marker("database") is not None
