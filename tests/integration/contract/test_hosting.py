"""What the host may ask for, the lobby, and how exactly one host is kept (protocol page, "host only")."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.contract.requests import HOST_REQUESTS
from tests.support.server import Clock, Server, running


@pytest.mark.parametrize(("event", "fields"), HOST_REQUESTS)
async def test_only_the_host_may(server: Server, event: str, fields: dict[str, Any]) -> None:
    room, first, _, second, _ = await server.pair()
    assert await second.refused(event, roomId=room, **fields) == "FORBIDDEN"
    await first.sync()
    assert first.all("room-updated") == first.all("user-left") == []


async def test_a_knock_is_heard_by_the_host_and_admits_once(server: Server) -> None:
    made = await server.room(lobby=True)
    room = made["roomId"]
    host, _ = await server.seated(room, hostKey=made["hostKey"])
    guest = await server.connect()
    assert await guest.refused("join-room", roomId=room) == "LOBBY_WAITING"
    assert await guest.ok("knock", roomId=room, name="Bob") == {}
    heard = await host.wait_for("knock-received")
    assert (heard["roomId"], heard["name"]) == (room, "Bob")
    assert await host.ok("answer-knock", roomId=room, knockId=heard["knockId"], admit=True) == {}
    answer = await guest.wait_for("knock-answered")
    assert answer["admitted"] is True
    await guest.ok("join-room", roomId=room, invite=answer["invite"])
    other = await server.connect()
    assert await other.refused("join-room", roomId=room, invite=answer["invite"]) == "INVITE_USED"


async def test_a_knock_may_be_turned_down(server: Server) -> None:
    made = await server.room(lobby=True)
    host, _ = await server.seated(made["roomId"], hostKey=made["hostKey"])
    guest = await server.connect()
    await guest.ok("knock", roomId=made["roomId"])
    knock = await host.wait_for("knock-received")
    await host.ok("answer-knock", roomId=made["roomId"], knockId=knock["knockId"], admit=False)
    assert await guest.wait_for("knock-answered") == {"roomId": made["roomId"], "admitted": False}
    again = {"roomId": made["roomId"], "knockId": knock["knockId"], "admit": True}
    assert await host.refused("answer-knock", **again) == "PEER_NOT_FOUND"


async def test_a_host_who_comes_later_hears_who_waits(server: Server) -> None:
    made = await server.room(lobby=True)
    guest = await server.connect()
    await guest.ok("knock", roomId=made["roomId"], name="Bob")
    host, _ = await server.seated(made["roomId"], hostKey=made["hostKey"])
    assert (await host.wait_for("knock-received"))["name"] == "Bob"


async def test_a_kick_puts_out_and_kills_the_token(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    await first.ok("kick", roomId=room, participantId=two["self"]["id"])
    gone = await second.wait_for("room-left")
    assert gone == {"roomId": room, "reason": "kicked", "action": "none"}
    assert (await first.wait_for("user-left"))["reason"] == "kicked"
    again = await server.connect()
    resume = {"participantId": two["self"]["id"], "resumeToken": two["resumeToken"]}
    assert await again.refused("join-room", roomId=room, resume=resume) == "RESUME_INVALID"
    await again.ok("join-room", roomId=room)


async def test_a_ban_keeps_the_address_out_but_for_an_invite(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    host, _ = await server.seated(room, hostKey=made["hostKey"])
    guest, seat = await server.seated(room)
    await host.ok("ban", roomId=room, participantId=seat["self"]["id"])
    assert (await guest.wait_for("room-left"))["reason"] == "banned"
    again = await server.connect()
    assert await again.refused("join-room", roomId=room) == "BANNED"
    resume = {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"]}
    assert await again.refused("join-room", roomId=room, resume=resume) == "BANNED"
    assert await again.refused("knock", roomId=room) == "BANNED"
    invite = await server.call("POST", f"/api/rooms/{room}/invites", key=made["hostKey"])
    await again.ok("join-room", roomId=room, invite=invite.json["invite"])


async def test_a_host_cannot_put_itself_out(server: Server) -> None:
    room, first, one, _, _ = await server.pair()
    assert await first.refused("kick", roomId=room, participantId=one["self"]["id"]) == "FORBIDDEN"
    assert await first.refused("kick", roomId=room, participantId="nobody") == "PEER_NOT_FOUND"


async def test_update_room_answers_and_tells_the_new_settings(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    answer = await first.ok("update-room", roomId=room, locked=True, capacity=3, lobby=True, expiresInS=600)
    assert (answer["status"], answer["capacity"], answer["lobby"]) == ("locked", 3, True)
    assert (await second.wait_for("room-updated"))["room"] == answer
    assert await (await server.connect()).refused("join-room", roomId=room) == "ROOM_LOCKED"


async def test_update_room_keeps_below_the_ceilings(server: Server) -> None:
    room, first, _, _, _ = await server.pair()
    ack = await first.request("update-room", {"roomId": room, "capacity": 1001, "expiresInS": 604_801})
    assert ack["error"]["code"] == "INVALID_PAYLOAD"
    assert set(ack["error"]["details"]) == {"capacity", "expiresInS"}


async def test_the_host_role_can_be_handed_over(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    await first.ok("transfer-host", roomId=room, participantId=two["self"]["id"])
    updated = await second.wait_for("room-updated")
    assert updated["room"]["hostId"] == two["self"]["id"]
    roles = {u["participant"]["id"]: u["participant"]["role"] for u in second.all("user-updated")}
    assert roles == {one["self"]["id"]: "member", two["self"]["id"]: "host"}
    assert await first.refused("update-room", roomId=room, locked=True) == "FORBIDDEN"


async def test_there_is_exactly_one_host_while_anyone_is_in(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    await first.ok("leave-room", roomId=room)
    await second.wait_for("room-updated", lambda change: change["room"]["hostId"] == two["self"]["id"])
    users = (await server.call("GET", f"/api/rooms/{room}/users")).json["participants"]
    assert [user["role"] for user in users] == ["host"]
    await second.ok("leave-room", roomId=room)
    assert (await server.call("GET", f"/api/rooms/{room}")).json["room"]["hostId"] is None


async def test_whoever_joins_with_the_host_key_becomes_the_host(server: Server) -> None:
    made = await server.room()
    first, one = await server.seated(made["roomId"])
    assert one["self"]["role"] == "host"
    second, two = await server.seated(made["roomId"], hostKey=made["hostKey"])
    assert two["self"]["role"] == "host"
    assert two["room"]["hostId"] == two["self"]["id"]
    await first.wait_for("user-updated", lambda u: u["participant"]["role"] == "member")
    assert await first.refused("end-room", roomId=made["roomId"]) == "FORBIDDEN"
    wrong = await server.connect()
    assert await wrong.refused("join-room", roomId=made["roomId"], hostKey="not the key") == "FORBIDDEN"
    assert second.faults == []


async def test_end_room_is_for_all_and_for_good(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    await first.ok("end-room", roomId=room)
    for client in (first, second):
        gone = await client.wait_for("room-left")
        assert gone == {"roomId": room, "reason": "room-ended", "action": "none"}
    assert await second.refused("send-message", roomId=room, text="hi") == "NOT_IN_ROOM"
    assert await second.refused("join-room", roomId=room) == "ROOM_ENDED"
    resume = {"participantId": two["self"]["id"], "resumeToken": two["resumeToken"]}
    assert await second.refused("join-room", roomId=room, resume=resume) == "ROOM_ENDED"


async def test_members_are_warned_60_and_10_seconds_before_the_end(clock: Clock) -> None:
    async with running(clock=clock) as server:
        made = await server.room(expiresInS=100)
        client, snapshot = await server.seated(made["roomId"])
        for later, count in ((41, 1), (50, 2)):
            clock.now += later
            await client.wait_for_count("room-expiring", count)
            warning = client.all("room-expiring")[-1]
            assert warning == {"roomId": made["roomId"], "expiresAt": snapshot["room"]["expiresAt"]}
        clock.now += 10
        assert (await client.wait_for("room-left"))["reason"] == "room-expired"
        assert await client.refused("join-room", roomId=made["roomId"]) == "ROOM_EXPIRED"
