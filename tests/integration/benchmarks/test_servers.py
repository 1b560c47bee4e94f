"""The servers that are measured do the same work: a join, a message, a candidate, a heartbeat, each answered."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from benchmarks import arrivals, rejoin, volume
from benchmarks.clients import Client, Fleet
from benchmarks.load import check, make_clients
from benchmarks.plan import RIVALS, TEXT, Target, by_name
from benchmarks.servers import HEARTBEAT_S, MeasuredServer, collect_garbage, cores, measured_server, resident_bytes
from benchmarks.throughput import CANDIDATE, load_of
from tests.support.processes import ROOT, launch

BESIDE_EACH_OTHER: tuple[Target, ...] = ("mayfly", "plain", *RIVALS)


@pytest.fixture(scope="module", params=BESIDE_EACH_OTHER)
def server(request: pytest.FixtureRequest) -> Iterator[MeasuredServer]:
    with measured_server(request.param, ping_s=HEARTBEAT_S) as server:
        yield server


@pytest.mark.parametrize("event", ["send-message", "ice-candidate"])
def test_what_one_sends_reaches_the_other_as_it_was_and_is_acknowledged(server: MeasuredServer, event: str) -> None:
    scenario = dataclasses.replace(by_name("relay"), rooms=3, event=event)
    with Fleet() as fleet:
        clients = make_clients(scenario, server.target, server.port, scenario.rooms)
        fleet.bring_in(clients, scenario.at_once)
        fleet.settle()
        check(fleet, clients, clients[0], scenario)
        load_of(fleet, clients, scenario).run_messages(100)


def test_nothing_reaches_another_room(server: MeasuredServer) -> None:
    scenario = dataclasses.replace(by_name("relay"), rooms=2, senders=1)
    with Fleet() as fleet:
        clients = make_clients(scenario, server.target, server.port, scenario.rooms)
        fleet.bring_in(clients, scenario.at_once)
        fleet.settle()
        strangers = [client for client in clients if client.room != clients[0].room]
        heard: list[bytes] = []
        for client in strangers:
            client.packets = heard
        check(fleet, [client for client in clients if client.room == clients[0].room], clients[0], scenario)
        assert heard == []


def test_heartbeats_are_answered_and_cost_something(server: MeasuredServer) -> None:
    scenario = dataclasses.replace(by_name("heartbeats"), rooms=10, measured_s=2.0 * HEARTBEAT_S)
    with Fleet() as fleet:

        def guests(rooms: int) -> list[Client]:
            return make_clients(scenario, server.target, server.port, rooms)

        found = arrivals.heartbeats(fleet, guests, scenario, server.pid)
    assert 20 <= found["heartbeats"] <= 60
    assert 0 < found["cpuUs"] < 50_000
    assert found["coreOfMany"] == pytest.approx(found["cpuUs"] * 200_000 / 25 / 1e6)


def test_garbage_is_collected_on_demand_and_the_server_lives_on(server: MeasuredServer) -> None:
    collect_garbage(server.target, server.pid)
    assert resident_bytes(server.pid) > 1_000_000
    assert server.ready()


def test_bytes_are_counted_where_tcp_hands_them_over(server: MeasuredServer) -> None:
    with Fleet() as fleet:
        found = volume.measure(fleet, by_name("bytes-pair"), server.target, server.port)
    assert all(found[f"{what}SentBytes"] > 100 for what in ("message", "candidate", "join"))
    assert len(TEXT) < found["messageBytes"] < 1_000
    assert len(CANDIDATE["candidate"]) < found["candidateBytes"] < 1_000
    assert found["messageAckBytes"] < 300
    assert found["joinWithBacklogBytes"] >= found["joinBytes"] > 200
    if server.target == "mayfly":
        assert found["joinWithBacklogBytes"] - found["joinBytes"] > 50 * len(TEXT)
        assert found["joinToldBytes"] > 50


def test_a_server_of_another_tree_runs_the_sources_of_that_tree(tmp_path: Path) -> None:
    for package in ("server", "rooms", "signaling", "storage"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    entry = tmp_path / "server" / "__main__.py"
    entry.write_text(entry.read_text().replace("Mayfly is up.", "The base is up."))
    core, _ = cores()
    server = launch(partial(MeasuredServer, target="mayfly", core=core, tree=tmp_path))
    try:
        assert "The base is up." in server.log()
    finally:
        server.close()


def test_coming_into_a_room_of_a_hundred_is_far_below_a_megabyte() -> None:
    with measured_server("mayfly") as server, Fleet() as fleet:
        found = volume.measure(fleet, by_name("bytes-hundred"), server.target, server.port)
    assert found["joinBytes"] < 100_000
    assert found["joinWithBacklogBytes"] < 200_000


@pytest.mark.parametrize("target", BESIDE_EACH_OTHER)
def test_everybody_comes_back_after_a_restart(target: Target) -> None:
    scenario = dataclasses.replace(by_name("rejoin"), rooms=5)
    found = rejoin.measure(scenario, target)
    assert 0 < found["untilListeningS"] < found["outageS"] < 60
    assert found["cpuUs"] > 0
