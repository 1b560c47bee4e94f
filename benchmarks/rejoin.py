"""A restart: everybody is in, the server is told to stop and started again, and everybody comes back to their seat.

Mayfly keeps rooms and seats in MongoDB and gives each seat back against its resume token. The rivals keep nothing: to
them whoever comes back is new, and a room is a name.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.arrivals import MICROSECONDS_PER_S
from benchmarks.clients import Client, Fleet
from benchmarks.plan import Scenario, Target
from benchmarks.servers import cpu_seconds, make_rooms, measured_server
from benchmarks.wire import event_frame
from tests.support.mongo import start_mongod

NAME = "Guest"


def measure(scenario: Scenario, target: Target) -> dict[str, float]:
    """Seconds from SIGTERM until the last one is in again, of which some until the server listens; CPU for each."""
    with _storage(target) as settings, measured_server(target, settings=settings) as server:
        rooms = make_rooms(target, server.port, scenario.rooms, scenario.people)
        with Fleet() as fleet:
            before = [Client(server.port, room, NAME) for room in rooms for _ in range(scenario.people)]
            for client in before:
                client.packets = []
            fleet.bring_in(before, scenario.at_once)
            fleet.settle()
            joins = [_back(client, target) for client in before]
            began = time.monotonic()
            server.terminate()
        server.restart()
        listening, server_cpu_s = time.monotonic(), cpu_seconds(server.pid)
        with Fleet() as fleet:
            fleet.bring_in(_returning(server.port, joins), scenario.at_once)
            ended = time.monotonic()
            server_cpu_s = cpu_seconds(server.pid) - server_cpu_s
    return {
        "outageS": ended - began,
        "untilListeningS": listening - began,
        "ratePerS": len(joins) / (ended - listening),
        "cpuUs": server_cpu_s / len(joins) * MICROSECONDS_PER_S,
    }


@contextmanager
def _storage(target: Target) -> Iterator[dict[str, str]]:
    if target != "mayfly":
        yield {}
        return
    mongod = start_mongod()
    try:
        yield {"MONGODB_URI": mongod.uri("benchmarks"), "SEAT_GRACE_S": "300"}
    finally:
        mongod.close()


def _back(client: Client, target: Target) -> tuple[str, bytes]:
    """The client's room, and the frame by which it takes its seat again."""
    if target != "mayfly":
        return client.room, client.join_frame
    assert client.packets, "the answer to the join was kept"
    (answer,) = (packet for packet in client.packets if packet.startswith(b"431["))
    data = json.loads(answer[3:])[0]["data"]
    seat = {"participantId": data["self"]["id"], "resumeToken": data["resumeToken"]}
    return client.room, event_frame("join-room", {"roomId": client.room, "name": NAME, "resume": seat})


def _returning(port: int, joins: Sequence[tuple[str, bytes]]) -> list[Client]:
    clients = []
    for room, frame in joins:
        client = Client(port, room, NAME)
        client.join_frame = frame
        clients.append(client)
    return clients
