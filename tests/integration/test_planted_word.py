"""A word in every field that a client may send, made of the request models: in no line of the log, and no metric.

A field that is added is covered by itself. The log is whatever the process writes, at its most talkative, through the
logger of any library.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from server.protocol.answers import ACKS
from server.schema.components import name_of, reference
from server.schema.operations import OPERATIONS, Operation
from server.usecases.commands import COMMANDS
from tests.support.planting import WORD, Planter
from tests.support.processes import ServerProcess, server_process
from tests.support.server import Client, Server, talking_to

API_KEY, ADMIN_KEY = "an-api-key-of-thirty-letters-x", "an-admin-key-of-thirty-letters"
GRANTED_AT_LEAST = 22
"""Of the requests over a socket, those that come through with the word in them. The others need what is not there."""


@pytest.fixture(params=["console", "json"])
def talkative(request: pytest.FixtureRequest, mongo_uri: str) -> Iterator[ServerProcess]:
    with server_process(
        LOG_LEVEL="debug",
        LOG_FORMAT=request.param,
        MESSAGE_LOG="on",
        MONGODB_URI=mongo_uri,
        API_KEYS=f"site:{API_KEY}",
        ADMIN_KEY=ADMIN_KEY,
        EVENTS_PER_S="0",
        MAX_ROOMS_PER_ADDRESS="0",
        PYTHONASYNCIODEBUG="1",
    ) as process:
        yield process


@pytest.mark.slow
async def test_a_word_in_any_field_is_in_no_log_and_no_metric(talkative: ServerProcess) -> None:
    async with talking_to(talkative.url) as server:
        granted = {event for event in COMMANDS if await says_everywhere(server, event)}
        statuses = Counter([status for operation in OPERATIONS async for status in called(server, operation)])
        told = [await server.call("GET", path) for path in ("/metrics", "/health", "/ready")]
        told.append(await server.call("GET", "/api/admin/stats", key=ADMIN_KEY))
    assert len(granted) >= GRANTED_AT_LEAST, f"not granted: {COMMANDS.keys() - granted}"
    assert {200, 201, 400, 403, 404} <= statuses.keys()
    assert not statuses.keys() & {500, 503}
    assert [one.text for one in told if WORD in one.text] == []
    assert talkative.terminate() == 0
    assert len(talkative.log()) > 10_000, "it said little: the level is not what this test is about"
    assert [line for line in talkative.log().splitlines() if re.search(WORD, line, re.IGNORECASE)] == []


async def says_everywhere(server: Server, event: str) -> bool:
    """Send a request with the word in each of its fields, each time as the host of a room. Whether one was granted."""
    schema, granted = reference(COMMANDS[event].payload), 0
    _, host, planter = await furnished(server)
    await host.request(WORD, {WORD: WORD})
    for _, payload in planter.planted(schema):
        ack = await host.request(event, payload)
        granted += ack["ok"]
        if event in ("leave-room", "end-room", "transfer-host") and ack["ok"]:
            _, host, planter = await furnished(server)
    assert ACKS[event]
    await host.leave()
    return granted > 0


async def furnished(server: Server) -> tuple[str, Client, Planter]:
    """A room with two people, a message and a poll, and the host's connection."""
    made = await server.room(log=True, lobby=True)
    room = made["roomId"]
    host, _ = await server.seated(room, hostKey=made["hostKey"], name=WORD)
    invite = (await server.call("POST", f"/api/rooms/{room}/invites", key=made["hostKey"])).json["invite"]
    _, guest = await server.seated(room, invite=invite, name=WORD)
    sent = await host.ok("send-message", roomId=room, text=WORD, clientMessageId=WORD)
    poll = await host.ok("create-poll", roomId=room, question=WORD, options=[WORD, "no"])
    knocker = await server.connect()
    await knocker.ok("knock", roomId=room, name=WORD)
    knock = await host.wait_for("knock-received")
    real = {
        "roomId": room,
        "id": sent["id"],
        "pollId": poll["pollId"],
        "participantId": guest["self"]["id"],
        "to": guest["self"]["id"],
        "knockId": knock["knockId"],
        "choices": [0],
        "options": ["yes", "no"],
        "emoji": "👍",
        "hostKey": made["hostKey"],
        "encrypted": False,
        "seq": 1,
    }
    return room, host, Planter(real)


async def called(server: Server, operation: Operation) -> Any:
    """The statuses of a call with the word in its path, its query, its headers, its body and as its key."""
    room, host, planter = await furnished(server)
    key = {"adminKey": ADMIN_KEY, "apiKey": API_KEY}.get((operation.keys or ("",))[0], str(planter.real["hostKey"]))
    path = operation.path.replace("{roomId}", room)
    plain = re.sub(r"\{\w+\}", str(planter.real["id"]), path)
    bodies: list[dict[str, Any]] = [{}]
    if operation.body is not None:
        assert name_of(operation.body)
        bodies += [{"json": body} for _, body in planter.planted(reference(operation.body))]
        bodies.append({"data": WORD.encode()})
    if operation.takes:
        bodies.append({"data": WORD.encode(), "headers": {"Content-Type": f"text/{WORD}"}})
    for parameter in operation.parameters:
        given = {parameter.name: WORD}
        bodies.append({"headers": given} if parameter.place == "header" else {"params": given})
    asked = [(plain, key, body) for body in bodies]
    asked += [(re.sub(r"\{\w+\}", WORD, operation.path), key, {}), (plain, WORD, {})]
    asked += [(f"{plain}?{quote(WORD)}={quote(WORD)}", key, {}), (f"{plain}/{WORD}", key, {})]
    for where, secret, options in asked:
        if "{roomId}" in operation.path and operation.method == "delete":
            yield (await server.call(operation.method.upper(), where.replace(room, WORD), key=secret, **options)).status
        yield (await server.call(operation.method.upper(), where, key=secret, **options)).status
    await host.leave()
