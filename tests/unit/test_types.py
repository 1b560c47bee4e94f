"""What the type checker refuses: two things of one line that were swapped."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.pace import PACE
from tests.support.processes import ROOT

CHECKED = ("server", "rooms", "signaling", "storage", "peer", "mayfly_client", "supply", "compiler", "handbook")


class Swap(NamedTuple):
    """A mistake in one line of a file."""

    file: str
    right: str
    wrong: str


SWAPS = {
    "a request with the use case of another": Swap(
        "server/usecases/commands.py",
        "requests.Answer, signaling.answer",
        "requests.Answer, signaling.offer",
    ),
    "a reason in place of a participant": Swap(
        "rooms/leaving.py",
        "room.gone[seat.id] = GoneSeat(seat.token_digest, reason)",
        "room.gone[reason] = GoneSeat(seat.token_digest, seat.id)",
    ),
    "what has changed in place of why somebody left": Swap(
        "rooms/moderation.py",
        'leave(room, seat, "banned" if ban else "kicked", now)',
        'leave(room, seat, "connected", now)',
    ),
    "a name in place of a role": Swap(
        "rooms/snapshots.py",
        "        role=role,",
        "        role=seat.id,",
    ),
    "the state of a call in place of who is in it": Swap(
        "server/usecases/signaling.py",
        "ctx.calls.reported(room.id, seat.id, request.state, now)",
        "ctx.calls.reported(room.id, request.state, seat.id, now)",
    ),
    "why a seat is gone in place of where": Swap(
        "server/usecases/aftermath.py",
        "ctx.delivery.seat_gone(one.room_id, one.reason, connection)",
        "ctx.delivery.seat_gone(one.reason, one.room_id, connection)",
    ),
    "one bound in place of another": Swap(
        "server/assembly.py",
        "    bounds = Bounds(",
        "    bounds = Bounds(settings.max_rooms_per_address, ",
    ),
    "where the snapshot is read in place of how a signal was delivered": Swap(
        "server/usecases/signaling.py",
        'return DELIVERED["buffered"]',
        'return DELIVERED["event"]',
    ),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, int]]:
    """(file, line) of everything that mypy finds in the sources with all swaps made."""
    copy = tmp_path_factory.mktemp("swapped")
    for package in CHECKED:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    if (ROOT / ".mypy_cache").is_dir():  # what it knows from `make check` it need not find out again
        shutil.copytree(ROOT / ".mypy_cache", copy / "cache")
    for swap in SWAPS.values():
        source = (copy / swap.file).read_text()
        assert source.count(swap.right) == 1, f"{swap.file} has it no more, or twice: {swap.right}"
        (copy / swap.file).write_text(source.replace(swap.right, swap.wrong))
    command = [sys.executable, "-m", "mypy", "--no-pretty", "--cache-dir", str(copy / "cache")]
    checked = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=110 * PACE, check=False)
    found = re.findall(r"^(\S+?):(\d+): error:", checked.stdout, re.MULTILINE)
    assert found, checked.stdout + checked.stderr
    return {(file, int(line)) for file, line in found}


def line_of(swap: Swap) -> int:
    source = (ROOT / swap.file).read_text()
    return source[: source.index(swap.right)].count("\n") + 1


@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS)
def test_a_swap_is_refused(swap: Swap, refused: set[tuple[str, int]]) -> None:
    assert (swap.file, line_of(swap)) in refused


def test_nothing_but_the_swaps_is_refused(refused: set[tuple[str, int]]) -> None:
    assert refused == {(swap.file, line_of(swap)) for swap in SWAPS.values()}


def test_no_record_is_taken_apart_by_the_order_of_its_fields() -> None:
    """`case KnockAnswered(room_id, knock_id)` would go on compiling, and mean something else, after a swap there."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in CHECKED
        for path in Path(ROOT, package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.MatchClass) and len(node.patterns) > 1
    ]
    assert found == [], "name the fields: case KnockAnswered(): … event.room_id"
