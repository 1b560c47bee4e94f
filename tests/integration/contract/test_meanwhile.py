"""What happens while something waits: doors that close, connections that go, replies that are lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from rooms.records import RoomRecord
from storage.memory import MemoryStore
from tests.support.pace import PACE
from tests.support.server import Clock, Server, running

JOIN_ID = "0123456789abcdef-join"


class SlowStore(MemoryStore):
    """The memory store, held to be durable, whose saves wait for `gate`."""

    name = "mongodb"
    outlives_process = True

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.saving = asyncio.Event()

    async def save_room(self, record: RoomRecord) -> None:
        self.saving.set()
        await self.gate.wait()
        await super().save_room(record)


async def test_an_invite_is_not_spent_on_a_connection_that_goes_while_it_is_redeemed():
    store = SlowStore()
    async with running(store=store) as server:
        made = await server.room(inviteOnly=True)
        path = f"/api/rooms/{made['roomId']}"
        invite = (await server.call("POST", f"{path}/invites", key=made["hostKey"])).json["invite"]
        client = await server.connect()
        store.gate.clear()
        store.saving.clear()
        await client.begin("join-room", {"roomId": made["roomId"], "invite": invite})
        await store.saving.wait()
        await client.leave()
        store.gate.set()
        retry = await server.connect()
        async with asyncio.timeout(5 * PACE):
            while True:
                ack = await retry.request("join-room", {"roomId": made["roomId"], "invite": invite})
                if ack["ok"]:
                    break
                assert ack["error"]["code"] == "INVITE_USED"
        assert ack["data"]["participants"] == []


async def test_a_join_that_gave_way_for_one_that_is_refused_burns_no_invite():
    store = SlowStore()
    async with running(store=store) as server:
        made = await server.room(inviteOnly=True, capacity=1)
        path = f"/api/rooms/{made['roomId']}"
        invite = (await server.call("POST", f"{path}/invites", key=made["hostKey"])).json["invite"]
        first, second = await server.connect(), await server.connect()
        wish = {"roomId": made["roomId"], "invite": invite, "clientJoinId": JOIN_ID}
        store.gate.clear()
        store.saving.clear()
        number = await first.begin("join-room", wish)
        await store.saving.wait()
        assert (await second.request("join-room", wish | {"invite": "x" * 20}))["error"]["code"] == "INVITE_INVALID"
        store.gate.set()
        assert (await first.answer(number))["error"]["code"] == "UNAVAILABLE"
        # The place and the use are free, and only once.
        await (await server.connect()).ok("join-room", roomId=made["roomId"], invite=invite)
        assert (
            await (await server.connect()).refused("join-room", roomId=made["roomId"], invite=invite) == "INVITE_USED"
        )


async def test_a_ban_keeps_out_the_address_from_which_a_seat_was_resumed():
    async with running(trusted_proxy_hops=1) as server:
        made = await server.room()
        host = await server.connect(headers={"X-Forwarded-For": "1.1.1.1"})
        await host.ok("join-room", roomId=made["roomId"], hostKey=made["hostKey"])
        first = await server.connect(headers={"X-Forwarded-For": "2.2.2.2"})
        seat = await first.ok("join-room", roomId=made["roomId"])
        second = await server.connect(headers={"X-Forwarded-For": "3.3.3.3"})
        resume = {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"]}
        await second.ok("join-room", roomId=made["roomId"], resume=resume)
        await host.ok("ban", roomId=made["roomId"], participantId=seat["self"]["id"])
        again = await server.connect(headers={"X-Forwarded-For": "3.3.3.3"})
        assert await again.refused("join-room", roomId=made["roomId"]) == "BANNED"
        other = await server.connect(headers={"X-Forwarded-For": "4.4.4.4"})
        await other.ok("join-room", roomId=made["roomId"])


@pytest.mark.parametrize(
    ("method", "path", "wish"),
    [
        ("PATCH", "", {"locked": True}),
        ("POST", "/invites", {}),
        ("POST", "/messages", {"text": "hello"}),
    ],
)
async def test_a_body_that_comes_after_the_end_finds_the_room_over(method: str, path: str, wish: dict[str, object]):
    async with running(store=SlowStore()) as server:
        made = await server.room()
        whole = f"/api/rooms/{made['roomId']}"
        begun, ended = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield b" "
            begun.set()
            await ended.wait()
            yield json.dumps(wish).encode()

        call = asyncio.create_task(server.call(method, whole + path, key=made["hostKey"], data=slowly()))
        await begun.wait()
        assert (await server.call("DELETE", whole, key=made["hostKey"])).status == 200
        ended.set()
        answer = await call
        assert (answer.status, answer.code) == (410, "ROOM_ENDED")


async def test_a_join_repeated_while_its_password_is_checked_opens_one_seat(server: Server):
    made = await server.room(password="open sesame")
    wish = {"roomId": made["roomId"], "password": "open sesame", "clientJoinId": JOIN_ID}
    clients = [await server.connect() for _ in range(2)]
    numbers = [await client.begin("join-room", wish) for client in clients]
    acks = [await client.answer(number) for client, number in zip(clients, numbers, strict=True)]
    assert [ack["ok"] for ack in acks] == [True, True]
    assert len({ack["data"]["self"]["id"] for ack in acks}) == 1
    users = await server.call("GET", f"/api/rooms/{made['roomId']}/users", key=made["hostKey"])
    assert len(users.json["participants"]) == 1


async def test_the_earlier_token_stays_good_until_the_newer_one_has_arrived(server: Server):
    made = await server.room()
    client = await server.connect()
    first = await client.ok("join-room", roomId=made["roomId"], clientJoinId=JOIN_ID)
    repeated = await server.connect()
    second = await repeated.ok("join-room", roomId=made["roomId"], clientJoinId=JOIN_ID)  # this reply is lost
    assert second["resumeToken"] != first["resumeToken"]

    async def resumed(token: str) -> bool:
        back = await server.connect()
        resume = {"participantId": first["self"]["id"], "resumeToken": token}
        return bool((await back.request("join-room", {"roomId": made["roomId"], "resume": resume}))["ok"])

    assert await resumed(first["resumeToken"])
    assert await resumed(second["resumeToken"])
    assert not await resumed(first["resumeToken"])


async def test_the_link_answers_410_when_the_room_is_over_and_404_when_it_never_was(server: Server):
    made = await server.room()
    assert (await server.call("GET", f"/r/{made['roomId']}")).status == 200
    await server.call("DELETE", f"/api/rooms/{made['roomId']}", key=made["hostKey"])
    over = await server.call("GET", f"/r/{made['roomId']}")
    assert over.status == 410
    assert "<html" in over.text
    assert (await server.call("GET", "/r/nonsense")).status == 404


async def test_an_idempotency_key_that_was_forgotten_replaces_no_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("server.usecases.owning.MAX_IDEMPOTENCY_KEYS", 1)
    async with running() as server:
        first = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "one"})
        await server.seated(first.json["roomId"])
        await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "two"})
        again = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "one"})
        assert again.json["roomId"] == first.json["roomId"]
        assert again.json["room"]["participantCount"] == 1
        await server.call("DELETE", f"/api/rooms/{first.json['roomId']}", key=first.json["hostKey"])
        await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "two"})
        reborn = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "one"})
        assert (reborn.status, reborn.code) == (410, "ROOM_ENDED")


async def test_nothing_is_granted_in_a_room_that_has_expired_and_was_not_swept_yet(clock: Clock):
    async with running(clock=clock) as server:
        made = await server.room(expiresInS=100)
        host, _ = await server.seated(made["roomId"], hostKey=made["hostKey"])
        clock.now += 101
        assert await host.refused("update-room", roomId=made["roomId"], expiresInS=500) in (
            "ROOM_EXPIRED",
            "NOT_IN_ROOM",
        )
        assert (await server.call("GET", f"/api/rooms/{made['roomId']}")).status == 410


async def test_offsets_tell_nothing_of_what_happens_in_other_rooms(clock: Clock):
    async def distance(busy: int) -> int:
        async with running(clock=clock, events_per_s=0) as server:
            room_id, first, _, second, _ = await server.pair()
            other_id, talker, _, _, _ = await server.pair()
            await first.ok("send-message", roomId=room_id, text="before")
            for _ in range(busy):
                await talker.ok("send-message", roomId=other_id, text="elsewhere")
            await first.ok("send-message", roomId=room_id, text="after")
            await second.wait_for_count("message-received", 2)
            offsets = [one.args[1].rpartition(".")[2] for one in second.heard if one.name == "message-received"]
            return int(offsets[1]) - int(offsets[0])

    assert await distance(50) == await distance(0) == 1


async def test_a_host_who_joins_learns_its_own_coming_from_the_snapshot_alone(server: Server):
    made = await server.room()
    guest, _ = await server.seated(made["roomId"])
    host, snapshot = await server.seated(made["roomId"], hostKey=made["hostKey"])
    await host.sync()
    assert snapshot["self"]["role"] == "host"
    assert [one.name for one in host.heard] == ["room-joined"]
    await guest.wait_for("room-updated")
    assert [one.name for one in guest.heard if one.name != "room-joined"] == [
        "user-joined",
        "user-updated",
        "user-updated",
        "room-updated",
    ]
