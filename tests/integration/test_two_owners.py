"""Several servers on one MongoDB: what a waiting one answers, how clients come over, and what an outage does to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from pymongo import MongoClient

from server.app import HOST, LIFECYCLE, create_app
from server.cluster import ownership
from server.cluster.ownership import Role
from server.settings import Settings
from server.transport.http.runner import Runner
from storage.leases import LEASE_S
from storage.mongo import MongoStore
from tests.support.mongo import Mongod
from tests.support.pace import PACE
from tests.support.processes import LOOPBACK
from tests.support.proxy import tcp_proxy
from tests.support.server import Client, Server, talking_to

SOON_S = 15.0 * PACE
RESTART = 1012
UNKNOWN = "x" * 26


@asynccontextmanager
async def serving(uri: str) -> AsyncIterator[Server]:
    """A server beside others, ended without a look at what is left in it: its rooms may have gone elsewhere."""
    settings = Settings(_env_file=None, events_per_s=0, stun_urls=(), memory_budget_mb=0)  # type: ignore[call-arg]
    runner = _runner(create_app(settings, store=MongoStore(uri)))
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, 0).start()
        async with talking_to(f"http://{LOOPBACK}:{runner.addresses[0][1]}", runner) as server:
            yield server
    finally:
        await runner.cleanup()


def role(server: Server) -> Role:
    return server.context.ownership.role


async def until(condition: Callable[[], bool], limit_s: float = SOON_S) -> float:
    """Wait for it; how long that took, in seconds."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < limit_s
        await asyncio.sleep(0.02)
    return time.monotonic() - started


def over(server: Server) -> asyncio.Event:
    """Set once a server has nothing left to do but to exit."""
    done = asyncio.Event()
    server.runner.app[LIFECYCLE].on_over = done.set
    return done


async def resumed(server: Server, room_id: str, snapshot: dict[str, object]) -> Client:
    own = snapshot["self"]
    assert isinstance(own, dict)
    client = await server.connect()
    resume = {"participantId": own["id"], "resumeToken": snapshot["resumeToken"]}
    again = await client.ok("join-room", roomId=room_id, resume=resume)
    assert (again["self"]["id"], again["self"]["role"]) == (own["id"], own["role"])
    return client


async def test_what_a_waiting_server_answers_moves_nothing(mongo_uri: str) -> None:
    async with serving(mongo_uri) as old, serving(mongo_uri) as new:
        made, gone = await old.room(), await old.room()
        await old.call("DELETE", f"/api/rooms/{gone['roomId']}", key=gone["hostKey"])
        await old.seated(made["roomId"])
        await until(lambda: role(new) is Role.WAITING)

        async def status(path: str) -> int:
            return (await new.call("GET", path)).status

        assert [await status(path) for path in ("/health", "/api/health", "/ready", "/metrics", "/")] == [200] * 5
        assert (await new.call("GET", "/health")).json["status"] == "ok"
        assert [await status(f"/r/{room_id}") for room_id in (made["roomId"], UNKNOWN)] == [200, 200]
        seen = await new.call("GET", f"/api/rooms/{made['roomId']}")
        assert (seen.status, seen.json["room"]["participantCount"]) == (200, 1)
        assert [await status(f"/api/rooms/{room_id}") for room_id in (gone["roomId"], UNKNOWN)] == [410, 404]
        assert await status("/api/rooms/a/b/c") == 404
        assert (await new.call("OPTIONS", "/api/rooms")).status == 204
        await new.open()  # a transport that has not said CONNECT
        await asyncio.sleep(1.2)
        assert (role(old), role(new)) == (Role.OWNER, Role.WAITING)
        assert new.context.directory.rooms == {}


async def test_a_client_is_held_until_the_rooms_have_come_and_everybody_comes_after(mongo_uri: str) -> None:
    async with serving(mongo_uri) as old, serving(mongo_uri) as new:
        room_id, first, one, second, two = await old.pair()
        exits = over(old)
        started = time.monotonic()
        newcomer = await new.connect()
        took = time.monotonic() - started
        assert [await first.closed(), await second.closed()] == [RESTART, RESTART]
        assert all(len(client.all("server-draining")) == 1 for client in (first, second))
        for snapshot in (one, two):
            await resumed(new, room_id, snapshot)
        assert (await newcomer.ok("join-room", roomId=room_id))["room"]["participantCount"] == 3
        await asyncio.wait_for(exits.wait(), SOON_S)
        assert (role(old), role(new)) == (Role.OVER, Role.OWNER)
        refused = await old.call("GET", f"/api/rooms/{room_id}/users")
        assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "SERVER_DRAINING", "1")
        assert took < ownership.HOLD_S
    print(f"\na CONNECT was held for {took:.2f} s")


CALLS: dict[str, Callable[[Server, str, str], Awaitable[int]]] = {
    "a new room": lambda server, room_id, key: _status(server, "POST", "/api/rooms", key),
    "who is in": lambda server, room_id, key: _status(server, "GET", f"/api/rooms/{room_id}/users", key),
    "an end": lambda server, room_id, key: _status(server, "DELETE", f"/api/rooms/{room_id}", key),
}


async def _status(server: Server, method: str, path: str, key: str) -> int:
    return (await server.call(method, path, key=key, **({"json": {}} if method == "POST" else {}))).status


@pytest.mark.parametrize("call", CALLS)
async def test_a_call_about_a_room_s_inside_is_held_too(call: str, mongo_uri: str) -> None:
    async with serving(mongo_uri) as old, serving(mongo_uri) as new:
        made = await old.room()
        assert await CALLS[call](new, made["roomId"], made["hostKey"]) in (200, 201)
        assert (role(old), role(new)) == (Role.OVER, Role.OWNER)


async def test_of_three_servers_one_has_the_rooms_and_another_says_that_it_cannot_get_them(mongo_uri: str) -> None:
    async with serving(mongo_uri) as first, serving(mongo_uri) as third:
        async with serving(mongo_uri) as second:
            made = await first.room()
            served, held = await second.open(), await third.open()
            for client in (served, held):
                await client.send("40")
            await until(lambda: Role.OWNER in (role(second), role(third)))
            winner, loser = (second, third) if role(second) is Role.OWNER else (third, second)
            lost = held if loser is third else served
            assert await lost.closed() == RESTART
            assert loser.context.ownership.refused
            refused = await loser.call("GET", f"/api/rooms/{made['roomId']}/users")
            assert (refused.status, refused.code) == (503, "UNAVAILABLE")
            assert (await loser.call("GET", "/ready")).status == 503
            assert (await loser.call("GET", "/health")).status == 200
            again = await loser.open()
            await again.send("40")
            assert await again.closed() == RESTART, "at once, and nobody is kept waiting"
            assert (role(first), role(winner), role(loser)) == (Role.OVER, Role.OWNER, Role.WAITING)
            if winner is third:
                return
        # Once it stops, the other one has them.
        await until(lambda: role(third) is Role.OWNER)
        assert (await third.call("GET", f"/api/rooms/{made['roomId']}/users", key=made["hostKey"])).status == 200


async def test_a_lease_that_is_deleted_by_hand_changes_nothing(mongo_uri: str) -> None:
    async with serving(mongo_uri) as old, serving(mongo_uri) as new:
        room_id, first, _, second, _ = await old.pair()
        with MongoClient(mongo_uri) as client:  # type: MongoClient[dict[str, object]]
            for _ in range(3):
                client.get_default_database()["ownership"].delete_many({})
                await asyncio.sleep(0.8)
        assert (role(old), role(new)) == (Role.OWNER, Role.WAITING)
        await first.ok("send-message", roomId=room_id, text="still here")
        await second.wait_for("message-received")


@pytest.mark.parametrize("outage_s", [1.0, 6.0])
async def test_a_database_that_freezes_during_a_hand_over(own_mongod: Mongod, outage_s: float) -> None:
    uri = own_mongod.uri("mayfly")
    async with serving(uri) as old, serving(uri) as new:
        room_id, first, one, _, two = await old.pair()
        asking = await new.open()
        await asking.send("40")
        await asyncio.sleep(0.3)
        own_mongod.pause()
        await asyncio.sleep(outage_s)
        own_mongod.resume()
        await until(lambda: new.context.serving)
        assert await first.closed() == RESTART
        for snapshot in (one, two):
            await resumed(new, room_id, snapshot)
        await until(lambda: role(old) is Role.OVER)


async def test_a_primary_that_steps_down_during_a_hand_over(replica_set: Mongod) -> None:
    uri = replica_set.uri("mayfly")
    async with serving(uri) as old, serving(uri) as new:
        room_id, first, one, _, two = await old.pair()
        asking = await new.open()
        await asking.send("40")
        with replica_set._direct() as client:
            client.admin.command({"replSetStepDown": 3, "force": True})
        took = await until(lambda: new.context.serving, 40.0)
        assert await first.closed() == RESTART
        for snapshot in (one, two):
            await resumed(new, room_id, snapshot)
        await until(lambda: role(old) is Role.OVER)
    print(f"\nthe primary stepped down: handed over {took:.1f} s later")


async def test_an_owner_that_is_cut_off_sends_its_clients_away_and_another_takes_over(own_mongod: Mongod) -> None:
    with tcp_proxy(own_mongod.port) as line:
        cut = f"mongodb://{LOOPBACK}:{line.port}/mayfly"
        async with serving(cut) as old, serving(own_mongod.uri("mayfly")) as new:
            room_id, first, one, second, two = await old.pair()
            exits = over(old)
            await asyncio.sleep(1.0)  # by now it knows that it is not alone
            line.refuse()
            line.pause()
            line.cut()
            started = time.monotonic()
            assert [await first.closed(), await second.closed()] == [RESTART, RESTART]
            went = time.monotonic() - started
            await until(lambda: new.context.serving)
            took = time.monotonic() - started
            for snapshot in (one, two):
                await resumed(new, room_id, snapshot)
            held = await old.open()
            await held.send("40")
            line.resume()
            line.accept()
            await asyncio.wait_for(exits.wait(), SOON_S)
            assert old.runner.app[LIFECYCLE].lost
            assert await held.closed() == RESTART
            assert role(new) is Role.OWNER
    print(f"\ncut off: clients sent away after {went:.1f} s, a new owner after {took:.1f} s")
    assert went < LEASE_S + 2 * PACE


async def test_alone_and_cut_off_it_goes_on(own_mongod: Mongod) -> None:
    async with serving(own_mongod.uri("mayfly")) as server:
        room_id, first, _, second, _ = await server.pair()
        own_mongod.pause()
        await asyncio.sleep(LEASE_S + 2)
        await first.ok("send-message", roomId=room_id, text="still here")
        await second.wait_for("message-received")
        own_mongod.resume()
        await until(lambda: server.context.ownership.answers)
        await first.ok("send-message", roomId=room_id, text="and after")


def _runner(app: web.Application) -> Runner:
    engine = app[HOST].eio
    return Runner(app, engine.turns, engine.output, access_log=None, shutdown_timeout=1.0)
