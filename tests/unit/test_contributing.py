"""What CONTRIBUTING.md says of the sources is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.outbound.delivery import Delivery
from tests.support.processes import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
PATHS = sorted({*re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?)`", PAGE), *re.findall(r"\]\(([^)#:]+)\)", PAGE)})
TARGETS = sorted(set(re.findall(r"(?:^|`)make ([a-z-]+)", PAGE, re.MULTILINE)))

SHAPES = {"errors", "events", "limits", "model", "poll", "ports", "records", "runtime"}
"""Files of `rooms/` that say what there is and decide nothing."""


@pytest.mark.parametrize("path", PATHS)
def test_every_file_that_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("target", TARGETS)
def test_every_command_that_it_names_is_there(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Transient", "rooms/events.py"),
        ("Durable", "rooms/events.py"),
        ("Silent", "rooms/events.py"),
        ("ACKS", "server/protocol/answers.py"),
        ("EVENTS", "server/protocol/events.py"),
        ("DURABLE", "server/protocol/events.py"),
        ("Missed", "server/protocol/events.py"),
        ("def durable", "server/protocol/views.py"),
        ("SAVED", "server/outbound/publisher.py"),
        ("HOST_ONLY", "server/schema/markdown.py"),
        ("class Extras", "rooms/extras.py"),
        ("def encode_extras", "rooms/state/events.py"),
        ("def decode_extras", "rooms/state/events.py"),
        ("REPEATABLE", "server/cluster/requests.py"),
        ("class SendMessage", "server/protocol/requests.py"),
        ("class EditMessage", "server/protocol/requests.py"),
        ("class MessageReceived", "server/protocol/events.py"),
        ("class MessageUpdated", "server/protocol/events.py"),
        ("OTHER_SPELLINGS", "server/protocol/requests.py"),
        ("NONSENSE", "tests/unit/server/test_settings.py"),
        ("class Stage", "tests/support/rooms.py"),
    ],
)
def test_every_name_that_it_gives_is_in_the_file_that_it_gives(name: str, file: str) -> None:
    assert name.split()[-1] in PAGE
    assert re.search(rf"^{name}\b", (ROOT / file).read_text(), re.MULTILINE)


def test_transient_events_are_sent_where_it_says() -> None:
    assert callable(Delivery._transient)


@pytest.mark.parametrize(
    "module", sorted({path.stem for path in Path(ROOT, "rooms").glob("*.py")} - SHAPES - {"__init__"})
)
def test_every_rule_file_has_the_list_of_its_rules(module: str) -> None:
    tests = ROOT / "tests" / "unit" / "rooms" / f"test_{module}.py"
    assert tests.is_file()
    assert re.search(r"^(async )?def test_", tests.read_text(), re.MULTILINE)


def test_every_folder_with_tests_is_on_the_map() -> None:
    tests = ROOT / "tests"
    page = (tests / "README.md").read_text()
    shown = {
        place for row in re.findall(r"^\| (`.+?) \|", page, re.MULTILINE) for place in re.findall(r"`([^`]+)`", row)
    }
    folders = {
        str(path.parent.relative_to(tests)) for path in tests.rglob("test_*.py") if "node_modules" not in path.parts
    }
    on_the_map = {place.rpartition("/")[0] if place.endswith(".py") else place for place in shown}
    assert folders <= on_the_map


def test_every_variable_of_the_makefile_is_set_in_it_or_asked_for() -> None:
    make = (ROOT / "Makefile").read_text()
    used = set(re.findall(r"\$\(([A-Z_]+)\)", make))
    set_in_it = set(re.findall(r"^([A-Z_]+) *[?:]?=", make, re.MULTILINE))
    asked_for = set(re.findall(r"\$\(if \$\(([A-Z_]+)\)", make))
    assert used - set_in_it - asked_for == set()
