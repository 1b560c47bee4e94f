"""`SENTRY_DSN`: errors of a real server arrive at a receiver, as what failed and where; a planted word never does."""

from __future__ import annotations

import gzip
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from server.observability.errors import EVENTS_AT_ONCE, Reports, scrubbed
from tests.support.processes import LOOPBACK, ServerProcess, launch, wait_until
from tests.support.server import talking_to

WORD = "xyzzyplugh"
SABOTAGED = f"""
import asyncio, logging, sys
from server.__main__ import main
from server.usecases.commands import COMMANDS, Command

def fails(context, connection, request):
    "Fails."
    secret = {WORD!r}
    library = logging.getLogger("library")
    library.error("said %s", secret)
    library.error("said " + secret)
    logging.getLogger("server.ours").error("An address: %s", secret)
    try:
        try:
            raise ValueError(secret)
        except ValueError as error:
            raise RuntimeError(secret + str(request)) from error
    except RuntimeError:
        library.exception("failed: " + secret)
    asyncio.get_running_loop().call_exception_handler({{"message": secret, "exception": KeyError(secret)}})
    raise OSError(secret + str(request))

COMMANDS["typing"] = Command(COMMANDS["typing"].payload, fails)
sys.exit(main())
"""


class Receiver:
    """Takes what Sentry's clients send."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def events(self) -> list[dict[str, Any]]:
        """The events in all envelopes: a line that says what it is, then the item."""
        lines = [line for body in self.bodies for line in body.splitlines()]
        return [json.loads(lines[i + 1]) for i, line in enumerate(lines) if '"type":"event"' in line.replace(" ", "")]


@contextmanager
def receiving() -> Iterator[tuple[Receiver, str]]:
    receiver = Receiver()

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            encoding = self.headers.get("Content-Encoding")
            assert encoding in (None, "gzip")
            receiver.bodies.append((gzip.decompress(body) if encoding else body).decode())
            receiver.bodies.append(str(self.headers))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer((LOOPBACK, 0), Service) as service:
        Thread(target=service.serve_forever, daemon=True).start()
        try:
            yield receiver, f"http://{'a' * 32}@{LOOPBACK}:{service.server_port}/1"
        finally:
            service.shutdown()


def sabotaged(dsn: str, **settings: str) -> ServerProcess:
    def make(port: int) -> ServerProcess:
        process = ServerProcess(port, {"SENTRY_DSN": dsn, "LOG_LEVEL": "debug", **settings})
        process.command = [sys.executable, "-c", SABOTAGED]
        return process

    return launch(make)


async def test_what_failed_arrives_and_what_was_said_does_not() -> None:
    with receiving() as (receiver, dsn), ExitStack() as stack:
        process = sabotaged(dsn)
        stack.callback(process.close)
        async with talking_to(process.url) as server:
            client, _ = await server.seated((await server.room(password=WORD))["roomId"], name=WORD, password=WORD)
            room = (await server.room())["roomId"]
            ack = await client.request("typing", {"roomId": room, "on": True, WORD: WORD})
            assert ack["error"]["code"] == "INTERNAL_ERROR"
        assert process.terminate() == 0
        wait_until(lambda: len(receiver.events()) >= 6, "reports")
        sent = "\n".join(receiver.bodies)
    assert WORD not in sent
    assert room not in sent
    assert "127.0.0.1" not in json.dumps(receiver.events())
    types = [one["type"] for event in receiver.events() for one in event.get("exception", {}).get("values", [])]
    assert {"RuntimeError", "ValueError"} <= set(types)
    messages = {event["logentry"]["message"] for event in receiver.events()}
    assert "A request failed: %s raised %s at %s" in messages
    assert "An error of library" in messages


def test_only_what_is_named_leaves() -> None:
    """Whatever a later version of the library adds to an event stays here."""
    frame = {
        "filename": "a.py",
        "function": "f",
        "lineno": 1,
        "vars": {"x": WORD},
        "context_line": WORD,
        "abs_path": WORD,
    }
    event = {
        "event_id": "1",
        "level": "error",
        "logger": "aiohttp.server",
        "logentry": {"message": WORD, "params": [WORD], "formatted": WORD},
        "exception": {"values": [{"type": "E", "value": WORD, "stacktrace": {"frames": [frame]}, "mechanism": WORD}]},
        **{
            name: {"x": WORD}
            for name in ("user", "request", "extra", "contexts", "tags", "breadcrumbs", "modules", "new")
        },
        "server_name": WORD,
        "transaction": WORD,
    }
    assert WORD not in json.dumps(scrubbed(event))
    assert scrubbed(event)["exception"]["values"][0]["stacktrace"]["frames"] == [
        {"filename": "a.py", "function": "f", "lineno": 1}
    ]


def test_reports_have_a_bound() -> None:
    reports = Reports()
    sent = [reports.allowed({"logger": "server", "level": logging.ERROR}, {}) for _ in range(1_000)]
    assert EVENTS_AT_ONCE <= len([one for one in sent if one]) <= EVENTS_AT_ONCE + 2


@pytest.mark.parametrize("dsn", ["http://key@127.0.0.1:9/1"])
def test_without_the_library_a_line_says_so_and_the_server_runs(tmp_path: Path, dsn: str) -> None:
    (tmp_path / "sentry_sdk.py").write_text("raise ImportError('not installed')")

    def make(port: int) -> ServerProcess:
        process = ServerProcess(port, {"SENTRY_DSN": dsn})
        assert process.env is not None
        process.env = {**process.env, "PYTHONPATH": f"{tmp_path}:{process.env['PYTHONPATH']}"}
        return process

    process = launch(make)
    try:
        assert "SENTRY_DSN is set without sentry-sdk" in process.log()
    finally:
        process.close()
