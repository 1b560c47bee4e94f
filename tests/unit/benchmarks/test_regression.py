"""A fall is told from noise, and the base's sources are those of its commit."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.machine import in_words, machine
from benchmarks.regression.__main__ import ORDER, arguments, table
from benchmarks.regression.rows import ROWS, Costs, costs_of
from benchmarks.regression.trees import commit_of, tree_of
from benchmarks.regression.verdict import Change, Verdict, change, interval_rank
from benchmarks.servers import cpu_seconds

SEED = 20_261_128


@pytest.mark.parametrize(("pairs", "rank"), [(6, 1), (8, 1), (9, 2), (10, 2), (15, 4), (20, 6), (30, 10)])
def test_the_interval_is_that_of_the_sign_test(pairs: int, rank: int) -> None:
    """The ranks of the usual tables for the median's 95 % interval."""
    assert interval_rank(pairs) == rank


def test_five_pairs_have_no_interval() -> None:
    with pytest.raises(ValueError, match="too few"):
        interval_rank(5)


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    dice = random.Random(SEED)
    held = 0
    for _ in range(2_000):
        # Skewed, as noise on a busy machine is: the interval assumes no shape.
        noise = [dice.lognormvariate(0, 0.1) for _ in range(20)]
        found = change(noise)
        held += found.low <= 0.0 <= found.high
    assert 0.95 <= held / 2_000 <= 0.97


def test_change_is_work_for_the_same_cost() -> None:
    assert change([2.0] * 6) == Change(1.0, 1.0, 1.0)
    assert change([0.5] * 6) == Change(-0.5, -0.5, -0.5)


def test_neighbouring_slices_are_compared_so_that_a_machine_that_slows_down_changes_nothing() -> None:
    old = [10.0, 10.0, 20.0, 20.0, 400.0]
    new = [cost * 1.1 for cost in old]
    assert costs_of(old, new).ratio == pytest.approx(1 / 1.1)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.029, 0.5, Verdict.HOLDS),
        (-0.03, 0.5, Verdict.NOT_SHOWN),
        (-0.031, -0.029, Verdict.NOT_SHOWN),
        (-0.5, -0.031, Verdict.FALLS),
    ],
)
def test_a_row_holds_where_the_whole_interval_is_above_the_least_change(
    low: float, high: float, verdict: Verdict
) -> None:
    assert Change((low + high) / 2, low, high).verdict is verdict


def test_one_row_that_does_not_hold_is_enough() -> None:
    even, slower = Costs(100.0, 100.0, 1.0), Costs(100.0, 110.0, 1 / 1.1)
    first, second = ROWS[0], ROWS[1]
    text, good = table([first, second], [{first.name: even, second.name: slower}] * 6)
    assert not good
    assert text.splitlines()[1].endswith("holds")
    assert text.splitlines()[2].split()[-4:] == ["-9.1%", "to", "-9.1%", "falls"]
    assert table([first], [{first.name: even}] * 6)[1]


def test_the_turns_are_balanced_against_drift() -> None:
    late = [sum(place for place, side in enumerate(ORDER) if side == wanted) for wanted in (0, 1)]
    assert late[0] == late[1]
    assert ORDER.count(0) == ORDER.count(1)


def test_slices_of_arrivals_fill_rooms() -> None:
    for row in ROWS:
        if row.scenario.kind == "storm":
            assert row.units // 2 % row.scenario.people == 0


def test_rows_are_chosen_by_name() -> None:
    assert [row.name for row in arguments(["--rows", "relay,storm"]).rows] == ["storm", "relay"]
    with pytest.raises(SystemExit):
        arguments(["--rows", "relay,nothing"])
    with pytest.raises(SystemExit):
        arguments(["--pairs", "5"])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "client" / "node_modules" / "a-package").mkdir(parents=True)

    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *words], cwd=folder, check=True)

    git("init", "--quiet", "--initial-branch=main")
    (folder / "client" / "a.js").write_text("old")
    (folder / ".gitignore").write_text("node_modules/\n")
    git("add", ".")
    git("commit", "--quiet", "--message=old")
    (folder / "client" / "a.js").write_text("new")
    return folder


def test_the_base_is_what_was_committed_with_the_packages_of_today(repository: Path) -> None:
    with tree_of(commit_of("HEAD", repository), repository) as tree:
        assert (tree / "client" / "a.js").read_text() == "old"
        assert (tree / "client" / "node_modules" / "a-package").is_dir()
    assert not tree.exists()
    assert (repository / "client" / "node_modules" / "a-package").is_dir()


@pytest.mark.parametrize("name", ["nowhere", "--help", ""])
def test_a_base_that_is_none_is_told(repository: Path, name: str) -> None:
    with pytest.raises(SystemExit, match="is no revision"):
        commit_of(name, repository)


def test_processor_time_of_another_process_is_counted_finer_than_a_clock_tick() -> None:
    code = "print(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as busy:
        assert busy.stdout is not None
        busy.stdout.readline()
        seen = set()
        deadline = time.monotonic() + 10
        while len(seen) < 50 and time.monotonic() < deadline:
            seen.add(cpu_seconds(busy.pid))
        busy.kill()
    assert len(seen) == 50
    assert max(seen) - min(seen) < 5
    assert any(value * 1000 % 1 for value in seen)


def test_every_result_tells_the_interpreter_and_how_it_was_built() -> None:
    words = in_words(machine())
    assert "CPython" in words
    assert "enable-" in words or "no build flags" in words
    assert "cores of" in words
