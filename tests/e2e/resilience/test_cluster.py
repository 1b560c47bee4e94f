"""Several processes and one Redis, behind a balancer without stickiness: deploys, crashes, races, and what is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import redis

from server.cluster.links import TICK_S
from tests.e2e.resilience.api import OwnRoom, api_of
from tests.e2e.resilience.party import (
    AWAY_AT_MOST_S,
    IN_A_ROOM,
    OVERLAP_S,
    STEADY,
    Party,
    Report,
    check_kept,
    longest,
    party_behind,
)
from tests.support.balancer import Balancer, balancer
from tests.support.js_client import js_client
from tests.support.monitor import watched_rooms
from tests.support.nginx import start_nginx
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.processes import ServerProcess, launch
from tests.support.redis import RedisServer, find_in_redis

CHAT_S = 4.0
PAUSE_S = 0.1
SHOWN = 990
"""Of the 1,000 messages that a client shows; the others are said at the end."""
GAP_AT_MOST_S = 1.0 * PACE
"""Between the last thing that a room's owner did, and the first that the next did; somebody talks all the time. A tenth
of it is asked for, and was measured where all of them share two cores."""
HEARD_WITHIN_S = 20.0 * PACE
ERASED_WITHIN_S = 2 * TICK_S + 1.0 * PACE
"""What processes have said to each other is gone by their next ticks. The rest is for the search."""
RACERS = 200
POLLERS = 12
PLANTED = "a word that nobody else says: quetzalcoatlus"

Nodes = list[ServerProcess]


def settings_of(store: RedisServer) -> dict[str, str]:
    return {**STEADY, "REDIS_URL": store.url, "TRUSTED_PROXY_HOPS": "0"}


def start(store: RedisServer, **more: str) -> ServerProcess:
    return launch(lambda port: ServerProcess(port, {**settings_of(store), **more}))


@asynccontextmanager
async def nodes(store: RedisServer, count: int, **more: str) -> AsyncIterator[tuple[Nodes, Balancer]]:
    """So many processes behind a balancer, killed on the way out."""
    made: Nodes = []
    async with AsyncExitStack() as stack:
        for _ in range(count):
            made.append(start(store, **more))
            stack.callback(made[-1].close)
        yield made, stack.enter_context(balancer([node.port for node in made]))


class Talk:
    """Everybody says one numbered text after the other; what was acknowledged is noted.

    Fewer in a room than a client shows (`MAX_MESSAGES`, 1,000), so that what is not on a screen is lost.
    """

    def __init__(self, party: Party) -> None:
        self._party = party
        self.said: dict[str, int] = dict.fromkeys(party.before, 0)
        self._over = False
        self._tasks = [asyncio.create_task(self._say(name)) for name in party.before]

    async def _say(self, name: str) -> None:
        while not self._over:
            await self._party.script.call("say", name=name, text=f"{name} {self.said[name] + 1}", limit_s=60)
            self.said[name] += 1
            assert self.said[name] < SHOWN // IN_A_ROOM, "more than a screen shows"
            await asyncio.sleep(PAUSE_S)

    async def end(self) -> None:
        self._over = True
        await asyncio.gather(*self._tasks)

    def wanted(self, room: str) -> dict[str, list[str]]:
        """speaker → what everybody in the room must have heard of them, in this order and once."""
        return {n: [f"{n} {k}" for k in range(1, self.said[n] + 1)] for n in self.said if n.split()[1] == room}


async def check_heard(party: Party, talk: Talk) -> Report:
    """Nothing that was acknowledged is lost, told twice, or out of its speaker's order, on anybody's screen."""
    deadline = time.monotonic() + HEARD_WITHIN_S
    while True:
        found = await party.report()
        faults = [fault for name, person in found.items() if (fault := _fault(name, person, talk))]
        if not faults:
            return found
        assert time.monotonic() < deadline, faults[:3]
        await asyncio.sleep(0.1)


def _fault(name: str, person: dict[str, Any], talk: Talk) -> str | None:
    for speaker, wanted in talk.wanted(name.split()[1]).items():
        heard = [text for text, _ in person["texts"] if text.rpartition(" ")[0] == speaker]
        if heard != wanted:
            return f"{name} heard of {speaker}: {heard[-8:]}, and not {wanted[-8:]} ({len(heard)} of {len(wanted)})"
    return None


@pytest.mark.parametrize("beside", ["alone", "with mongodb"])
async def test_a_deploy_as_render_does_it_on_redis(
    own_redis: RedisServer, node: str, beside: str, request: pytest.FixtureRequest
) -> None:
    more = {} if beside == "alone" else {"MONGODB_URI": request.getfixturevalue("mongo_uri"), "MESSAGE_LOG": "on"}
    async with nodes(own_redis, 1, **more) as ([old], proxy), party_behind(proxy) as party, AsyncExitStack() as stack:
        new = start(own_redis, **more)
        stack.callback(new.close)
        talk = Talk(party)
        await asyncio.sleep(OVERLAP_S)  # longer than the grace
        proxy.targets = [new.port]
        # In another room: somebody of this address is banned from each of the others.
        late = await party.script.call("join", name="late", link=party.link(await party.api.room()))
        assert late["status"] == "joined"
        assert all(p["moves"] == 0 for p in (await party.report()).values())  # nobody moves for a newcomer
        assert await asyncio.to_thread(old.terminate) == 0
        after = await party.moved()
        await talk.end()
        await check_heard(party, talk)
        async with api_of(proxy.url) as api:
            await check_kept(party, after, api)
        after = await party.report()
        assert longest(after) < AWAY_AT_MOST_S
        assert all(p["moves"] == 1 for p in after.values())
        await party.script.call("leave")
        print(f"\n{sum(talk.said.values())} messages; away at most {longest(after):.1f} s")


async def test_a_killed_owner_loses_nothing_that_was_acknowledged(own_redis: RedisServer, node: str) -> None:
    async with nodes(own_redis, 3) as (servers, proxy), party_behind(proxy) as party:
        talk = Talk(party)
        await asyncio.sleep(CHAT_S)
        proxy.targets = [server.port for server in servers[1:]]
        servers[0].kill()
        await asyncio.sleep(CHAT_S + 4.0)
        await talk.end()
        after = await check_heard(party, talk)
        async with api_of(proxy.url) as api:
            await check_kept(party, after, api)
        assert all(p["moves"] <= 1 for p in after.values())
        await party.script.call("leave")
        print(f"\n{sum(talk.said.values())} messages over a kill; away at most {longest(after):.1f} s")


async def test_a_process_that_sleeps_ten_seconds_changes_nothing_when_it_wakes(
    own_redis: RedisServer, node: str
) -> None:
    async with nodes(own_redis, 3, SEAT_GRACE_S="30") as (servers, proxy), party_behind(proxy) as party:
        talk = Talk(party)
        await asyncio.sleep(CHAT_S / 2)
        proxy.targets = [server.port for server in servers[1:]]
        servers[0].pause()
        await asyncio.sleep(10.0)
        servers[0].resume()
        await asyncio.sleep(CHAT_S)
        await talk.end()
        after = await check_heard(party, talk)
        async with api_of(proxy.url) as api:
            await check_kept(party, after, api)
        await party.script.call("leave")
        print(f"\n{sum(talk.said.values())} messages over a sleep; away at most {longest(after):.1f} s")


async def test_a_rolling_restart_moves_each_client_once_and_loses_nothing(own_redis: RedisServer, node: str) -> None:
    async with nodes(own_redis, 4) as (servers, proxy), party_behind(proxy) as party, AsyncExitStack() as stack:
        watch = stack.enter_context(watched_rooms(own_redis))
        talk = Talk(party)
        for old in servers:
            new = start(own_redis)
            stack.callback(new.close)
            # Only to those that stay, as a host does that replaces one after the other.
            proxy.targets = [port for port in proxy.targets if port != old.port]
            proxy.targets = [*[port for port in proxy.targets if port not in map(_port, servers)], new.port]
            assert await asyncio.to_thread(old.terminate) == 0
        await party.moved(at_least=0)
        await talk.end()
        after = await check_heard(party, talk)
        async with api_of(proxy.url) as api:
            await check_kept(party, after, api)
        assert max(p["moves"] for p in after.values()) <= 1
        assert longest(after) < AWAY_AT_MOST_S
        gaps = watch.gaps()
        assert len(gaps) == len(party.rooms), "each room had another owner, and was talked in before and after"
        assert max(map(max, gaps.values())) < GAP_AT_MOST_S, gaps
        await party.script.call("leave")
        print(f"\n{sum(talk.said.values())} messages over four restarts; away at most {longest(after):.1f} s")
        print(f"between two owners of a room at most {max(map(max, gaps.values())) * 1000:.0f} ms")


async def test_clients_that_only_poll_come_back_once_over_a_rolling_restart(own_redis: RedisServer, node: str) -> None:
    """Each of their requests lands anywhere, and those for a process that stops are let go of by whoever took them."""
    async with nodes(own_redis, 3) as (servers, proxy), AsyncExitStack() as stack:
        api, js = await stack.enter_async_context(api_of(proxy.url)), await stack.enter_async_context(js_client())
        room = await api.room(capacity=POLLERS)
        quick = {"reconnection": True, "reconnectionDelay": 100, "reconnectionDelayMax": 500}
        sockets = [await js.connect(proxy.url, transports=["polling"], **quick) for _ in range(POLLERS)]
        for socket in sockets:
            await socket.ok("join-room", {"roomId": room.id})
        for old in servers:
            new = start(own_redis)
            stack.callback(new.close)
            proxy.targets = [*[port for port in proxy.targets if port not in map(_port, servers)], new.port]
            assert await asyncio.to_thread(old.terminate) == 0
        async with asyncio.timeout(HEARD_WITHIN_S):
            while not all([(await socket.state())["connected"] for socket in sockets]):
                await asyncio.sleep(0.1)
        await asyncio.sleep(2.0)  # in which one that was sent away again would notice
        comings = [len(socket.received("connect")) for socket in sockets]
        assert comings == [2] * POLLERS, "it connects, and once more"


def _port(server: ServerProcess) -> int:
    return server.port


async def test_one_invite_and_one_seat_are_won_once_over_four_processes(own_redis: RedisServer, node: str) -> None:
    async with nodes(own_redis, 4) as (_, proxy), api_of(proxy.url) as api, js_client() as js:
        invited, narrow = await api.room(capacity=100), await api.room(capacity=1)
        invite = await invited.invite()
        sockets = [await js.connect(proxy.url, transports=["websocket"]) for _ in range(RACERS)]

        async def race(room: OwnRoom, **fields: Any) -> list[str]:
            tries = (socket.request("join-room", {"roomId": room.id, **fields}) for socket in sockets)
            return [ack["error"]["code"] if not ack["ok"] else "joined" for ack in await asyncio.gather(*tries)]

        by_invite = await race(invited, invite=invite)
        assert by_invite.count("joined") == 1
        assert set(by_invite) == {"joined", "INVITE_USED"}
        last_seat = await race(narrow)
        assert last_seat.count("joined") == 1
        assert set(last_seat) == {"joined", "ROOM_FULL"}


async def test_polling_alone_does_all_of_the_main_job_without_stickiness(own_redis: RedisServer, node: str) -> None:
    async with nodes(own_redis, 4) as (_, proxy), api_of(proxy.url) as api, js_client() as js:
        room = await api.room()
        ada, bob = [await room.enter(js, proxy.url, name=name, transports=["polling"]) for name in ("Ada", "Bob")]
        for number in range(20):
            await ada.say(f"a {number}")
            await bob.say(f"b {number}")
        await bob.socket.wait_for("message-received", lambda message: message["text"] == "a 19")
        await ada.socket.wait_for("message-received", lambda message: message["text"] == "b 19")
        assert bob.texts() == [f"a {number}" for number in range(20)]
        assert ada.texts() == [f"b {number}" for number in range(20)]
        offer = {"to": bob.id, "description": {"type": "offer", "sdp": "v=0\r\n"}, "negotiationId": "n1"}
        assert await ada.ok("offer", **offer) == {"delivery": "sent"}
        assert (await bob.socket.wait_for("offer-received")).payload["from"] == ada.id
        await ada.ok("leave-room")
        await bob.socket.wait_for("user-left")


async def test_behind_the_nginx_of_compose(own_redis: RedisServer, node: str) -> None:
    requires("nginx")
    async with nodes(own_redis, 2, TRUSTED_PROXY_HOPS="1") as (servers, _), AsyncExitStack() as stack:
        nginx = start_nginx([server.port for server in servers])
        stack.callback(nginx.close)
        api = await stack.enter_async_context(api_of(nginx.url))
        js = await stack.enter_async_context(js_client())
        room = await api.room()
        # As socket.io-client comes by default: polling first, then a WebSocket, which may land at the other instance.
        people = [await room.enter(js, nginx.url, name=name) for name in ("Ada", "Bob", "Eve")]
        people.append(await room.enter(js, nginx.url, name="Sol", transports=["websocket"]))
        for member in people:
            await member.say(f"from {member.id}")
        for member in people:
            others = [f"from {one.id}" for one in people if one is not member]
            await member.socket.wait_for("message-received", lambda message, last=others[-1]: message["text"] == last)
            assert member.texts() == others
        assert len(await room.users()) == len(people)


async def test_what_was_said_is_in_redis_only_while_the_room_lives(own_redis: RedisServer, node: str) -> None:
    async with nodes(own_redis, 2) as (_, proxy), api_of(proxy.url) as api, js_client() as js:
        room = await api.room()
        ada = await room.enter(js, proxy.url, name="Ada")
        bob = await room.enter(js, proxy.url, name="Bob")
        said = await ada.say(PLANTED)
        await bob.socket.wait_for("message-received")
        assert find_in_redis(own_redis, PLANTED)
        await ada.ok("delete-message", id=said["id"])
        assert not await held(own_redis, PLANTED)
        await ada.say(PLANTED)
        assert (await room.call("DELETE")).status == 200
        assert not await held(own_redis, PLANTED)
        assert not await held(own_redis, room.host_key)
        found = redis.Redis.from_url(own_redis.url)
        left = [key for key in found.scan_iter() if room.id.encode() in key]
        # A tombstone, and names that are closed to whoever writes late.
        assert all(key.endswith(b":x") or (found.type(key), found.get(key)) == (b"string", b"") for key in left)


async def held(store: RedisServer, word: str) -> bool:
    """Whether any value of the store holds a word after the time that it may take to go."""
    deadline = time.monotonic() + ERASED_WITHIN_S
    while find_in_redis(store, word):
        if time.monotonic() > deadline:
            return True
        await asyncio.sleep(0.1)
    return False
