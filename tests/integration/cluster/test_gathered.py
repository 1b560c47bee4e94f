"""Whichever process is asked, it answers for all: a site's rooms, the operator's rooms and figures, metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from server.transport.http.gathering import GATHER_S
from tests.support.nodes import NodeProcess, nodes
from tests.support.pace import PACE
from tests.support.redis import RedisServer

ADMIN_KEY = "an admin key of these tests, long enough"
SITE_KEY = "0123456789-a-key-of-the-site-long-enough"


@pytest.fixture
def trio(own_redis: RedisServer) -> Iterator[list[NodeProcess]]:
    with nodes(own_redis, 3, ADMIN_KEY=ADMIN_KEY, API_KEYS=f"site:{SITE_KEY}") as started:
        yield started


async def get(node: NodeProcess, path: str, key: str = ADMIN_KEY) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession() as http, http.get(node.url + path, headers=headers) as answer:
        return answer.status, await answer.json()


async def known(trio: list[NodeProcess]) -> None:
    """Each knows of all others."""
    async with asyncio.timeout(15 * PACE):
        for node in trio:
            while (await get(node, "/api/admin/stats"))[1]["processes"] < len(trio):
                await asyncio.sleep(0.1)


async def test_rooms_and_figures_are_of_all_processes(trio: list[NodeProcess]) -> None:
    await known(trio)
    made = []
    for node in (*trio, *trio):
        headers = {"Authorization": f"Bearer {SITE_KEY}"}
        async with aiohttp.ClientSession() as http, http.post(f"{node.url}/api/rooms", json={}, headers=headers) as one:
            made.append((await one.json())["roomId"])
    made.sort()
    for node in trio:
        status, listed = await get(node, "/api/rooms", SITE_KEY)
        assert (status, [room["id"] for room in listed["rooms"]]) == (200, made)
        walked, after = [], ""
        while page := (await get(node, f"/api/rooms?limit=4&after={after}", SITE_KEY))[1]["rooms"]:
            assert len(page) <= 4
            walked += [room["id"] for room in page]
            after = walked[-1]
        assert walked == made
        seen = (await get(node, "/api/admin/rooms"))[1]
        assert [room["id"] for room in seen["rooms"]] == made
        assert seen["total"] == len(made)
        assert (await get(node, "/api/admin/stats"))[1]["rooms"] == len(made)
        async with aiohttp.ClientSession() as http, http.get(f"{node.url}/metrics?processes=all") as answer:
            samples = [line for line in (await answer.text()).splitlines() if line.startswith("mayfly_rooms{")]
        assert len(samples) == len(trio)
        assert sum(float(line.rpartition(" ")[2]) for line in samples) == len(made)
        assert (await get(node, "/api/rooms", "another key, which is of nobody at all"))[0] == 403


async def test_a_list_is_whole_or_refused_and_figures_say_of_how_many_they_are(trio: list[NodeProcess]) -> None:
    await known(trio)
    await asyncio.to_thread(trio[1].pause)
    began = time.monotonic()
    status, answer = await get(trio[0], "/api/rooms", SITE_KEY)
    assert (status, answer["error"]["code"]) == (503, "UNAVAILABLE")
    assert time.monotonic() - began > GATHER_S / 2
    assert (await get(trio[0], "/api/admin/stats"))[1]["processes"] == 2
    trio[1].resume()
