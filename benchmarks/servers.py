"""The servers that are measured: started in turn on the same core, watched through /proc, ended by pid."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.plan import Target
from tests.support.processes import LOOPBACK, ROOT, Service, http_answers, launch

SERVER_CORE = 0
LOAD_CORE = 1
PING_INTERVAL_S = 300
"""Heartbeats are on, but none falls into the measured seconds. The same for every server."""

EVENTS_PER_S = 1_000_000
"""The rate limit is on and counts every request, at a rate that no scenario reaches."""

QUOTAS = (
    "MEMORY_BUDGET_MB",
    "MAX_CONNECTIONS",
    "MAX_CONNECTIONS_PER_ADDRESS",
    "MAX_UNSEATED_PER_ADDRESS",
    "MAX_ROOMS_PER_ADDRESS",
    "MAX_SEATS_PER_ADDRESS",
)
"""Switched off."""

COLLECT_S = 0.5
CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cores() -> tuple[int, int]:
    """The cores of the server and of the load generator: apart, where there are two."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[SERVER_CORE], usable[min(LOAD_CORE, len(usable) - 1)]


class MeasuredServer(Service):
    """A server on the server's core."""

    def __init__(self, port: int, target: Target, core: int) -> None:
        self.target = target
        pinned = ["taskset", "--cpu-list", str(core)]
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        if target == "javascript":
            script = str(Path(__file__).with_name("js_server.mjs"))
            command = [_program("node"), "--expose-gc", script, str(port), str(PING_INTERVAL_S * 1000)]
            environment["NODE_ENV"] = "production"
        else:
            command = [sys.executable, "-m", "server"]
            environment |= _mayfly_environment(port, target)
        super().__init__(port, pinned + command, env=environment)
        self.cwd = self.folder  # where no .env is read

    def ready(self) -> bool:
        """Whether HTTP is answered."""
        return http_answers(f"http://{LOOPBACK}:{self.port}/health")


def _mayfly_environment(port: int, target: Target) -> dict[str, str]:
    return {
        "PYTHONPATH": str(ROOT),
        "HOST": LOOPBACK,
        "PORT": str(port),
        "ENGINE": target,
        "EVENTS_PER_S": str(EVENTS_PER_S),
        "MAX_ROOM_CAPACITY": "2000",
        "PING_INTERVAL_S": str(PING_INTERVAL_S),
        "LOG_LEVEL": "warning",
        # All of the load comes from one address, and memory is what is measured.
        **dict.fromkeys(QUOTAS, "0"),
    }


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} was not found: the benchmarks need it.")
    return found


@contextmanager
def measured_server(target: Target) -> Iterator[MeasuredServer]:
    """A running server, ended on the way out."""
    core, _ = cores()
    server = launch(lambda port: MeasuredServer(port, target, core))
    try:
        yield server
    finally:
        server.close()


def make_rooms(target: Target, port: int, count: int, capacity: int) -> list[str]:
    """The ids of new rooms, made over REST. To the JavaScript server a room is a name and nothing to be made."""
    if target == "javascript":
        return [f"room-{number:05d}-{os.urandom(8).hex()}" for number in range(count)]
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    made = []
    for _ in range(count):
        connection.request(
            "POST", "/api/rooms", json.dumps({"capacity": capacity}), {"Content-Type": "application/json"}
        )
        answer = json.loads(connection.getresponse().read())
        made.append(answer["roomId"])
    connection.close()
    return made


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, user and system, in steps of a clock tick."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def collect_garbage(target: Target, pid: int) -> None:
    """Have the JavaScript server collect its garbage in full. CPython frees as it goes."""
    if target == "javascript":
        os.kill(pid, signal.SIGUSR2)
        time.sleep(COLLECT_S)
