"""Join tokens, over the wire: who gets in with one, as whom, with which rights, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest

from rooms.ports import StoreUnavailable
from server.protocol.fields import MAX_TOKEN_CHARS
from server.security.guesses import TOKEN_FAILURES
from server.transport.client import fetching
from server.transport.client.fetching import MAX_DOCUMENT_BYTES
from storage.memory import MAX_SPENT, MemoryStore
from tests.integration.contract.requests import OFFER
from tests.support.issuers import SECRET, Key, claims, serving, token
from tests.support.pace import PACE
from tests.support.processes import server_process
from tests.support.server import Client, Clock, Server, running, talking_to

JOIN_ID = "one-join-of-one-client"
DENIED = {"canSpeak": False, "canCall": False, "canInvite": False}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running(join_jwt_secret=SECRET, events_per_s=0) as server:
        yield server


async def refused(server: Server, room: str, given: str, **more: Any) -> str:
    """The code of a join with this token; whatever it is, nobody has come in."""
    before = (await server.call("GET", f"/api/rooms/{room}")).json["room"]["participantCount"]
    client = await server.connect()
    code = await client.refused("join-room", roomId=room, token=given, **more)
    await client.leave()
    assert (await server.call("GET", f"/api/rooms/{room}")).json["room"]["participantCount"] == before
    return code


async def admitted(server: Server, room: str, **claimed: Any) -> tuple[Client, Any]:
    return await server.seated(room, token=token(room, **claimed))


async def test_a_token_says_who_somebody_is(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    first, _ = await server.seated(room, name="Guest")
    _, two = await server.seated(
        room, name="Mallory", token=token(room, name="  Ada\n Lovelace ", mayfly={"shareSub": True})
    )
    assert (two["self"]["name"], two["self"]["verified"], two["self"]["userId"]) == ("Ada Lovelace", True, "user-1")
    told = await first.wait_for("user-joined")
    assert told["participant"] == two["self"]
    assert "verified" not in two["participants"][0]
    _, three = await admitted(server, room, sub="user-2", name="x" * 100)
    assert (three["self"]["name"], three["self"]["verified"]) == ("x" * 64, True)
    assert "userId" not in three["self"]
    listed = await server.call("GET", f"/api/rooms/{room}/users")
    assert [one.get("userId") for one in listed.json["participants"]] == [None, "user-1", None]


@pytest.mark.parametrize("name", [None, "", " \x00 ", "\ud800"])
async def test_the_name_beside_the_mark_is_never_one_that_its_bearer_chose(server: Server, name: str | None) -> None:
    made = await server.room()
    _, picture = await server.seated(made["roomId"], name="Mallory", token=token(made["roomId"], name=name))
    assert picture["self"]["name"] not in ("Mallory", "")
    assert picture["self"]["verified"] is True


async def test_every_wrong_token_has_its_code_and_admits_nobody(server: Server) -> None:
    room = (await server.room())["roomId"]
    other = (await server.room())["roomId"]
    wrong = {
        "wrong key": token(room, secret="another secret of 32 bytes and more"),
        "alg none": jwt.encode(claims(room), "", algorithm="none"),
        "RS256": Key("RS256", "a").token(room),
        "other room": token(other),
        "future nbf": token(room, nbf=claims()["iat"] + 60),
        "future iat": token(room, iat=claims()["iat"] + 60),
        "no exp": token(room, exp=None),
        "no sub": token(room, sub=None),
        "no room": token(room=None),
        "garbage": "xyzzy",
    }
    codes = {name: await refused(server, room, given) for name, given in wrong.items()}
    assert set(codes.values()) == {"TOKEN_INVALID"}, codes
    assert await refused(server, room, token(room, in_s=-1)) == "TOKEN_EXPIRED"
    for shape in (7, "", "x" * (MAX_TOKEN_CHARS + 1)):
        assert await refused(server, room, shape) == "INVALID_PAYLOAD"  # type: ignore[arg-type]
    # Neither does the right host key beside it let in somebody whose token was refused.
    client = await server.connect()
    assert await client.refused("join-room", roomId=room, token="xyzzy", hostKey="xyzzy") == "TOKEN_INVALID"


async def test_wrong_tokens_are_guesses_and_late_ones_are_not(clock: Clock) -> None:
    async with running(join_jwt_secret=SECRET, events_per_s=0, clock=clock) as server:
        room = (await server.room())["roomId"]
        client = await server.connect()
        for _ in range(TOKEN_FAILURES + 5):
            assert await client.refused("join-room", roomId=room, token=token(room, exp=1)) == "TOKEN_EXPIRED"
        for _ in range(TOKEN_FAILURES):
            assert await client.refused("join-room", roomId=room, token="xyzzy") == "TOKEN_INVALID"
        assert await client.refused("join-room", roomId=room, token="xyzzy") == "RATE_LIMITED"
        await client.ok("join-room", roomId=room, token=token(room))


async def test_time_is_the_servers(clock: Clock) -> None:
    async with running(join_jwt_secret=SECRET, clock=clock) as server:
        room = (await server.room())["roomId"]
        given = token(room, in_s=60)
        clock.now += 61
        assert await refused(server, room, given) == "TOKEN_EXPIRED"


async def test_a_server_that_takes_none_says_so() -> None:
    for settings in ({}, {"join_jwt_secret": SECRET, "join_tokens": "off"}):
        async with running(**settings) as server:
            room = (await server.room())["roomId"]
            assert await refused(server, room, token(room)) == "TOKEN_INVALID"
            await server.seated(room)


async def test_where_one_is_required_only_hosts_and_those_who_come_back_need_none() -> None:
    async with running(join_jwt_secret=SECRET, join_tokens="required") as server:
        made = await server.room(lobby=True)
        room, key = made["roomId"], made["hostKey"]
        invite = (await server.call("POST", f"/api/rooms/{room}/invites", key=key)).json["invite"]
        client = await server.connect()
        for more in ({}, {"invite": invite}, {"name": "Ada"}):
            assert await client.refused("join-room", roomId=room, **more) == "UNAUTHORIZED"
        assert await client.refused("join-room", roomId=room, hostKey="xyzzy") == "FORBIDDEN"
        assert await client.refused("knock", roomId=room) == "UNAUTHORIZED"
        await server.seated(room, hostKey=key)
        guest, one = await server.seated(room, token=token(room, jti="1"), clientJoinId=JOIN_ID)
        await guest.leave()
        again = await server.connect()
        resume = {"participantId": one["self"]["id"], "resumeToken": one["resumeToken"]}
        two = await again.ok("join-room", roomId=room, resume=resume)
        assert (two["self"]["id"], two["self"]["verified"]) == (one["self"]["id"], True)
        third = await server.connect()
        three = await third.ok("join-room", roomId=room, clientJoinId=JOIN_ID)
        assert three["self"]["id"] == one["self"]["id"]


async def test_a_token_counts_as_an_invite_but_for_a_password_and_a_lock(server: Server) -> None:
    made = await server.room(inviteOnly=True, lobby=True, password="s3cret")
    room, key = made["roomId"], made["hostKey"]
    assert await refused(server, room, token(room)) == "PASSWORD_REQUIRED"
    assert await refused(server, room, token(room), password="xyzzy") == "PASSWORD_INVALID"
    invite = (await server.call("POST", f"/api/rooms/{room}/invites", key=key)).json["invite"]
    await server.seated(room, token=token(room), password="s3cret", invite=invite)
    standing = await server.call("GET", f"/api/rooms/{room}/invite", key=invite)
    assert standing.json["usesLeft"] == 1, "the token was enough: the invite is not spent"
    await server.call("PATCH", f"/api/rooms/{room}", key=key, json={"locked": True})
    assert await refused(server, room, token(room), password="s3cret") == "ROOM_LOCKED"


async def test_the_role_of_host_opens_what_the_host_key_opens(server: Server) -> None:
    made = await server.room(inviteOnly=True, lobby=True, password="s3cret")
    room = made["roomId"]
    first, _ = await server.seated(room, hostKey=made["hostKey"])
    await server.call("PATCH", f"/api/rooms/{room}", key=made["hostKey"], json={"locked": True})
    host, picture = await admitted(server, room, role="host")
    assert picture["self"]["role"] == "host"
    await first.wait_for("user-updated", lambda told: told["participant"]["role"] == "member")
    assert (await host.ok("update-room", roomId=room, locked=False))["status"] == "open"


async def test_rights_that_a_token_takes_away(server: Server) -> None:
    room = (await server.room())["roomId"]
    guest, _ = await server.seated(room)
    mute, picture = await admitted(server, room, role="host", mayfly=DENIED)
    other = picture["participants"][0]["id"]
    assert picture["self"]["media"]["canCall"] is False
    assert await mute.refused("send-message", roomId=room, text="xyzzy") == "FORBIDDEN"
    assert await mute.refused("offer", roomId=room, to=other, description=OFFER) == "FORBIDDEN"
    assert await mute.refused("answer", roomId=room, description={**OFFER, "type": "answer"}) == "FORBIDDEN"
    assert await mute.refused("ice-candidate", roomId=room, candidate=None) == "FORBIDDEN"
    for state in ("joined", "connected", "failed"):
        assert await mute.refused("call-state", roomId=room, state=state) == "FORBIDDEN"
    await mute.ok("call-state", roomId=room, state="ended")
    await mute.ok("update-media", roomId=room, canCall=True, audio=True)
    told = await guest.wait_for("user-updated", lambda told: told["participant"]["media"]["audio"])
    assert told["participant"]["media"]["canCall"] is False
    await mute.ok("update-room", roomId=room, lobby=True)
    knocker = await server.connect()
    await knocker.ok("knock", roomId=room)
    knock = (await mute.wait_for("knock-received"))["knockId"]
    assert await mute.refused("answer-knock", roomId=room, knockId=knock, admit=True) == "FORBIDDEN"
    await mute.ok("answer-knock", roomId=room, knockId=knock, admit=False)
    await guest.sync()
    assert guest.all("message-received") == guest.all("offer-received") == []


async def test_whoever_may_not_call_gets_no_relay() -> None:
    async with running(join_jwt_secret=SECRET, turn_urls=("turn:127.0.0.1:9",), turn_secret="s") as server:
        room = (await server.room())["roomId"]
        mute, picture = await admitted(server, room, mayfly={"canCall": False})
        _, free = await admitted(server, room)
        assert ["credential" in one for one in free["iceServers"]] == [False, True]
        assert ["credential" in one for one in picture["iceServers"]] == [False]
        assert not any("credential" in one for one in (await mute.ok("get-ice-servers", roomId=room))["iceServers"])
        over_rest = await server.call("GET", f"/api/rooms/{room}/ice-servers", key=picture["resumeToken"])
        assert not any("credential" in one for one in over_rest.json["iceServers"])


async def test_a_ban_goes_by_who_somebody_is(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    host, _ = await server.seated(room, hostKey=made["hostKey"])
    _, bad = await admitted(server, room, sub="mallory")
    await host.ok("ban", roomId=room, participantId=bad["self"]["id"])
    assert await refused(server, room, token(room, sub="mallory")) == "BANNED"
    assert await refused(server, room, token(room, sub="mallory", role="host")) == "BANNED"
    # Others behind the same address are vouched for.
    await admitted(server, room, sub="ada")
    other = (await server.room())["roomId"]
    await admitted(server, other, sub="mallory")


async def test_a_one_time_token_admits_once(server: Server) -> None:
    room, other = [(await server.room())["roomId"] for _ in range(2)]
    given = token("*", jti="1")
    _, one = await server.seated(room, token=given, clientJoinId=JOIN_ID)
    assert await refused(server, room, given) == "TOKEN_INVALID"
    assert await refused(server, other, given) == "TOKEN_INVALID"
    again = await server.connect()
    two = await again.ok("join-room", roomId=room, token=given, clientJoinId=JOIN_ID)
    assert two["self"]["id"] == one["self"]["id"], "a repeated join is the same seat"
    await server.seated(room, token=token("*"))
    await server.seated(room, token=token("*"))


async def test_a_join_that_is_given_up_burns_no_token(
    server: Server,
) -> None:
    room = (await server.room())["roomId"]
    given = token(room, jti="1")
    client = await server.connect()
    for _ in range(3):
        await client.ok("join-room", roomId=room, token=given, clientJoinId=JOIN_ID)
        await client.ok("leave-room", roomId=room)
    assert await refused(server, room, given) == "TOKEN_INVALID"
    await client.ok("join-room", roomId=room, token=given, clientJoinId=JOIN_ID)


async def test_whoever_was_kicked_does_not_come_back_with_the_same_token(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    host, _ = await server.seated(room, hostKey=made["hostKey"])
    _, bad = await server.seated(room, token=token(room, jti="1"), clientJoinId=JOIN_ID)
    await host.ok("kick", roomId=room, participantId=bad["self"]["id"])
    assert await refused(server, room, token(room, jti="1"), clientJoinId=JOIN_ID) == "TOKEN_INVALID"


async def test_a_join_that_is_refused_spends_no_token(server: Server) -> None:
    made = await server.room(capacity=1)
    room = made["roomId"]
    given = token(room, jti="1")
    client, _ = await server.seated(room)
    assert await refused(server, room, given) == "ROOM_FULL"
    await client.ok("leave-room", roomId=room)
    await server.seated(room, token=given)


async def test_where_no_more_can_be_remembered_one_time_tokens_wait() -> None:
    assert MemoryStore()._max_spent == MAX_SPENT
    async with running(join_jwt_secret=SECRET, store=MemoryStore(max_spent=1)) as server:
        room = (await server.room())["roomId"]
        await server.seated(room, token=token(room, jti="1"))
        assert await refused(server, room, token(room, jti="2")) == "UNAVAILABLE"
        await server.seated(room, token=token(room))


async def test_a_used_token_is_used_for_the_next_process_too(mongo_uri: str) -> None:
    settings = {"MONGODB_URI": mongo_uri, "JOIN_JWT_SECRET": SECRET}
    mine = {"shareSub": True, **DENIED}
    with server_process(**settings) as process:
        async with talking_to(process.url) as server:
            made = await server.room()
            room = made["roomId"]
            _, one = await server.seated(room, token=token("*", jti="1", name="Ada", mayfly=mine), clientJoinId=JOIN_ID)
            host, _ = await server.seated(room, hostKey=made["hostKey"])
            _, bad = await server.seated(room, token=token(room, sub="mallory"))
            await host.ok("ban", roomId=room, participantId=bad["self"]["id"])
        process.kill()
        process.restart()
        async with talking_to(process.url) as server:
            other = (await server.room())["roomId"]
            for place in (room, other):
                assert await refused(server, place, token("*", jti="1")) == "TOKEN_INVALID"
            assert await refused(server, room, token(room, sub="mallory")) == "BANNED"
            client = await server.connect()
            resume = {"participantId": one["self"]["id"], "resumeToken": one["resumeToken"]}
            back = await client.ok("join-room", roomId=room, resume=resume)
            self = back["self"]
            assert (self["name"], self["verified"], self["userId"]) == ("Ada", True, "user-1")
            assert await client.refused("send-message", roomId=room, text="xyzzy") == "FORBIDDEN"


async def test_keys_behind_a_url_rotate_and_may_be_gone() -> None:
    old, new = Key("RS256", "old"), Key("ES256", "new")
    async with serving(old) as site, running(join_jwks_url=site.url, events_per_s=0) as server:
        room = (await server.room())["roomId"]
        await server.seated(room, token=old.token(room))
        assert await refused(server, room, token(room)) == "TOKEN_INVALID"
        site.keys = [new]
        await server.seated(room, token=new.token(room))
        assert await refused(server, room, old.token(room)) == "TOKEN_INVALID"
        site.status = 503
        await server.seated(room, token=new.token(room))
        assert await refused(server, room, Key("EdDSA", "unknown").token(room)) == "UNAVAILABLE"
        assert site.asked < 8


@pytest.mark.parametrize("fault", ["down", "status", "redirect", "huge", "junk", "slow"])
async def test_keys_that_cannot_be_had_are_told(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "FETCH_TIMEOUT_S", 0.3)
    key = Key("EdDSA", "a")
    async with serving(key) as site:
        site.status = {"status": 500, "redirect": 302}.get(fault, 200)
        site.body = {"huge": b" " * MAX_DOCUMENT_BYTES + site.document(), "junk": b"<html>"}.get(fault)
        site.delay_s = 1.0 if fault == "slow" else 0.0
        url = "http://127.0.0.1:9/jwks.json" if fault == "down" else site.url
        async with running(join_jwks_url=url) as server:
            room = (await server.room())["roomId"]
            client = await server.connect()
            ack = await client.request("join-room", {"roomId": room, "token": key.token(room)})
            assert (ack["error"]["code"], ack["error"]["retryable"]) == ("UNAVAILABLE", True)
            assert ack["error"]["retryAfterMs"] > 0
            await client.ok("join-room", roomId=room)


class SlowStore(MemoryStore):
    """The memory store, held to be durable, in which each step of spending a token waits for `gate`."""

    name = "mongodb"
    outlives_process = True

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.spending = asyncio.Event()

    async def spend(self, use: str, by: str, until: float, now: float) -> bool:
        spent = await super().spend(use, by, until, now)
        self.spending.set()
        await self.gate.wait()
        return spent


@pytest.mark.parametrize("first_goes", [True, False])
async def test_a_join_that_is_repeated_while_its_token_is_spent_spends_it_once(first_goes: bool) -> None:
    store = SlowStore()
    async with running(join_jwt_secret=SECRET, store=store) as server:
        room = (await server.room())["roomId"]
        wish = {"roomId": room, "token": token(room, jti="1"), "clientJoinId": JOIN_ID}
        first, second = await server.connect(), await server.connect()
        await first.begin("join-room", wish)
        await store.spending.wait()
        store.spending.clear()
        if first_goes:
            await first.leave()
        repeated = await second.begin("join-room", wish)
        await store.spending.wait()
        store.gate.set()
        assert (await second.answer(repeated))["ok"]
        assert await refused(server, room, wish["token"]) == "TOKEN_INVALID"


async def test_a_token_that_was_spent_on_a_connection_that_went_is_good_again() -> None:
    store = SlowStore()
    async with running(join_jwt_secret=SECRET, store=store) as server:
        room = (await server.room())["roomId"]
        given = token(room, jti="1")
        client = await server.connect()
        await client.begin("join-room", {"roomId": room, "token": given})
        await store.spending.wait()
        await client.leave()
        store.gate.set()
        retry = await server.connect()
        async with asyncio.timeout(5 * PACE):
            while not (ack := await retry.request("join-room", {"roomId": room, "token": given}))["ok"]:
                assert ack["error"]["code"] == "TOKEN_INVALID"
        assert ack["data"]["participants"] == []


async def test_while_the_store_is_down_one_time_tokens_wait_and_others_do_not() -> None:
    class Broken(MemoryStore):
        async def spend(self, use: str, by: str, until: float, now: float) -> bool:
            raise StoreUnavailable("down")

    async with running(join_jwt_secret=SECRET, store=Broken()) as server:
        room = (await server.room())["roomId"]
        assert await refused(server, room, token(room, jti="1")) == "UNAVAILABLE"
        await server.seated(room, token=token(room))


async def test_over_rest_a_token_of_a_host_opens_what_the_host_key_opens(server: Server) -> None:
    room, other = [(await server.room())["roomId"] for _ in range(2)]
    path = f"/api/rooms/{room}"
    host = token(room, role="host")
    assert (await server.call("PATCH", path, key=host, json={"locked": True})).json["room"]["status"] == "locked"
    assert (await server.call("POST", f"{path}/invites", key=host)).status == 201
    assert (await server.call("POST", f"{path}/messages", key=host, json={"text": "hello"})).status == 201
    assert (await server.call("GET", f"{path}/messages", key=host)).json["messages"][0]["text"] == "hello"
    refusals = {
        token(room): "FORBIDDEN",
        token(other, role="host"): "TOKEN_INVALID",
        token(room, role="host", jti="1"): "TOKEN_INVALID",
        token(room, role="host", in_s=-1): "TOKEN_EXPIRED",
        token(room, role="host", secret="another secret of 32 bytes and more"): "TOKEN_INVALID",
        jwt.encode(claims(room, role="host"), "", algorithm="none"): "TOKEN_INVALID",
    }
    for given, code in refusals.items():
        for method in ("PATCH", "DELETE"):
            assert (await server.call(method, path, key=given, json={})).code == code
    mute = token(room, role="host", mayfly=DENIED)
    assert (await server.call("POST", f"{path}/invites", key=mute)).code == "FORBIDDEN"
    assert (await server.call("POST", f"{path}/messages", key=mute, json={"text": "x"})).code == "FORBIDDEN"
    assert (await server.call("DELETE", path, key=host)).status == 200


async def test_over_rest_too_a_wrong_token_is_a_guess_and_a_banned_user_is_out(clock: Clock) -> None:
    async with running(join_jwt_secret=SECRET, events_per_s=0, clock=clock) as server:
        made = await server.room()
        room, path = made["roomId"], f"/api/rooms/{made['roomId']}"
        host, _ = await server.seated(room, hostKey=made["hostKey"])
        _, bad = await admitted(server, room, sub="mallory")
        await host.ok("ban", roomId=room, participantId=bad["self"]["id"])
        answer = await server.call("PATCH", path, key=token(room, sub="mallory", role="host"), json={})
        assert (answer.status, answer.code) == (403, "BANNED")
        codes = [(await server.call("PATCH", path, key="a.b.c", json={})).code for _ in range(TOKEN_FAILURES + 1)]
        assert (codes[0], codes[-1]) == ("TOKEN_INVALID", "RATE_LIMITED")
        assert (await server.call("PATCH", path, key=token(room, role="host"), json={})).status == 200


async def test_a_verified_name_stays_and_attributes_come_with_the_token(server: Server) -> None:
    room = (await server.room())["roomId"]
    client, picture = await admitted(server, room, name="Ada", attributes={"team": "red"})
    assert picture["self"]["attributes"] == {"team": "red"}
    assert await client.refused("update-self", roomId=room, name="Mallory") == "FORBIDDEN"
    await client.ok("update-self", roomId=room, name="Ada", idle=True)
    told = await client.wait_for("user-updated", lambda told: told["participant"]["idle"])
    assert (told["participant"]["name"], told["participant"]["verified"]) == ("Ada", True)


async def test_whoever_may_not_speak_neither_edits_asks_nor_broadcasts(server: Server) -> None:
    room = (await server.room())["roomId"]
    mute, _ = await admitted(server, room, mayfly={"canSpeak": False})
    other, _ = await server.seated(room)
    assert await mute.refused("create-poll", roomId=room, question="?", options=["a", "b"]) == "FORBIDDEN"
    assert await mute.refused("broadcast", roomId=room, type="x", data=1) == "FORBIDDEN"
    said = await other.ok("send-message", roomId=room, text="hello")
    assert await mute.refused("edit-message", roomId=room, id=said["id"], text="x") == "FORBIDDEN"
    await mute.ok("react", roomId=room, id=said["id"], emoji="👍", on=True)
    _, picture = await server.seated(room)
    told = await server.call("POST", f"/api/rooms/{room}/messages", key=picture["resumeToken"], json={"text": "x"})
    assert told.status == 201
    muted = (await server.seated(room, token=token(room, mayfly={"canSpeak": False})))[1]["resumeToken"]
    answer = await server.call("POST", f"/api/rooms/{room}/messages", key=muted, json={"text": "x"})
    assert answer.code == "FORBIDDEN"
    answer = await server.call("POST", f"/api/rooms/{room}/files", key=muted, data=b"x")
    assert answer.code == "FORBIDDEN"
