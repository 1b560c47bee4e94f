"""Gone is gone, also from journals: what people write is in no file of the database, before the end and after it.

The files are searched byte by byte, on a `mongod` that compresses nothing. A word that is written in the clear is found
in them, so the search would find the others.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.support.issuers import SECRET as JWT_SECRET
from tests.support.issuers import token
from tests.support.mongo import Mongod, find_in_files, start_mongod
from tests.support.parts import requires
from tests.support.processes import ServerProcess, server_process, wait_until
from tests.support.server import Server, talking_to

CONTROL = "Controlwordofthesearch"
WORDS = {
    "name": "Xylophonzebranaming",
    "renamed": "Xylophonzebrarenamed",
    "attribute": "Xylophonzebraattribute",
    "user": "xylophonzebra.user",
    "subject": "xylophonzebra.subject",
    "vouched": "Xylophonzebravouched",
    "text": "Xylophonzebrasaid",
    "edited": "Xylophonzebraedited",
    "data": "Xylophonzebradata",
    "password": "Xylophonzebrapassword",
    "poll": "Xylophonzebrapoll",
    "knock": "Xylophonzebraknock",
}
SECRET = "a secret of the operator, 32 long"


@pytest.fixture(params=["standalone", "replica set"])
def mongod(request: pytest.FixtureRequest) -> Iterator[Mongod]:
    requires("mongod")
    server = start_mongod(replica_set=request.param == "replica set", compressed=False)
    yield server
    server.close()


def settings(mongod: Mongod) -> dict[str, str]:
    return {
        "MONGODB_URI": mongod.uri("mayfly"),
        "MESSAGE_LOG": "on",
        "STORAGE_SECRET": SECRET,
        "JOIN_JWT_SECRET": JWT_SECRET,
        "SEAT_GRACE_S": "60",
        "ADMIN_KEY": "the admin key",
    }


def ready(server: ServerProcess) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{server.url}/ready", timeout=5) as answer:
        return int(answer.status) == 200
    return False


def plant(uri: str) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(uri)
    with client:
        client["control"]["words"].insert_one({"word": CONTROL})


async def use(server: Server) -> dict[str, Any]:
    """Everything that people can write, written."""
    made = await server.room(log=True, password=WORDS["password"])
    room = made["roomId"]
    host, seat = await server.seated(room, hostKey=made["hostKey"], name=WORDS["name"])
    await host.ok("update-self", roomId=room, name=WORDS["renamed"], attributes={"mood": WORDS["attribute"]})
    vouched = token(room, sub=WORDS["subject"], name=WORDS["vouched"], mayfly={"shareSub": True})
    other, second = await server.seated(room, token=vouched, password=WORDS["password"])
    assert second["self"]["userId"] == WORDS["subject"]
    said = await host.ok("send-message", roomId=room, text=WORDS["text"], data={"a": WORDS["data"]})
    await host.ok("edit-message", roomId=room, id=said["id"], text=WORDS["edited"])
    await other.ok("send-message", roomId=room, text=WORDS["text"])
    await host.ok("create-poll", roomId=room, question=WORDS["poll"], options=["a", WORDS["poll"]])
    await host.ok("update-room", roomId=room, lobby=True)
    stranger = await server.connect()
    await stranger.ok("knock", roomId=room, name=WORDS["knock"])
    logged = await server.call("GET", f"/api/rooms/{room}/messages", key=made["hostKey"])
    assert [message["text"] for message in logged.json["messages"]] == [WORDS["text"], WORDS["edited"]]
    for client in (host, other, stranger):
        await client.leave()
    return {"made": made, "seats": [seat, second]}


async def come_back(server: Server, used: dict[str, Any]) -> None:
    """After a restart: names are guests' until their holders are back, and the log can be read."""
    room, (first, second) = used["made"]["roomId"], used["seats"]
    users = await server.call("GET", f"/api/rooms/{room}/users", key=used["made"]["hostKey"])
    assert users.status == 200, users.text
    assert not {person["name"] for person in users.json["participants"]} & set(WORDS.values())
    back, snapshot = await server.seated(room, resume=claim(first))
    mine = snapshot["self"]
    assert (mine["name"], mine["attributes"]) == (WORDS["renamed"], {"mood": WORDS["attribute"]})
    again, snapshot = await server.seated(room, resume=claim(second))
    assert (snapshot["self"]["name"], snapshot["self"]["userId"]) == (WORDS["vouched"], WORDS["subject"])
    told = await back.wait_for("user-updated", lambda p: p["participant"]["name"] == WORDS["vouched"])
    assert told["participant"]["userId"] == WORDS["subject"]
    assert "seq" in told
    found = await server.call("GET", f"/api/rooms/{room}/messages?q={WORDS['edited']}", key=used["made"]["hostKey"])
    assert [message["text"] for message in found.json["messages"]] == [WORDS["edited"]]
    for client in (back, again):
        await client.leave()


def claim(seat: dict[str, Any]) -> dict[str, Any]:
    return {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"]}


def found_words(mongod: Mongod) -> dict[str, list[str]]:
    assert find_in_files(mongod, CONTROL), "the search finds what is written in the clear"
    return {name: files for name, word in WORDS.items() if (files := find_in_files(mongod, word))}


def test_what_people_write_is_in_no_file_of_the_database(mongod: Mongod) -> None:
    plant(mongod.uri())
    with server_process(**settings(mongod)) as process:
        wait_until(lambda: ready(process), "readiness")

        async def before() -> dict[str, Any]:
            async with talking_to(process.url) as server:
                return await use(server)

        used = asyncio.run(before())
        assert found_words(mongod) == {}
        process.kill()
        process.restart()
        wait_until(lambda: ready(process), "readiness")

        async def after() -> None:
            async with talking_to(process.url) as server:
                await come_back(server, used)
                ended = await server.call("DELETE", f"/api/rooms/{used['made']['roomId']}", key=used["made"]["hostKey"])
                assert ended.json["erased"]["messages"] == 2
                log = await server.call("GET", "/api/admin/sessions", key="the admin key")
                assert not any(word in json.dumps(log.json) for word in WORDS.values())

        asyncio.run(after())
    assert found_words(mongod) == {}
    assert list(Path(mongod.data / "journal").iterdir()), "journals were among what was searched"
