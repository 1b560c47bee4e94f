"""`WORKERS=n`: several processes on one port, by one command."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pace import PACE
from tests.support.processes import LOOPBACK, ROOT, ServerProcess, free_port, launch, wait_until
from tests.support.redis import RedisServer

DRAIN_S = 15.0  # half of DRAIN_WITHIN_S: nothing is killed here
# Others that hold here: READY_WITHIN_S, RESTART_LONGEST_S (server.supervisor).


@contextlib.contextmanager
def workers(redis: RedisServer, count: int, **settings: str) -> Iterator[ServerProcess]:
    """A supervisor whose processes have ended, too, on the way out."""
    environment = {"REDIS_URL": redis.url, "WORKERS": str(count), **settings}
    server = launch(lambda port: ServerProcess(port, environment))
    children: set[int] = set()
    try:
        wait_until(lambda: len(serving(server)) == count, f"{count} processes that serve")
        children = processes(server)
        yield server
        children |= processes(server)
    finally:
        if server.running():
            server.terminate(DRAIN_S)
        server.close()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def processes(server: ServerProcess) -> set[int]:
    """The pids of the processes that the supervisor has (Linux)."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return {int(pid) for pid in found if alive(int(pid))}


def alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def serving(server: ServerProcess) -> set[str]:
    """The sockets that listen on the port, by inode: one for each process that serves (Linux, IPv4)."""
    port = f":{server.port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {line[9] for line in lines if line[1].endswith(port) and line[3] == "0A"}


def asked(server: ServerProcess) -> bool:
    """Whether a request over a new connection is answered."""
    with urllib.request.urlopen(f"{server.url}/health", timeout=5) as answer:
        return bool(answer.status == 200)


def test_all_listen_on_one_port_and_it_is_said_once(redis_server: RedisServer) -> None:
    with workers(redis_server, 3) as server:
        assert len(processes(server)) == 3
        assert all(asked(server) for _ in range(20))
        wait_until(lambda: "Mayfly is up." in server.log(), "the line for whoever started it")
        assert server.log().count("Mayfly is up.") == 1


def test_one_that_is_killed_is_started_again(redis_server: RedisServer) -> None:
    with workers(redis_server, 2) as server:
        victim, before = min(processes(server)), serving(server)
        os.kill(victim, signal.SIGKILL)

        def is_replaced() -> bool:
            # While its threads end, what a killed process listened on is still there.
            now = serving(server)
            return victim not in processes(server) and len(now) == 2 and now != before

        wait_until(is_replaced, "a process in its place")
        assert asked(server)
        assert "ended by itself: SIGKILL" in server.log()


def test_all_are_renewed_one_by_one_while_the_port_is_served(redis_server: RedisServer) -> None:
    with workers(redis_server, 2) as server:
        old, done, answers, lost = processes(server), threading.Event(), 0, 0

        def ask() -> None:
            nonlocal answers, lost
            while not done.is_set():
                try:
                    answers += asked(server)
                except OSError as error:
                    # It was in the line of a process that closed just then; while it is being sent, urllib wraps it.
                    why = error.reason if isinstance(error, urllib.error.URLError) else error
                    if not isinstance(why, ConnectionResetError | BrokenPipeError):
                        raise
                    lost += 1

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            server.send(signal.SIGHUP)
            wait_until(lambda: "All processes are new." in server.log(), "two new processes")
        finally:
            done.set()
            asking.join()
        assert not old & processes(server)
        assert len(processes(server)) == 2
        assert answers > 20
        assert lost <= 2


def test_a_stop_drains_all(redis_server: RedisServer) -> None:
    with workers(redis_server, 2) as server:
        children = processes(server)
        assert server.terminate(DRAIN_S) == 0
        assert not [child for child in children if alive(child)]
        assert not serving(server)


def test_where_the_supervisor_is_killed_its_processes_drain(redis_server: RedisServer) -> None:
    with workers(redis_server, 2) as server:
        children = processes(server)
        server.kill()
        wait_until(lambda: not any(map(alive, children)), "an end of all", DRAIN_S)


def test_each_gets_its_part_of_the_memory(redis_server: RedisServer) -> None:
    with workers(redis_server, 2, MEMORY_BUDGET_MB="300") as server:
        for child in processes(server):
            environment = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
            assert b"MEMORY_BUDGET_MB=150" in environment


def start(**settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOST": LOOPBACK, **settings}
    return subprocess.run(
        [sys.executable, "-m", "server"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60 * PACE,
        check=False,
    )


def test_without_redis_it_refuses_and_says_what_to_set() -> None:
    ended = start(WORKERS="2", PORT=str(free_port()))
    assert ended.returncode == 2
    assert ended.stderr.strip() == "WORKERS: more than one needs REDIS_URL, by which the processes share rooms"


@pytest.mark.parametrize("shared", [False, True], ids=["by one", "by another that shares"])
def test_a_port_that_is_taken_is_refused(redis_server: RedisServer, *, shared: bool) -> None:
    with contextlib.ExitStack() as stack:
        taken = stack.enter_context(workers(redis_server, 2)).port if shared else redis_server.port
        ended = start(WORKERS="2", REDIS_URL=redis_server.url, PORT=str(taken))
        assert ended.returncode == 1
        assert f"Cannot listen on {LOOPBACK}:{taken}: " in ended.stderr
