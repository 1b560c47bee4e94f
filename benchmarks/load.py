"""The load generator: a process of its own on its own core. Takes one job as JSON, prints one result as JSON.

`python -m benchmarks.load '{"scenario": {…}, "target": "mayfly", "port": 3001, "pid": 1234}'`
"""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import sys
from typing import Any

from benchmarks import arrivals, latency, nonreaders, rejoin, throughput, volume
from benchmarks.clients import Client, Fleet
from benchmarks.nonreaders import NON_READERS
from benchmarks.plan import Scenario, Target
from benchmarks.servers import cores, make_rooms
from benchmarks.throughput import CANDIDATE, frames_of

CHECK_LIMIT_S = 30.0


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Bring the clients in, check that what arrives is what was sent, measure."""
    scenario = Scenario(**job["scenario"])
    target = job["target"]
    if scenario.kind == "rejoin":
        return dict(rejoin.measure(scenario, target))
    port, pid = job["port"], job["pid"]

    def guests(rooms: int) -> list[Client]:
        return make_clients(scenario, target, port, rooms)

    with Fleet() as fleet:
        if scenario.kind == "storm":
            return dict(arrivals.storm(fleet, guests, scenario, pid))
        if scenario.kind == "idle":
            return dict(arrivals.idle(fleet, guests, scenario, pid, target))
        if scenario.kind == "heartbeats":
            return dict(arrivals.heartbeats(fleet, guests, scenario, pid))
        if scenario.kind == "bytes":
            return dict(volume.measure(fleet, scenario, target, port))
        clients = guests(scenario.rooms)
        fleet.bring_in(clients, scenario.at_once)
        fleet.settle()
        senders = [client for n, client in enumerate(clients) if n % scenario.people < scenario.senders]
        check(fleet, clients, senders[0], scenario)
        gc.disable()  # no pauses of ours in the figures
        if scenario.kind == "non-readers":
            return dict(nonreaders.measure(fleet, senders, scenario, target, pid))
        if scenario.kind == "latency":
            return dict(latency.measure(fleet, senders, scenario, pid, job["ratePerS"]))
        return dict(throughput.measure(fleet, senders, scenario, pid))


def make_clients(scenario: Scenario, target: Target, port: int, rooms: int) -> list[Client]:
    """Clients for so many new rooms; those that idle offer compression, as browsers do."""
    deflate = scenario.kind == "idle"
    return [
        Client(port, room, f"Guest {number}", offers_deflate=deflate)
        for room in make_rooms(target, port, rooms, scenario.people + NON_READERS * (scenario.kind == "non-readers"))
        for number in range(scenario.people)
    ]


def check(fleet: Fleet, clients: list[Client], sender: Client, scenario: Scenario) -> None:
    """One message, read in full: everybody else in the room gets it as it was sent, and nobody twice."""
    others = [client for client in clients if client.room == sender.room and client is not sender]
    kept: dict[Client, list[bytes]] = {client: [] for client in (sender, *others)}
    for client, packets in kept.items():
        client.packets = packets
    sender.send(frames_of(sender, scenario.event, "check", scenario.text)[0])
    fleet.read_until(lambda: all(kept.values()), CHECK_LIMIT_S)
    fleet.settle()
    wanted = scenario.text if scenario.event == "send-message" else CANDIDATE
    for client in others:
        (packet,) = kept[client]
        payload = json.loads(packet[2:])[1]
        if payload.get("text", payload.get("candidate")) != wanted:
            raise AssertionError(f"something else arrived: {packet[:200]!r}")
    (ack,) = kept[sender]
    if not json.loads(ack[3:])[0]["ok"]:
        raise AssertionError(f"refused: {ack[:200]!r}")
    for client in clients:
        client.packets = None


def main() -> int:
    """Run the job given as the first argument."""
    os.sched_setaffinity(0, {cores()[1]})
    print(json.dumps(run(json.loads(sys.argv[1]))))
    return 0


def job_of(scenario: Scenario, **fields: Any) -> str:
    """The argument for `main`."""
    return json.dumps({"scenario": dataclasses.asdict(scenario), **fields})


if __name__ == "__main__":
    sys.exit(main())
