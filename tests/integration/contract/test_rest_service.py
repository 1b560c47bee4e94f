"""Health, metrics and figures, and what becomes of calls that nobody can answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from server.protocol import answers
from server.transport.http import rates, rooms, routes
from storage.memory import MemoryStore
from tests.integration.contract.rest import WORD, granted, status_of, status_of_call
from tests.support.pace import PACE
from tests.support.server import Server, running


async def test_headers_that_are_not_utf_8_are_answered_like_any_others() -> None:
    async with running(admin_key="the admin key") as server:
        made = await server.room()
        odd = b"\r\nAuthorization: Bearer \xff\xfe"
        assert await status_of_call(server, b"GET /api/admin/stats HTTP/1.1" + odd) == 403
        path = f"/api/rooms/{made['roomId']}".encode()
        assert await status_of_call(server, b"DELETE " + path + b" HTTP/1.1" + odd) == 403
        assert await status_of_call(server, b"GET " + path + b"/messages HTTP/1.1" + odd) == 403
        assert await status_of_call(server, b"POST /api/rooms HTTP/1.1\r\nIdempotency-Key: \xff\xfe") == 201


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /api/rooms HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nxyzzyplugh\r\n",
        b"POST /api/rooms HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: 10\r\n\r\nxyzzyplugh",
    ],
    ids=["chunks", "gzip"],
)
async def test_a_body_that_cannot_be_read_is_a_400_and_no_failure(
    server: Server, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert await status_of(server, request_bytes) == 400
    assert "raised" not in caplog.text


@pytest.mark.parametrize("path", ["/api/rooms", "/api/rooms/{}/files", "/api/nothing"])
async def test_where_a_body_could_not_be_decoded_the_connection_ends_and_the_answer_says_so(
    server: Server, path: str
) -> None:
    made = await server.room()
    head = f"POST {path.format(made['roomId'])} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {made['hostKey']}\r\n"
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\nxyzzyplugh".encode())
    answer = await asyncio.wait_for(reader.read(), 5 * PACE)
    writer.close()
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
    assert b"\r\nconnection: close\r\n" in answer.lower()


async def test_a_room_that_ends_while_a_body_comes_in_is_over(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await server.room()
    reading, go_on = asyncio.Event(), asyncio.Event()
    real = routes.body

    async def observed(*args: Any) -> Any:
        reading.set()
        return await real(*args)

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"text":'
        await go_on.wait()
        yield b'"too late"}'

    monkeypatch.setattr(rooms, "body", observed)
    path = f"/api/rooms/{made['roomId']}"
    saying = asyncio.create_task(server.call("POST", f"{path}/messages", key=made["hostKey"], data=slowly()))
    await reading.wait()
    assert (await server.call("DELETE", path, key=made["hostKey"])).status == 200
    go_on.set()
    answer = await saying
    assert (answer.status, answer.code) == (410, "ROOM_ENDED")


async def test_health_ready_and_metrics(server: Server) -> None:
    for path in ("/health", "/api/health"):
        health = granted(await server.call("GET", path), answers.Health)
        assert (health["status"], health["storage"]) == ("ok", {"kind": "memory", "ok": True})
    granted(await server.call("GET", "/ready"), answers.Ready)
    made = await server.room()
    await server.seated(made["roomId"])
    metrics = await server.call("GET", "/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert "mayfly_rooms 1.0" in metrics.text
    assert 'mayfly_requests_total{outcome="ok"}' in metrics.text


async def test_a_store_that_is_down_degrades_health_and_fails_readiness(server: Server) -> None:
    server.context.journal.healthy = False
    health = granted(await server.call("GET", "/health"), answers.Health)
    assert (health["status"], health["storage"]["ok"]) == ("degraded", False)
    ready = await server.call("GET", "/ready")
    assert (ready.status, ready.code) == (503, "UNAVAILABLE")


async def test_the_admin_route_is_off_without_a_key(server: Server) -> None:
    answer = await server.call("GET", "/api/admin/stats", key="")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


async def test_the_admin_route_is_for_the_admin_key() -> None:
    async with running(admin_key="the admin key") as server:
        assert (await server.call("GET", "/api/admin/stats")).code == "UNAUTHORIZED"
        for key in (WORD, "é🙂", "the admin kez"):
            answer = await server.call("GET", "/api/admin/stats", key=key)
            assert (answer.status, answer.code) == (403, "FORBIDDEN")
        made = await server.room()
        await server.seated(made["roomId"])
        answer = await server.call("GET", "/api/admin/stats", key="the admin key")
        stats = granted(answer, answers.Stats)
        assert (stats["rooms"], stats["seats"], stats["sockets"], stats["requests"]["ok"]) == (1, 1, 1, 1)


async def test_what_is_not_there_and_what_is_not_allowed(server: Server) -> None:
    missing = await server.call("GET", f"/api/{WORD}")
    assert (missing.status, missing.code) == (404, "NOT_FOUND")
    assert WORD not in missing.text
    wrong = await server.call("PUT", "/api/rooms")
    assert (wrong.status, wrong.code) == (405, "METHOD_NOT_ALLOWED")
    assert "POST" in wrong.headers["Allow"]


async def test_a_call_that_fails_is_answered_with_500_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(MemoryStore):
        async def messages(self, room_id: str, *, before: str | None, limit: int) -> Any:
            raise RuntimeError(WORD)

    async with running(store=Failing(), message_log="on") as server:
        made = await server.room(log=True)
        answer = await server.call("GET", f"/api/rooms/{made['roomId']}/messages", key=made["hostKey"])
        assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
        assert WORD not in answer.text + caplog.text


async def test_too_many_calls_from_one_address_are_told_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "time", SimpleNamespace(monotonic=lambda: 1_000.0))
    async with running(events_per_s=1) as server:
        for _ in range(4):
            assert (await server.call("POST", "/api/rooms")).status == 201
        answer = await server.call("POST", "/api/rooms")
        assert (answer.status, answer.code) == (429, "RATE_LIMITED")
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.json["error"]["retryAfterMs"] > 0
