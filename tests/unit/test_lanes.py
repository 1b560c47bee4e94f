"""The lanes of tests/support/lanes.py: what is in them exists, and a test is in the first that fits."""

from __future__ import annotations

import pytest

from tests.support.lanes import LANES, lane_of
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
    assert lane_of("tests/unit/engine/test_frames.py::test_x") == ""
