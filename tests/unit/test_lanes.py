"""The lanes of tests/support/lanes.py: what is in them exists, and what would disturb others is in one."""

from __future__ import annotations

import pytest

from tests.support.lanes import LANES, lane_of
from tests.support.processes import ROOT


@pytest.mark.parametrize("start", [start for starts in LANES.values() for start in starts])
def test_every_file_or_folder_of_a_lane_is_there(start: str) -> None:
    assert (ROOT / start).exists()


def test_a_test_is_in_the_lane_of_its_file_or_folder_or_in_none() -> None:
    assert lane_of("tests/e2e/web/test_page.py::test_the_keyboard_alone[x]") == "browser"
    assert lane_of("tests/integration/test_attacks.py") == "alone"
    assert lane_of("tests/unit/engine/test_frames.py::test_x") == ""
