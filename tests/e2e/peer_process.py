"""`python -m signaling.peer` as a process, and the rooms that it is sent to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.support.pace import PACE
from tests.support.processes import ROOT, ServerProcess, wait_until

STAY = ("--seconds", f"{60 * PACE:g}")
"""For one that ends by itself, and says what was missing if it does not."""
EXIT_LIMIT_S = 70.0
ANSWER_LIMIT_S = 10 * PACE


class Done(NamedTuple):
    """How a test peer ended. `told` is its JSON report, `{}` where it printed none."""

    code: int
    told: dict[str, Any]
    stderr: str

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [call for seat in self.told["seats"] for call in seat["calls"]]


class Peer:
    """A running test peer. `finish` waits for its end."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "signaling.peer", "--json", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def finish(self, limit_s: float = EXIT_LIMIT_S) -> Done:
        out, err = self.process.communicate(timeout=limit_s * PACE)
        return Done(self.process.returncode, json.loads(out) if out.strip() else {}, err)


@contextmanager
def peer(*arguments: str) -> Iterator[Peer]:
    """A test peer that is ended on the way out, whatever happened."""
    running = Peer(*arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.communicate()


def run_peer(*arguments: str) -> Done:
    """A test peer from its start to its end."""
    with peer(*arguments) as running:
        return running.finish()


class Rooms:
    """A server's rooms, over REST."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server

    def create(self, **settings: Any) -> dict[str, Any]:
        return self.call("POST", "/api/rooms", settings)

    def invite(self, room: dict[str, Any], **settings: Any) -> dict[str, Any]:
        return self.call("POST", f"/api/rooms/{room['roomId']}/invites", settings, room["hostKey"])

    def end(self, room: dict[str, Any]) -> None:
        self.call("DELETE", f"/api/rooms/{room['roomId']}", None, room["hostKey"])

    def participants(self, room: dict[str, Any]) -> list[dict[str, Any]]:
        users = self.call("GET", f"/api/rooms/{room['roomId']}/users", None, room["hostKey"])
        return list(users["participants"])

    def count(self) -> float:
        """How many rooms there are now, by the server's own metrics."""
        with urllib.request.urlopen(f"{self.server.url}/metrics", timeout=ANSWER_LIMIT_S) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith("mayfly_rooms "))

    def wait_for_participants(self, room: dict[str, Any], number: int, limit_s: float = 20.0) -> None:
        wait_until(lambda: len(self.participants(room)) == number, f"{number} participants", limit_s)

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server.url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        if key is not None:
            request.add_header("Authorization", f"Bearer {key}")
        with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S) as answer:
            return dict(json.load(answer))
