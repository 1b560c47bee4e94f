"""Bytes on the wire: what a join, a message, a candidate cost, counted where TCP hands them over.

WebSocket frames and the HTTP upgrade are in it, the headers of TCP and IP are not. Nothing here depends on time.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from benchmarks.clients import Client, Fleet
from benchmarks.plan import Scenario, Target
from benchmarks.servers import make_rooms
from benchmarks.throughput import frames_of

BACKLOG = 50
"""Messages that were said before the last one comes in."""


def measure(fleet: Fleet, scenario: Scenario, target: Target, port: int) -> dict[str, float]:
    """Bytes to and from one client for each thing that happens in a room of so many."""
    (room,) = make_rooms(target, port, 1, scenario.people + 1)
    clients = [Client(port, room, f"Guest {number}") for number in range(scenario.people + 1)]
    inside, last, late = clients[:-2], clients[-2], clients[-1]
    fleet.bring_in(inside, scenario.at_once)
    fleet.settle()
    found = _join(fleet, inside, last)
    sender, *others = [*inside, last]
    found |= _event(fleet, sender, others, scenario, "send-message", "message")
    if scenario.people == 2:
        found |= _event(fleet, sender, others, scenario, "ice-candidate", "candidate")
    for frame in frames_of(sender, "send-message", "backlog", scenario.text)[: BACKLOG - 1]:
        sender.send(frame)
    fleet.settle()
    return found | {"joinWithBacklogBytes": _join(fleet, [*inside, last], late)["joinBytes"]}


def _join(fleet: Fleet, inside: Sequence[Client], newcomer: Client) -> dict[str, float]:
    _forget(inside)
    fleet.bring_in([newcomer], 1)
    fleet.settle()
    return {
        "joinBytes": newcomer.bytes_in,
        "joinSentBytes": newcomer.bytes_out,
        "joinToldBytes": mean(client.bytes_in for client in inside),
    }


def _event(
    fleet: Fleet, sender: Client, others: Sequence[Client], scenario: Scenario, event: str, what: str
) -> dict[str, float]:
    _forget([sender, *others])
    sender.send(frames_of(sender, event, "bytes", scenario.text)[0])
    # First until it has arrived, then until nothing more comes: silence alone may be a slow server's.
    fleet.read_until(lambda: all(client.bytes_in for client in (sender, *others)))
    fleet.settle()
    return {
        f"{what}SentBytes": sender.bytes_out,
        f"{what}AckBytes": sender.bytes_in,
        f"{what}Bytes": mean(client.bytes_in for client in others),
    }


def _forget(clients: Sequence[Client]) -> None:
    for client in clients:
        client.bytes_in = client.bytes_out = 0
