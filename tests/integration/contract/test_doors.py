"""Who gets in, in which order the doors are tried, and what becomes of whoever was put out (docs/protocol.md)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from multidict import CIMultiDict

from server.schema.markdown import HOST_ONLY
from tests.integration.contract.requests import HOST_REQUESTS, OFFER
from tests.support.server import Server, running


async def invite(server: Server, made: Any) -> str:
    answer = await server.call("POST", f"/api/rooms/{made['roomId']}/invites", key=made["hostKey"])
    return str(answer.json["invite"])


async def lock(server: Server, made: Any) -> None:
    await server.call("PATCH", f"/api/rooms/{made['roomId']}", key=made["hostKey"], json={"locked": True})


def test_the_page_marks_what_is_for_the_host() -> None:
    assert {event for event, _ in HOST_REQUESTS} == HOST_ONLY


async def test_a_locked_room_admits_nobody_but_the_host_key(server: Server) -> None:
    made = await server.room()
    token = await invite(server, made)
    _, seat = await server.seated(made["roomId"])
    await lock(server, made)
    client = await server.connect()
    assert await client.refused("join-room", roomId=made["roomId"]) == "ROOM_LOCKED"
    assert await client.refused("join-room", roomId=made["roomId"], invite=token) == "ROOM_LOCKED"
    resume = {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"]}
    await client.ok("join-room", roomId=made["roomId"], resume=resume)
    await server.seated(made["roomId"], hostKey=made["hostKey"])


async def test_an_invite_opens_an_invite_only_room_with_a_lobby_but_not_its_password(server: Server) -> None:
    made = await server.room(inviteOnly=True, lobby=True, password="s3cret")
    token = await invite(server, made)
    client = await server.connect()
    assert await client.refused("join-room", roomId=made["roomId"], password="s3cret") == "INVITE_REQUIRED"
    assert await client.refused("join-room", roomId=made["roomId"], invite=token) == "PASSWORD_REQUIRED"
    wrong = await client.refused("join-room", roomId=made["roomId"], invite=token, password="guess")
    assert wrong == "PASSWORD_INVALID"
    # None of these tries has spent it.
    await client.ok("join-room", roomId=made["roomId"], invite=token, password="s3cret")


async def test_a_full_room_does_not_spend_an_invite(server: Server) -> None:
    made = await server.room(capacity=1)
    token = await invite(server, made)
    first, _ = await server.seated(made["roomId"])
    client = await server.connect()
    assert await client.refused("join-room", roomId=made["roomId"], invite=token) == "ROOM_FULL"
    assert await client.refused("join-room", roomId=made["roomId"], hostKey=made["hostKey"]) == "ROOM_FULL"
    await first.ok("leave-room", roomId=made["roomId"])
    await client.ok("join-room", roomId=made["roomId"], invite=token)


async def test_the_host_key_opens_every_door(server: Server) -> None:
    made = await server.room(inviteOnly=True, lobby=True, password="s3cret")
    await lock(server, made)
    await server.seated(made["roomId"], hostKey=made["hostKey"])


async def test_knocking_is_for_rooms_with_a_lobby(server: Server) -> None:
    made = await server.room()
    client = await server.connect()
    assert await client.refused("knock", roomId=made["roomId"]) == "FORBIDDEN"
    await client.ok("join-room", roomId=made["roomId"])
    assert await client.refused("knock", roomId=made["roomId"]) == "ALREADY_JOINED"


@pytest.mark.parametrize(("event", "reason"), [("kick", "kicked"), ("ban", "banned")])
async def test_who_was_put_out_cannot_come_back_on_the_same_connection_and_is_closed(
    server: Server, event: str, reason: str
) -> None:
    room, first, _, second, two = await server.pair()
    await first.ok(event, roomId=room, participantId=two["self"]["id"])
    assert (await second.wait_for("room-left"))["reason"] == reason
    assert await second.refused("join-room", roomId=room) == "FORBIDDEN"
    await second.closed()
    await first.sync()
    assert len(first.all("user-left")) == 1
    assert first.all("user-updated") == []


async def test_a_connection_with_a_seat_elsewhere_stays_open(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    elsewhere = await server.room()
    await second.ok("join-room", roomId=elsewhere["roomId"])
    await first.ok("kick", roomId=room, participantId=two["self"]["id"])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(second.closed()), 1.5)
    await second.ok("send-message", roomId=elsewhere["roomId"], text="still here")


async def test_behind_a_proxy_a_ban_is_for_the_address_of_the_client() -> None:
    async with running(trusted_proxy_hops=1) as server:
        made = await server.room()
        host, _ = await server.seated(made["roomId"], hostKey=made["hostKey"])
        bad = await server.connect(headers={"X-Forwarded-For": "203.0.113.7"})
        seat = await bad.ok("join-room", roomId=made["roomId"])
        await host.ok("ban", roomId=made["roomId"], participantId=seat["self"]["id"])
        # Inventing further addresses does not help: only the last hop is believed.
        again = await server.connect(headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
        assert await again.refused("join-room", roomId=made["roomId"]) == "BANNED"
        other = await server.connect(headers={"X-Forwarded-For": "203.0.113.8"})
        await other.ok("join-room", roomId=made["roomId"])


async def test_a_list_of_proxies_in_several_lines_is_one_list() -> None:
    async with running(trusted_proxy_hops=1) as server:
        made = await server.room()
        host, _ = await server.seated(made["roomId"], hostKey=made["hostKey"])
        bad = await server.connect(headers={"X-Forwarded-For": "2001:db8:1:2::1"})
        seat = await bad.ok("join-room", roomId=made["roomId"])
        await host.ok("ban", roomId=made["roomId"], participantId=seat["self"]["id"])
        # The first line is what the client invented; the second one is the proxy's. It has changed within its /64.
        lines = CIMultiDict([("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "2001:db8:1:2:3:4:5:6")])
        again = await server.connect(headers=lines)
        assert await again.refused("join-room", roomId=made["roomId"]) == "BANNED"


async def test_without_a_proxy_nobody_is_believed(server: Server) -> None:
    made = await server.room()
    host, _ = await server.seated(made["roomId"], hostKey=made["hostKey"])
    bad = await server.connect(headers={"X-Forwarded-For": "203.0.113.7"})
    seat = await bad.ok("join-room", roomId=made["roomId"])
    await host.ok("ban", roomId=made["roomId"], participantId=seat["self"]["id"])
    again = await server.connect(headers={"X-Forwarded-For": "203.0.113.8"})
    assert await again.refused("join-room", roomId=made["roomId"]) == "BANNED"


async def test_the_last_one_seated_may_be_signalled_without_a_target_while_away(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    await second.leave()
    await first.wait_for("user-updated")
    assert await first.ok("offer", roomId=room, description=OFFER) == {"delivery": "buffered"}


async def test_the_snapshot_event_comes_after_its_acknowledgement(server: Server) -> None:
    made = await server.room()
    client = await server.connect()
    number = await client.begin("join-room", {"roomId": made["roomId"]})
    await client.wait_for("room-joined")
    assert number in client.acks


async def test_an_idempotency_key_of_a_room_that_has_ended_tells_its_end(server: Server) -> None:
    made = (await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"})).json
    await server.call("DELETE", f"/api/rooms/{made['roomId']}", key=made["hostKey"])
    again = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"})
    assert (again.status, again.code) == (410, "ROOM_ENDED")
