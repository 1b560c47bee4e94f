"""Opening a session: Engine.IO v4 protocol, "Handshake"; RFC 6455 section 4.2."""

from __future__ import annotations

import json

import pytest

from server.transport.engineio import EngineLimits
from tests.support.engine import ACCEPT, PATH, UPGRADE, Connection, RawWebSocket, Rig, client_frame, engine_rig


async def test_a_polling_handshake_gives_sid_upgrades_and_times_in_milliseconds(rig: Rig) -> None:
    answer = await rig.request("GET", PATH + "polling")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text[0] == "0"
    handshake = json.loads(answer.text[1:])
    assert set(handshake) == {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
    assert handshake["upgrades"] == ["websocket"]
    assert handshake["pingInterval"] == 25_000
    assert handshake["pingTimeout"] == 20_000
    assert handshake["maxPayload"] == 1_000_000
    assert rig.told("connect") == [(handshake["sid"],)]


async def test_fractions_of_a_second_are_advertised_exactly() -> None:
    async with engine_rig(ping_interval=1.25, ping_timeout=0.3, max_http_buffer_size=4321) as rig:
        answer = await rig.request("GET", PATH + "polling")
        handshake = json.loads(answer.text[1:])
        assert (handshake["pingInterval"], handshake["pingTimeout"]) == (1250, 300)
        assert handshake["maxPayload"] == 4321


async def test_a_websocket_handshake_answers_the_key_and_offers_no_upgrade(rig: Rig) -> None:
    ws, status, head = await rig.handshake(PATH + "websocket")
    assert status == 101
    assert f"Sec-WebSocket-Accept: {ACCEPT}\r\n" in head
    opcode, payload = await ws.frame()
    assert opcode == 1
    handshake = json.loads(payload[1:])
    assert handshake["upgrades"] == []
    assert rig.engine.transport(handshake["sid"]) == "websocket"
    await ws.finish()


async def test_permessage_deflate_is_not_accepted(rig: Rig) -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    ws, status, head = await rig.handshake(PATH + "websocket", offer)
    assert status == 101
    assert "extensions" not in head.lower()
    await ws.finish()


@pytest.mark.parametrize(
    ("method", "query", "code"),
    [
        ("GET", "EIO=4", 0),
        ("GET", "EIO=4&transport=abc", 0),
        ("GET", "EIO=4&transport=webtransport", 0),
        ("GET", "EIO=4&transport=polling&sid=unknown", 1),
        ("POST", "EIO=4&transport=polling&sid=unknown", 1),
        ("POST", "EIO=4&transport=polling", 2),
        ("PUT", "EIO=4&transport=polling", 2),
        ("GET", "EIO=4&transport=websocket", 3),
        ("GET", "EIO=4&transport=polling&j=0", 3),
        ("GET", "transport=polling", 5),
        ("GET", "EIO=3&transport=polling", 5),
        ("GET", "EIO=abc&transport=polling", 5),
    ],
)
async def test_a_bad_request_is_refused_with_the_protocols_code(rig: Rig, method: str, query: str, code: int) -> None:
    answer = await rig.request(method, f"/engine.io/?{query}")
    assert answer.status == 400
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.code == code
    assert not rig.events


@pytest.mark.parametrize(
    ("query", "code"),
    [("transport=websocket", 5), ("EIO=abc&transport=websocket", 5), ("EIO=4", 0), ("EIO=4&transport=abc", 0)],
)
async def test_a_bad_websocket_request_is_refused_before_the_upgrade(rig: Rig, query: str, code: int) -> None:
    answer = await rig.request("GET", f"/engine.io/?{query}", headers=UPGRADE)
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize(
    "wrong",
    [
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Key": "c2hvcnQ="},
        {"Sec-WebSocket-Key": "not base64!"},
        {"Connection": "keep-alive"},
    ],
)
async def test_an_invalid_opening_handshake_is_refused(rig: Rig, wrong: dict[str, str]) -> None:
    answer = await rig.request("GET", PATH + "websocket", headers={**UPGRADE, **wrong})
    assert (answer.status, answer.code) == (400, 3)
    assert not rig.engine.sockets


async def test_frames_sent_right_behind_the_handshake_are_not_lost(rig: Rig) -> None:
    ws = await RawWebSocket.open(rig.port)
    ws.send_head("GET", PATH + "websocket", UPGRADE)
    ws.writer.write(client_frame(b"4early") + client_frame(b"4bird"))
    await ws.reader.readuntil(b"\r\n\r\n")
    assert (await ws.frame())[1].startswith(b"0{")
    assert await ws.text() == "4early"
    assert await ws.text() == "4bird"
    await ws.finish()


async def test_frames_sent_behind_a_refused_handshake_are_neither_parsed_as_http_nor_logged(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    ws = await RawWebSocket.open(rig.port)
    ws.send_head("GET", PATH + "websocket&sid=unknown", UPGRADE)
    ws.writer.write(client_frame(b"4secret words", masked=False) * 3)
    answer = await ws.answer()
    assert (answer.status, answer.code) == (400, 1)
    assert answer.headers["connection"] == "close"
    assert await ws.ended() == b""
    assert not caplog.records
    await ws.close()


async def test_a_transport_that_is_switched_off_is_unknown() -> None:
    async with engine_rig(transports=["websocket"]) as rig:
        answer = await rig.request("GET", PATH + "polling")
        assert (answer.status, answer.code) == (400, 0)
        ws, _ = await rig.open_websocket()
        await ws.finish()


async def test_the_path_works_without_its_trailing_slash_too(rig: Rig) -> None:
    assert (await rig.request("GET", "/engine.io?EIO=4&transport=polling")).status == 200


async def test_a_refusing_connect_handler_leaves_no_session(rig: Rig) -> None:
    async def refuse(sid: str, environ: dict[str, str]) -> bool:
        return False

    rig.engine.on("connect", refuse)
    answer = await rig.request("GET", PATH + "polling")
    assert (answer.status, answer.code) == (403, 4)
    answer = await rig.request("GET", PATH + "websocket", headers=UPGRADE)
    assert (answer.status, answer.code) == (403, 4)
    assert not rig.engine.sockets
    assert not rig.events


async def test_a_connect_handler_that_raises_refuses(rig: Rig) -> None:
    def broken(sid: str, environ: dict[str, str]) -> None:
        raise RuntimeError("secret text")

    rig.engine.on("connect", broken)
    answer = await rig.request("GET", PATH + "polling")
    assert answer.status == 403
    assert "secret" not in answer.text
    assert not rig.engine.sockets


async def test_what_the_connect_handler_sees_of_the_request(rig: Rig) -> None:
    seen: list[dict[str, str]] = []
    rig.engine.on("connect", lambda sid, environ: seen.append(environ))
    headers = {"Origin": "http://a.test", "User-Agent": "probe", "X-Forwarded-For": "1.2.3.4", "Cookie": "k=v"}
    await rig.request("GET", PATH + "polling&x=1", headers=headers)
    assert seen[0]["REMOTE_ADDR"] == "127.0.0.1"
    assert seen[0]["QUERY_STRING"] == "EIO=4&transport=polling&x=1"
    assert seen[0]["HTTP_ORIGIN"] == "http://a.test"
    assert seen[0]["HTTP_USER_AGENT"] == "probe"
    assert seen[0]["HTTP_X_FORWARDED_FOR"] == "1.2.3.4"
    assert "HTTP_COOKIE" not in seen[0]


async def test_an_address_list_in_several_header_lines_is_one_list(rig: Rig) -> None:
    seen: list[dict[str, str]] = []
    rig.engine.on("connect", lambda sid, environ: seen.append(environ))
    lines = {"X-Forwarded-For": "1.2.3.4", "x-forwarded-for": "5.6.7.8, 9.10.11.12"}
    await rig.request("GET", PATH + "polling", headers=lines)
    assert [hop.strip() for hop in seen[0]["HTTP_X_FORWARDED_FOR"].split(",")] == ["1.2.3.4", "5.6.7.8", "9.10.11.12"]


async def test_what_is_sent_while_connecting_follows_the_handshake_packet(rig: Rig) -> None:
    async def greet(sid: str, environ: dict[str, str]) -> None:
        rig.engine.send_text(sid, "hello")

    rig.engine.on("connect", greet)
    answer = await rig.request("GET", PATH + "polling")
    assert answer.text.split("\x1e")[1:] == ["4hello"]
    ws, _ = await rig.open_websocket()
    assert await ws.text() == "4hello"
    await ws.finish()


async def test_sessions_beyond_the_limit_are_refused_with_503() -> None:
    async with engine_rig(limits=EngineLimits(sessions=1)) as rig:
        await rig.open_polling()
        assert (await rig.request("GET", PATH + "polling")).status == 503


async def test_the_cookie_is_set_where_it_is_asked_for() -> None:
    async with engine_rig(cookie="io") as rig:
        answer = await rig.request("GET", PATH + "polling")
        sid = json.loads(answer.text[1:])["sid"]
        assert answer.headers["set-cookie"] == f"io={sid}; path=/; SameSite=Lax"


async def test_a_client_that_leaves_during_the_connect_handler_leaves_nothing(rig: Rig) -> None:
    import asyncio

    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(sid: str, environ: dict[str, str]) -> None:
        entered.set()
        await leave.wait()

    rig.engine.on("connect", slow)
    connection = await Connection.open(rig.port)
    connection.send_head("GET", PATH + "websocket", UPGRADE)
    await entered.wait()
    [sid] = rig.engine.sockets
    connection.abort()
    await connection.ended()
    await asyncio.sleep(0.05)  # the server's loop sees the end of the connection
    leave.set()
    assert await rig.gone(sid) == "transport close"
    assert not rig.engine.sockets
