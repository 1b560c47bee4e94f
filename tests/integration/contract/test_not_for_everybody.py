"""What somebody may not learn or do, however they ask: tried by hand once, and shut since."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from rooms.ports import StoreUnavailable
from storage.memory import MemoryStore
from tests.support.issuers import SECRET, token
from tests.support.pace import PACE
from tests.support.server import Clock, running


async def test_a_newcomer_resumes_nothing_from_before_it_came() -> None:
    async with running(events_per_s=0, join_jwt_secret=SECRET) as server:
        made = await server.room()
        room = made["roomId"]
        first, _ = await server.seated(room)
        gone, _ = await server.seated(room, token=token(room, sub="dave@corp.example", mayfly={"shareSub": True}))
        await gone.ok("leave-room", roomId=room)
        for number in range(60):
            await first.ok("send-message", roomId=room, text=f"said before {number}")
        late, picture = await server.seated(room)
        seat = {
            "participantId": picture["self"]["id"],
            "resumeToken": picture["resumeToken"],
            "epoch": picture["epoch"],
        }
        again = await late.ok("join-room", roomId=room, resume={**seat, "lastSeq": 0})
        assert (again["recovered"], "missed" in again) == (False, False)
        assert "dave" not in json.dumps(again)
        await first.ok("send-message", roomId=room, text="said since")
        again = await late.ok("join-room", roomId=room, resume={**seat, "lastSeq": picture["seq"]})
        assert again["recovered"] is True
        assert [one["payload"]["text"] for one in again["missed"]] == ["said since"]


@pytest.mark.parametrize(("required", "status"), [("required", 401), ("optional", 200)])
async def test_where_tokens_are_required_strangers_do_not_see_who_is_in(required: str, status: int) -> None:
    async with running(join_jwt_secret=SECRET, join_tokens=required) as server:
        made = await server.room()
        room = made["roomId"]
        await server.seated(room, token=token(room))
        assert (await server.call("GET", f"/api/rooms/{room}/users")).status == status
        assert (await server.call("GET", f"/api/rooms/{room}/users", key=made["hostKey"])).status == 200


async def test_a_host_who_may_not_invite_cannot_take_the_door_away() -> None:
    async with running(join_jwt_secret=SECRET) as server:
        made = await server.room(lobby=True)
        room = made["roomId"]
        warden = token(room, role="host", mayfly={"canInvite": False})
        host, _ = await server.seated(room, token=warden)
        assert await host.refused("update-room", roomId=room, lobby=False) == "FORBIDDEN"
        path = f"/api/rooms/{room}"
        assert (await server.call("PATCH", path, key=warden, json={"lobby": False})).code == "FORBIDDEN"
        assert (await host.ok("update-room", roomId=room, lobby=True, capacity=5))["capacity"] == 5
        assert (await server.call("PATCH", path, key=made["hostKey"], json={"lobby": False})).status == 200


async def test_what_is_seen_once_is_not_shown_again_beyond_its_time(clock: Clock) -> None:
    async with running(clock=clock, events_per_s=0) as server:
        room, first, _, second, _ = await server.pair()
        sent = await first.ok("send-message", roomId=room, text="burn", viewOnce=True, ttlS=5)
        assert (await second.ok("view-message", roomId=room, id=sent["id"]))["text"] == "burn"
        clock.now += 4
        assert (await second.ok("view-message", roomId=room, id=sent["id"]))["text"] == "burn"
        clock.now += 2
        assert await second.refused("view-message", roomId=room, id=sent["id"]) == "MESSAGE_NOT_FOUND"


class SlowToForget(MemoryStore):
    """A store that answers reads while it cannot erase."""

    fails = True

    async def erase_messages(self, messages: Sequence[tuple[str, str]]) -> None:
        if self.fails:
            raise StoreUnavailable
        await super().erase_messages(messages)


async def test_what_was_deleted_is_read_by_nobody_while_the_store_has_yet_to_hear_of_it() -> None:
    store = SlowToForget()
    async with running(store=store, message_log="on", events_per_s=0) as server:
        made = await server.room(log=True)
        room = made["roomId"]
        first, _ = await server.seated(room)
        sent = await first.ok("send-message", roomId=room, text="the secret")
        path = f"/api/rooms/{room}/messages"
        assert (await server.call("GET", path, key=made["hostKey"])).json["messages"]
        await first.ok("delete-message", roomId=room, id=sent["id"])
        for query in ("", "?q=secret"):
            assert (await server.call("GET", path + query, key=made["hostKey"])).json["messages"] == []
        store.fails = False
        async with asyncio.timeout(20 * PACE):
            while await store.messages(room, before=None, limit=10, now=server.context.wall()):
                await asyncio.sleep(0.05)
