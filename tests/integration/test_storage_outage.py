"""A server on a real MongoDB that is late, paused or searched for what should be gone."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.support.js_client import JsClient, js_client
from tests.support.mongo import Mongod, find_word_everywhere
from tests.support.parts import requires
from tests.support.processes import ServerProcess, free_port, server_process, wait_until

WORD = "Xylophonzebra"
# What a caller of a server whose database is down may have to wait.
ANSWER_LIMIT_S = 6.0
EXIT_LIMIT_S = 10.0

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
            assert [place for place in found if ".rooms:" in place], "names are kept while the room lives"
            assert [place for place in found if ".messages:" in place], "messages are logged while the room lives"
            if ending == "deleted":
                status, answer = call(server, "DELETE", f"/api/rooms/{made['roomId']}", key=made["hostKey"])
                assert (status, answer["erased"]["messages"], answer["erased"]["seats"]) == (200, 5, 2)
            wait_until(lambda: find_word_everywhere(mongo_uri, WORD) == [], "erasure")
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
            wait_until(lambda: bool(find_word_everywhere(own_mongod.uri("paused"), WORD)), "the saved names")


def test_a_server_whose_database_is_paused_still_stops_in_time(own_mongod: Mongod) -> None:
    with server_process(MONGODB_URI=own_mongod.uri("paused")) as server:
        wait_until(lambda: ready(server), "readiness")
        call(server, "POST", "/api/rooms", {})
        own_mongod.pause()
        started = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - started < EXIT_LIMIT_S
        own_mongod.resume()
