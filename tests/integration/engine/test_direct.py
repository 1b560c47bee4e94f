"""A handshake that never reaches aiohttp is answered to the byte as one that does; what is not plain does reach it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from aiohttp import web

from server.transport.engineio.direct import MAX_QUERIES, Direct, _opens
from server.transport.engineio.origins import MAX_ORIGINS, OriginPolicy
from server.transport.engineio.ports import RequestHead
from server.transport.engineio.refusals import Unwelcome
from server.transport.engineio.session import Session
from tests.support.engine import KEY, LIMIT_S, Connection, Rig, engine_rig

PATH = "/engine.io/?EIO=4&transport=websocket"
PLAIN = (
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    f"Sec-WebSocket-Key: {KEY}",
)
MASKED_PONG = b"\x81\x81\0\0\0\x003"


def head(target: str = PATH, *more: str, but: str = "", method: str = "GET", version: str = "1.1") -> bytes:
    lines = [line for line in PLAIN if not but or not line.startswith(but)]
    return "\r\n".join((f"{method} {target} HTTP/{version}", *lines, *more, "", "")).encode()


TAKEN = {
    "plain": head(),
    "with a time stamp": head(f"{PATH}&t=abc123"),
    "as a browser asks": head(PATH, "Origin: http://127.0.0.1", "User-Agent: x", "Accept-Language: de", "Cookie: a=b"),
    "a foreign origin that is allowed": head(PATH, "Origin: https://elsewhere.example"),
    "names of headers in capitals": head().replace(b"Upgrade: websocket", b"UPGRADE: WebSocket"),
    "several tokens": head(PATH, "Connection: keep-alive, Upgrade", but="Connection"),
    "a compression that is not on": head(PATH, "Sec-WebSocket-Extensions: permessage-deflate"),
    "a forwarded address": head(PATH, "X-Forwarded-For: 203.0.113.7"),
}
NOT_PLAIN = {
    "another path": head("/engine.io/else?EIO=4&transport=websocket"),
    "no slash": head("/engine.io?EIO=4&transport=websocket"),
    "an absolute target": head("http://127.0.0.1/engine.io/?EIO=4&transport=websocket"),
    "a fragment": head(f"{PATH}#x"),
    "an escape": head("/engine.io/?EIO=%34&transport=websocket"),
    "a plus": head(f"{PATH}&t=a+b"),
    "twice": head(f"{PATH}&transport=polling"),
    "another transport": head("/engine.io/?EIO=4&transport=webtransport"),
    "polling that upgrades": head("/engine.io/?EIO=4&transport=polling"),
    "no transport": head("/engine.io/?EIO=4"),
    "another version of the protocol": head("/engine.io/?EIO=3&transport=websocket"),
    "no version of it": head("/engine.io/?transport=websocket"),
    "a session that nobody knows": head(f"{PATH}&sid=unknown"),
    "an empty session": head(f"{PATH}&sid="),
    "JSONP": head(f"{PATH}&j=0"),
    "no upgrade": head(PATH, but="Upgrade"),
    "no connection": head(PATH, but="Connection"),
    "another protocol": head(PATH, "Upgrade: h2c", but="Upgrade"),
    "no key": head(PATH, but="Sec-WebSocket-Key"),
    "a short key": head(PATH, "Sec-WebSocket-Key: abcd", but="Sec-WebSocket-Key"),
    "a key that is none": head(PATH, "Sec-WebSocket-Key: !", but="Sec-WebSocket-Key"),
    "an old version": head(PATH, "Sec-WebSocket-Version: 8", but="Sec-WebSocket-Version"),
    "no host": head(PATH, but="Host"),
    "two hosts": head(PATH, "Host: other"),
    "HTTP/1.0": head(PATH, version="1.0"),
    "HTTP/2.0": head(PATH, version="2.0"),
    "POST": head(PATH, method="POST"),
    "HEAD": head(PATH, method="HEAD"),
    "an expectation": head(PATH, "Expect: 100-continue"),
    "an expectation that nobody knows": head(PATH, "Expect: the-impossible"),
    "a body": head(PATH, "Content-Length: 3") + b"abc",
    "an empty body": head(PATH, "Content-Length: 0"),
    "chunks": head(PATH, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "a header without a colon": head(PATH, "nonsense"),
    "a long header": head(PATH, "X: " + "x" * 9_000),
    "many headers": head(PATH, *(f"X-{n}: {n}" for n in range(200))),
    "a null": head(PATH, "X: \0"),
    "a folded line": head(PATH, "X: a", " b"),
}
VARIES = re.compile(rb'Date: [^\r]*|"sid":"[^"]*"')


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each head that was looked at was taken."""
    said: list[bool] = []
    take = Direct.take

    def watched(self: Direct, *args: Any) -> Any:
        taken = take(self, *args)
        said.append(taken.done)
        return taken

    monkeypatch.setattr(Direct, "take", watched)
    return said


async def answer_to(rig: Rig, data: bytes) -> bytes:
    """All that comes back until the server has nothing more to say, or closes."""
    connection = await Connection.open(rig.port)
    connection.writer.write(data)
    came = b""
    try:
        # An answer is there with its first bytes, but where a head alone begins something, which may come later.
        while True:
            begins = came.startswith(b"HTTP/1.1 10") and came.endswith(b"\r\n\r\n")
            wait_s = LIMIT_S if begins or not came else 0.15
            async with asyncio.timeout(wait_s):
                more = await connection.reader.read(65_536)
            if not more:
                break
            came += more
    except TimeoutError:
        assert came, "nothing came"
    except ConnectionError:
        pass
    connection.abort()
    return VARIES.sub(b"", came)


async def polling_session(rig: Rig) -> Session:
    """A session that long-polling carries. Its head is looked at, too, where heads are."""
    connection = await Connection.open(rig.port)
    connection.writer.write(b"GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(LIMIT_S):
        found = re.search(rb'"sid":"([^"]+)"', await connection.reader.readuntil(b"}"))
    connection.abort()
    assert found is not None
    session = rig.engine.open_session(found[1].decode())
    assert session is not None
    return session


async def gave_up(session: Session) -> None:
    """Return once the client's attempt to upgrade is over."""
    async with asyncio.timeout(LIMIT_S):
        while session.probe is not None:
            await asyncio.sleep(0.01)


async def both(data: bytes, **options: Any) -> tuple[bytes, bytes]:
    answers = []
    for direct in (True, False):
        async with engine_rig(direct=direct, **options) as rig:
            answers.append(await answer_to(rig, data))
    return answers[0], answers[1]


@pytest.mark.parametrize("name", TAKEN)
async def test_a_plain_handshake_is_taken_and_answered_the_same(name: str, verdicts: list[bool]) -> None:
    short, long = await both(TAKEN[name])
    assert verdicts == [True]
    assert short == long
    assert short.startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("name", NOT_PLAIN)
async def test_whatever_is_not_plain_is_answered_by_aiohttp(name: str, verdicts: list[bool]) -> None:
    short, long = await both(NOT_PLAIN[name])
    assert verdicts == [False]
    assert short == long


async def test_a_cookie_and_compression_are_agreed_on_alike(verdicts: list[bool]) -> None:
    asked = head(PATH, "Origin: http://127.0.0.1", "Sec-WebSocket-Extensions: permessage-deflate")
    short, long = await both(asked, websocket_compression=True, cookie="io")
    assert verdicts == [True]
    assert re.sub(rb"io=[^;]+", b"", short) == re.sub(rb"io=[^;]+", b"", long)
    assert b"Sec-WebSocket-Extensions: permessage-deflate" in short
    assert b"Set-Cookie: io=" in short


async def test_a_foreign_origin_is_refused_once_and_alike(verdicts: list[bool]) -> None:
    asked = head(PATH, "Origin: https://elsewhere.example")
    short, long = await both(asked, cors_allowed_origins=[])
    assert verdicts == [False]
    assert short == long
    assert short.startswith(b"HTTP/1.1 403 ")


UPGRADES = {
    "plain": (),
    "as a browser asks": ("Origin: http://127.0.0.1", "User-Agent: x", "Cookie: a=b"),
    "a compression": ("Sec-WebSocket-Extensions: permessage-deflate",),
}
PROBE = b"\x81\x86\0\0\0\x002probe"
PROBED = b"\x81\x063probe"


@pytest.mark.parametrize("name", UPGRADES)
async def test_an_upgrade_from_polling_is_taken_and_answered_the_same(name: str, verdicts: list[bool]) -> None:
    answers = []
    for direct in (True, False):
        async with engine_rig(direct=direct, websocket_compression=True, cookie="io") as rig:
            session = await polling_session(rig)
            answers.append(await answer_to(rig, head(f"{PATH}&sid={session.sid}", *UPGRADES[name]) + PROBE))
            await gave_up(session)
            assert session.connected  # on polling
    assert verdicts[:2] == [False, True]
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 101 ")
    assert answers[0].endswith(PROBED)


async def test_an_upgrade_without_a_version_of_the_protocol_is_taken_too(rig: Rig, verdicts: list[bool]) -> None:
    session = await polling_session(rig)
    asked = head(f"/engine.io/?transport=websocket&sid={session.sid}&t=1")
    assert (await answer_to(rig, asked + PROBE)).endswith(PROBED)
    await gave_up(session)
    assert verdicts[:2] == [False, True]


NO_UPGRADE = {
    "twice": "&sid=other",
    "JSONP": "&j=0",
    "an escape": "&t=%41",
    "another transport": "&transport=polling",
}


@pytest.mark.parametrize("name", NO_UPGRADE)
async def test_an_upgrade_that_is_not_plain_is_answered_by_aiohttp(name: str, verdicts: list[bool]) -> None:
    answers = []
    for direct in (True, False):
        async with engine_rig(direct=direct) as rig:
            session = await polling_session(rig)
            answers.append(await answer_to(rig, head(f"{PATH}&sid={session.sid}{NO_UPGRADE[name]}") + PROBE))
    assert verdicts[:2] == [False, False]
    assert answers[0] == answers[1]


async def test_a_second_upgrade_is_turned_away_alike(verdicts: list[bool]) -> None:
    answers = []
    for direct in (True, False):
        async with engine_rig(direct=direct) as rig:
            session = await polling_session(rig)
            first = await Connection.open(rig.port)
            first.writer.write(head(f"{PATH}&sid={session.sid}") + PROBE)
            async with asyncio.timeout(LIMIT_S):
                assert await first.reader.readuntil(PROBED)
            answers.append(await answer_to(rig, head(f"{PATH}&sid={session.sid}")))
            assert session.probe is not None
            first.abort()
            await gave_up(session)
    assert verdicts[:3] == [False, True, False]
    assert answers[0] == answers[1]


async def test_where_nobody_may_upgrade_all_are_refused_alike(verdicts: list[bool]) -> None:
    answers = []
    for direct in (True, False):
        async with engine_rig(direct=direct, allow_upgrades=False) as rig:
            session = await polling_session(rig)
            answers.append(await answer_to(rig, head(f"{PATH}&sid={session.sid}")))
    assert verdicts[:2] == [False, False]
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 400 ")


async def test_what_came_behind_the_head_is_the_first_message(rig: Rig) -> None:
    early = head() + b"\x81\x83\0\0\0\x004hi"
    assert b"4hi" in await answer_to(rig, early)


async def test_whom_the_application_does_not_admit_it_refuses_once(verdicts: list[bool]) -> None:
    answers, asked = [], []

    def admission(sid: str, request: RequestHead) -> None:
        asked.append((request.remote, request.headers.getall("X-Forwarded-For", ())))
        raise Unwelcome(web.Response(status=429, text="too many", headers={"Retry-After": "5"}))

    for direct in (True, False):
        async with engine_rig(direct=direct) as rig:
            rig.engine.admission = admission
            answers.append(await answer_to(rig, head(PATH, "X-Forwarded-For: a", "X-Forwarded-For: b")))
            assert rig.engine.session_count == 0
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 429 ")
    assert asked == [("127.0.0.1", ["a", "b"])] * 2
    assert verdicts == [False]


@pytest.mark.parametrize("verdict", [False, "not you"])
async def test_whom_the_connect_handler_refuses_it_refuses_once(verdict: Any, verdicts: list[bool]) -> None:
    answers, asked = [], []

    def connect(sid: str, environ: dict[str, str]) -> Any:
        asked.append({name: value for name, value in environ.items() if name != "wsgi.input"})
        return verdict

    for direct in (True, False):
        async with engine_rig(direct=direct) as rig:
            rig.engine.on("connect", connect)
            answers.append(await answer_to(rig, head(f"{PATH}&t=1", "User-Agent: me", "Origin: http://127.0.0.1")))
            assert rig.engine.session_count == 0
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 403 ")
    assert len(asked) == 2
    assert asked[0] == asked[1]
    assert verdicts == [False]


async def test_a_connect_handler_that_fails_refuses_alike(verdicts: list[bool]) -> None:
    answers = []

    def connect(sid: str, environ: dict[str, str]) -> None:
        raise RuntimeError("of the application")

    for direct in (True, False):
        async with engine_rig(direct=direct) as rig:
            rig.engine.on("connect", connect)
            answers.append(await answer_to(rig, head()))
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 403 ")


async def test_a_connect_handler_that_waits_has_aiohttp_wait_for_it(verdicts: list[bool]) -> None:
    async with engine_rig() as rig:

        @rig.engine.on("connect")  # type: ignore[untyped-decorator]
        async def connect(sid: str, environ: dict[str, str]) -> None:
            await asyncio.sleep(0.01)

        assert (await answer_to(rig, head())).startswith(b"HTTP/1.1 101 ")
    assert verdicts == [False]


async def test_a_server_that_stops_refuses_alike(verdicts: list[bool]) -> None:
    answers = []
    for direct in (True, False):
        async with engine_rig(direct=direct) as rig:
            await rig.engine.drain()
            answers.append(await answer_to(rig, head()))
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 503 ")


async def test_few_queries_are_remembered_and_long_ones_are_not_plain(rig: Rig, verdicts: list[bool]) -> None:
    for number in range(2 * MAX_QUERIES):
        _opens(f"EIO=4&transport=websocket&t={number}")
    assert _opens.cache_info().currsize == MAX_QUERIES
    assert (await answer_to(rig, head(f"{PATH}&t={'x' * 1_024}"))).startswith(b"HTTP/1.1 101 ")
    assert verdicts == [False]


def test_few_origins_are_remembered() -> None:
    policy = OriginPolicy("*")
    for number in range(2 * MAX_ORIGINS):
        origin = f"https://{number}.example"
        assert f"Access-Control-Allow-Origin: {origin}\r\n".encode() in policy.lines(origin)
    assert policy.lines.cache_info().currsize == MAX_ORIGINS


async def test_a_head_in_pieces_is_taken_too(rig: Rig, verdicts: list[bool]) -> None:
    connection = await Connection.open(rig.port)
    whole = head()
    for piece in (whole[:10], whole[10:-2], whole[-2:]):
        connection.writer.write(piece)
        await asyncio.sleep(0.02)
    assert (await connection.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    assert verdicts == [True]


async def test_a_later_request_of_a_connection_may_become_a_websocket_too(rig: Rig, verdicts: list[bool]) -> None:
    connection = await Connection.open(rig.port)
    connection.send_head("GET", "/engine.io/?EIO=4&transport=polling")
    assert (await connection.answer()).status == 200
    connection.writer.write(head())
    assert (await connection.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    assert verdicts == [False]


@pytest.mark.parametrize("origin", ["http://€", "http://ü".encode("latin-1").decode("latin-1")])
@pytest.mark.parametrize("expects", ["", "Expect: 100-continue"], ids=["direct", "by aiohttp"])
async def test_an_origin_that_no_header_can_repeat_is_refused(
    origin: str, expects: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It was echoed, which failed after the session was opened, and left it there."""
    more = [f"Origin: {origin}", f"Host: {origin.removeprefix('http://')}", *([expects] if expects else [])]
    async with engine_rig() as rig:
        connection = await Connection.open(rig.port)
        connection.writer.write(head(PATH, *more, but="Host"))
        answer = await asyncio.wait_for(connection.reader.read(64), LIMIT_S)
        answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400"))
        connection.writer.close()
        assert len(rig.engine.sockets) == 0
    assert "Fatal error" not in caplog.text
