"""SECURITY.md: each claim names tests, and they are there."""

from __future__ import annotations

import re

import pytest

from tests.support.processes import ROOT

PAGE = (ROOT / "SECURITY.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)
CLAIMS = [line for line in PAGE.splitlines() if line.startswith("|")][2:]


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_a_claim_names_is_a_test(path: str, name: str) -> None:
    assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), f"{path} has no {name}"


@pytest.mark.parametrize("claim", CLAIMS)
def test_each_claim_names_a_test(claim: str) -> None:
    assert "::test_" in claim.split("|")[3]


def test_pages_that_it_sends_people_to_are_there() -> None:
    linked = re.findall(r"\]\(([\w/.]+\.md)\)", PAGE)
    assert linked
    assert all((ROOT / path).is_file() for path in linked)
