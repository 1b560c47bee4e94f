"""What is measured of several processes: people are where they are said to be, and every message comes across."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.clients import Fleet
from benchmarks.cluster import __main__ as command
from benchmarks.cluster.loads import load_of
from benchmarks.cluster.measure import People
from benchmarks.cluster.plan import APART, ELSEWHERE, HALVES, ROWS, THEIRS, Side
from benchmarks.cluster.servers import Cluster, running
from benchmarks.plan import by_name
from tests.support.redis import ask

PAIRS = replace(by_name("relay-four"), rooms=4)
ROOM = replace(by_name("fanout-100"), people=21)
MESSAGES = 64


def batches(cluster: Cluster) -> int:
    """What was put into streams so far: all that passes between nodes."""
    assert cluster.redis is not None
    stats = ask(cluster.redis, "INFO", "commandstats")
    return int(stats.get("cmdstat_xadd", {"calls": 0})["calls"])


def crossing(side: Side, cluster: Cluster) -> tuple[int, float]:
    """How many batches pass for so many messages, and what Redis spends on them."""
    with Fleet() as fleet:
        people = People(side, cluster, PAIRS, fleet)
        load = load_of(fleet, people.senders, PAIRS)
        before, spent = batches(cluster), cluster.spent()
        load.run_messages(MESSAGES)
        return batches(cluster) - before, cluster.spent().redis - spent.redis


def test_nothing_passes_between_our_nodes_for_rooms_of_one_of_them_and_something_does_for_others() -> None:
    here = replace(APART, placing="here")
    with running(ELSEWHERE.setup) as cluster:
        assert crossing(here, cluster)[0] < MESSAGES / 4, "but for what nodes tell each other now and then"
        for side in (APART, ELSEWHERE):
            passed, redis_s = crossing(side, cluster)
            assert passed > 2
            assert redis_s > 0
        with Fleet() as fleet:
            people = People(HALVES, cluster, ROOM, fleet)
            load_of(fleet, people.senders, ROOM).run_messages(MESSAGES)


def test_the_rival_takes_messages_from_one_node_to_the_other() -> None:
    with running(THEIRS.setup) as cluster:
        passed, redis_s = crossing(THEIRS, cluster)
        assert passed >= MESSAGES
        assert redis_s > 0


@pytest.mark.soak
def test_a_quick_run_measures_every_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["cluster", "--quick", "--output", str(tmp_path)])
    monkeypatch.setattr("os.sched_setaffinity", lambda pid, cores: None)  # this process has more to do than to load
    assert command.main() == 0
    table = capsys.readouterr().out
    kept = json.loads((tmp_path / "cluster.json").read_text())
    for row in ROWS:
        for side in row.sides:
            assert side.title in table
    assert all(line["figures"] for line in kept["lines"])
