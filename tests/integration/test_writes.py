"""How much MongoDB is asked to write, counted by the driver itself: a free cluster has to suffice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from pymongo import monitoring

from server.outbound import kept_outbox
from tests.support.pace import PACE
from tests.support.receiver import SECRET, receiving
from tests.support.server import Server, running

WRITES = frozenset({"insert", "update", "delete", "findAndModify", "bulkWrite"})
OWNERSHIP = "ownership"
"""The lease, which is renewed twice a second whatever anybody does."""

SETTLED_S = 0.3
"""Time for a write that should not be to begin."""

KEEP_AFTER_S = 0.5 * PACE
"""That of `kept_outbox`, where a webhook that is taken is to be taken sooner."""


class Writes(monitoring.CommandListener):
    """Counts commands that write, by collection."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in WRITES:
            self.counted[event.command[event.command_name]] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to count."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to count."""

    async def since(self, server: Server) -> dict[str, int]:
        """What was written since it was asked last, apart from the lease, with what is written behind."""
        await asyncio.sleep(SETTLED_S)
        async with asyncio.timeout(10 * PACE):
            while server.context.journal.calls.tasks:
                await asyncio.sleep(0.01)
        found = {name: count for name, count in self.counted.items() if name != OWNERSHIP}
        self.counted.clear()
        return found


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Writes]:
    """Of every client that is made while the test runs."""
    listener = Writes()
    listeners = monitoring._LISTENERS
    listeners.command_listeners.append(listener)
    yield listener
    listeners.command_listeners.remove(listener)


async def made_room(server: Server, writes: Writes, **wish: object) -> str:
    await writes.since(server)
    room = (await server.room(**wish))["roomId"]
    found = await writes.since(server)
    assert found == {"rooms": 1}
    return str(room)


async def test_a_join_and_a_leave_write_once_each_and_messages_nothing(mongo_uri: str, writes: Writes) -> None:
    async with running(mongodb_uri=mongo_uri, storage_secret="x" * 32, events_per_s=0) as server:
        room = await made_room(server, writes)
        first, _ = await server.seated(room, name="Ada")
        assert await writes.since(server) == {"rooms": 1}
        second, two = await server.seated(room, name="Bob", clientJoinId="a" * 22)
        assert await writes.since(server) == {"rooms": 1}
        for number in range(50):
            await first.ok("send-message", roomId=room, text=str(number))
        await second.ok("read", roomId=room, seq=10)
        await first.ok("typing", roomId=room, isTyping=True)
        await second.ok("update-media", roomId=room, audio=True)
        await first.ok("offer", roomId=room, description={"type": "offer", "sdp": "v=0"})
        assert await writes.since(server) == {}, "messages, and all that passes, write nothing"
        await second.leave()
        again, _ = await server.seated(
            room, resume={"participantId": two["self"]["id"], "resumeToken": two["resumeToken"]}
        )
        assert await writes.since(server) == {}, "a connection that is lost and comes back, neither"
        await first.ok("leave-room", roomId=room)
        assert await writes.since(server) == {"rooms": 1}, "also where another becomes host by it"
        await again.ok("leave-room", roomId=room)
        assert await writes.since(server) == {"rooms": 1}


async def test_what_is_deleted_seen_or_edited_writes_once(mongo_uri: str, writes: Writes) -> None:
    async with running(mongodb_uri=mongo_uri, storage_secret="x" * 32, events_per_s=0) as server:
        room, first, _, second, _ = await server.pair()
        said = [(await first.ok("send-message", roomId=room, text=str(number)))["id"] for number in range(60)]
        once = (await first.ok("send-message", roomId=room, text="once", viewOnce=True))["id"]
        await writes.since(server)
        await first.ok("delete-message", roomId=room, id=said[0])
        assert await writes.since(server) == {"rooms": 1}
        await first.ok("edit-message", roomId=room, id=said[1], text="other")
        assert await writes.since(server) == {"rooms": 1}
        await second.ok("view-message", roomId=room, id=once)
        assert await writes.since(server) == {"rooms": 1}
        await second.ok("react", roomId=room, id=said[2], emoji="👍", on=True)
        assert await writes.since(server) == {}
        numbers = [await first.begin("delete-message", {"roomId": room, "id": each}) for each in said[2:]]
        for number in numbers:
            await first.answer(number)
        assert (await writes.since(server))["rooms"] < len(numbers), "many at once in fewer"


async def test_many_who_join_at_once_write_at_most_once_each(mongo_uri: str, writes: Writes) -> None:
    async with running(mongodb_uri=mongo_uri, events_per_s=0) as server:
        room = await made_room(server, writes, capacity=50)
        await asyncio.gather(*(server.seated(room) for _ in range(20)))
        assert (await writes.since(server))["rooms"] <= 20


async def test_a_join_by_invite_writes_twice_so_that_a_crash_burns_none(mongo_uri: str, writes: Writes) -> None:
    async with running(mongodb_uri=mongo_uri) as server:
        made = await server.room(inviteOnly=True)
        answer = await server.call("POST", f"/api/rooms/{made['roomId']}/invites", key=made["hostKey"], json={})
        await writes.since(server)
        await server.seated(made["roomId"], invite=answer.json["invite"])
        assert await writes.since(server) == {"rooms": 2}


async def test_coming_back_after_a_restart_writes_nothing(mongo_uri: str, writes: Writes) -> None:
    async with running(mongodb_uri=mongo_uri, seat_grace_s=60) as server:
        made = await server.room()
        client, seat = await server.seated(made["roomId"], name="Ada")
        await client.leave()
        await server.context.ownership.release()
        server.context.restored = False  # as if it were killed: nobody ends the rooms
    async with running(mongodb_uri=mongo_uri, seat_grace_s=60) as server:
        await writes.since(server)
        claim = {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"]}
        _, snapshot = await server.seated(made["roomId"], resume=claim)
        assert snapshot["self"]["name"] == "Ada"
        assert await writes.since(server) == {}


async def test_a_log_writes_messages_in_batches(mongo_uri: str, writes: Writes) -> None:
    async with running(mongodb_uri=mongo_uri, message_log="on", storage_secret="x" * 32, events_per_s=0) as server:
        room = await made_room(server, writes, log=True)
        client, _ = await server.seated(room)
        await writes.since(server)
        numbers = [await client.begin("send-message", {"roomId": room, "text": "hello"}) for _ in range(500)]
        for number in numbers:
            await client.answer(number)
        found = await writes.since(server)
        assert set(found) == {"messages"}
        assert found["messages"] <= 50


async def test_webhooks_that_are_taken_write_nothing_and_those_that_wait_a_batch(
    mongo_uri: str, writes: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_outbox, "KEEP_AFTER_S", KEEP_AFTER_S)
    async with receiving() as receiver:
        told = {"webhook_urls": receiver.url, "webhook_secret": SECRET, "webhook_allow_private": "on"}
        async with running(mongodb_uri=mongo_uri, events_per_s=0, **told) as server:
            room = (await server.room(capacity=50))["roomId"]
            await receiver.wait_for(room, "room.created")
            await asyncio.sleep(KEEP_AFTER_S)
            await writes.since(server)
            await server.seated(room)
            await receiver.wait_for(room, "room.created", "room.started", "participant.joined")
            await asyncio.sleep(2 * KEEP_AFTER_S)
            assert await writes.since(server) == {"rooms": 1}
            await receiver.stop()
            await asyncio.gather(*(server.seated(room) for _ in range(20)))
            await asyncio.sleep(4 * KEEP_AFTER_S)
            assert 1 <= (await writes.since(server))["webhooks"] <= 8
            await receiver.start()
            async with asyncio.timeout(20 * PACE):
                while server.webhooks.queues[0].waiting:
                    await asyncio.sleep(0.05)
