"""Two processes and one MongoDB: a deploy as Render does it, an owner that is killed, and one that wakes too late."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymongo import MongoClient

from tests.e2e.resilience.api import Answer, OwnRoom, api_of
from tests.e2e.resilience.party import (
    AWAY_AT_MOST_S,
    IN_A_ROOM,
    OVERLAP_S,
    SETTLED_WITHIN_S,
    STEADY,
    Party,
    check_kept,
    longest,
    party_at,
)
from tests.support.processes import ServerProcess, server_process


def everything(uri: str) -> dict[str, list[Any]]:
    """All documents of the database but the lease."""
    client: MongoClient[dict[str, Any]] = MongoClient(uri, timeoutMS=10_000)
    with client:
        database = client.get_default_database()
        names = sorted(set(database.list_collection_names()) - {"ownership"})
        return {name: list(database[name].find().sort("_id")) for name in names}


async def owns(server: ServerProcess) -> bool:
    async with api_of(server.url) as api, api.session.get(f"{api.url}/metrics") as response:
        return "mayfly_owner 1.0" in await response.text()


async def until(condition: Callable[[], Awaitable[bool]], what: str, limit_s: float = SETTLED_WITHIN_S) -> None:
    deadline = time.monotonic() + limit_s
    while not await condition():
        assert time.monotonic() < deadline, f"{what} within {limit_s} s"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def two_servers(mongo_uri: str, **settings: str) -> AsyncIterator[tuple[ServerProcess, ServerProcess, Party]]:
    """The owner, with everybody in, and a second process beside it that has waited longer than the grace."""
    shared = {**STEADY, **settings, "MONGODB_URI": mongo_uri}
    with server_process(**shared) as old:
        async with party_at(old) as party:
            with server_process(**shared) as new:
                yield old, new, party
                # Nobody may be left at a server that is looked at before these would close by themselves.
                await party.script.call("leave")
                await party.script.close()
                await party.api.session.close()


@pytest.mark.parametrize("who_moves_them", ["the first to reach the new one", "SIGTERM"])
async def test_a_deploy_as_render_does_it_loses_no_seat(mongo_uri: str, node: str, who_moves_them: str) -> None:
    async with two_servers(mongo_uri) as (old, new, party):
        async with api_of(new.url) as beside:
            started = time.monotonic()
            while time.monotonic() - started < OVERLAP_S:
                # What Render and previews of links ask for moves nobody.
                health, ready = await beside.call("GET", "/health"), await beside.call("GET", "/ready")
                assert (health.status, health.body["status"], ready.status) == (200, "ok", 200)
                for room in party.rooms:
                    seen = await beside.call("GET", f"/api/rooms/{room.id}")
                    assert (seen.status, seen.body["room"]["participantCount"]) == (200, IN_A_ROOM)
                    async with beside.session.get(f"{beside.url}/r/{room.id}") as page:
                        assert page.status == 200
                await asyncio.sleep(0.5)
        assert (await owns(old), await owns(new)) == (True, False)
        assert all(p["moves"] == 0 for p in (await party.report()).values())

        party.proxy.target_port = new.port  # new connections go there; those that are open stay
        if who_moves_them == "SIGTERM":
            assert await asyncio.to_thread(old.terminate) == 0
        else:
            started = time.monotonic()
            refused = await party.script.call("refused", name="first", link=party.link(party.rooms[0], "invite=none"))
            held_s = time.monotonic() - started
            assert refused == "INVITE_INVALID"
            assert held_s < AWAY_AT_MOST_S
        after = await party.moved()
        async with api_of(party.proxy.url) as api:
            await check_kept(party, after, api)
        await until(lambda: _is(not old.running()), "an exit of the old process")
        assert old.returncode == 0
        assert await owns(new)
        assert longest(after) < AWAY_AT_MOST_S
        assert all(p["moves"] == 1 for p in after.values())
    print(f"\n{who_moves_them}: {len(after)} of {len(after)} back in their seats, away at most {longest(after):.1f} s")


async def _is(condition: bool) -> bool:
    return condition


async def test_a_killed_owner_is_followed_by_the_one_that_waits(mongo_uri: str, node: str) -> None:
    async with two_servers(mongo_uri) as (old, new, party):
        party.proxy.target_port = new.port
        started = time.monotonic()
        old.kill()
        await until(lambda: owns(new), "a new owner")
        took = time.monotonic() - started
        after = await party.moved()
        async with api_of(party.proxy.url) as api:
            await check_kept(party, after, api)
    print(f"\nkilled: a new owner after {took:.1f} s, {len(after)} back, away at most {longest(after):.1f} s")


async def test_an_owner_that_wakes_after_ten_seconds_changes_nothing(mongo_uri: str, node: str) -> None:
    # Nobody notices that it sleeps, so their seats wait at the new owner until it wakes.
    async with two_servers(mongo_uri, SEAT_GRACE_S="30") as (old, new, party):
        async with api_of(old.url) as at_old:
            old.pause()
            party.proxy.target_port = new.port
            room = OwnRoom(at_old, party.rooms[0].id, party.rooms[0].host_key)
            # What reaches it while it sleeps, it finds when it wakes.
            asked = [
                asyncio.create_task(call)
                for call in (
                    room.call("DELETE"),
                    room.call("PATCH", body={"locked": True}),
                    room.call("POST", "/invites", {}),
                    at_old.call("POST", "/api/rooms", {}),
                )
            ]
            await asyncio.sleep(10.0)
            await until(lambda: owns(new), "a new owner")
            before = everything(mongo_uri)
            old.resume()
            answers = await asyncio.gather(*asked, return_exceptions=True)
            after = await party.moved()
            await until(lambda: _is(not old.running()), "an exit of the old process")
        assert old.returncode == 3
        assert all(isinstance(a, Answer) and a.status == 503 for a in answers), answers
        now = everything(mongo_uri)
        assert [room["_id"] for room in now["rooms"]] == [room["_id"] for room in before["rooms"]]
        assert {room["_id"]: room.get("locked") for room in now["rooms"]} == {
            room["_id"]: room.get("locked") for room in before["rooms"]
        }
        assert {room["generation"] for room in now["rooms"] if room["state"] == "live"} == {
            room["generation"] for room in before["rooms"] if room["state"] == "live"
        }
        async with api_of(party.proxy.url) as api:
            await check_kept(party, after, api)
        assert old.log().count("taken the rooms over") == 1
    print(f"\nwoken after 10 s: {[a.code for a in answers if isinstance(a, Answer)]}, {len(after)} back")
