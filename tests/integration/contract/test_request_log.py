"""The log line of a request: what it says, what it never says, and how many there are."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from server.protocol import views
from server.transport.http import request_log
from server.transport.http.request_log import LINES_AT_ONCE, LINES_PER_S
from tests.support.processes import server_process
from tests.support.server import running, talking_to

WORD = "xyzzyplugh"
LOGGER = "server.transport.http.request_log"


async def test_a_line_for_each_request_as_json_in_production() -> None:
    with server_process(ENVIRONMENT="production", LOG_FORMAT="", ROOM_CREATION="open") as process:
        async with talking_to(process.url) as server:
            made = await server.call("POST", "/api/rooms", json={"password": WORD})
            room = made.json["roomId"]
            looked = await server.call("GET", f"/api/rooms/{room}?{WORD}={WORD}", headers={"X-Request-Id": WORD})
            await server.call("GET", f"/api/rooms/{WORD}")
            await server.call("GET", f"/api/{WORD}")
            await server.call("GET", f"/{WORD}")
            async with server.http.request("PROPFIND", f"{process.url}/api/rooms"):
                pass
            for quiet in ("/health", "/metrics", "/web/index.js", "/socket.io/?EIO=4"):
                await server.call("GET", quiet)
        assert await asyncio.to_thread(process.terminate) == 0
        lines = [json.loads(line) for line in process.log().splitlines() if line.startswith("{")]
        told = [line for line in lines if line["logger"] == LOGGER]
        assert [(line["method"], line["route"], line["status"]) for line in told] == [
            ("POST", "/api/rooms", 201),
            ("GET", "/api/rooms/{room_id}", 200),
            ("GET", "/api/rooms/{room_id}", 404),
            ("GET", "-", 404),
            ("GET", "-", 404),
            ("OTHER", "-", 405),
        ]
        assert [line["request_id"] for line in told[:2]] == [one.headers["X-Request-Id"] for one in (made, looked)]
        assert all(0 <= line["ms"] < 60_000 for line in told)
        shown = {"time", "level", "logger", "message", "method", "route", "status", "ms", "request_id"}
        assert all(set(line) == shown for line in told)
        for hidden in (WORD, room, "127.0.0.1"):
            assert hidden not in "".join(map(json.dumps, told))


async def test_other_lines_of_a_request_have_its_id(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running() as server:
        made = await server.room()
        monkeypatch.setattr(views, "room", None)
        failed = await server.call("GET", f"/api/rooms/{made['roomId']}")
        assert failed.status == 500
        assert len(failed.headers["X-Request-Id"]) >= 12
        assert [record.levelname for record in caplog.records if "server.transport.http" in record.name][-1] == "INFO"
        monkeypatch.undo()


async def test_lines_are_bounded_and_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert LINES_AT_ONCE >= LINES_PER_S
    monkeypatch.setattr(request_log, "LINES_AT_ONCE", 5.0)
    monkeypatch.setattr(request_log, "LINES_PER_S", 0.5)
    caplog.set_level(logging.INFO, LOGGER)
    async with running(events_per_s=0) as server:
        for _ in range(20):
            await server.call("GET", "/api/rooms/x")
        assert 5 <= len(caplog.records) <= 8
        await asyncio.sleep(2.1)
        await server.call("GET", "/api/rooms/x")
        assert "requests have no line of their own" in caplog.text
