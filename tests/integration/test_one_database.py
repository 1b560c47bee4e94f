"""Processes on one Redis that use different databases: each says so once, serves all the same, and says when that is
over. So `MONGODB_URI` can be changed in a rolling deploy, and one that was set at some instances only is noticed.
"""

from __future__ import annotations

import asyncio

import pytest

from server.cluster.one_database import TELL_S
from server.cluster.redis_rooms import LOOK_S
from tests.e2e.resilience.api import Api, api_of
from tests.support.js_client import js_client
from tests.support.mongo import drop_database
from tests.support.nodes import nodes
from tests.support.pace import PACE
from tests.support.processes import ServerProcess
from tests.support.redis import RedisServer

APART, TOGETHER = "use another MongoDB than this one", "use one MongoDB again"
KNOWN_WITHIN_S = 10.0 * PACE


async def until_shared(api: Api, shared: bool) -> None:
    async with asyncio.timeout(KNOWN_WITHIN_S):
        while (found := (await api.call("GET", "/health")).body)["storage"]["shared"] is not shared:
            await asyncio.sleep(0.05)
    assert found["status"] == ("ok" if shared else "degraded")
    assert found["bus"] == {"kind": "redis", "ok": True}


def said(server: ServerProcess, words: str) -> int:
    return server.log().count(words)


@pytest.mark.parametrize("theirs", ["another", pytest.param("none", marks=pytest.mark.soak)])
async def test_who_uses_another_database_is_noticed_and_served(
    node: str, own_redis: RedisServer, mongo_uri: str, theirs: str
) -> None:
    mine = {"MONGODB_URI": mongo_uri, "LOG_LEVEL": "info"}
    elsewhere = mongo_uri.replace("mayfly_test_", "mayfly_test_other_")
    more = {"MONGODB_URI": elsewhere} if theirs == "another" else {}
    with nodes(own_redis, 1, **mine) as (one,):
        async with js_client() as js, api_of(one.url) as api:
            await until_shared(api, shared=True)
            with nodes(own_redis, 1, LOG_LEVEL="info", **more) as (other,):
                async with api_of(other.url) as there:
                    await until_shared(api, shared=False)
                    await until_shared(there, shared=False)
                    # It is a warning: the rooms are those of one server.
                    room = await api.room()
                    ann, bob = await room.enter(js, one.url, "Ann"), await room.enter(js, other.url, "Bob")
                    await ann.say("heard all the same")
                    await bob.socket.wait_for("message-received")
                    await js.leave()
                    await asyncio.sleep(TELL_S + 0.2)
                    assert [said(server, APART) for server in (one, other)] == [1, 1], "once, not each second"
                    assert await asyncio.to_thread(other.terminate) == 0
            await until_shared(api, shared=True)
            assert [said(one, words) for words in (APART, TOGETHER)] == [1, 1]
    drop_database(elsewhere)


@pytest.mark.soak
async def test_those_that_use_one_database_say_nothing(own_redis: RedisServer, mongo_uri: str) -> None:
    with nodes(own_redis, 2, MONGODB_URI=mongo_uri) as pair:
        async with api_of(pair[0].url) as api, api_of(pair[1].url) as there:
            await asyncio.sleep(2 * TELL_S + LOOK_S)
            await until_shared(api, shared=True)
            await until_shared(there, shared=True)
            assert [said(server, APART) for server in pair] == [0, 0]
