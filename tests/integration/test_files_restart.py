"""Files in MongoDB and processes that come and go: restarts, kills half-way, a database that is away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from pymongo import MongoClient

from rooms.ports import FILE_CHUNK_BYTES
from server.outbound import shelf as shelf_module
from server.outbound.shelf import PURGE_AFTER_S
from storage.mongo import files as mongo_files
from storage.mongo.files import ABANDONED_S
from tests.support.files import all_gone, fetch, file_id, lay_down, left_in, nothing_kept
from tests.support.mongo import Mongod
from tests.support.pace import PACE
from tests.support.processes import server_process
from tests.support.server import running, talking_to

SECRET = "a secret of twenty-two characters"
FILES = {"FILE_STORE": "mongo", "STORAGE_SECRET": SECRET}


async def test_files_survive_a_restart_with_whom_they_open_for(mongo_uri: str) -> None:
    with server_process(MONGODB_URI=mongo_uri, **FILES) as process:
        async with talking_to(process.url) as server:
            made = await server.room()
            room = made["roomId"]
            first, one = await server.seated(room)
            _, two = await server.seated(room)
            _, three = await server.seated(room)
            token, to = one["resumeToken"], two["self"]["id"]
            files = {name: await file_id(server, room, token, name.encode()) for name in ("all", "two", "once", "none")}
            for name, more in (("all", {}), ("two", {"to": to}), ("once", {"viewOnce": True})):
                await first.ok("send-message", roomId=room, text="", attachments=[{"fileId": files[name]}], **more)
        process.terminate()
    with server_process(MONGODB_URI=mongo_uri, **FILES) as process:
        async with talking_to(process.url) as server:
            opens = [
                (who, name)
                for who, snapshot in (("one", one), ("two", two), ("three", three))
                for name, file in files.items()
                if (await fetch(server, room, snapshot["resumeToken"], file)).status == 200
            ]
            own, others = [("one", "all"), ("one", "two"), ("one", "none")], [("two", "all"), ("two", "two")]
            assert opens == [*own, *others, ("three", "all")]
            assert (await fetch(server, room, two["resumeToken"], files["two"])).data == b"two"
            assert "mayfly_file_bytes 10.0" in (await server.call("GET", "/metrics")).text
            await server.call("DELETE", f"/api/rooms/{room}", key=made["hostKey"])
            await all_gone(mongo_uri)


async def test_files_of_a_room_that_is_no_more_are_erased_at_the_start(mongo_uri: str) -> None:
    settings = {"mongodb_uri": mongo_uri, "file_store": "mongo", "storage_secret": SECRET}
    async with running(**settings) as server:
        made = await server.room()
        await file_id(server, made["roomId"], made["hostKey"])
        with MongoClient[dict[str, Any]](mongo_uri) as client:
            kept = {name: list(client.get_default_database()[name].find()) for name in left_in(mongo_uri)}
    assert left_in(mongo_uri) == {}  # the test's server ends its rooms
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        for name, documents in kept.items():
            client.get_default_database()[name].insert_many(documents)
    async with running(**settings) as server:
        await nothing_kept(server)
        await all_gone(mongo_uri)


async def test_what_was_sealed_under_another_secret_is_erased(mongo_uri: str) -> None:
    with server_process(MONGODB_URI=mongo_uri, **FILES) as process:
        async with talking_to(process.url) as server:
            made = await server.room()
            room, key = made["roomId"], made["hostKey"]
            file = await file_id(server, room, key)
        process.terminate()
    with server_process(MONGODB_URI=mongo_uri, **FILES | {"STORAGE_SECRET": SECRET[::-1]}) as process:
        async with talking_to(process.url) as server:
            assert (await fetch(server, room, key, file)).status == 404
            await all_gone(mongo_uri)


async def test_what_a_killed_process_left_of_an_upload_is_cleared(mongo_uri: str) -> None:
    with server_process(MONGODB_URI=mongo_uri, **FILES) as process:
        async with talking_to(process.url) as server:
            made = await server.room()
            begun = {"files.chunks": 3, "files.uploads": 1}

            async def body() -> AsyncIterator[bytes]:
                yield os.urandom(3 * FILE_CHUNK_BYTES)
                async with asyncio.timeout(10 * PACE):
                    while left_in(mongo_uri) != begun:
                        await asyncio.sleep(0.05)
                process.kill()

            with pytest.raises(aiohttp.ClientError):
                await lay_down(server, made["roomId"], made["hostKey"], body())
    assert left_in(mongo_uri) == begun
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        old = datetime.now(UTC) - timedelta(seconds=ABANDONED_S + 1)
        client.get_default_database()["files.uploads"].update_many({}, {"$set": {"at": old}})
    async with running(mongodb_uri=mongo_uri, file_store="mongo", storage_secret=SECRET) as server:
        shelf = server.context.shelf
        assert shelf is not None
        async with asyncio.timeout(30 * PACE):  # the lease of the one that was killed has to expire
            while not shelf.ready:
                await asyncio.sleep(0.05)
        shelf.erase_ids(["something, so that it need not wait a minute"])
        await all_gone(mongo_uri)


async def test_while_the_database_is_away_files_wait_and_nothing_is_lost(own_mongod: Mongod) -> None:
    uri = own_mongod.uri("x")
    async with running(mongodb_uri=uri, file_store="mongo", storage_secret=SECRET, events_per_s=0) as server:
        room, first, one, _, two = await server.pair()
        token = one["resumeToken"]
        kept, deleted = await file_id(server, room, token, b"kept"), await file_id(server, room, token, b"deleted")
        sent = await first.ok("send-message", roomId=room, text="", attachments=[{"fileId": deleted}])
        own_mongod.pause()
        try:
            await first.ok("delete-message", roomId=room, id=sent["id"])
            assert (await fetch(server, room, two["resumeToken"], deleted)).status == 404
            answers = await asyncio.gather(
                lay_down(server, room, token, b"new"),
                server.call("GET", f"/api/rooms/{room}/files/{kept}", key=token),
            )
            assert [(one.status, one.code) for one in answers] == [(503, "UNAVAILABLE")] * 2
        finally:
            own_mongod.resume()
        async with asyncio.timeout(15 * PACE):
            while left_in(uri).get("files.files") != 1:
                await asyncio.sleep(0.1)
        assert (await fetch(server, room, token, kept)).data == b"kept"


async def test_the_database_lets_go_a_day_after_the_room_and_follows_it(mongo_uri: str) -> None:
    assert PURGE_AFTER_S == 86_400

    def is_a_day_after(ends_at: float) -> bool:
        with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True) as client:
            found = [client.get_default_database()[name].find() for name in ("files.files", "files.chunks")]
            dates = [one["purgeAt"].timestamp() for documents in found for one in documents]
        # The database keeps milliseconds: rounded to seconds, two sides of a half would differ.
        return len(dates) > 1 and all(abs(date - ends_at - PURGE_AFTER_S) < 0.01 for date in dates)

    async with running(mongodb_uri=mongo_uri, file_store="mongo", storage_secret=SECRET) as server:
        made = await server.room(expiresInS=1_000)
        room, key = server.context.find(made["roomId"]), made["hostKey"]
        await file_id(server, room.id, key)
        assert is_a_day_after(room.expires_at)
        await server.call("PATCH", f"/api/rooms/{room.id}", key=key, json={"expiresInS": 5_000})
        async with asyncio.timeout(10 * PACE):
            while not is_a_day_after(room.expires_at):
                await asyncio.sleep(0.05)


async def test_what_a_write_that_was_given_up_may_have_left_is_found_later(
    own_mongod: Mongod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_files, "CALL_LIMIT_S", 1.0)
    monkeypatch.setattr(shelf_module, "CLEAR_EVERY_S", 0.2)
    uri = own_mongod.uri("x")
    async with running(mongodb_uri=uri, file_store="mongo", storage_secret=SECRET, events_per_s=0) as server:
        room, _, one, *_ = await server.pair()

        async def body() -> AsyncIterator[bytes]:
            yield os.urandom(FILE_CHUNK_BYTES)
            async with asyncio.timeout(5 * PACE):
                while not left_in(uri):
                    await asyncio.sleep(0.05)
            own_mongod.pause()
            yield os.urandom(2 * FILE_CHUNK_BYTES)

        try:
            answer = await lay_down(server, room, one["resumeToken"], body())
        finally:
            own_mongod.resume()
        assert (answer.status, answer.code) == (503, "UNAVAILABLE")
        assert server.context.file_quotas.bytes == 0
        assert left_in(uri)["files.uploads"] == 1
        monkeypatch.setattr(mongo_files, "ABANDONED_S", 0.5)
        await all_gone(uri, 10.0)
