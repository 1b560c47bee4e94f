"""`GET /api/admin/sessions`: what is known of rooms that have ended, and for how long."""

from __future__ import annotations

import json
import time

import pytest

from server.protocol import answers
from server.usecases.operating import SESSIONS_PER_PAGE
from storage.memory import MemoryStore
from storage.mongo import MongoStore
from tests.contract.records import session, tombstone
from tests.integration.contract.rest import granted
from tests.support.server import running

KEY = "the admin key"
PATH = "/api/admin/sessions"
DAY_S = 86_400


async def test_the_log_is_for_the_admin_key_and_off_without_one() -> None:
    async with running() as server:
        assert (await server.call("GET", PATH, key=KEY)).status == 404
    async with running(admin_key=KEY) as server:
        assert (await server.call("GET", PATH)).code == "UNAUTHORIZED"
        assert (await server.call("GET", PATH, key="another")).code == "FORBIDDEN"
        assert (await server.call("GET", f"{PATH}?limit=0", key=KEY)).code == "INVALID_PAYLOAD"


@pytest.mark.parametrize("mongo", [False, True])
async def test_a_room_that_has_ended_is_told_without_who_or_what(request: pytest.FixtureRequest, mongo: bool) -> None:
    settings = {"mongodb_uri": request.getfixturevalue("mongo_uri")} if mongo else {}
    async with running(admin_key=KEY, **settings) as server:
        room, first, _, second, _ = await server.pair()
        await first.ok("send-message", roomId=room, text="Xylophonzebra")
        await second.ok("leave-room", roomId=room)
        await first.ok("end-room", roomId=room)
        (line,) = granted(await server.call("GET", PATH, key=KEY), answers.Sessions)["sessions"]
        assert (line["reason"], line["came"], line["peak"], line["messages"], line["calls"]) == (
            "room-ended",
            2,
            2,
            1,
            [],
        )
        told = json.dumps(line)
        assert not any(word in told for word in (room, "Xylophonzebra"))


@pytest.mark.parametrize("kind", ["memory", "mongodb"])
async def test_pages_follow_each_other_and_old_lines_are_not_told(request: pytest.FixtureRequest, kind: str) -> None:
    store = MemoryStore() if kind == "memory" else MongoStore(request.getfixturevalue("mongo_uri"))
    async with running(admin_key=KEY, store=store) as server:
        now = time.time()
        for number in range(SESSIONS_PER_PAGE + 5):
            # Many end in the same moment.
            line = session(f"s{number:03}", ended_at=now - number // 10)
            await store.end_room(tombstone(f"r{number}"), line)
        await store.end_room(tombstone("old"), session("old", ended_at=now - 90 * DAY_S))
        seen: list[str] = []
        for _ in range(8):
            after = f"&before={seen[-1]}" if seen else ""
            page = granted(await server.call("GET", f"{PATH}?limit=17{after}", key=KEY), answers.Sessions)["sessions"]
            seen += [line["id"] for line in page]
        assert len(seen) == len(set(seen)) == SESSIONS_PER_PAGE + 5
        assert len((await server.call("GET", f"{PATH}?limit=999", key=KEY)).json["sessions"]) == SESSIONS_PER_PAGE
        assert (await server.call("GET", f"{PATH}?before=unknown", key=KEY)).json == {"sessions": []}


async def test_with_no_days_there_is_no_log() -> None:
    async with running(admin_key=KEY, session_log_days=0) as server:
        made = await server.room()
        await server.call("DELETE", f"/api/rooms/{made['roomId']}", key=made["hostKey"])
        assert (await server.call("GET", PATH, key=KEY)).json == {"sessions": []}
