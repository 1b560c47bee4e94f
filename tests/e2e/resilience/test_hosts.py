"""What hosts decide holds: locks, lobbies, roles and passwords, also across dropped connections."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.security.guesses import PASSWORD_FAILURES
from tests.e2e.resilience.api import Api, Member, OwnRoom, api_of
from tests.e2e.resilience.times import FAST
from tests.support.js_client import JsClient, JsSocket
from tests.support.pace import PACE
from tests.support.processes import server_process

PASSWORD = "correct horse"


async def comes_back(member: Member, js: JsClient) -> Any:
    """Drop the connection for real, and resume on another; the snapshot."""
    await member.socket.terminate()
    member.socket = await js.connect(member.room.api.url)
    return await member.socket.ok("join-room", member.resume_fields())


async def knocks(js: JsClient, room: OwnRoom, name: str) -> JsSocket:
    """Somebody at the door of a room with a lobby."""
    socket = await js.connect(room.api.url)
    assert await socket.refused("join-room", {"roomId": room.id, "name": name}) == "LOBBY_WAITING"
    await socket.ok("knock", {"roomId": room.id, "name": name})
    return socket


async def test_a_locked_room_lets_its_own_people_back_and_nobody_else(api: Api, js: JsClient) -> None:
    room = await api.room()
    host, ada = await room.enter(js, hostKey=room.host_key), await room.enter(js, name="Ada")
    await host.ok("update-room", locked=True)
    snapshot = await comes_back(ada, js)
    assert snapshot["recovered"] is True
    assert (await comes_back(host, js))["self"]["role"] == "host"
    stranger = await js.connect(api.url)
    assert await stranger.refused("join-room", {"roomId": room.id}) == "ROOM_LOCKED"
    assert await stranger.refused("join-room", {"roomId": room.id, "invite": await room.invite()}) == "ROOM_LOCKED"
    await host.ok("update-room", locked=False)
    await room.join(stranger)


async def test_a_host_who_drops_is_still_the_host(api: Api, js: JsClient) -> None:
    room = await api.room()
    host, ada = await room.enter(js, hostKey=room.host_key), await room.enter(js, name="Ada")
    await host.socket.terminate()
    await ada.socket.wait_for("user-updated", lambda p: not p["participant"]["connected"])
    assert await ada.refused("update-room", locked=True) == "FORBIDDEN"
    snapshot = await comes_back(host, js)
    assert snapshot["self"]["role"] == "host"
    assert not ada.socket.received("room-updated")


async def test_a_role_that_was_handed_over_outlives_reconnects(api: Api, js: JsClient) -> None:
    room = await api.room()
    host, ada = await room.enter(js, hostKey=room.host_key), await room.enter(js, name="Ada")
    await host.ok("transfer-host", participantId=ada.id)
    assert (await comes_back(ada, js))["self"]["role"] == "host"
    assert (await comes_back(host, js))["self"]["role"] == "member"
    assert await host.refused("kick", participantId=ada.id) == "FORBIDDEN"
    await ada.ok("kick", participantId=host.id)


async def test_who_leaves_hands_over_to_the_longest_seated_who_is_there(api: Api, js: JsClient) -> None:
    room = await api.room()
    host = await room.enter(js, hostKey=room.host_key)
    away, ada, ben = [await room.enter(js, name=name) for name in ("Away", "Ada", "Ben")]
    await away.socket.terminate()
    await ben.socket.wait_for("user-updated", lambda p: not p["participant"]["connected"])
    await host.ok("leave-room")
    assert (await ben.socket.wait_for("room-updated")).payload["room"]["hostId"] == ada.id
    assert (await ada.ok("update-room", capacity=5))["hostId"] == ada.id


async def test_the_heir_hears_who_waits_at_the_door(api: Api, js: JsClient) -> None:
    room = await api.room(lobby=True)
    host = await room.enter(js, hostKey=room.host_key)
    ada = await room.enter(js, name="Ada", invite=await room.invite())
    cleo = await knocks(js, room, "Cleo")
    await host.socket.wait_for("knock-received")
    await host.ok("leave-room")
    knock = await ada.socket.wait_for("knock-received")
    assert knock.payload["name"] == "Cleo"
    await ada.ok("answer-knock", knockId=knock.payload["knockId"], admit=True)
    answered = (await cleo.wait_for("knock-answered")).payload
    await room.join(cleo, invite=answered["invite"])


async def test_a_host_who_was_away_hears_the_knocks_on_coming_back(api: Api, js: JsClient) -> None:
    room = await api.room(lobby=True)
    host = await room.enter(js, hostKey=room.host_key)
    await host.socket.terminate()
    admitted, refused = await knocks(js, room, "Cleo"), await knocks(js, room, "Dan")
    await comes_back(host, js)
    heard = [(await host.socket.wait_for("knock-received")).payload for _ in range(2)]
    ids = {knock["name"]: knock["knockId"] for knock in heard}
    await host.ok("answer-knock", knockId=ids["Cleo"], admit=True)
    await host.ok("answer-knock", knockId=ids["Dan"], admit=False)
    assert (await refused.wait_for("knock-answered")).payload == {"roomId": room.id, "admitted": False}
    invite = (await admitted.wait_for("knock-answered")).payload["invite"]
    await room.join(admitted, invite=invite)
    assert await refused.refused("join-room", {"roomId": room.id, "invite": invite}) == "INVITE_USED"


async def test_who_knocks_and_goes_is_not_at_the_door_any_more(api: Api, js: JsClient) -> None:
    room = await api.room(lobby=True)
    host = await room.enter(js, hostKey=room.host_key)
    gone = await knocks(js, room, "Cleo")
    knock_id = (await host.socket.wait_for("knock-received")).payload["knockId"]
    await gone.terminate()
    await asyncio.wait_for(until_refused(host, knock_id), 5 * PACE)


async def until_refused(host: Member, knock_id: str) -> None:
    """Wait until nobody is there to be answered."""
    await host.socket.ok("update-room", {"roomId": host.room.id})  # a round trip behind the disconnect
    while await host.refused("answer-knock", knockId=knock_id, admit=False) != "PEER_NOT_FOUND":
        await asyncio.sleep(0.02)


async def test_a_password_is_asked_once_and_not_on_reconnects(js: JsClient) -> None:
    with server_process(**FAST) as server:
        async with api_of(server.url) as api:
            room = await api.room(password=PASSWORD)
            assert (await api.call("GET", f"/api/rooms/{room.id}")).body["room"]["passwordRequired"] is True
            stranger = await js.connect(api.url)
            assert await stranger.refused("join-room", {"roomId": room.id}) == "PASSWORD_REQUIRED"
            ada = await room.enter(js, name="Ada", password=PASSWORD)
            assert (await comes_back(ada, js))["recovered"] is True
            guess = {"roomId": room.id, "password": "wrong"}
            codes = [await stranger.refused("join-room", guess) for _ in range(20)]
            tried = codes.count("PASSWORD_INVALID")
            assert codes == ["PASSWORD_INVALID"] * tried + ["RATE_LIMITED"] * (20 - tried)
            assert tried < 15
            # Whoever guesses is slowed down; whoever has a seat is not.
            assert (await comes_back(ada, js))["recovered"] is True
            assert PASSWORD not in server.log()
        await js.leave()


async def test_guesses_made_all_at_once_are_slowed_down_as_well(js: JsClient) -> None:
    with server_process(**FAST) as server:
        async with api_of(server.url) as api:
            room = await api.room(password=PASSWORD)
            sockets = [await js.connect(api.url) for _ in range(50)]
            guess = {"roomId": room.id, "password": "wrong"}
            codes = await asyncio.gather(*(socket.refused("join-room", guess) for socket in sockets))
        await js.leave()
    assert set(codes) == {"PASSWORD_INVALID", "RATE_LIMITED"}
    assert codes.count("PASSWORD_INVALID") <= PASSWORD_FAILURES + 1


async def test_media_and_typing_are_what_they_are_now_and_never_history(api: Api, js: JsClient) -> None:
    room = await api.room()
    ada, ben = await room.enter(js, name="Ada"), await room.enter(js, name="Ben")
    await ben.socket.terminate()
    await ada.socket.wait_for("user-updated", lambda p: not p["participant"]["connected"])
    for on in (True, False, True):
        await ada.ok("update-media", audio=on, handRaised=on)
        await ada.ok("typing", isTyping=on)
    snapshot = await comes_back(ben, js)
    assert snapshot["recovered"] is True
    (seen,) = snapshot["participants"]
    assert seen["media"] == {"audio": True, "video": False, "screen": False, "handRaised": True, "canCall": True}
    assert snapshot["typing"] == [ada.id]
    updates = [each for each in snapshot["missed"] if each["event"] == "user-updated"]
    assert len(updates) == 1, "the latest, not three"
    assert not [each for each in snapshot["missed"] if each["event"] == "typing-changed"]
    await ada.socket.terminate()
    assert (await ben.socket.wait_for("typing-changed")).payload["isTyping"] is False, "nobody types who is away"
    back = await comes_back(ada, js)
    assert back["self"]["media"]["handRaised"] is True, "one's own state outlives the connection"


@pytest.mark.parametrize("changed", [{"capacity": 1}, {"lobby": True}])
async def test_a_stricter_room_puts_nobody_out(api: Api, js: JsClient, changed: dict[str, object]) -> None:
    room = await api.room()
    host, ada = await room.enter(js, hostKey=room.host_key), await room.enter(js, name="Ada")
    await host.ok("update-room", **changed)
    assert (await comes_back(ada, js))["recovered"] is True
    assert len(await room.users()) == 2
