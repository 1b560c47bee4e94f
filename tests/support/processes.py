"""Real programs for tests: started on 127.0.0.1 and a free port, awaited until they answer, ended by pid."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tests.support.at_rest import process_at_rest, read_gauges
from tests.support.pace import PACE

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"

START_LIMIT_S = 30.0
STOP_LIMIT_S = 15.0 * PACE
POLL_S = 0.02
# Above the last that browsers refuse (10080), below the relay ports of turn.py and those that the system gives away.
FIRST_PORT = 11_000
PORTS_PER_WORKER = 1_000
WORKERS = 9
# A port found free can be taken by somebody else before the program binds it.
PORT_ATTEMPTS = 3


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment.

    Of a range that belongs to this worker of pytest-xdist, and lies below the ports that the system gives away by
    itself: a service that is killed finds its port again when it is restarted, whatever runs beside it.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    first = FIRST_PORT + worker * PORTS_PER_WORKER
    for _ in range(PORTS_PER_WORKER):
        port = first + random.randrange(PORTS_PER_WORKER)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise OSError(f"no port from {first} on is free")


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = START_LIMIT_S) -> None:
    """Return as soon as `condition()` holds; `TimeoutError` that names `what` after `limit_s` seconds (`pace.py`)."""
    deadline = time.monotonic() + limit_s * PACE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} within {limit_s * PACE} s")
        time.sleep(POLL_S)


def accepts_tcp(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def stopped(pid: int) -> bool:
    """Whether every thread of a process has stopped: on a busy machine one may run on for a while (Linux)."""
    tasks = Path(f"/proc/{pid}/task")
    with contextlib.suppress(FileNotFoundError):
        # The state follows the name, which is in brackets and may hold anything (proc(5)).
        return all((task / "stat").read_text().rpartition(")")[2].split()[0] in "TtZX" for task in tasks.iterdir())
    return True


class Program:
    """One operating-system process, its log file and its scratch folder.

    The methods block. From a running event loop that others in the test depend on, use `asyncio.to_thread`.
    """

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> None:
        self.command = list(command)
        self.env = None if env is None else dict(env)
        self.cwd = cwd
        self._scratch = tempfile.TemporaryDirectory(prefix="mayfly-test-")
        self.folder = Path(self._scratch.name)
        self.log_path = self.folder / "output.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, `None` while running, negative for a signal."""
        return None if self._process is None else self._process.poll()

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """All it has written to stdout and stderr so far, over all its starts."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def spawn(self) -> None:
        with self.log_path.open("ab") as output:
            self._process = subprocess.Popen(
                [*_dying_with_us(), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
            )

    def await_ready(self, ready: Callable[[], bool], limit_s: float = START_LIMIT_S) -> None:
        """Wait until `ready()`; `RuntimeError` with the log where the program ends or stays silent."""
        try:
            wait_until(lambda: not self.running() or ready(), "an answer", limit_s)
        except TimeoutError as error:
            self._kill_all()
            raise RuntimeError(f"{self.command[0]} gave no answer in {limit_s} s:\n{self.log()}") from error
        if not self.running():
            raise RuntimeError(f"{self.command[0]} ended with {self.returncode}:\n{self.log()}")

    def send(self, number: signal.Signals) -> None:
        if self.running():
            os.kill(self.pid, number)

    def pause(self) -> None:
        """SIGSTOP, and wait for it: the process keeps its sockets and answers nobody."""
        self.send(signal.SIGSTOP)
        wait_until(lambda: stopped(self.pid), "a stop", STOP_LIMIT_S)

    def resume(self) -> None:
        self.send(signal.SIGCONT)

    def terminate(self, limit_s: float = STOP_LIMIT_S) -> int:
        """SIGTERM, and wait. Returns the exit status; `TimeoutError` (after a SIGKILL) if it does not end."""
        self.send(signal.SIGTERM)
        self.resume()
        assert self._process is not None, "not started"
        try:
            return self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"{self.command[0]} did not end in {limit_s} s:\n{self.log()[-4000:]}") from None

    def kill(self) -> None:
        """SIGKILL, and wait."""
        if self._process is not None:
            self.send(signal.SIGKILL)
            self._process.wait(STOP_LIMIT_S)

    def close(self) -> None:
        """End the process whatever its state, and what it has started itself, and remove its folder."""
        self._kill_all()
        self._scratch.cleanup()

    def _kill_all(self) -> None:
        self.kill()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


class Service(Program):
    """A program that listens on one port. Subclasses say when it is ready."""

    def __init__(self, port: int, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
        super().__init__(command, env=env)
        self.port = port

    def ready(self) -> bool:
        return accepts_tcp(self.port)

    def start(self) -> None:
        self.spawn()
        self.await_ready(self.ready)

    def restart(self) -> None:
        """Start again on the same port, after `terminate` or `kill`."""
        self.start()


AnyService = TypeVar("AnyService", bound=Service)


def launch(make: Callable[[int], AnyService]) -> AnyService:
    """Start the service that `make(port)` describes, on a free port."""
    for attempt in range(1, PORT_ATTEMPTS + 1):
        service = make(free_port())
        try:
            service.start()
        except RuntimeError:
            service.close()
            if attempt == PORT_ATTEMPTS:
                raise
        else:
            return service
    raise AssertionError("unreachable")


INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "MAYFLY_BUILD")


class ServerProcess(Service):
    """`python -m server`, configured by the environment alone. Its log is in `log()`."""

    def __init__(self, port: int, settings: Mapping[str, str]) -> None:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        fixed = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), "HOST": LOOPBACK}
        super().__init__(
            port,
            [sys.executable, "-m", "server"],
            env={**inherited, **fixed, **settings, "PORT": str(port)},
        )
        # Not the project's root, where a developer's own .env would be read.
        self.cwd = self.folder

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def ready(self) -> bool:
        return http_answers(f"{self.url}/health")


@contextlib.contextmanager
def server_process(**settings: str) -> Iterator[ServerProcess]:
    """A running server with these environment variables, ended (SIGKILL) on the way out.

    `with server_process(SEAT_GRACE_S="2", MONGODB_URI=uri) as server: ... server.url, server.log()`.
    `server.terminate()` returns the exit status; `server.kill()` and `server.restart()` keep the port.
    Where it still runs in the end, nothing may be left in it of its clients, which the caller has closed before.
    """
    server = launch(lambda port: ServerProcess(port, settings))
    try:
        tasks = read_gauges(server.url)["mayfly_tasks"]
        yield server
        if server.running() and not stopped(server.pid):
            process_at_rest(server.url, tasks)
    finally:
        server.close()


def http_answers(url: str) -> bool:
    """Whether a GET is answered at all, with whatever status."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


def _dying_with_us() -> list[str]:
    """So that a test run that is killed leaves nothing behind (Linux; bound to the thread that starts it)."""
    setpriv = shutil.which("setpriv")
    in_main_thread = threading.current_thread() is threading.main_thread()
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv and in_main_thread else []
