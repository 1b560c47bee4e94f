"""HTTP between nodes: as it came, within bounds, and answered by the handlers of the node that is asked."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from rooms.errors import Code, Refused
from server.cluster import http
from server.cluster.flows import PART_BYTES, WINDOW_BYTES
from server.cluster.frames import BadBatch, Frame
from server.cluster.http import Asked
from server.cluster.links import Links
from server.cluster.rooms import Place
from server.security import file_quotas
from server.transport.engineio.polling import Watch
from server.transport.engineio.turns import Turns
from server.transport.http import asking
from server.transport.http import relay as module
from server.transport.http.relay import RELAY, HttpRelay, tag_of
from server.transport.http.routes import errors
from server.transport.http.runner import Runner
from server.transport.http.unconnected import WHOLE_BYTES
from tests.support.cluster import MemoryRooms, MemoryWire, Network, Owners
from tests.support.files import slowly
from tests.support.pace import PACE

ASKED = Asked("POST", "/api/rooms/a?x=1", [("X-Name", "é"), ("Host", "h")], "127.0.0.1", b"\x00body", 5)
LIMIT_S = 10 * PACE
LONG = os.urandom(20 * PART_BYTES + 99)
"""Longer than any buffer on its way holds."""


@pytest.mark.parametrize("length", [5, 6, 2**40, None])
def test_a_request_is_read_as_it_was_written(length: int | None) -> None:
    assert http.decode(http.encode(ASKED._replace(length=length))) == ASKED._replace(length=length)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xff\xff\xff",
        http.encode(ASKED._replace(target="/a HTTP/1.1\r\nX: y")),
        http.encode(ASKED._replace(headers=[("A", "b\r\nC: d")])),
        http.encode(ASKED._replace(length=4)),
        http.encode(ASKED._replace(length="6")),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(BadBatch):
        http.decode(body)


@pytest.mark.parametrize(
    "data",
    [b"", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"200\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n\r\nuntil it closes", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_whole_answer_is_refused(data: bytes) -> None:
    with pytest.raises(BadBatch):
        http.read_answer(data, "GET")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("HEAD", 404), ("GET", 304), ("GET", 204)])
def test_an_answer_without_a_body_is_whole(method: str, status: int) -> None:
    data = f"HTTP/1.1 {status} X\r\nContent-Length: 5\r\nServer: x\r\nETag: y\r\n\r\n".encode()
    assert http.read_answer(data, method) == (status, [("ETag", "y"), ("Content-Length", "5")], b"")


class Node:
    """A node with a few routes, and a real HTTP server before it."""

    def __init__(self, network: Network, owners: Owners, name: str) -> None:
        self.name = name
        self.rooms = MemoryRooms(owners, name)
        self.links = Links(name, MemoryWire(network, name))
        self.relay = HttpRelay()
        self.relay.engine_path = "/engine/"
        self.relay.join(self.rooms, self.links, lambda sid: sid.startswith(tag_of(name)))
        self.links.on_frame = self._frame
        self.links.on_nobody = lambda node, untaken: self.relay.node_gone(node)
        self.links.on_gap = self.relay.missed
        network.listen(name, self.links.take)
        self.links.start()
        self.gone = asyncio.Event()
        self.go_on = asyncio.Event()
        self.failed: list[str] = []
        self.moved = 0
        """Bytes that its handlers have read, or written."""
        self.url = ""
        app = web.Application(middlewares=[errors, self.relay.middleware])
        app[RELAY] = self.relay
        app.router.add_route("*", "/api/rooms/{room_id}", self._answer)
        app.router.add_route("*", "/engine/", self._answer)
        app.router.add_post("/api/rooms/{room_id}/refused", self._refuse)
        app.router.add_post("/api/rooms/{room_id}/files", self._swallow)
        app.router.add_get("/api/rooms/{room_id}/files", self._pour)
        self.runner = Runner(app, Turns())

    def _frame(self, source: str, frame: Frame) -> None:
        self.relay.take(source, frame)

    async def _answer(self, request: web.Request) -> web.Response:
        if "wait" in request.query:
            with Watch(request, self.gone.set):
                await asyncio.wait_for(self.gone.wait(), 30 * PACE)
        said: dict[str, Any] = {"node": self.name, "remote": request.remote, "query": request.query_string}
        said["body"], said["header"] = (await request.read()).decode(), request.headers.get("X-Name")
        response = web.json_response(said, status=207)
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    async def _refuse(self, request: web.Request) -> web.Response:
        raise Refused(Code.FILE_TOO_LARGE, f"{request.content_length} bytes")

    async def _swallow(self, request: web.Request) -> web.Response:
        """Reads a body; `?held`: only once told to go on."""
        body = bytearray()
        try:
            if "held" in request.query:
                await self.go_on.wait()
            while data := await request.content.read(PART_BYTES):
                body += data
                self.moved += len(data)
        except Exception as error:
            self.failed.append(type(error).__name__)
            self.gone.set()
            raise
        said = {"sum": hash(bytes(body)), "length": request.content_length, "coding": request.headers.get("X-Coding")}
        return web.json_response({**said, "encoding": request.headers.get("Content-Encoding")})

    async def _pour(self, request: web.Request) -> web.StreamResponse:
        """Writes a long body; `?stop=n`: only so many bytes of it, until it is told to go on."""
        stop = int(request.query.get("stop", len(LONG)))
        response = web.StreamResponse(headers={"X-Sum": "1"})
        response.content_length = len(LONG)
        await response.prepare(request)
        try:
            for at in range(0, len(LONG), PART_BYTES):
                if at >= stop:
                    await self.go_on.wait()
                await response.write(LONG[at : at + PART_BYTES])
                self.moved += PART_BYTES
        except ConnectionError:
            self.gone.set()
        return response


async def started(network: Network, owners: Owners, *names: str) -> list[Node]:
    made = [Node(network, owners, name) for name in names]
    for node in made:
        await node.runner.setup()
        site = web.TCPSite(node.runner, "127.0.0.1", 0)
        await site.start()
        node.url = f"http://127.0.0.1:{node.runner.addresses[0][1]}"
    return made


@pytest_asyncio.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[tuple[Node, Node, Network]]:
    network, owners = Network(), Owners()
    owners.owner["room"] = "other"
    one, other = await started(network, owners, "one", "other")
    yield one, other, network
    for node in (one, other):
        node.go_on.set()
        node.relay.leave()
        assert not node.relay._answering
    for node in (one, other):
        node.links.stop()
        await node.runner.cleanup()
        assert not node.relay._asked


async def test_the_node_that_has_the_room_answers(pair: tuple[Node, Node, Network]) -> None:
    one, other, _ = pair
    async with aiohttp.ClientSession() as client:
        headers = {"X-Name": "Ada"}
        async with client.post(f"{one.url}/api/rooms/room?q=a%20b", data=b"hello", headers=headers) as answer:
            assert answer.status == 207
            said = await answer.json()
            assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
    assert said == {"node": "other", "remote": "127.0.0.1", "query": "q=a b", "body": "hello", "header": "Ada"}
    assert one.relay.relayed == 1
    assert other.relay.relayed == 0


async def test_the_head_of_an_answer_tells_its_length(pair: tuple[Node, Node, Network]) -> None:
    one, other, _ = pair
    async with aiohttp.ClientSession() as client:
        async with client.head(f"{one.url}/api/rooms/room") as answer:
            assert (answer.status, await answer.read()) == (207, b"")
            length = answer.content_length
        async with client.get(f"{other.url}/api/rooms/room") as answer:
            assert len(await answer.read()) == length
    assert one.relay.relayed == 1


async def test_a_session_is_answered_by_its_node(pair: tuple[Node, Node, Network]) -> None:
    one, other, _ = pair
    async with aiohttp.ClientSession() as client:
        for node in (one, other):
            sid = tag_of(node.name) + "abc"
            async with client.get(f"{one.url}/engine/?transport=polling&sid={sid}") as answer:
                assert (await answer.json())["node"] == node.name
        async with client.get(f"{one.url}/engine/?transport=websocket&sid={tag_of('other')}abc") as answer:
            assert (await answer.json())["node"] == "one", "a WebSocket is not relayed"


async def test_whoever_goes_away_waits_for_no_answer(pair: tuple[Node, Node, Network]) -> None:
    one, other, _ = pair
    async with aiohttp.ClientSession() as client:
        asked = asyncio.create_task(client.get(f"{one.url}/api/rooms/room?wait"))
        async with asyncio.timeout(LIMIT_S):
            while not other.relay._answering:
                await asyncio.sleep(0.01)
        asked.cancel()
    assert one.relay.relayed == 1
    await asyncio.wait_for(other.gone.wait(), 10 * PACE)
    assert not one.relay._asked


async def test_a_node_that_is_gone_answers_nobody(pair: tuple[Node, Node, Network]) -> None:
    one, _, network = pair
    network.unplug("other")
    async with aiohttp.ClientSession() as client, client.get(f"{one.url}/api/rooms/room") as answer:
        assert answer.status == 503
        assert (await answer.json())["error"]["code"] == "UNAVAILABLE"


async def test_what_is_short_is_one_frame_each_way(
    pair: tuple[Node, Node, Network], client: aiohttp.ClientSession
) -> None:
    one, other, _ = pair
    async with client.post(f"{one.url}/api/rooms/room", data=b"x" * (WHOLE_BYTES - 1_000)) as answer:
        assert answer.status == 207
    assert (one.links.frames_out, other.links.frames_out) == (1, 1)


@pytest.mark.parametrize("told", [True, False])
async def test_a_long_body_comes_as_it_was_sent(
    pair: tuple[Node, Node, Network], told: bool, client: aiohttp.ClientSession
) -> None:
    one, _, _ = pair
    data = io.BytesIO(LONG) if told else slowly(LONG, 9)
    async with client.post(f"{one.url}/api/rooms/room/files", data=data) as answer:
        said = await answer.json()
    assert said["sum"] == hash(LONG)
    assert said["length"] == (len(LONG) if told else None)


async def test_what_comes_slowly_is_passed_on_as_it_comes(
    pair: tuple[Node, Node, Network], monkeypatch: pytest.MonkeyPatch, client: aiohttp.ClientSession
) -> None:
    monkeypatch.setattr(asking, "BEGIN_S", 0.01)
    one, other, _ = pair
    async with client.post(f"{one.url}/api/rooms/room/files", data=slowly(b"a few bytes", 4, 0.05)) as answer:
        assert (await answer.json())["sum"] == hash(b"a few bytes")
    assert one.links.frames_out > 2
    assert other.moved == len(b"a few bytes")


async def test_a_body_keeps_its_coding_and_is_decoded_once(
    pair: tuple[Node, Node, Network], client: aiohttp.ClientSession
) -> None:
    one, other, _ = pair
    for node in (one, other):
        headers = {"Content-Encoding": "gzip"}
        data = io.BytesIO(gzip.compress(LONG))
        async with client.post(f"{node.url}/api/rooms/room/files", data=data, headers=headers) as answer:
            said = await answer.json()
        assert (said["sum"], said["encoding"]) == (hash(LONG), "gzip")


async def test_a_long_answer_comes_as_it_was_sent(
    pair: tuple[Node, Node, Network], client: aiohttp.ClientSession
) -> None:
    one, _, _ = pair
    async with aiohttp.ClientSession() as client, client.get(f"{one.url}/api/rooms/room/files") as answer:
        assert (answer.status, answer.content_length, answer.headers["X-Sum"]) == (200, len(LONG), "1")
        assert await answer.read() == LONG


async def still(node: Node) -> int:
    """How much its handlers have moved, once they move no more."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            before = node.moved
            await asyncio.sleep(0.2)
            if node.moved == before:
                return before


async def test_a_body_that_is_not_read_is_not_asked_for(
    pair: tuple[Node, Node, Network], monkeypatch: pytest.MonkeyPatch, client: aiohttp.ClientSession
) -> None:
    one, other, _ = pair
    held = asyncio.create_task(client.post(f"{one.url}/api/rooms/room/files?held", data=io.BytesIO(LONG)))
    async with asyncio.timeout(LIMIT_S):
        while one.relay.relayed == 0:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    [exchange] = one.relay._asked.values()
    assert exchange._out is not None
    assert exchange._out._sent + len(exchange._begun.beginning) < len(LONG) / 2
    async with client.post(f"{one.url}/api/rooms/room/files", data=io.BytesIO(LONG)) as answer:
        assert (await answer.json())["sum"] == hash(LONG), "whoever is not read holds up nobody else"
    other.go_on.set()
    async with await held as answer:
        assert (await answer.json())["sum"] == hash(LONG)


async def test_an_answer_that_is_not_read_is_not_written(
    pair: tuple[Node, Node, Network], client: aiohttp.ClientSession
) -> None:
    one, other, _ = pair
    url = urlsplit(one.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=1_000)
    writer.write(b"GET /api/rooms/room/files HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    [exchange] = one.relay._asked.values()
    await still(other)
    assert exchange._inflow is not None
    assert exchange._inflow.held <= WINDOW_BYTES
    async with aiohttp.ClientSession() as client, client.get(f"{one.url}/api/rooms/room/files") as answer:
        assert await answer.read() == LONG, "whoever does not read holds up nobody else"
    assert (await reader.read()).endswith(LONG[-1_000:])
    writer.close()


async def test_a_request_goes_on_to_the_node_that_has_the_room_with_all_of_its_body(
    monkeypatch: pytest.MonkeyPatch, client: aiohttp.ClientSession
) -> None:
    network, owners = Network(), Owners()
    owners.owner["room"] = "third"
    one, other, third = await started(network, owners, "one", "other", "third")
    places = iter(["other", "other", "third"])

    async def place(room_id: str, *, may_claim: bool) -> Place:
        return Place(next(places))

    monkeypatch.setattr(one.rooms, "place", place)
    async with client.post(f"{one.url}/api/rooms/room/files", data=io.BytesIO(LONG)) as answer:
        assert (await answer.json())["sum"] == hash(LONG)
    assert (other.moved, third.moved) == (0, len(LONG))
    for node in (one, other, third):
        node.relay.leave()
        node.links.stop()
        await node.runner.cleanup()


async def test_what_is_refused_is_refused_before_it_comes(
    pair: tuple[Node, Node, Network], client: aiohttp.ClientSession
) -> None:
    one, _, _ = pair
    began = asyncio.get_running_loop().time()
    async with client.post(f"{one.url}/api/rooms/room/refused", data=io.BytesIO(LONG)) as answer:
        assert (await answer.json())["error"] == {
            "code": "FILE_TOO_LARGE", "message": f"{len(LONG)} bytes", "retryable": False
        }  # fmt: skip
    assert asyncio.get_running_loop().time() - began < LIMIT_S / 2, "nobody waits for the rest of it"


async def sent_half(node: Node, head: str) -> asyncio.StreamWriter:
    """A connection over which a body is on its way."""
    url = urlsplit(node.url)
    _, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"POST /api/rooms/room/files HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
    return writer


async def test_a_body_that_breaks_off_breaks_off_there_too(pair: tuple[Node, Node, Network]) -> None:
    one, other, _ = pair
    writer = await sent_half(one, f"Content-Length: {len(LONG)}")
    writer.write(LONG[: len(LONG) // 2])
    async with asyncio.timeout(LIMIT_S):
        while other.moved < len(LONG) // 2:
            await asyncio.sleep(0.01)
        writer.transport.abort()
        await other.gone.wait()
    assert other.failed == ["ConnectionResetError"]


async def test_a_body_that_cannot_be_read_is_refused(
    pair: tuple[Node, Node, Network], client: aiohttp.ClientSession
) -> None:
    one, other, _ = pair

    async def broken() -> AsyncIterator[bytes]:
        yield LONG[: len(LONG) // 2]
        while other.moved < len(LONG) // 2:
            await asyncio.sleep(0.01)
        raise aiohttp.ClientError("no more of it")

    with pytest.raises(aiohttp.ClientError):
        await client.post(f"{one.url}/api/rooms/room/files", data=broken())
    await asyncio.wait_for(other.gone.wait(), LIMIT_S)


async def test_whoever_goes_away_is_sent_no_more(
    pair: tuple[Node, Node, Network], client: aiohttp.ClientSession
) -> None:
    one, other, _ = pair
    async with client.get(f"{one.url}/api/rooms/room/files?stop={10 * PART_BYTES}") as answer:
        await answer.content.readexactly(5 * PART_BYTES)
    async with asyncio.timeout(LIMIT_S):
        while one.relay._asked or other.relay._answering:
            await asyncio.sleep(0.01)
    other.go_on.set()
    await asyncio.wait_for(other.gone.wait(), LIMIT_S)


@pytest.mark.parametrize("how", ["gone", "missed", "stopped", "silent"])
async def test_an_answer_that_breaks_off_is_cut(
    pair: tuple[Node, Node, Network], how: str, monkeypatch: pytest.MonkeyPatch, client: aiohttp.ClientSession
) -> None:
    one, other, network = pair
    if how == "silent":
        monkeypatch.setattr(asking, "ANSWER_S", 3.0)
    async with client.get(f"{one.url}/api/rooms/room/files?stop={10 * PART_BYTES}") as answer:
        await answer.content.readexactly(10 * PART_BYTES)
        if how == "gone":
            one.relay.node_gone("other")
        elif how == "missed":
            network.drop_next = 1
            other.go_on.set()
        elif how == "stopped":
            [answering] = other.relay._answering.values()
            answering.abort()
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert not one.relay._asked


async def test_what_was_missed_of_a_body_is_noticed(pair: tuple[Node, Node, Network]) -> None:
    one, other, network = pair
    other.links.on_gap = lambda node: None
    writer = await sent_half(one, f"Content-Length: {len(LONG)}")
    writer.write(LONG[:300_000])
    async with asyncio.timeout(LIMIT_S):
        while other.moved < 300_000:
            await asyncio.sleep(0.01)
        network.drop_next = 1
        writer.write(LONG[300_000:310_000])
        while network.drop_next:
            await asyncio.sleep(0.01)
        writer.write(LONG[310_000:])
        await other.gone.wait()
    writer.close()


async def test_a_node_that_takes_no_more_of_a_body_is_given_up(
    pair: tuple[Node, Node, Network], monkeypatch: pytest.MonkeyPatch, client: aiohttp.ClientSession
) -> None:
    one, _, _ = pair
    monkeypatch.setattr(asking, "ANSWER_S", 0.2)
    async with client.post(f"{one.url}/api/rooms/room/files?held", data=io.BytesIO(LONG)) as answer:
        assert answer.status == 503


async def test_requests_that_wait_are_bounded(
    pair: tuple[Node, Node, Network], monkeypatch: pytest.MonkeyPatch, client: aiohttp.ClientSession
) -> None:
    one, other, _ = pair
    monkeypatch.setattr(file_quotas, "MAX_TRANSFERS", 0)
    async with client.post(f"{one.url}/api/rooms/room/files", data=io.BytesIO(LONG)) as answer:
        assert (await answer.json())["error"]["code"] == "QUOTA_EXCEEDED"
    async with client.post(f"{one.url}/api/rooms/room", data=b"short") as answer:
        assert answer.status == 207
    monkeypatch.setattr(module, "MAX_RELAYED", 0)
    async with client.get(f"{one.url}/api/rooms/room") as answer:
        assert answer.status == 503
    monkeypatch.setattr(module, "MAX_RELAYED", 10)
    monkeypatch.setattr(asking, "ANSWER_S", 0.05)
    async with client.get(f"{one.url}/api/rooms/room?wait") as answer:
        assert answer.status == 503
    other.gone.set()


async def test_an_answer_of_all_nodes_is_put_together_of_parts_within_a_bound(
    pair: tuple[Node, Node, Network], monkeypatch: pytest.MonkeyPatch, client: aiohttp.ClientSession
) -> None:
    one, _, _ = pair
    got: list[object] = []

    async def ask(request: web.Request) -> web.Response:
        for bound in (module.MAX_RELAYED_BYTES, len(LONG) - 1):
            monkeypatch.setattr(module, "MAX_RELAYED_BYTES", bound)
            answers = await one.relay._ask_all(request, LIMIT_S)
            got.extend(None if answer is None else answer.body for answer in answers.values())
        return web.Response()

    app = web.Application()
    app.router.add_get("/api/rooms/room/files", ask)
    runner = Runner(app, Turns())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/rooms/room/files"
    async with client.get(url) as answer:
        assert answer.status == 200
    assert got == [LONG, None]
    await runner.cleanup()
