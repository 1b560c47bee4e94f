"""What a hostile or broken HTTP client gets: a bounded time, fixed words, and nothing of what it sent."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import pytest

from server.transport.http import routes
from tests.integration.contract.rest import WORD
from tests.support.pace import PACE
from tests.support.server import Answered, Server, running

TOKEN = "tokenxyzzy"
SOCKETS = "/socket.io/?EIO=4&transport=polling&sid=unknown"
EVERYWHERE = [
    "/",
    "/r/unknown",
    "/web/app/main.js",
    "/web/missing.js",
    "/vendor/socket.io-client/missing.js",
    "/nothing/here",
    "/api/nothing",
    "/api/rooms/unknown",
    "/health",
    "/ready",
    "/metrics",
    "/openapi.json",
    "/asyncapi.json",
    "/events.d.ts",
    SOCKETS,
    "/socket.io/",
]


async def raw(server: Server, sent: bytes) -> bytes:
    """All that the server answers to these bytes, until it closes the connection."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    try:
        async with asyncio.timeout(10 * PACE):
            return await reader.read()
    finally:
        writer.close()


async def until_cut(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the connection is over: one that is closed on somebody who still sends is reset."""
    came = b""
    with contextlib.suppress(ConnectionResetError):
        while part := await reader.read(65_536):
            came += part
    return came


async def dripped(server: Server, method: str, path: str, *headers: str) -> tuple[bytes, float]:
    """The answer to a request whose body never stops coming, and after how many seconds the connection was closed."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Length: 60000", *headers, "", ""]
    writer.write("\r\n".join(lines).encode())
    loop = asyncio.get_running_loop()
    began = loop.time()
    answer = asyncio.create_task(until_cut(reader))
    while not answer.done():
        writer.write(b" ")
        await asyncio.wait({answer}, timeout=0.05)
    writer.close()
    return await answer, loop.time() - began


@pytest.mark.parametrize(
    ("method", "rest"), [("POST", None), ("PATCH", ""), ("POST", "/messages"), ("POST", "/invites")]
)
async def test_a_body_that_drips_is_refused_in_time(
    server: Server, method: str, rest: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "BODY_TIMEOUT_S", 0.4)
    made = await server.room()
    path = "/api/rooms" if rest is None else f"/api/rooms/{made['roomId']}{rest}"
    answer, took_s = await dripped(server, method, path, f"Authorization: Bearer {made['hostKey']}")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"TIMEOUT"' in answer
    assert b'"retryable":true' in answer
    assert b"connection: close" in answer.lower()
    assert 0.3 < took_s < 4.0 * PACE


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/api/rooms/x"), ("GET", "/health"), ("POST", "/api/nothing"), ("POST", "/"), ("PUT", "/health")],
)
async def test_a_dripped_body_that_nobody_reads_is_not_waited_for(server: Server, method: str, path: str) -> None:
    answer, took_s = await dripped(server, method, path)
    assert answer.startswith(b"HTTP/1.1 ")
    assert took_s < 4.0 * PACE


async def test_many_dripped_bodies_are_all_gone_in_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "BODY_TIMEOUT_S", 0.5)
    answers = await asyncio.gather(*(dripped(server, "POST", "/api/rooms") for _ in range(100)))
    assert {answer[:12] for answer, _ in answers} == {b"HTTP/1.1 408"}
    assert (await server.call("GET", "/health")).status == 200


async def test_bodies_on_their_way_count_among_unfinished_input_and_the_largest_give_way(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(routes, "BODY_TIMEOUT_S", 1.0 * PACE)  # all begin before the first is given up
    unfinished = server.context.memory.input
    assert unfinished is not None
    monkeypatch.setattr(unfinished, "limit_bytes", 600_000)
    answers = await asyncio.gather(*(dripped(server, "POST", "/api/rooms") for _ in range(30)))
    told = [answer[:12] for answer, _ in answers]
    assert 15 <= told.count(b"") <= 25, "of thirty times 60,000 bytes there is place for ten"
    assert set(told) == {b"", b"HTTP/1.1 408"}
    assert unfinished.used_bytes == 0
    assert (await server.room())["roomId"]
    # asyncio's debug mode tells of slow steps of a busy machine, which are no fault here.
    assert not [record for record in caplog.records if record.name != "asyncio"]


async def test_a_body_that_comes_in_pieces_in_time_is_taken(server: Server) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for byte in b'{"capacity": 3}':
            yield bytes([byte])

    answer = await server.call("POST", "/api/rooms", data=pieces())
    assert answer.json["room"]["capacity"] == 3


MALFORMED = [
    f"GET /{TOKEN}\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nBroken header {TOKEN}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\x00\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization Bearer {TOKEN}\r\n\r\n",
    f"GET / HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n folded\x02\r\n\r\n",
    f"GET /{'x' * 20_000}{TOKEN} HTTP/1.1\r\nHost: x\r\n\r\n",
    f"GET / HTTP/1.1\r\nAuthorization: Bearer {TOKEN}{'x' * 20_000}\r\n\r\n",
    f"POST / HTTP/1.1\r\nContent-Length: {TOKEN}\r\n\r\n",
    f"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nX: {TOKEN}\r\n\r\nabc",
    f"{TOKEN}\r\n\r\n",
    f"{TOKEN} / HTTP/9.9\r\n\r\n",
    f"GET http://[{TOKEN} HTTP/1.1\r\nHost: x\r\n\r\n",
]


@pytest.mark.parametrize("sent", MALFORMED, ids=range(len(MALFORMED)))
async def test_what_is_no_http_is_not_repeated(server: Server, sent: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    answer = await raw(server, sent.encode("latin-1"))
    assert re.match(rb"HTTP/1\.[01] 400 ", answer)
    assert answer.endswith(b"\r\n\r\n400: Bad Request")
    assert TOKEN.encode() not in answer
    assert b"aiohttp" not in answer.lower()
    assert b"nosniff" in answer
    written = "".join(f"{record.getMessage()} {record.exc_info} {record.args}" for record in caplog.records)
    assert TOKEN not in written
    assert "Bad Request" not in written or "aiohttp" not in written


async def test_much_that_is_no_http_leaves_one_line(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(30):
        await raw(server, b"GET / HTTP/1.1\r\nBroken header\r\n\r\n")
    (line,) = [record for record in caplog.records if "before it reached" in record.getMessage()]
    assert line.levelname == "WARNING"
    assert (await server.call("GET", "/health")).status == 200


async def test_an_expectation_that_nobody_can_meet_is_not_repeated(server: Server) -> None:
    sent = (
        f"POST /api/rooms HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: {TOKEN}\r\nContent-Length: 2\r\n\r\n{{}}"
    )
    answer = await raw(server, sent.encode())
    assert answer.startswith(b"HTTP/1.1 417 ")
    assert TOKEN.encode() not in answer


def protected(answer: Answered) -> None:
    assert answer.headers["Server"] == "mayfly"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"aiohttp|Python/\d", str(answer.headers) + answer.text[:200] * (answer.status >= 400))


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_response_is_protected_and_tells_no_versions(server: Server, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = await server.call(method, path)
        protected(answer)
        assert "Strict-Transport-Security" not in answer.headers
        assert ("Cross-Origin-Opener-Policy" in answer.headers) is not path.startswith("/socket.io/")


async def test_a_websocket_is_opened_without_telling_versions(server: Server) -> None:
    client = await server.open()
    assert client.socket._response.headers.get("Server", "mayfly") == "mayfly"


@pytest.mark.parametrize(
    ("settings", "headers", "told"),
    [
        ({"environment": "production"}, {"X-Forwarded-Proto": "https"}, True),
        ({"environment": "production", "public_url": "https://rooms.example"}, {}, True),
        ({"environment": "production"}, {}, False),
        ({"environment": "development"}, {"X-Forwarded-Proto": "https"}, False),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/rooms/unknown", SOCKETS])
async def test_in_production_https_stays_https(
    settings: dict[str, str], headers: dict[str, str], told: bool, path: str
) -> None:
    async with running(**settings) as server:
        answer = await server.call("GET", path, headers=headers)
        assert ("max-age=31536000" in answer.headers.get("Strict-Transport-Security", "")) is told


def connections(answer: Answered) -> set[str]:
    (directive,) = re.findall(r"connect-src ([^;]*);", answer.headers["Content-Security-Policy"])
    return set(directive.split())


@pytest.mark.parametrize("path", ["/", "/r/unknown", "/web/app/main.js"])
async def test_the_page_connects_to_its_own_server_only(server: Server, path: str) -> None:
    host = server.url.removeprefix("http://")
    assert connections(await server.call("GET", path)) == {"'self'", f"ws://{host}"}
    proxied = await server.call("GET", path, headers={"Host": "rooms.example", "X-Forwarded-Proto": "https"})
    assert connections(proxied) >= {"'self'", "wss://rooms.example"}
    assert connections(proxied) <= {"'self'", "wss://rooms.example", "ws://rooms.example"}
    for odd in ("x; script-src *", "a b", "evil'"):
        answer = await server.call("GET", path, headers={"X-Forwarded-Host": odd})
        assert connections(answer) == {"'self'", f"ws://{host}"}


@pytest.mark.parametrize(
    "path", [f"/api/{WORD}", f"/api/rooms/x/{WORD}", f"/api/rooms/x/invites/y/{WORD}", "/api", "/api/"]
)
async def test_a_path_that_is_not_there(server: Server, path: str) -> None:
    for method in ("GET", "POST", "PUT"):
        answer = await server.call(method, path)
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
        assert WORD not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/rooms", {"GET", "POST"}),
        ("POST", "/api/rooms/x", {"GET", "PATCH", "DELETE"}),
        ("DELETE", "/api/rooms/x/users", {"GET"}),
        ("POST", "/health", {"GET"}),
        ("POST", "/metrics", {"GET"}),
    ],
)
async def test_a_method_that_is_not_allowed(server: Server, method: str, path: str, allowed: set[str]) -> None:
    answer = await server.call(method, path)
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert set(re.split(", ?", answer.headers["Allow"])) >= allowed


BODIES = [
    ("POST", "/api/rooms", {"capcity": 3}, {"capacity"}),
    ("POST", "/api/rooms", {"expires_in_s": 3}, {"expiresInS"}),
    ("POST", "/api/rooms", {"Password": WORD}, {"password"}),
    ("POST", "/api/rooms", {"capacity": 3, "pasword": "x", "invite_only": True}, {"password", "inviteOnly"}),
    ("POST", "/api/rooms", {WORD: None}, None),
    ("POST", "/api/rooms", {WORD * 5_000: None}, None),
    ("POST", "/api/rooms", {f"{WORD}{n}": n for n in range(1_000)}, None),
    ("PATCH", "", {"lock": True}, {"locked"}),
    ("POST", "/invites", {"use": 2}, {"uses"}),
    ("POST", "/messages", {"text": "hi", "sender": "me"}, {"senderName"}),
    ("POST", "/messages", {"txt": "hi"}, {"text"}),
]


@pytest.mark.parametrize(("method", "path", "sent", "meant"), BODIES, ids=range(len(BODIES)))
async def test_an_unknown_field_is_refused_with_the_known_one_that_may_be_meant(
    server: Server, method: str, path: str, sent: dict[str, object], meant: set[str] | None
) -> None:
    made = await server.room()
    whole = path if path.startswith("/api/") else f"/api/rooms/{made['roomId']}{path}"
    answer = await server.call(method, whole, key=made["hostKey"], json=sent)
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")
    details = answer.json["error"]["details"]
    assert 1 <= len(details) <= 8
    assert meant is None or set(details) == meant
    assert WORD not in answer.text
    assert len(server.context.directory.rooms) == 1
