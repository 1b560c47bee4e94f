"""The tools of the tests are tested too: what they start answers, and what they break is broken."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.support.js_client import js_client
from tests.support.mongo import Mongod, find_word_everywhere
from tests.support.node import ScriptFailed, run_node
from tests.support.pace import PACE, SLOWEST
from tests.support.parts import missing, requires
from tests.support.processes import (
    LOOPBACK,
    ROOT,
    Program,
    Service,
    http_answers,
    launch,
    server_process,
    stopped,
    wait_until,
)
from tests.support.proxy import tcp_proxy
from tests.support.redis import RedisServer
from tests.support.turn import TurnServer

SUPPORT = Path(__file__).resolve().parents[1] / "support"
SOCKETS = 50


class EchoServer(Service):
    def __init__(self, port: int) -> None:
        super().__init__(port, ["node", str(SUPPORT / "echo_server.mjs"), str(port)])

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


@pytest.fixture(scope="module")
def echo() -> Iterator[EchoServer]:
    """The original Socket.IO server."""
    requires("node", "node packages")
    server = launch(EchoServer)
    yield server
    server.close()


def test_a_program_that_ends_at_once_says_why() -> None:
    program = Program(["/bin/sh", "-c", "echo no such luck; exit 3"])
    program.spawn()
    with pytest.raises(RuntimeError, match="ended with 3:\nno such luck"):
        program.await_ready(lambda: False)
    program.close()


def test_a_program_is_ended_even_while_stopped() -> None:
    program = Program(["/bin/sleep", "600"])
    program.spawn()
    program.pause()
    assert program.running()
    assert program.terminate() == -signal.SIGTERM
    program.close()


def test_a_missing_part_skips_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="a spoon"):
        missing("a spoon")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="a spoon"):
        missing("a spoon")


def test_a_planted_word_is_found_wherever_it_is(mongo_uri: str) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_uri)
    with client:
        database = client.get_default_database()
        database["one"].insert_one({"_id": 1, "deep": [{"er": "a Word in a text"}]})
        database["two"].insert_one({"_id": 2, "bytes": b"\x00Word\xff"})
        database["two"].insert_one({"_id": 3, "Word": True})
        database["two"].insert_one({"_id": 4, "text": "nothing"})
        name = database.name
    found = find_word_everywhere(mongo_uri, "Word")
    assert sorted(found) == [f"{name}.one: 1", f"{name}.two: 2", f"{name}.two: 3"]


def test_a_replica_set_takes_transactions(replica_set: Mongod) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(replica_set.uri("x"))
    with client, client.start_session() as session, session.start_transaction():
        client["x"]["y"].insert_one({}, session=session)


def test_redis_answers(redis_server: RedisServer) -> None:
    with socket.create_connection((LOOPBACK, redis_server.port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(64) == b"+PONG\r\n"


def test_the_turn_server_answers_a_binding_request(turn_server: TurnServer) -> None:
    binding_request = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + os.urandom(12)  # RFC 8489, section 5
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(0.5)
        for _ in range(20):  # over UDP a request is repeated until it is answered (section 6.2.1)
            connection.sendto(binding_request, (LOOPBACK, turn_server.port))
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(1024)
                break
    assert answer[:2] == b"\x01\x01"
    assert answer[4:20] == binding_request[4:20]


async def test_a_node_script_that_fails_says_why(node: str, tmp_path: Path) -> None:
    script = tmp_path / "failing.mjs"
    script.write_text("console.log('1'); throw new Error('no such luck');")
    with pytest.raises(ScriptFailed, match="no such luck"):
        await run_node(script)


async def test_chromium_has_a_camera_and_candidates_on_loopback(chromium: str, tmp_path: Path) -> None:
    script = tmp_path / "camera.mjs"
    script.write_text(
        f"""
        import {{ main }} from "{SUPPORT / "browser.mjs"}";
        await main(async (browser) => {{
          const page = await browser.newPage();
          return page.evaluate(async () => {{
            const peer = new RTCPeerConnection();
            const gathered = new Promise((done) => {{
              peer.onicecandidate = ({{ candidate }}) => candidate?.candidate && done(candidate.candidate);
            }});
            peer.createDataChannel("x");
            await peer.setLocalDescription();
            return {{ candidate: await gathered }};
          }});
        }});
        """
    )
    (result,) = await run_node(script)
    assert "typ host" in result["candidate"]


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]], ids="+".join)
async def test_a_javascript_socket_talks_over_each_transport(echo: EchoServer, transports: list[str]) -> None:
    async with js_client() as js:
        alice = await js.connect(echo.url, transports=transports, auth={"who": "Alice"})
        assert (await alice.wait_for("hello")).payload == {"auth": {"who": "Alice"}}
        assert await alice.ok("echo", {"text": "🦋"}) == {"text": "🦋"}
        assert await alice.refused("refuse", {}) == "INVALID_PAYLOAD"
        if len(transports) > 1:
            await alice.wait_for("upgrade")
        assert (await alice.state())["transport"] == transports[-1]
        await alice.disconnect()
        assert (await alice.wait_for("disconnect")).payload == "io client disconnect"


async def test_many_sockets_live_in_one_process_and_hear_in_order(echo: EchoServer) -> None:
    async with js_client() as js:
        sockets = [await js.connect(echo.url) for _ in range(SOCKETS)]
        for number in range(3):
            await sockets[0].emit("tell-all", number)
        for each in sockets:
            await each.wait_for("told", lambda payload: payload == 2)
            assert each.received("told") == [0, 1, 2]
        answers = await sockets[1].request_all([["echo", number] for number in range(500)])
        assert [answer["data"] for answer in answers] == list(range(500))
        indexes = sorted(event.index for each in sockets for event in each.events)
        assert indexes == list(range(len(indexes)))


async def test_a_request_without_an_answer_fails_in_time(echo: EchoServer) -> None:
    async with js_client() as js:
        alice = await js.connect(echo.url)
        with pytest.raises(ScriptFailed, match="timed out"):
            await alice.request("silence", {}, limit_s=0.2)


async def test_a_refused_connection_is_reported(node: str) -> None:
    async with js_client() as js:
        with pytest.raises(ScriptFailed, match="websocket error"):
            await js.connect(f"http://{LOOPBACK}:1")


@pytest.mark.parametrize("way", ["close_transport", "terminate"])
async def test_a_socket_that_lost_its_transport_comes_back_recovered(echo: EchoServer, way: str) -> None:
    async with js_client() as js:
        alice = await js.connect(echo.url, reconnection=True, reconnectionDelay=10)
        await alice.wait_for("connect")
        await alice.wait_for("hello")  # its offset is what the server recovers from
        await getattr(alice, way)()
        await alice.wait_for("disconnect")
        assert (await alice.wait_for("connect")).payload["recovered"] is True


async def test_a_killed_script_fails_its_calls(node: str) -> None:
    async with js_client() as js:
        await js.barrier()
        js.kill()
        for _ in range(2):
            with pytest.raises(ScriptFailed, match="has ended"):
                await js.barrier()


async def test_the_proxy_cuts_pauses_and_refuses(echo: EchoServer) -> None:
    with tcp_proxy(echo.port) as proxy:
        async with js_client() as js:
            alice = await js.connect(proxy.url, reconnection=True, reconnectionDelay=10)
            bob = await js.connect(proxy.url)
            await alice.wait_for("connect")
            assert (proxy.open, proxy.accepted) == (2, 2)

            proxy.pause()
            asked = asyncio.create_task(alice.request("echo", 1))
            done, _ = await asyncio.wait([asked], timeout=0.3)
            assert not done
            proxy.resume()
            assert await asked == {"ok": True, "data": 1}

            proxy.refuse()
            assert proxy.cut() == 2
            await bob.wait_for("disconnect")
            await alice.wait_for("connect_error")
            assert proxy.open == 0
            proxy.accept()
            await alice.wait_for("connect")
            assert await alice.ok("echo", {"a": 2}) == {"a": 2}


async def test_the_proxy_resets_rather_than_closes_also_while_paused(echo: EchoServer) -> None:
    with tcp_proxy(echo.port) as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        proxy.pause()
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await writer.drain()
        assert proxy.cut(count=1) == 1
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        async with asyncio.timeout(5 * PACE):
            while proxy.open:
                await asyncio.sleep(0.01)


async def test_the_proxy_freezes_what_is_open_and_lets_new_connections_work(echo: EchoServer) -> None:
    with tcp_proxy(echo.port) as proxy:
        async with js_client() as js:
            alice = await js.connect(proxy.url)
            proxy.freeze()
            bob = await js.connect(proxy.url)
            assert await bob.ok("echo", {"from": "Bob"}) == {"from": "Bob"}
            asked = asyncio.create_task(alice.ok("echo", {"from": "Alice"}))
            async with asyncio.timeout(5 * PACE):
                while not proxy.held:
                    await asyncio.sleep(0.01)
            assert not asked.done()
            proxy.resume()
            assert await asked == {"from": "Alice"}


def test_a_server_process_answers_restarts_on_its_port_and_ends_by_sigterm() -> None:
    with server_process(ROOM_CAPACITY="3") as server:
        room = _create_room(server.url)
        assert room["capacity"] == 3
        server.kill()
        assert not http_answers(server.url)
        server.restart()
        assert _create_room(server.url)["id"] != room["id"]
        assert server.terminate() == 0
        assert server.log()


def test_who_is_closed_leaves_nothing_behind_that_it_had_started() -> None:
    program = Program(["sh", "-c", "sleep 60 & echo $!; wait"])
    program.spawn()
    wait_until(lambda: program.log().strip().isdigit(), "the id of its child")
    child = int(program.log())
    program.close()
    wait_until(lambda: stopped(child), "the end of its child")


def test_a_slow_machine_is_known_as_one_and_its_runs_can_be_told_how_slow_it_is() -> None:
    said = [sys.executable, "-c", "from tests.support.pace import PACE, measured; print(PACE, measured())"]
    alone = {name: value for name, value in os.environ.items() if name != "TEST_PACE"}
    told = subprocess.run(said, env={**alone, "TEST_PACE": "2.5"}, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split()[0] == "2.5"
    measured = subprocess.run(said, env=alone, cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(1 <= float(pace) <= SLOWEST for pace in measured.stdout.split())


def _create_room(url: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{url}/api/rooms", data=b"{}", headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        room: dict[str, Any] = json.load(answer)["room"]
    return room
