"""The servers that are measured: started in turn on the same core, watched through /proc, ended by pid."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.plan import RIVALS, Target
from tests.support.processes import LOOPBACK, ROOT, Service, http_answers, launch

HERE = Path(__file__).parent
BUN = HERE / "node_modules/bun/bin/bun.exe"
"""So named on every system."""

INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "MAYFLY_BUILD")

SERVER_CORE = 0
LOAD_CORE = 1
PING_INTERVAL_S = 300
"""Heartbeats are on, but none falls into the measured seconds. The same for every server."""

HEARTBEAT_S = 2
"""Where heartbeats are what is measured."""

EVENTS_PER_S = 1_000_000
"""The rate limit is on and counts every request, at a rate that no scenario reaches."""

NO_QUOTAS = dict.fromkeys(
    (
        "MEMORY_BUDGET_MB",
        "MAX_CONNECTIONS",
        "MAX_CONNECTIONS_PER_ADDRESS",
        "MAX_UNSEATED_PER_ADDRESS",
        "MAX_ROOMS_PER_ADDRESS",
        "MAX_SEATS_PER_ADDRESS",
    ),
    "0",
)
"""All the load comes from one address, and there is much of it. A server that has no such variable ignores it."""

COLLECT_S = 0.5
CPU_CLOCK_OF_A_PROCESS = 2
"""The lowest three bits of the id of the clock that counts a process's CPU time (clock_getcpuclockid(3))."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cores() -> tuple[int, int]:
    """The cores of the server and of the load generator: apart, where there are two."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[SERVER_CORE], usable[min(LOAD_CORE, len(usable) - 1)]


class MeasuredServer(Service):
    """A server on the server's core. `tree` holds the sources of ours, `settings` are added to its environment."""

    def __init__(
        self,
        port: int,
        target: Target,
        core: int,
        *,
        ping_s: int = PING_INTERVAL_S,
        tree: Path = ROOT,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.target = target
        pinned = ["taskset", "--cpu-list", str(core)]
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        if target != "mayfly":
            command = [*_rival(target), str(port), str(ping_s * 1000)]
            environment["NODE_ENV"] = "production"
        else:
            command = [sys.executable, "-m", "server"]
            environment |= _mayfly_environment(port, tree)
            environment |= {"PING_INTERVAL_S": str(ping_s), **(settings or {})}
        super().__init__(port, pinned + command, env=environment)
        self.cwd = self.folder  # where no .env is read

    def ready(self) -> bool:
        """Whether HTTP is answered."""
        return http_answers(f"http://{LOOPBACK}:{self.port}/health")


def _mayfly_environment(port: int, tree: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": str(tree),
        "HOST": LOOPBACK,
        "PORT": str(port),
        "EVENTS_PER_S": str(EVENTS_PER_S),
        "MAX_ROOM_CAPACITY": "2000",
        "LOG_LEVEL": "warning",
        **NO_QUOTAS,
    }


def _rival(target: Target) -> list[str]:
    if target == "plain":
        return [sys.executable, str(HERE / "rivals" / "plain.py")]
    script = str(HERE / "rivals" / f"{target}.mjs")
    return [program("node"), "--expose-gc", script] if target == "node" else [program("bun"), script]


def program(name: str) -> str:
    """The path of Node.js or of Bun, which is one of our npm packages."""
    found = str(BUN) if name == "bun" and BUN.exists() else shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} was not found: the benchmarks need it. `make benchmarks/node_modules/.installed`")
    return found


def said(command: list[str]) -> str:
    """What a program prints, such as its version."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def measured_server(
    target: Target, *, ping_s: int = PING_INTERVAL_S, settings: Mapping[str, str] | None = None
) -> Iterator[MeasuredServer]:
    """A running server, ended on the way out."""
    core, _ = cores()
    server = launch(lambda port: MeasuredServer(port, target, core, ping_s=ping_s, settings=settings))
    try:
        yield server
    finally:
        server.close()


def make_rooms(target: Target, port: int, count: int, capacity: int) -> list[str]:
    """The ids of new rooms, made over REST. To the rivals a room is a name and nothing to be made."""
    if target != "mayfly":
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
    """Processor time of a process so far, user and system, of all its threads, to the nanosecond (Linux)."""
    return time.clock_gettime(~pid << 3 | CPU_CLOCK_OF_A_PROCESS)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def collect_garbage(target: Target, pid: int) -> None:
    """Have a JavaScript server collect its garbage in full. CPython frees as it goes."""
    if target in RIVALS:
        os.kill(pid, signal.SIGUSR2)
        time.sleep(COLLECT_S)
