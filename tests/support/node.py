"""Node.js scripts for Python tests: run to their end, or kept running and told what to do."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.pace import PACE
from tests.support.processes import ROOT

MAX_LINE_BYTES = 64 * 1024 * 1024
CALL_LIMIT_S = 30.0
STOP_LIMIT_S = 30.0 * PACE
"""Against hanging alone: a browser takes its time to end."""


class ScriptFailed(Exception):
    """A command that the script answered with an error, or a script that ended too early."""


class NodeScript:
    """A Node.js script that takes commands and tells of events, each a line of JSON.

    A command is `{call, do, ...}`, answered by `{call, ok, data | error}`; every other line goes to `on_line`.
    Use `node_script()`, which ends it.
    """

    def __init__(self, process: asyncio.subprocess.Process, errors: Path) -> None:
        self._process = process
        self._errors = errors
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self.on_line: Callable[[dict[str, Any]], None] = lambda line: None
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self._process.pid

    def stderr(self) -> str:
        return self._errors.read_text(errors="replace")

    async def call(self, do: str, *, limit_s: float = CALL_LIMIT_S, **fields: Any) -> Any:
        """The data of the answer. `ScriptFailed` on an error, `TimeoutError` on none."""
        if self._reader.done():
            raise ScriptFailed(f"{do}: the script has ended\n{self.stderr()}")
        number = next(self._numbers)
        answer = self._calls[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"call": number, "do": do, **fields}).encode() + b"\n")
        try:
            await self._process.stdin.drain()
            return await asyncio.wait_for(answer, limit_s * PACE)
        except ConnectionError as error:
            raise ScriptFailed(f"{do}: the script has ended\n{self.stderr()}") from error
        finally:
            self._calls.pop(number, None)

    def kill(self) -> None:
        """SIGKILL: its connections are closed by the operating system, without a goodbye. Its browser goes with it."""
        if self._process.returncode is None:
            _kill_all(self._process.pid)

    def pause(self) -> None:
        """SIGSTOP: its connections stay open, and nobody reads or answers."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    async def close(self) -> None:
        """End the script by the end of its input, or by force, and wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self.resume()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        await self._reader
        with suppress(ConnectionError):
            await self._process.stdin.wait_closed()

    def _send(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for text in self._process.stdout:
            if not text.endswith(b"\n"):
                break  # it was ended in the middle of it
            line = json.loads(text)
            if "call" in line:
                self._answer(line)
            else:
                self.on_line(line)
        for answer in self._calls.values():
            if not answer.done():
                answer.set_exception(ScriptFailed(f"the script has ended\n{self.stderr()}"))

    def _answer(self, line: dict[str, Any]) -> None:
        answer = self._calls.get(line["call"])
        if answer is None or answer.done():
            return
        if line["ok"]:
            answer.set_result(line["data"])
        else:
            answer.set_exception(ScriptFailed(line["error"]))


def _kill_all(pid: int) -> None:
    """SIGKILL to a process and to what it has started: browsers are in sessions of their own (Linux)."""
    found = [pid]
    for one in found:
        with suppress(OSError):  # it ends meanwhile
            for children in Path(f"/proc/{one}/task").glob("*/children"):
                found += map(int, children.read_text().split())
    for one in found:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


@asynccontextmanager
async def node_script(script: Path, *arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[NodeScript]:
    """A running script, ended on the way out."""
    with tempfile.TemporaryDirectory(prefix="mayfly-node-") as folder:
        errors = Path(folder) / "stderr.log"
        with errors.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                "node",
                str(script),
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, **(env or {})},
                cwd=ROOT / "tests",
                limit=MAX_LINE_BYTES,
            )
        running = NodeScript(process, errors)
        try:
            yield running
        finally:
            await running.close()


async def run_node(
    script: Path, *arguments: str, env: Mapping[str, str] | None = None, limit_s: float = 60.0
) -> list[Any]:
    """Run a script to its end and return the lines of JSON that it printed.

    `ScriptFailed` with its stderr where the exit status is not 0 or `limit_s` seconds have passed (`pace.py`).
    """
    process = await asyncio.create_subprocess_exec(
        "node",
        str(script),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})},
        cwd=ROOT / "tests",
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), limit_s * PACE)
    except TimeoutError:
        _kill_all(process.pid)
        out, err = await process.communicate()
        raise ScriptFailed(f"{script.name} took over {limit_s * PACE} s\n{out.decode()}\n{err.decode()}") from None
    if process.returncode != 0:
        raise ScriptFailed(f"{script.name} exited with {process.returncode}\n{out.decode()}\n{err.decode()}")
    return [json.loads(line) for line in out.decode().splitlines() if line.strip()]
