"""A backup of a server that runs, and what comes back of it: docs/operations.md, "Backup and restore"."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from storage.mongo.schema import VALIDATORS
from tests.support.backup import bytes_of, dump, restore
from tests.support.files import fetch, file_id
from tests.support.mongo import Mongod, find_word_everywhere, start_mongod
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.processes import ROOT, ServerProcess, server_process
from tests.support.server import Server, talking_to

SECRET = "a secret of the operator, 32 long"
ADMIN_KEY = "the admin key"
NAME, TEXT, FILE = "Xylophonzebraname", "Xylophonzebratext", b"Xylophonzebrafile"


@pytest.fixture
def elsewhere() -> Iterator[Mongod]:
    """Another server of MongoDB, which is empty."""
    requires("mongod")
    mongod = start_mongod()
    yield mongod
    mongod.close()


def settings(uri: str, **more: str) -> dict[str, str]:
    stored = {"MONGODB_URI": uri, "MESSAGE_LOG": "on", "FILE_STORE": "mongo", "STORAGE_SECRET": SECRET}
    return {**stored, "SEAT_GRACE_S": "120", "ADMIN_KEY": ADMIN_KEY, **more}


async def use(server: Server) -> dict[str, Any]:
    """A room with people, a log, a file and an invite that is spent; and one that is over."""
    made = await server.room(log=True, inviteOnly=True)
    room, key = made["roomId"], made["hostKey"]
    host, one = await server.seated(room, hostKey=key, name=NAME)
    invites = [
        (await server.call("POST", f"/api/rooms/{room}/invites", key=key, json={})).json["invite"] for _ in range(2)
    ]
    await server.seated(room, invite=invites[0])
    file = await file_id(server, room, one["resumeToken"], FILE)
    await host.ok("send-message", roomId=room, text=TEXT, attachments=[{"fileId": file}])
    over = await server.room()
    await server.seated(over["roomId"])
    await server.call("DELETE", f"/api/rooms/{over['roomId']}", key=over["hostKey"])
    async with asyncio.timeout(10 * PACE):  # much of it is written behind
        while (await server.call("GET", "/api/admin/stats", key=ADMIN_KEY)).json["storage"]["unwritten"]:
            await asyncio.sleep(0.05)
    return {"room": room, "key": key, "seat": one, "invites": invites, "file": file, "over": over["roomId"]}


async def there(server: Server, used: dict[str, Any]) -> None:
    """All of it is as it was."""
    room, seat = used["room"], used["seat"]
    claim = {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"]}
    _, snapshot = await server.seated(room, resume=claim)
    assert (snapshot["self"]["name"], snapshot["self"]["role"]) == (NAME, "host")
    logged = await server.call("GET", f"/api/rooms/{room}/messages", key=used["key"])
    assert [one["text"] for one in logged.json["messages"]] == [TEXT]
    async with asyncio.timeout(20 * PACE):  # files are laid out behind
        while (file := await fetch(server, room, seat["resumeToken"], used["file"])).status == 503:
            await asyncio.sleep(0.2)
    assert file.data == FILE
    stranger = await server.connect()
    spent = await stranger.request("join-room", {"roomId": room, "invite": used["invites"][0]})
    assert spent["error"]["code"] == "INVITE_USED"
    await stranger.ok("join-room", roomId=room, invite=used["invites"][1])
    assert (await server.call("GET", f"/api/rooms/{used['over']}")).status == 410
    lines = (await server.call("GET", "/api/admin/sessions", key=ADMIN_KEY)).json["sessions"]
    assert [one["came"] for one in lines] == [1]


def with_server(process: ServerProcess, does: Any, *args: Any) -> Any:
    async def run() -> Any:
        async with talking_to(process.url) as server:
            return await does(server, *args)

    return asyncio.run(run())


def test_a_backup_of_a_running_server_comes_back_elsewhere(mongo_uri: str, elsewhere: Mongod, tmp_path: Path) -> None:
    with server_process(**settings(mongo_uri)) as process:
        used = with_server(process, use)
        dump(mongo_uri, tmp_path)
    backup = bytes_of(tmp_path)
    assert used["room"].encode() in backup, "the search finds what is there"
    assert not any(word in backup for word in (NAME.encode(), TEXT.encode(), FILE)), "a backup is sealed as well"
    moved = elsewhere.uri(mongo_uri.rpartition("/")[2])
    restore(moved, tmp_path)
    assert schema_of(moved) == schema_of(mongo_uri), "validators and indexes come with it"
    with server_process(**settings(moved)) as process:
        with_server(process, there, used)


def schema_of(uri: str) -> dict[str, Any]:
    client: MongoClient[dict[str, Any]] = MongoClient(uri)
    with client:
        database = client.get_default_database()
        found = {one["name"]: one["options"] for one in database.list_collections()}
        assert set(VALIDATORS) <= set(found)
        return {name: (options, database[name].index_information()) for name, options in found.items()}


async def end(server: Server, used: dict[str, Any]) -> None:
    assert (await server.call("DELETE", f"/api/rooms/{used['room']}", key=used["key"])).status == 200


async def is_over(server: Server, used: dict[str, Any]) -> None:
    assert (await server.call("GET", f"/api/rooms/{used['room']}")).status in (404, 410)
    assert (await server.call("GET", "/api/admin/sessions", key=ADMIN_KEY)).json["sessions"]


def test_in_place_the_next_process_is_the_owner_and_without_rooms_none_comes_back(
    mongo_uri: str, tmp_path: Path
) -> None:
    with server_process(**settings(mongo_uri)) as process:
        used = with_server(process, use)
        dump(mongo_uri, tmp_path)
        with_server(process, end, used)
        assert process.terminate() == 0
        restore(mongo_uri, tmp_path, without=("rooms", "messages"))
        process.restart()
        with_server(process, is_over, used)
        assert process.terminate() == 0
        restore(mongo_uri, tmp_path)
        process.restart()
        with_server(process, there, used)  # back from the dead: the docs say so


def test_under_another_secret_texts_and_files_stay_sealed(mongo_uri: str, tmp_path: Path) -> None:
    with server_process(**settings(mongo_uri)) as process:
        used = with_server(process, use)
        dump(mongo_uri, tmp_path)
        assert process.terminate() == 0
    restore(mongo_uri, tmp_path)

    async def look(server: Server) -> None:
        answer = await server.call("GET", f"/api/rooms/{used['room']}/messages", key=used["key"])
        assert (answer.status, answer.json["messages"]) == (200, [])

    with server_process(**settings(mongo_uri, STORAGE_SECRET="another secret, 32 characters long")) as process:
        with_server(process, look)
        assert find_word_everywhere(mongo_uri, TEXT) == []


def test_the_docs_name_the_commands_that_were_run() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    section = text[text.index("## Backup and restore") :]
    for command in (r"mongodump --uri", r"mongorestore --uri .* --drop", r"--nsExclude='\*\.rooms'"):
        assert re.search(command, section)
