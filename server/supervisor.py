"""`WORKERS=n`: n processes on one port, started, watched, renewed and drained by one command.

SIGTERM or SIGINT drains all and ends. SIGHUP renews them one by one: the new process serves before the old one drains.
One that dies is started again, later each time it dies young. Where the supervisor is killed, its processes drain.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.worker import LIFELINE_FD, READY_FD

log = logging.getLogger(__name__)

READY_WITHIN_S = 60.0
"""A process that does not serve by then is ended, and counts as one that died."""

DRAIN_WITHIN_S = 30.0
"""A process that has not drained by then is killed."""

RESTART_FIRST_S, RESTART_LONGEST_S = 0.5, 30.0
"""Before a process that died is started again: doubled each time, until one has lived for `STEADY_S`."""
STEADY_S = 60.0


class NotStarted(Exception):
    """A process ended before it served, or did not serve in time. `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class _Place:
    """One of the n: which process is in it, and how it has fared."""

    number: int
    process: asyncio.subprocess.Process | None = None
    since: float = 0.0
    pause_s: float = RESTART_FIRST_S


class Supervisor:
    """Keeps `count` processes of `command` running. `environment` is theirs, besides the variables of a worker.

    `on_up` is called once all of them serve.
    """

    def __init__(
        self,
        command: Sequence[str],
        count: int,
        environment: Mapping[str, str],
        on_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._on_up = on_up
        self._places = [_Place(number) for number in range(1, count + 1)]
        self._stopping = asyncio.Event()
        self._renewing = asyncio.Lock()
        self._lifeline, self._held = os.pipe()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        """Start all, and keep them until a signal comes; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._spawn_renewal)
        try:
            code = await self._start_all()
            if code == 0:
                self._on_up()
                watching = [loop.create_task(self._watch(place)) for place in self._places]
                await self._stopping.wait()
                await _cancel(watching)
            return code
        finally:
            await _cancel(list(self._tasks))
            await asyncio.gather(*(self._drain(place.process) for place in self._places if place.process))
            os.close(self._lifeline)
            os.close(self._held)

    async def _start_all(self) -> int:
        starting = [asyncio.create_task(self._put_in(place)) for place in self._places]
        stopped = asyncio.create_task(self._stopping.wait())
        begun: list[asyncio.Future[Any]] = [asyncio.gather(*starting, return_exceptions=True), stopped]
        await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if self._stopping.is_set():
            await _cancel(starting)
            return 0
        failed = [task.exception() for task in starting if task.exception() is not None]
        if not failed:
            return 0
        first = failed[0]
        if not isinstance(first, NotStarted):
            raise first or RuntimeError
        return first.code or 1

    async def _put_in(self, place: _Place) -> None:
        """Start a process for this place. Raises `NotStarted`."""
        process, ready = await self._start(place.number)
        try:
            await self._until_ready(process, ready)
        except BaseException:
            await self._drain(process)
            raise
        place.process, place.since = process, time.monotonic()

    async def _start(self, number: int) -> tuple[asyncio.subprocess.Process, int]:
        ready, tell_ready = os.pipe()
        environment = {
            **self._environment,
            "WORKERS": "1",
            READY_FD: str(tell_ready),
            LIFELINE_FD: str(self._lifeline),
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, env=environment, pass_fds=(tell_ready, self._lifeline), start_new_session=True
            )
        except BaseException:
            os.close(ready)
            raise
        finally:
            os.close(tell_ready)
        log.info("Process %d is %d.", number, process.pid)
        return process, ready

    async def _until_ready(self, process: asyncio.subprocess.Process, ready: int) -> None:
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(ready, told.set)  # one byte, or the end of the pipe where the process ended first
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await told.wait()
            if not os.read(ready, 1):
                raise NotStarted(await process.wait())
        except TimeoutError:
            log.error("A process did not serve within %.0f s.", READY_WITHIN_S)
            raise NotStarted(1) from None
        finally:
            loop.remove_reader(ready)
            os.close(ready)

    async def _watch(self, place: _Place) -> None:
        """Start the process of a place again whenever it dies by itself."""
        while True:
            process = place.process
            if process is None:
                await self._again(place)
                continue
            code = await process.wait()
            async with self._renewing:
                if place.process is not process:
                    continue  # it was renewed
                place.process = None
            log.error("Process %d (%d) ended by itself: %s.", place.number, process.pid, _ending(code))
            if time.monotonic() - place.since >= STEADY_S:
                place.pause_s = RESTART_FIRST_S

    async def _again(self, place: _Place) -> None:
        await asyncio.sleep(place.pause_s)
        place.pause_s = min(2 * place.pause_s, RESTART_LONGEST_S)
        with contextlib.suppress(NotStarted):
            async with self._renewing:
                await self._put_in(place)

    def _spawn_renewal(self) -> None:
        task = asyncio.get_running_loop().create_task(self._renew())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _renew(self) -> None:
        """Put a new process into each place, one after the other; the old one drains once the new one serves."""
        if self._renewing.locked() and self._tasks:
            log.warning("Processes are being renewed or started already: this wish waits its turn.")
        for place in self._places:
            async with self._renewing:
                old = place.process
                try:
                    await self._put_in(place)
                except NotStarted as failure:
                    log.error("A new process ended before it served (%s): the old ones stay.", _ending(failure.code))
                    return
            if old is not None:
                await self._drain(old)
        log.info("All processes are new.")

    async def _drain(self, process: asyncio.subprocess.Process) -> None:
        """Have a process end, and wait for it."""
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(DRAIN_WITHIN_S):
                await process.wait()
        except TimeoutError:
            log.error("Process %d did not drain within %.0f s and is killed.", process.pid, DRAIN_WITHIN_S)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def reserve(host: str, port: int) -> socket.socket:
    """Keep a port for processes that share it. Raises `OSError` where somebody else has it.

    The socket is bound and does not listen: nothing that comes goes to it.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise OSError(errno.ENOTSUP, "This system cannot share a port between processes: leave WORKERS at 1")
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind(address)
        alone.listen(1)  # a port that others share can be bound, but then somebody listens
    shared = socket.socket(family, kind, protocol)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind(address)
    return shared


def supervise(count: int, host: str, port: int, memory_budget_mb: int, on_up: Callable[[], None]) -> int:
    """Serve with `count` processes until told to stop; each gets its part of the memory. Returns the exit code.

    Raises `OSError` where the port is taken.
    """
    with reserve(host, port) as held:
        budget_mb = max(1, memory_budget_mb // count) if memory_budget_mb else 0
        environment = {**os.environ, "PORT": str(held.getsockname()[1]), "MEMORY_BUDGET_MB": str(budget_mb)}
        return asyncio.run(_run((sys.executable, "-m", "server"), count, environment, on_up))


async def _run(
    command: Sequence[str], count: int, environment: Mapping[str, str], on_up: Callable[[], None] = lambda: None
) -> int:
    return await Supervisor(command, count, environment, on_up).run()
