"""Whoever ends its own seat is acknowledged before it is told: a client may close on `room-left`."""

from __future__ import annotations

import asyncio
import json

import pytest

from rooms.records import Purged, SessionRecord, Tombstone
from storage.memory import MemoryStore
from tests.support.js_client import js_client
from tests.support.server import Client, Server, running


def order_of(client: Client) -> list[str]:
    """From now on, the names of events and `ack` for each acknowledgement, in the order in which they come."""
    order: list[str] = []
    take = client._take

    def note(data: str) -> None:
        order.append("ack" if data.startswith("43") else json.loads(data[2:])[0])
        take(data)

    client._take = note  # type: ignore[method-assign]
    return order


@pytest.mark.parametrize("event", ["end-room", "leave-room"])
async def test_the_acknowledgement_comes_before_room_left(server: Server, event: str) -> None:
    made = await server.room()
    client, _ = await server.seated(made["roomId"], hostKey=made["hostKey"])
    await client.wait_for("room-joined")
    order = order_of(client)
    await client.ok(event, roomId=made["roomId"])
    await client.wait_for("room-left")
    assert order == ["ack", "room-left"]


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("event", ["end-room", "leave-room"])
async def test_a_real_client_that_closes_on_room_left_was_acknowledged(
    server: Server, transport: str, event: str
) -> None:
    made = await server.room()
    async with js_client() as js:
        client = await js.connect(server.url, transports=[transport])
        await client.ok("join-room", {"roomId": made["roomId"], "hostKey": made["hostKey"]})
        await client.close_on("room-left")
        await client.ok(event, {"roomId": made["roomId"]})
        await client.wait_for("disconnect")
        assert client.received("room-left")[0]["reason"] in ("room-ended", "left")
        await server.polling_ended()


async def test_the_others_hear_of_the_end_while_the_store_is_slow(server: Server) -> None:
    class SlowStore(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.may_end = asyncio.Event()

        async def end_room(self, tombstone: Tombstone, session: SessionRecord | None) -> Purged:
            await self.may_end.wait()
            return await super().end_room(tombstone, session)

    store = SlowStore()
    async with running(store=store, events_per_s=0) as slow:
        made = await slow.room()
        host, _ = await slow.seated(made["roomId"], hostKey=made["hostKey"])
        guest, _ = await slow.seated(made["roomId"])
        number = await host.begin("end-room", {"roomId": made["roomId"]})
        assert (await guest.wait_for("room-left"))["reason"] == "room-ended"
        assert host.all("room-left") == []
        store.may_end.set()
        assert (await host.answer(number))["ok"]
        assert (await host.wait_for("room-left"))["reason"] == "room-ended"


async def test_an_own_change_of_media_is_acknowledged_before_it_is_told(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    order = order_of(first)
    await first.ok("update-media", roomId=room, audio=True)
    for client in (first, second):
        assert (await client.wait_for("user-updated"))["participant"]["media"]["audio"]
    assert order == ["ack", "user-updated"]
