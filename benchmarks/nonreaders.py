"""Members who never read, in a room that chats: what the others notice of them, and what they cost in memory.

One process, one server, one load: first without the non-readers, then with them, until the server has dropped them.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clients import HOST, Client, Fleet
from benchmarks.latency import Overloaded, PacedLoad, percentile
from benchmarks.plan import Scenario, Target
from benchmarks.servers import collect_garbage, resident_bytes
from tests.support.at_rest import read_gauges

NON_READERS = 50
RECEIVE_BUFFER_BYTES = 4_096
"""What the kernel keeps for one who does not read (it doubles the number)."""

TEXT = "x" * 3_900
"""Long, so that every bound is crossed within the measured seconds: over loopback, the kernel alone takes some 2.5 MiB
for each before the server has anything to keep."""

MESSAGES_PER_S = 100


def non_readers(port: int, room: str) -> list[Client]:
    """Clients whose socket takes next to nothing that is not read."""
    clients = [Client(port, room, f"Sleeper {number}") for number in range(NON_READERS)]
    for client in clients:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    return clients


def measure(
    fleet: Fleet, senders: Sequence[Client], scenario: Scenario, target: Target, pid: int
) -> dict[str, float | bool]:
    """The 99th percentile of a delivery without and with the non-readers (ms), and the memory they cost (bytes).

    `stillIn` tells how many of them the server had not dropped in the end, where it can say.
    """
    load = PacedLoad(fleet, senders, scenario, MESSAGES_PER_S * scenario.receivers, text=TEXT)
    try:
        load.run(scenario.warm_s)
        without_s = p99_s(load, scenario.measured_s)
        before = resident_bytes(pid)
        forget_peak(pid)
        with Fleet() as sleepers:
            sleepers.bring_in(non_readers(senders[0].port, senders[0].room), scenario.at_once)
            with_s = p99_s(load, scenario.measured_s)
            growth = peak_bytes(pid) - before
            still_in = {} if target != "mayfly" else {"stillIn": sockets(senders[0].port) - scenario.people}
            if target == "mayfly" and still_in["stillIn"]:
                raise AssertionError(f"{still_in['stillIn']:.0f} who never read were not dropped")
        late_s = percentile(load.late, 0.99)
        load.run(scenario.warm_s)  # until the server has let go of them
    except Overloaded:
        return {"overloaded": True}
    collect_garbage(target, pid)
    return {
        "p99WithoutMs": without_s * 1000,
        "p99WithMs": with_s * 1000,
        "p99Ratio": with_s / without_s,
        "growthBytes": growth,
        "leftBytes": resident_bytes(pid) - before,
        "lateP99Ms": late_s * 1000,
        **still_in,
    }


def p99_s(load: PacedLoad, seconds: float) -> float:
    """The 99th percentile of the deliveries of the next seconds."""
    load.forget()
    load.run(seconds)
    return percentile(load.latencies, 0.99)


def sockets(port: int) -> float:
    """How many sockets are connected, as the server's metrics tell."""
    return read_gauges(f"http://{HOST}:{port}")["mayfly_sockets"]


def forget_peak(pid: int) -> None:
    """Let the peak of a process's memory begin anew (proc(5), `clear_refs`)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_bytes(pid: int) -> int:
    """The most resident memory that a process has had since `forget_peak`."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("the kernel does not tell")
