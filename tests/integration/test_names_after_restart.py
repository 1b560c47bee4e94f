"""Names that no database can read: guests' names after a restart, until their holders are back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from server.usecases.names import ADJECTIVES
from tests.support.issuers import SECRET as JWT_SECRET
from tests.support.issuers import token
from tests.support.server import Client, Server, running

JOIN = "j" * 22


@asynccontextmanager
async def life(uri: str, **settings: Any) -> AsyncIterator[Server]:
    """A process that dies in the end, as if it were killed: nobody ends its rooms."""
    async with running(mongodb_uri=uri, seat_grace_s=60, **settings) as server:
        yield server
        await server.context.journal.close(1)
        await server.context.ownership.release()
        server.context.restored = False


def claim(seat: dict[str, Any]) -> dict[str, Any]:
    return {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"]}


async def leave(*clients: Client) -> None:
    for client in clients:
        await client.leave()


async def test_a_name_is_told_to_all_once_its_holder_is_back(mongo_uri: str) -> None:
    async with life(mongo_uri) as server:
        room, first, one, second, two = await server.pair()
        await first.ok("update-self", roomId=room, name="Ada", attributes={"mood": "fine"})
        await second.ok("update-self", roomId=room, name="Bob")
        await leave(first, second)
    async with life(mongo_uri) as server:
        first, snapshot = await server.seated(room, resume=claim(one))
        assert (snapshot["self"]["name"], snapshot["self"]["attributes"]) == ("Ada", {"mood": "fine"})
        (other,) = [person for person in snapshot["participants"] if person["id"] == two["self"]["id"]]
        assert other["name"].split()[0] in ADJECTIVES
        second, _ = await server.seated(room, resume=claim(two))
        told = await first.wait_for("user-updated", lambda update: update["participant"]["name"] == "Bob")
        assert told["seq"] > snapshot["seq"], "durable"
        await second.ok("update-self", roomId=room, name="Robert")
        await leave(first, second)
    async with life(mongo_uri) as server:
        second, snapshot = await server.seated(room, resume=claim(two))
        assert snapshot["self"]["name"] == "Robert", "what was changed since is sealed, too"
        await leave(second)


async def test_who_repeats_a_join_has_its_name_again_also_a_vouched_one(mongo_uri: str) -> None:
    settings = {"join_jwt_secret": JWT_SECRET, "storage_secret": "x" * 32}
    async with life(mongo_uri, **settings) as server:
        room = (await server.room())["roomId"]
        shown = token(room, name="Ada", jti="once", mayfly={"shareSub": True})
        client, one = await server.seated(room, token=shown, clientJoinId=JOIN)
        await leave(client)
    async with life(mongo_uri, **settings) as server:
        client, again = await server.seated(room, clientJoinId=JOIN, name="Somebody else")
        mine = again["self"]
        assert (mine["id"], mine["name"], mine["verified"]) == (one["self"]["id"], "Ada", True)
        assert mine["userId"] == one["self"]["userId"]
        await leave(client)
    async with life(mongo_uri, **settings) as server:
        client, third = await server.seated(room, resume=claim(again))
        assert third["self"]["name"] == "Ada"
        assert "Somebody else" not in json.dumps(third)
        await leave(client)
