"""A join that was given up within seconds costs neither a seat nor the invite, and lets nobody else in with it."""

from __future__ import annotations

from typing import Any

import pytest

from rooms.limits import JOIN_REGRET_S
from tests.support.server import Clock, Server, running

JOIN, ANOTHER = "a" * 32, "b" * 32


async def one_time_link(server: Server) -> tuple[str, str]:
    made = await server.room(inviteOnly=True)
    path = f"/api/rooms/{made['roomId']}/invites"
    invite = (await server.call("POST", path, key=made["hostKey"])).json
    return made["roomId"], invite["invite"]


async def given_up(server: Server, room: str, invite: str) -> Any:
    """Join and leave in one go, as a page does that is closed while its join is on its way."""
    client = await server.connect()
    joining = await client.begin("join-room", {"roomId": room, "invite": invite, "clientJoinId": JOIN})
    assert await client.ok("leave-room", roomId=room) == {}
    return await client.answer(joining)


async def test_a_join_that_was_given_up_leaves_no_seat_and_can_be_repeated(server: Server) -> None:
    room, invite = await one_time_link(server)
    assert (await given_up(server, room, invite))["ok"] is True
    assert (await server.call("GET", f"/api/rooms/{room}")).json["room"]["participantCount"] == 0
    _, snapshot = await server.seated(room, invite=invite, clientJoinId=JOIN)
    assert snapshot["room"]["participantCount"] == 1


async def test_nobody_else_comes_in_with_the_invite_of_a_join_that_was_given_up(server: Server) -> None:
    room, invite = await one_time_link(server)
    await given_up(server, room, invite)
    stranger = await server.connect()
    assert await stranger.refused("join-room", roomId=room, invite=invite) == "INVITE_USED"
    wish = {"roomId": room, "invite": invite, "clientJoinId": ANOTHER}
    assert await stranger.refused("join-room", **wish) == "INVITE_USED"
    await server.seated(room, invite=invite, clientJoinId=JOIN)
    assert await stranger.refused("join-room", **wish) == "INVITE_USED"


async def test_a_join_is_repeated_once_for_each_time_that_it_was_given_up(server: Server) -> None:
    room, invite = await one_time_link(server)
    for _ in range(3):
        await given_up(server, room, invite)
    _, snapshot = await server.seated(room, invite=invite, clientJoinId=JOIN)
    again = await server.connect()
    same = await again.ok("join-room", roomId=room, invite=invite, clientJoinId=JOIN)
    assert same["self"]["id"] == snapshot["self"]["id"]


@pytest.mark.parametrize(("after_s", "code"), [(JOIN_REGRET_S - 1, None), (JOIN_REGRET_S + 1, "INVITE_USED")])
async def test_whoever_stayed_a_while_has_spent_the_invite(clock: Clock, after_s: float, code: str | None) -> None:
    async with running(clock=clock) as server:
        room, invite = await one_time_link(server)
        client, _ = await server.seated(room, invite=invite, clientJoinId=JOIN)
        clock.now += after_s
        await client.ok("leave-room", roomId=room)
        again = await server.connect()
        ack = await again.request("join-room", {"roomId": room, "invite": invite, "clientJoinId": JOIN})
        assert (ack["ok"], ack.get("error", {}).get("code")) == (code is None, code)


async def test_whoever_was_put_out_does_not_come_back_with_the_same_join(server: Server) -> None:
    made = await server.room(inviteOnly=True)
    room = made["roomId"]
    path = f"/api/rooms/{room}/invites"
    invite = (await server.call("POST", path, key=made["hostKey"])).json["invite"]
    host, _ = await server.seated(room, hostKey=made["hostKey"])
    _, guest = await server.seated(room, invite=invite, clientJoinId=JOIN)
    await host.ok("kick", roomId=room, participantId=guest["self"]["id"])
    again = await server.connect()
    wish = {"roomId": room, "invite": invite, "clientJoinId": JOIN}
    assert await again.refused("join-room", **wish) == "INVITE_USED"
