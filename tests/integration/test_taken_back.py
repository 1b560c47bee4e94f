"""What was taken back while somebody was away is gone from screen and session, also where the server died since."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymongo import MongoClient

from mayfly_client import Room
from rooms.limits import RETRACTIONS_KNOWN
from tests.support.node import node_script
from tests.support.pace import PACE
from tests.support.processes import ROOT, server_process
from tests.support.proxy import tcp_proxy
from tests.support.server import Client, Server, running

SCRIPT = ROOT / "tests" / "support" / "absent.mjs"
SETTINGS = {"SEAT_GRACE_S": "120", "STORAGE_SECRET": "x" * 32, "EVENTS_PER_S": "0", "STUN_URLS": ""}


async def written(uri: str, rooms: int) -> None:
    """Until the database has what was taken back in so many rooms."""
    with MongoClient[dict[str, Any]](uri) as client:
        kept = client.get_default_database()["rooms"]
        async with asyncio.timeout(10 * PACE):
            while kept.count_documents({"retractions.1": {"$exists": True}}) < rooms:
                await asyncio.sleep(0.05)


@pytest.mark.soak
async def test_who_was_away_loses_what_was_deleted_or_edited_and_nobody_anything_else(
    node: str, mongo_uri: str
) -> None:
    with server_process(MONGODB_URI=mongo_uri, **SETTINGS) as server, tcp_proxy(server.port) as proxy:
        async with node_script(SCRIPT, server.url, proxy.url) as script:
            rooms = await script.call("begin", limit_s=60)
            proxy.refuse()
            proxy.cut()
            for ada, ben in await script.call("takeBack", limit_s=60):
                assert ada == ["stays", "said anew"]
                assert ben == ["stays", "planted-deleted", "planted-edited"], "the control: nobody has told"
            await written(mongo_uri, rooms)
            server.kill()
            await script.call("away", limit_s=60)
            server.restart()
            proxy.accept()
            back = await script.call("comeBack", limit_s=60)
    assert len(back) == rooms == 2
    for ada, *absent in back:
        assert ada["texts"] == ["stays", "said anew"], "whoever was there has it all"
        assert ada["told"] == ["deleted"]
        for person in absent:
            assert person["texts"] == person["shownFirst"] == ["stays"]
            assert person["told"] == ["deleted", "forgotten"]
            assert "stays" in person["kept"]
            assert "planted" not in person["kept"]


@asynccontextmanager
async def life(uri: str) -> AsyncIterator[Server]:
    """A process that dies in the end, as if it were killed: nobody ends its rooms."""
    async with running(mongodb_uri=uri, seat_grace_s=60, events_per_s=0) as server:
        yield server
        await server.context.journal.close(1)
        await server.context.ownership.release()
        server.context.restored = False


def claim(seat: dict[str, Any], last_seq: int | None = None) -> dict[str, Any]:
    held = {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"], "epoch": seat["epoch"]}
    return held if last_seq is None else {**held, "lastSeq": last_seq}


async def say(client: Client, room: str) -> str:
    return str((await client.ok("send-message", roomId=room, text="hello"))["id"])


async def test_each_is_told_what_it_may_not_know_and_only_after_a_restart(mongo_uri: str) -> None:
    async with life(mongo_uri) as server:
        room, first, one, second, two = await server.pair()
        gone, changed = await say(first, room), await say(first, room)
        await first.ok("delete-message", roomId=room, id=gone)
        seq = (await first.ok("edit-message", roomId=room, id=changed, text="other"))["seq"]
        _, newcomer = await server.seated(room)
        assert "missed" not in newcomer, "nothing of an earlier epoch"
        await first.leave()
        await second.leave()
    async with life(mongo_uri) as server:
        first, mine = await server.seated(room, resume=claim(one, seq))
        assert (mine["recovered"], "missed" in mine, "forgotten" in mine) == (False, False, False), "it was there"
        second, theirs = await server.seated(room, resume=claim(two, seq - 1))
        told = [(m["event"], m["payload"]["id"], m["payload"]["reason"]) for m in theirs["missed"]]
        assert told == [("message-deleted", changed, "forgotten")]
        _, newcomer = await server.seated(room)
        told = [(m["event"], m["payload"]["id"], m["payload"]["reason"]) for m in newcomer["missed"]]
        assert told == [("message-deleted", gone, "deleted"), ("message-deleted", changed, "forgotten")]
        assert all(m["payload"]["seq"] <= newcomer["seq"] for m in newcomer["missed"])
        again, still = await server.seated(room, resume=claim(theirs, theirs["seq"]))
        assert still["recovered"]
        assert not [m for m in still["missed"] if m["event"] == "message-deleted"]
        for client in (first, again):
            await client.leave()


async def test_where_too_much_was_taken_back_all_of_before_is_forgotten(mongo_uri: str) -> None:
    async with life(mongo_uri) as server:
        room, first, one, second, two = await server.pair()
        for _ in range(RETRACTIONS_KNOWN):
            seq = (await first.ok("delete-message", roomId=room, id=await say(first, room)))["seq"]
        await first.leave()
        await second.leave()
    async with life(mongo_uri) as server:
        first, mine = await server.seated(room, resume=claim(one, seq))
        assert "forgotten" not in mine
        second, theirs = await server.seated(room, resume=claim(two, two["seq"]))
        assert theirs["forgotten"] is True
        assert len(theirs["missed"]) == RETRACTIONS_KNOWN - 1, "and that somebody is back"
        for client in (first, second):
            await client.leave()


async def test_the_python_client_hands_on_what_was_taken_back_also_to_a_new_seat(mongo_uri: str) -> None:
    async with life(mongo_uri) as server:
        made = await server.room()
        client, _ = await server.seated(made["roomId"])
        gone = await say(client, made["roomId"])
        await client.ok("delete-message", roomId=made["roomId"], id=gone)
        await client.leave()
    async with life(mongo_uri) as server, Room(f"{server.url}/r/{made['roomId']}") as room:
        async with asyncio.timeout(10 * PACE):
            told = [event.payload async for event in room if event.name != "joined" or await room.leave()]
    assert [(one["id"], one["reason"]) for one in told if "reason" in one] == [(gone, "deleted")]
