"""Whose seat it is: tokens that no longer hold, people who were put out, two tabs, React's double mount."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.resilience.api import Api, Member
from tests.e2e.resilience.times import GRACE_S
from tests.support.js_client import JsClient

BUSY_FRAMES = 4_000


async def test_no_token_but_the_true_one_takes_a_seat(api: Api, js: JsClient) -> None:
    room, elsewhere = await api.room(), await api.room()
    ada, ben, stranger = [await room.enter(js, name=name) for name in ("Ada", "Ben", "Cleo")]
    other = await elsewhere.enter(js, name="Ada")
    left = await room.enter(js, name="Dan")
    await left.ok("leave-room")
    tried = {
        "forged": ada.resume_fields(resumeToken="x" * 52),
        "almost": ada.resume_fields(resumeToken=ada.token[:-1] + ("a" if ada.token[-1] != "a" else "b")),
        "in capitals": ada.resume_fields(resumeToken=ada.token.upper()),
        "another's": ada.resume_fields(resumeToken=ben.token),
        "another room's": ada.resume_fields(participantId=other.id, resumeToken=other.token),
        "the host key": ada.resume_fields(resumeToken=room.host_key),
        "of a seat that was left": left.resume_fields(),
        "of nobody": ada.resume_fields(participantId="nobody"),
    }
    thief = await js.connect(api.url)
    answers = {what: await thief.refused("join-room", fields) for what, fields in tried.items()}
    expired = {"of a seat that was left"}
    assert answers == {what: "RESUME_EXPIRED" if what in expired else "RESUME_INVALID" for what in tried}
    assert await stranger.refused("send-message", to="nobody", text="hello") == "PEER_NOT_FOUND"
    assert {user["id"] for user in await room.users() if user["connected"]} == {ada.id, ben.id, stranger.id}
    print(f"\n{len(tried)} kinds of wrong token: 0 seats")


async def test_a_token_that_was_replaced_is_dead_once_the_new_one_was_used(api: Api, js: JsClient) -> None:
    room = await api.room()
    join_id = "the one join of this page"
    first = await room.enter(js, clientJoinId=join_id)
    again = await room.enter(js, clientJoinId=join_id)
    assert again.id == first.id
    assert again.token != first.token
    assert (await again.socket.ok("join-room", again.resume_fields()))["self"]["id"] == again.id
    thief = await js.connect(api.url)
    assert await thief.refused("join-room", first.resume_fields()) == "RESUME_INVALID"
    assert (await again.say("still mine"))["deliveredTo"] == 0


async def test_a_stolen_token_dies_with_the_seat(api: Api, js: JsClient) -> None:
    room = await api.room()
    host = await room.enter(js, hostKey=room.host_key)
    ada = await room.enter(js, name="Ada")
    thief = Member(room, await js.connect(api.url), ada.snapshot)
    await thief.socket.ok("join-room", ada.resume_fields())
    assert (await ada.socket.wait_for("room-left")).payload["reason"] == "replaced"
    await host.ok("kick", participantId=ada.id)
    for socket in (await js.connect(api.url), await js.connect(api.url)):
        assert await socket.refused("join-room", ada.resume_fields()) == "RESUME_INVALID"
    assert [user["id"] for user in await room.users()] == [host.id]


async def test_old_tokens_in_any_number_are_not_punished(api: Api, js: JsClient) -> None:
    room = await api.room()
    await room.enter(js, name="Ada")
    ben = await room.enter(js, name="Ben")
    await ben.ok("leave-room")
    late = await js.connect(api.url)
    wish = ["join-room", ben.resume_fields()]
    codes = {ack["error"]["code"] for ack in await late.request_all([wish] * 150)}
    assert codes == {"RESUME_EXPIRED"}
    await room.join(late)


@pytest.mark.parametrize("how", ["kick", "ban"])
async def test_nothing_of_somebody_who_was_put_out_is_handled(
    api: Api, js: JsClient, another_js: JsClient, how: str
) -> None:
    room = await api.room()
    host = await room.enter(js, name="Host", hostKey=room.host_key)
    ada = await room.enter(another_js, name="Ada")
    say = ["send-message", {"roomId": room.id, "text": "spam"}]
    flood = asyncio.create_task(ada.socket.request_all([say] * BUSY_FRAMES))
    await host.socket.wait_for("message-received")
    await host.ok(how, participantId=ada.id)
    heard = len(host.texts())
    await ada.socket.wait_for("disconnect", limit_s=15)
    await asyncio.gather(flood, return_exceptions=True)  # what was not answered in a second is not answered at all
    await js.barrier()
    assert 0 < heard < BUSY_FRAMES
    assert len(host.texts()) == heard, "nothing came after the answer to the host"
    assert [user["id"] for user in await room.users()] == [host.id]
    reasons = [p["reason"] for p in host.socket.received("user-left")]
    assert reasons == [{"kick": "kicked", "ban": "banned"}[how]]
    print(f"\n{how}: {heard} of {BUSY_FRAMES} frames before it, 0 after it")


async def test_somebody_who_was_put_out_is_refused_everything(api: Api, js: JsClient) -> None:
    room, elsewhere = await api.room(), await api.room()
    host = await room.enter(js, name="Host", hostKey=room.host_key)
    ada = await room.enter(js, name="Ada")
    await elsewhere.join(ada.socket)  # so that the connection stays
    await host.ok("kick", participantId=ada.id)
    frames: dict[str, dict[str, Any]] = {
        "send-message": {"text": "still here"},
        "offer": {"description": {"type": "offer", "sdp": "v=0\r\n"}},
        "ice-candidate": {"candidate": None},
        "update-media": {"audio": True},
        "typing": {"isTyping": True},
        "leave-room": {},
        "end-room": {},
    }
    for event, fields in frames.items():
        assert await ada.refused(event, **fields) == "NOT_IN_ROOM", event
    assert await ada.socket.refused("join-room", {"roomId": room.id}) == "FORBIDDEN"
    assert await ada.socket.refused("join-room", ada.resume_fields()) == "FORBIDDEN"
    assert [user["id"] for user in await elsewhere.users()] != [], "and keeps the seat in the other room"


async def test_somebody_kicked_while_away_does_not_come_back(api: Api, js: JsClient) -> None:
    room = await api.room()
    host = await room.enter(js, hostKey=room.host_key)
    ada = await room.enter(js, name="Ada")
    await ada.socket.terminate()
    await host.socket.wait_for("user-updated", lambda p: not p["participant"]["connected"])
    await host.ok("kick", participantId=ada.id)
    await ada.socket.reconnect()
    assert (await ada.socket.wait_for("connect")).payload["recovered"] is False
    assert await ada.socket.refused("join-room", ada.resume_fields()) == "RESUME_INVALID"


async def test_two_tabs_do_not_take_the_seat_from_each_other_for_ever(api: Api, js: JsClient) -> None:
    room = await api.room()
    watcher = await room.enter(js, name="Watcher")
    first = await room.enter(js, name="Ada")
    second = Member(room, await js.connect(api.url), first.snapshot)
    await second.socket.ok("join-room", first.resume_fields())
    left = await first.socket.wait_for("room-left")
    assert left.payload == {"roomId": room.id, "reason": "replaced", "action": "none"}
    assert await first.refused("send-message", text="from the old tab") == "NOT_IN_ROOM"
    # The old tab's connection ends and comes back, as when a laptop sleeps: it recovers nothing, and disturbs nobody.
    await first.socket.terminate()
    await first.socket.wait_for("disconnect")
    await first.socket.reconnect()
    assert (await first.socket.wait_for("connect")).payload["recovered"] is False
    assert (await second.say("still mine"))["deliveredTo"] == 1
    await watcher.socket.wait_for("message-received", lambda p: p["text"] == "still mine")
    assert not watcher.socket.received("user-updated")
    assert not second.socket.received("room-left")


async def test_react_s_double_mount_is_one_participant_and_one_use(api: Api, js: JsClient) -> None:
    room = await api.room(inviteOnly=True)
    invite = await room.invite()
    # The component mounts, unmounts and mounts again: the first socket is closed before it was heard of.
    first = await js.connect(api.url, wait=False)
    await first.disconnect()
    await first.reconnect()
    await first.wait_for("connect")
    snapshot = await room.join(first, invite=invite)
    assert [user["id"] for user in await room.users()] == [snapshot["self"]["id"]]


@pytest.mark.parametrize("answer", ["known", "lost"])
async def test_a_second_mount_takes_the_seat_of_the_first(api: Api, js: JsClient, answer: str) -> None:
    room = await api.room(inviteOnly=True)
    wish = {"roomId": room.id, "invite": await room.invite(), "clientJoinId": "one mount after the other"}
    first = await js.connect(api.url)
    known = None
    if answer == "known":
        known = await first.ok("join-room", wish)
    else:
        await first.emit("join-room", wish)  # nobody listens to the answer
    await first.disconnect()
    second = await js.connect(api.url)
    snapshot = await second.ok("join-room", wish)
    if known is not None:
        assert snapshot["self"]["id"] == known["self"]["id"]
    third = await js.connect(api.url)
    await third.ok("join-room", {"roomId": room.id, "resume": Member(room, third, snapshot).resume_fields()["resume"]})
    assert [user["id"] for user in await room.users()] == [snapshot["self"]["id"]]
    (invite,) = (await room.call("GET", "/invites")).body["invites"]
    assert invite["used"] == 1
    print(f"\nfirst answer {answer}: 1 participant, invite used {invite['used']} of {invite['uses']}")


async def test_one_socket_cannot_hold_two_seats_of_a_room(api: Api, js: JsClient) -> None:
    room = await api.room()
    other = await room.enter(js, name="Other", clientJoinId="the join of another tab")
    ada = await room.enter(js, name="Ada")
    assert await ada.refused("join-room", clientJoinId="the join of another tab") == "ALREADY_JOINED"
    assert await ada.socket.refused("join-room", other.resume_fields()) == "ALREADY_JOINED"
    assert (await ada.say("one of two"))["deliveredTo"] == 1
    assert (await other.say("two of two"))["deliveredTo"] == 1


async def test_a_seat_that_is_not_taken_back_is_free_after_its_grace(api: Api, js: JsClient) -> None:
    room = await api.room(capacity=2)
    ada, ben = await room.enter(js, name="Ada"), await room.enter(js, name="Ben")
    await ben.socket.terminate()
    await ada.socket.wait_for("user-updated")
    waiting = await js.connect(api.url)
    assert await waiting.refused("join-room", {"roomId": room.id}) == "ROOM_FULL", "it is kept for Ben"
    await ada.socket.wait_for("user-left", limit_s=GRACE_S + 3)
    await room.join(waiting)
