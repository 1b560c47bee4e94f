"""A server on a real MongoDB that is late, paused or searched for what should be gone."""

from __future__ import annotations

import itertools
import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from pymongo import MongoClient

from server.outbound.health import GONE
from tests.support.js_client import JsClient, js_client
from tests.support.mongo import Mongod, find_word_everywhere
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.processes import ServerProcess, free_port, server_process, wait_until

WORD = "Xylophonzebra"
# What a caller of a server whose database is down may have to wait.
ANSWER_LIMIT_S = 6.0 * PACE
EXIT_LIMIT_S = 10.0 * PACE

Answer = tuple[int, dict[str, Any]]


def call(server: ServerProcess, method: str, path: str, body: Any = None, key: str = "") -> Answer:
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def ready(server: ServerProcess) -> bool:
    return call(server, "GET", "/ready")[0] == 200


def _held(uri: str, collection: str) -> dict[str, Any]:
    """Some document of a collection; `{}` where there is none."""
    client: MongoClient[dict[str, Any]] = MongoClient(uri, timeoutMS=10_000)
    with client:
        return client.get_default_database()[collection].find_one() or {}


async def talk(js: JsClient, server: ServerProcess, room_id: str) -> None:
    """Two people whose names and messages hold the word."""
    people = [await js.connect(server.url) for _ in range(2)]
    for person in people:
        await person.ok("join-room", {"roomId": room_id, "name": f"{WORD} the person"})
    for number in range(5):
        await people[0].ok("send-message", {"roomId": room_id, "text": f"{WORD} {number}"})
    await people[1].wait_for("message-received", lambda message: message["text"] == f"{WORD} 4")


@pytest.mark.parametrize("ending", ["deleted", "expired"])
async def test_nothing_of_a_conversation_is_left_in_the_database(node: str, mongo_uri: str, ending: str) -> None:
    with server_process(MONGODB_URI=mongo_uri, MESSAGE_LOG="on") as server:
        wait_until(lambda: ready(server), "readiness")
        life_s = 6 if ending == "expired" else 3600
        _, made = call(server, "POST", "/api/rooms", {"log": True, "expiresInS": life_s})
        async with js_client() as js:
            await talk(js, server, made["roomId"])
            found = find_word_everywhere(mongo_uri, WORD)
            assert found == [], "names and logged messages are sealed while the room lives"
            assert _held(mongo_uri, "rooms")["seats"][0]["sealed"]
            wait_until(lambda: bool(_held(mongo_uri, "messages").get("sealed")), "a logged message")
            if ending == "deleted":
                status, answer = call(server, "DELETE", f"/api/rooms/{made['roomId']}", key=made["hostKey"])
                assert (status, answer["erased"]["messages"], answer["erased"]["seats"]) == (200, 5, 2)
            wait_until(lambda: _held(mongo_uri, "rooms")["state"] == "ended", "the end")
            wait_until(lambda: _held(mongo_uri, "messages") == {}, "erasure")
            assert find_word_everywhere(mongo_uri, WORD) == []
        assert call(server, "GET", f"/api/rooms/{made['roomId']}")[0] == 410
        assert WORD not in server.log()


def test_a_server_that_starts_before_its_database_serves_and_becomes_ready() -> None:
    requires("mongod")
    mongod = Mongod(free_port())
    try:
        with server_process(MONGODB_URI=mongod.uri("late")) as server:
            assert call(server, "GET", "/health")[0] == 200
            assert not ready(server)
            assert call(server, "POST", "/api/rooms", {})[0] == 503
            mongod.start()
            wait_until(lambda: ready(server), "readiness")
            assert call(server, "POST", "/api/rooms", {})[0] == 201
    finally:
        mongod.close()


async def test_chat_goes_on_while_the_database_is_paused(node: str, own_mongod: Mongod) -> None:
    with server_process(MONGODB_URI=own_mongod.uri("paused")) as server:
        wait_until(lambda: ready(server), "readiness")
        _, made = call(server, "POST", "/api/rooms", {})
        async with js_client() as js:
            own_mongod.pause()
            started = time.monotonic()
            assert call(server, "POST", "/api/rooms", {})[0] == 503
            assert time.monotonic() - started < ANSWER_LIMIT_S
            await talk(js, server, made["roomId"])
            assert call(server, "GET", "/health")[1]["status"] == "degraded"

            own_mongod.resume()
            wait_until(lambda: ready(server), "readiness")
            wait_until(lambda: bool(_held(own_mongod.uri("paused"), "rooms").get("seats")), "the saved seats")


def test_a_server_whose_database_is_paused_still_stops_in_time(own_mongod: Mongod) -> None:
    with server_process(MONGODB_URI=own_mongod.uri("paused")) as server:
        wait_until(lambda: ready(server), "readiness")
        call(server, "POST", "/api/rooms", {})
        own_mongod.pause()
        started = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - started < EXIT_LIMIT_S
        own_mongod.resume()


async def test_a_server_that_stops_without_its_database_tells_what_could_not_be_written(
    node: str, own_mongod: Mongod
) -> None:
    with server_process(MONGODB_URI=own_mongod.uri("paused"), MESSAGE_LOG="on") as server:
        wait_until(lambda: ready(server), "readiness")
        _, kept = call(server, "POST", "/api/rooms", {"log": True})
        _, ended = call(server, "POST", "/api/rooms", {})
        async with js_client() as js:
            person = await js.connect(server.url)
            await person.ok("join-room", {"roomId": kept["roomId"], "name": "Ada"})
            own_mongod.pause()
            for number in range(3):
                await person.ok("send-message", {"roomId": kept["roomId"], "text": f"{WORD} {number}"})
            await person.ok("leave-room", {"roomId": kept["roomId"]})
            status, _ = call(server, "DELETE", f"/api/rooms/{ended['roomId']}", key=ended["hostKey"])
            assert status == 200
        assert server.terminate() == 0
        own_mongod.resume()
        lines = [line for line in server.log().splitlines() if "could not be written" in line]
        assert len(lines) == 1, lines
        assert "1 rooms, 1 ends of rooms and 3 messages" in lines[0]
        assert WORD not in server.log()


def test_a_database_that_comes_and_goes_does_not_flap(own_mongod: Mongod) -> None:
    with server_process(MONGODB_URI=own_mongod.uri("flapping")) as server:
        wait_until(lambda: ready(server), "readiness")
        seen = [True]
        for _ in range(4):
            own_mongod.pause()
            call(server, "POST", "/api/rooms", {})  # fails, after 2 s
            seen.append(ready(server))
            own_mongod.resume()
            wait_until(lambda: call(server, "POST", "/api/rooms", {})[0] == 201, "a room")
            seen.append(ready(server))
        lines = [line for line in server.log().splitlines() if "The store" in line]
        gone = [GONE in line for line in lines]
        assert gone in ([True], [True, False], [True, False, True]), lines
        # Between two of these looks it may have changed, and changed back.
        assert sum(one != other for one, other in itertools.pairwise(seen)) <= len(lines), (seen, lines)
        wait_until(lambda: ready(server), "readiness")
        with urllib.request.urlopen(server.url + "/metrics", timeout=10) as answer:
            figures = answer.read().decode()
        assert "mayfly_store_healthy 1.0" in figures
        assert 'mayfly_unwritten{what="rooms"} 0.0' in figures
