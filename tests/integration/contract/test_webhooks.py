"""What a site is told of its rooms, at a real receiver that verifies each message with the reference library."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from typing import Any

import pytest
from aiohttp import web

from server.outbound import hook_queue, outbox
from server.transport.client import hooks
from tests.integration.contract.requests import OFFER
from tests.support.issuers import SECRET as JOIN_SECRET
from tests.support.issuers import token
from tests.support.pace import PACE
from tests.support.processes import server_process
from tests.support.receiver import SECRET, Receiver, receiving
from tests.support.server import Clock, Server, running, talking_to

ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
OTHER_SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="


def told_to(receiver: Receiver, **more: Any) -> dict[str, Any]:
    return {"webhook_urls": receiver.url, "webhook_secret": SECRET, "webhook_allow_private": "on", **more}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_queue, "RETRY_FIRST_S", 0.05)
    monkeypatch.setattr(hook_queue, "RETRY_LONGEST_S", 0.2)


async def test_the_life_of_a_room(clock: Clock) -> None:
    async with receiving() as receiver, running(clock=clock, **told_to(receiver)) as server:
        made = await server.room()
        room = made["roomId"]
        host, one = await server.seated(room, hostKey=made["hostKey"], name="xyzzy")
        guest, two = await server.seated(room, name="xyzzy")
        ada, bob = one["self"]["id"], two["self"]["id"]
        await host.ok("send-message", roomId=room, text="xyzzy")
        await host.ok("offer", roomId=room, to=bob, description=OFFER)
        await guest.ok("answer", roomId=room, to=ada, description={**OFFER, "type": "answer"})
        clock.now += 60
        await guest.ok("leave-room", roomId=room)
        await server.call("DELETE", f"/api/rooms/{room}", key=made["hostKey"])
        told = await receiver.wait_for(
            room,
            "room.created",
            "room.started",
            "participant.joined",
            "participant.joined",
            "call.started",
            "call.ended",
            "participant.left",
            "participant.left",
            "room.ended",
        )
        assert told == [
            {"roomId": room},
            {"roomId": room},
            {"roomId": room, "participantId": ada, "role": "host"},
            {"roomId": room, "participantId": bob, "role": "member"},
            {"roomId": room},
            {"roomId": room, "peak": 2, "durationS": 60.0},
            {"roomId": room, "participantId": bob, "role": "member", "reason": "left"},
            {"roomId": room, "participantId": ada, "role": "host", "reason": "room-ended"},
            {"roomId": room, "reason": "room-ended", "came": 2, "peak": 2, "durationS": 60.0},
        ]
        assert all(ISO.fullmatch(one["timestamp"]) for one in receiver.messages)
        assert all(set(one) == {"type", "timestamp", "data"} for one in receiver.messages)
        assert "xyzzy" not in "".join(receiver.raw), "neither names nor what was said"


async def test_who_was_put_out_who_knocks_and_who_did_not_come_back(clock: Clock) -> None:
    async with receiving() as receiver, running(clock=clock, **told_to(receiver)) as server:
        made = await server.room(lobby=True)
        room, key = made["roomId"], made["hostKey"]
        host, one = await server.seated(room, hostKey=key)
        knocker = await server.connect()
        await knocker.ok("knock", roomId=room)
        knock = (await host.wait_for("knock-received"))["knockId"]
        await host.ok("answer-knock", roomId=room, knockId=knock, admit=True)
        invite = (await knocker.wait_for("knock-answered"))["invite"]
        two = await knocker.ok("join-room", roomId=room, invite=invite)
        await host.ok("kick", roomId=room, participantId=two["self"]["id"])
        await host.leave()
        other = await server.connect()
        await other.ok("knock", roomId=room)
        clock.now += 31
        await receiver.wait_for(
            room,
            "room.created",
            "room.started",
            "participant.joined",
            "knock.received",
            "participant.joined",
            "participant.left",
            "knock.received",
            "participant.left",
        )
        data = [one["data"] for one in receiver.messages]
        assert [one["reason"] for one in data if "reason" in one] == ["kicked", "timeout"]
        assert data[3] == {"roomId": room, "knockId": knock}
        assert data[-1]["participantId"] == one["self"]["id"]


async def test_names_only_where_they_are_asked_for_and_who_a_token_says_somebody_is() -> None:
    async with (
        receiving() as receiver,
        running(join_jwt_secret=JOIN_SECRET, webhook_names="on", **told_to(receiver)) as server,
    ):
        room = (await server.room())["roomId"]
        client, _ = await server.seated(room, token=token(room, name="Ada", mayfly={"shareSub": True}))
        await client.ok("leave-room", roomId=room)
        *_, joined, left = await receiver.wait_for(
            room, "room.created", "room.started", "participant.joined", "participant.left"
        )
        assert (joined["userId"], joined["name"], left["userId"], left["name"]) == ("user-1", "Ada", "user-1", "Ada")


async def talk(server: Server, rooms: int = 3) -> list[str]:
    """Rooms in which somebody comes and goes ten times."""
    made = [(await server.room())["roomId"] for _ in range(rooms)]
    client = await server.connect()
    for _ in range(10):
        for room in made:
            await client.ok("join-room", roomId=room)
            await client.ok("leave-room", roomId=room)
    return made


COMINGS = ("room.created", "room.started", *("participant.joined", "participant.left") * 10)


async def test_a_receiver_that_is_down_gets_all_of_it_after_in_order_and_nothing_waits_for_it() -> None:
    async with receiving() as receiver, running(events_per_s=0, **told_to(receiver)) as server:
        await receiver.stop()
        async with asyncio.timeout(10 * PACE):
            rooms = await talk(server)
        assert receiver.messages == []
        await asyncio.sleep(0.3)
        await receiver.start()
        for room in rooms:
            told = await receiver.wait_for(room, *COMINGS)
            joined = [one["participantId"] for one in told if "reason" not in one and "participantId" in one]
            assert joined == [one["participantId"] for one in told if "reason" in one]


async def status_500(_: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


async def redirect(_: web.Request) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": "http://127.0.0.1:9/"})


async def too_many(_: web.Request) -> web.StreamResponse:
    return web.Response(status=429, headers={"Retry-After": "99999999999"})


async def hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def silence(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(1.5)  # longer than anybody waits for it
    return web.Response()


@pytest.mark.parametrize("answer", [status_500, redirect, too_many, hangs_up, silence])
async def test_a_receiver_that_misbehaves(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "POST_TIMEOUT_S", 0.3)
    async with receiving() as receiver, running(events_per_s=0, **told_to(receiver)) as server:
        receiver.answer = answer
        rooms = await talk(server, 2)
        async with asyncio.timeout(10 * PACE):
            while receiver.tries < 4:
                await asyncio.sleep(0.01)
        receiver.answer = None
        for room in rooms:
            await receiver.wait_for(room, *COMINGS)


async def test_an_answer_without_an_end_is_not_read() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)

    async with receiving() as receiver, running(**told_to(receiver)) as server:
        receiver.answer = endless
        await server.room()
        webhooks = server.webhooks
        async with asyncio.timeout(10 * PACE):
            while webhooks.queues[0].sent < 1:
                await asyncio.sleep(0.01)


async def test_each_address_is_told_whatever_the_others_do() -> None:
    async with receiving() as good, receiving() as bad:
        bad.answer = status_500
        settings = told_to(good, webhook_urls=f"{bad.url}, {good.url}", events_per_s=0)
        async with running(**settings) as server:
            for room in await talk(server, 2):
                await good.wait_for(room, *COMINGS)
            assert bad.messages == []
            bad.answer = None


async def test_while_secrets_rotate_receivers_may_have_either() -> None:
    async with receiving() as old, receiving(OTHER_SECRET) as new:
        settings = told_to(old, webhook_urls=f"{old.url},{new.url}", webhook_secret=f"{OTHER_SECRET} {SECRET}")
        async with running(**settings) as server:
            room = (await server.room())["roomId"]
            await old.wait_for(room, "room.created")
            await new.wait_for(room, "room.created")


SPELLINGS = ("2130706433", "127.1", "0177.0.0.1", "0x7f000001", "127。0。0。1", "①②⑦.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", *SPELLINGS])
async def test_private_targets_are_refused(host: str, caplog: pytest.LogCaptureFixture) -> None:
    async with receiving() as receiver:
        url = f"http://{host}:{receiver.port}/hooks?token=xyzzyplugh"
        async with running(webhook_urls=url, webhook_secret=SECRET) as server:
            await server.room()
            queue = server.webhooks.queues[0]
            async with asyncio.timeout(10 * PACE):
                while queue.failed < 4:
                    await asyncio.sleep(0.01)
        assert receiver.tries == 0
    lines = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert "private address" in lines[0] or "InvalidUrl" in lines[0]
    assert not any("xyzzyplugh" in line for line in lines)
    assert lines[-1] == "Stopped with 2 webhooks unsent; 0 were dropped before."


async def test_without_a_secret_nothing_is_sent() -> None:
    async with receiving() as receiver, running(**told_to(receiver, webhook_secret="")) as server:
        await server.room()
        await asyncio.sleep(0.1)
        assert receiver.tries == 0


async def test_a_restart_knows_who_was_in_and_begins_no_room_again(mongo_uri: str) -> None:
    async with receiving() as receiver:
        settings = {
            "WEBHOOK_URLS": receiver.url,
            "WEBHOOK_SECRET": SECRET,
            "WEBHOOK_ALLOW_PRIVATE": "on",
            "MONGODB_URI": mongo_uri,
        }
        with server_process(**settings) as process:
            async with talking_to(process.url) as server:
                made = await server.room()
                room = made["roomId"]
                _, one = await server.seated(room, hostKey=made["hostKey"])
                await receiver.wait_for(room, "room.created", "room.started", "participant.joined")
            process.kill()
            await asyncio.to_thread(process.restart)
            async with talking_to(process.url) as server:
                await server.seated(room)
                await server.call("DELETE", f"/api/rooms/{room}", key=made["hostKey"])
                told = await receiver.wait_for(
                    room,
                    *("room.created", "room.started", "participant.joined", "participant.joined"),
                    *("participant.left", "participant.left", "room.ended"),
                )
                assert told[4] == {
                    "roomId": room,
                    "participantId": one["self"]["id"],
                    "role": "host",
                    "reason": "room-ended",
                }


async def test_what_is_left_at_a_stop_is_sent_or_counted_in_one_line() -> None:
    async with receiving() as receiver:
        settings = {"WEBHOOK_URLS": receiver.url, "WEBHOOK_SECRET": SECRET, "WEBHOOK_ALLOW_PRIVATE": "on"}
        with server_process(**settings) as process:
            receiver.answer = status_500
            async with talking_to(process.url) as server:
                await talk(server, 1)
            began = time.monotonic()
            assert await asyncio.to_thread(process.terminate) == 0
            assert time.monotonic() - began < outbox.CLOSE_S + 8
            lines = [line for line in process.log().splitlines() if "webhooks unsent" in line]
            assert len(lines) == 1
            assert "Stopped with 22 webhooks unsent" in lines[0]
            assert "xyzzyplugh" not in process.log()
