"""An audit of the database after a day's work in minutes: which collections there are, with which fields, and by which
index each query finds what it looks for (asked of the server: `explain`). How much is written: `test_writes.py`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from pymongo import MongoClient, monitoring
from pymongo.database import Database

from storage import audit
from tests.support.files import fetch, file_id
from tests.support.issuers import SECRET as JWT_SECRET
from tests.support.issuers import token
from tests.support.pace import PACE
from tests.support.receiver import SECRET, Receiver, receiving
from tests.support.server import Server, running

ADMIN_KEY = "the admin key of the audit"
EXPLAINED = {"find", "aggregate", "update", "delete", "findAndModify"}
KEPT = ("find", "filter", "sort", "limit", "pipeline", "cursor", "updates", "deletes", "query", "update", "upsert")
READS_ALL = {
    ("migrations", "find"): "a handful of notes, once at a start",
    ("messages", "find", "sealed"): "a migration, once in the life of a database",
    ("sessions", "update", "generation"): "where SESSION_LOG_DAYS has changed, at a start: all lines have another date",
    ("spent", "find", "by"): "`python -m storage.audit`, by hand",
}
"""Queries that may look at a whole collection, and why."""

FIELDS = {
    "rooms": """_id state createdAt expiresAt capacity hostKeyDigest hostId inviteOnly locked lobby log encrypted
        keyCheck passwordHash seats invites bannedIds bannedOrigins bannedSubjects came peak messageCount madeBy
        receipts messageTtlS retractions sealed purgeAt generation writer write reason endedAt until unfinished""",
    "messages": """_id roomId seq timestamp sender sealed to encrypted clientMessageId expiresAt editedAt purgeAt epoch
        generation""",
    "sessions": "_id createdAt beganAt endedAt reason capacity came peak messageCount calls purgeAt generation",
    "spent": "_id by purgeAt",
    "migrations": "_id name at generation days",
    "ownership": """_id holder heir generation version expiresAt takenAt handed asked refused waiting clock""",
    "webhooks": "_id address number room sealed purgeAt",
    "files.files": "_id length chunkSize uploadDate metadata purgeAt",
    "files.chunks": "_id files_id n data purgeAt",
    "files.uploads": "_id at",
}
"""collection → all fields that its documents may have"""


class Asked(NamedTuple):
    """One kind of query."""

    collection: str
    name: str
    fields: tuple[str, ...]

    def excuse(self) -> tuple[str, ...]:
        """Where `READS_ALL` speaks of it, the key there."""
        keys = ((self.collection, self.name), (self.collection, self.name, *self.fields))
        return next((key for key in keys if key in READS_ALL), self)


class Queries(monitoring.CommandListener):
    """One command of each kind that was sent."""

    def __init__(self) -> None:
        self.seen: dict[Asked, dict[str, Any]] = {}
        self.deaf = False
        """While the test itself asks."""

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.deaf or event.command_name not in EXPLAINED:
            return
        collection = str(event.command[event.command_name])
        for filters, command in parts_of(event.command_name, event.command):
            self.seen.setdefault(Asked(collection, event.command_name, tuple(sorted(named(filters)))), command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to learn."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to learn."""


def parts_of(name: str, command: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """What is looked for, and a command that asks for it alone."""
    whole = {key: value for key, value in command.items() if key in (*KEPT, name)}
    if name in ("update", "delete"):
        for one in command[f"{name}s"]:
            yield one["q"], {name: command[name], f"{name}s": [one]}
    else:
        yield command.get("filter", command.get("query", {})), whole


def named(filters: Any) -> set[str]:
    """The fields that a filter is about."""
    found = set()
    for key, value in filters.items():
        if key in ("$or", "$and"):
            found |= {name for part in value for name in named(part)}
        else:
            found.add(key)
    return found


@pytest.fixture
def queries() -> Iterator[Queries]:
    """Of every client that is made while the test runs."""
    listener = Queries()
    listeners = monitoring._LISTENERS
    listeners.command_listeners.append(listener)
    yield listener
    listeners.command_listeners.remove(listener)


def settings(uri: str, receiver: Receiver, **more: Any) -> dict[str, Any]:
    told = {"webhook_urls": receiver.url, "webhook_secret": SECRET, "webhook_allow_private": "on"}
    stored = {"mongodb_uri": uri, "message_log": "on", "file_store": "mongo", "storage_secret": "x" * 32}
    return {**told, **stored, "join_jwt_secret": JWT_SECRET, "admin_key": ADMIN_KEY, "events_per_s": 0, **more}


async def work(server: Server) -> dict[str, Any]:
    """Whatever has the server ask its database."""
    made = await server.room(log=True)
    room, key = made["roomId"], made["hostKey"]
    path = f"/api/rooms/{room}"
    host, one = await server.seated(room, hostKey=key, name="Ada")
    invite = (await server.call("POST", f"{path}/invites", key=key, json={})).json["invite"]
    await server.seated(room, invite=invite)
    again = token(room, jti="once", sub="user-2")
    _, banned = await server.seated(room, token=again)
    stranger = await server.connect()
    assert (await stranger.request("join-room", {"roomId": room, "token": again}))["error"]["code"] == "TOKEN_INVALID"
    file = await file_id(server, room, one["resumeToken"], b"x" * 300_000)
    said = await host.ok("send-message", roomId=room, text="hello", attachments=[{"fileId": file}])
    assert (await fetch(server, room, one["resumeToken"], file)).status == 200
    gone = await host.ok("send-message", roomId=room, text="gone")
    await host.ok("edit-message", roomId=room, id=said["id"], text="hello again")
    await host.ok("delete-message", roomId=room, id=gone["id"])
    for query in ("", f"?before={gone['id']}", f"?after={said['id']}", "?q=again"):
        assert (await server.call("GET", f"{path}/messages{query}", key=key)).status == 200
    assert (await server.call("PATCH", path, key=key, json={"expiresInS": 90_000, "lobby": True})).status == 200
    await host.ok("ban", roomId=room, participantId=banned["self"]["id"])
    other = await server.room()
    await server.seated(other["roomId"])
    await server.call("DELETE", f"/api/rooms/{other['roomId']}", key=other["hostKey"])
    lines = (await server.call("GET", "/api/admin/sessions?limit=1", key=ADMIN_KEY)).json["sessions"]
    await server.call("GET", f"/api/admin/sessions?before={lines[0]['id']}", key=ADMIN_KEY)
    await asyncio.sleep(1.0)  # what is written behind
    return made


def audited(room: str, uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("MONGODB_URI", uri)
    monkeypatch.setenv("STORAGE_SECRET", "x" * 32)
    assert audit.main([room, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


async def test_every_query_has_its_index_and_every_field_is_known(
    mongo_uri: str, queries: Queries, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with receiving() as receiver:
        await receiver.stop()
        async with running(**settings(mongo_uri, receiver)) as server:
            made = await work(server)
            held = await asyncio.to_thread(audited, made["roomId"], mongo_uri, monkeypatch, capsys)
            assert held["webhooks"]["documents"] > 3
            assert fields_in(mongo_uri, queries) == {}
            await server.context.ownership.release()
            server.context.restored = False  # as if it were killed: nobody ends the rooms
        await receiver.start()
        async with running(**settings(mongo_uri, receiver, session_log_days=30)) as server:
            path = f"/api/rooms/{made['roomId']}"
            async with asyncio.timeout(10 * PACE):
                while server.webhooks.queues[0].waiting:
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.6)  # what was taken is erased behind
            assert (await server.call("DELETE", path, key=made["hostKey"])).status == 200
            await asyncio.sleep(0.6)
    assert fields_in(mongo_uri, queries) == {}
    left = await asyncio.to_thread(audited, made["roomId"], mongo_uri, monkeypatch, capsys)
    nothing = {name: left[name]["documents"] for name in ("messages", "files", "webhooks")}
    assert nothing == {"messages": 0, "files": 0, "webhooks": 0}
    without = {asked: plan for asked, plan in plans(mongo_uri, queries).items() if "COLLSCAN" in plan}
    assert {asked.excuse() for asked in without} == set(READS_ALL), "no more, and no less"
    asked_of = {asked.collection for asked in queries.seen}
    assert asked_of == set(FIELDS), "the audit is of every collection"


@contextmanager
def asking(uri: str, queries: Queries) -> Iterator[Database[dict[str, Any]]]:
    """The database, for the test itself."""
    client: MongoClient[dict[str, Any]] = MongoClient(uri)
    queries.deaf = True
    with client:
        yield client.get_default_database()
    queries.deaf = False


def fields_in(uri: str, queries: Queries) -> dict[str, set[str]]:
    """What there is that nobody has described: collection → fields."""
    with asking(uri, queries) as database:
        names = set(database.list_collection_names())
        assert names <= set(FIELDS), "a collection that the audit does not know"
        found = {
            name: {key for one in database[name].find() for key in one} - set(FIELDS[name].split()) for name in names
        }
        return {name: fields for name, fields in found.items() if fields}


def plans(uri: str, queries: Queries) -> dict[Asked, set[str]]:
    """The stages by which the server would find what was looked for."""
    with asking(uri, queries) as database:
        return {
            asked: set(stages(database.command("explain", command, verbosity="queryPlanner")))
            for asked, command in list(queries.seen.items())
        }


def stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, list):
        for one in plan:
            yield from stages(one)
    elif isinstance(plan, dict):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        for key, value in plan.items():
            if key != "rejectedPlans":
                yield from stages(value)


def test_a_query_without_an_index_is_found(mongo_uri: str, queries: Queries) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_uri)
    with client:
        rooms = client.get_default_database()["rooms"]
        rooms.insert_one({"_id": "x", "capacity": 3})
        rooms.find_one({"capacity": 3})
        rooms.find_one({"_id": "x"})
    found = plans(mongo_uri, queries)
    assert "COLLSCAN" in found[Asked("rooms", "find", ("capacity",))]
    assert found[Asked("rooms", "find", ("_id",))] == {"IDHACK"}
