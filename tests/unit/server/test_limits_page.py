"""`docs/limits.md` lists what the code has, and every bound has a test that exists."""

from __future__ import annotations

import pytest

from server.schema.bounds import BOUNDS, Bound
from server.schema.markdown import filled
from server.settings import Settings
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "limits.md").read_text()


def test_the_table_is_what_the_code_says() -> None:
    assert filled(PAGE) == PAGE, "run `make schemas`"


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_every_bound_has_its_test(bound: Bound) -> None:
    """One that names it: read it before you change the row."""
    text = (ROOT / bound.test).read_text()
    assert bound.name in text or bound.name.upper() in text


def test_every_quota_is_listed() -> None:
    listed = {bound.name for bound in BOUNDS}
    bounds = {"memory_budget_mb", *(name for name in Settings.model_fields if name.endswith("_per_address"))}
    assert bounds <= listed
