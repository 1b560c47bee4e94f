"""Every error code, at least once, as a client meets it."""

from __future__ import annotations

from typing import Any

from rooms.errors import Code
from rooms.limits import MAX_ROOMS_PER_CONNECTION
from server.protocol.answers import InviteStanding
from server.security.guesses import TOKEN_FAILURES
from tests.integration.contract.requests import OFFER
from tests.integration.contract.rest import granted
from tests.support.server import Clock, Server, running


async def _invite(server: Server, made: Any, **wish: Any) -> Any:
    answer = await server.call("POST", f"/api/rooms/{made['roomId']}/invites", key=made["hostKey"], json=wish)
    assert answer.status == 201
    return answer.json


async def test_unknown_event(server: Server) -> None:
    client = await server.connect()
    assert await client.refused("no-such-event") == "UNKNOWN_EVENT"


async def test_invites_required_invalid_used_expired_revoked(clock: Clock) -> None:
    async with running(clock=clock) as server:
        made = await server.room(inviteOnly=True)
        client, room = await server.connect(), made["roomId"]
        assert await client.refused("join-room", roomId=room) == "INVITE_REQUIRED"
        assert await client.refused("join-room", roomId=room, invite="made up") == "INVITE_INVALID"
        spent = await _invite(server, made)
        await server.seated(room, invite=spent["invite"])
        assert await client.refused("join-room", roomId=room, invite=spent["invite"]) == "INVITE_USED"
        revoked = await _invite(server, made)
        path = f"/api/rooms/{room}/invites/{revoked['inviteId']}"
        assert (await server.call("DELETE", path, key=made["hostKey"])).json == {}
        assert await client.refused("join-room", roomId=room, invite=revoked["invite"]) == "INVITE_INVALID"
        old = await _invite(server, made, expiresInS=5)
        clock.now += 6
        assert await client.refused("join-room", roomId=room, invite=old["invite"]) == "INVITE_EXPIRED"


async def test_an_invite_for_three_admits_three(server: Server) -> None:
    made = await server.room(inviteOnly=True)
    invite = (await _invite(server, made, uses=3))["invite"]
    for _ in range(3):
        await server.seated(made["roomId"], invite=invite)
    client = await server.connect()
    assert await client.refused("join-room", roomId=made["roomId"], invite=invite) == "INVITE_USED"


async def test_password_required_and_invalid(server: Server) -> None:
    made = await server.room(password="s3cret")
    client = await server.connect()
    assert await client.refused("join-room", roomId=made["roomId"]) == "PASSWORD_REQUIRED"
    assert await client.refused("join-room", roomId=made["roomId"], password="wrong") == "PASSWORD_INVALID"
    await client.ok("join-room", roomId=made["roomId"], password="s3cret")


async def test_room_not_found_ended_expired_and_forgotten(clock: Clock) -> None:
    async with running(clock=clock, tombstone_ttl_s=60) as server:
        client = await server.connect()
        assert await client.refused("join-room", roomId="nosuchroom") == "ROOM_NOT_FOUND"
        ended = await server.room()
        await server.call("DELETE", f"/api/rooms/{ended['roomId']}", key=ended["hostKey"])
        assert await client.refused("join-room", roomId=ended["roomId"]) == "ROOM_ENDED"
        short = await server.room(expiresInS=5)
        clock.now += 6
        assert await client.refused("join-room", roomId=short["roomId"]) == "ROOM_EXPIRED"
        for made, code in ((ended, "ROOM_ENDED"), (short, "ROOM_EXPIRED")):
            answer = await server.call("GET", f"/api/rooms/{made['roomId']}")
            assert (answer.status, answer.code) == (410, code)
        clock.now += 55
        assert (await server.call("GET", f"/api/rooms/{ended['roomId']}")).status == 404


async def test_room_full_may_be_tried_again(server: Server) -> None:
    made = await server.room(capacity=1)
    await server.seated(made["roomId"])
    client = await server.connect()
    ack = await client.request("join-room", {"roomId": made["roomId"]})
    assert ack["error"]["code"] == "ROOM_FULL"
    assert ack["error"]["retryable"] is True


async def test_already_joined_and_too_many_rooms(server: Server) -> None:
    client = await server.connect()
    for _ in range(MAX_ROOMS_PER_CONNECTION):
        made = await server.room()
        await client.ok("join-room", roomId=made["roomId"])
        assert await client.refused("join-room", roomId=made["roomId"]) == "ALREADY_JOINED"
    ninth = await server.room()
    assert await client.refused("join-room", roomId=ninth["roomId"]) == "TOO_MANY_ROOMS"
    await client.ok("leave-room", roomId=made["roomId"])
    await client.ok("join-room", roomId=ninth["roomId"])


async def test_a_message_reaches_only_the_room_it_names_of_the_eight(server: Server) -> None:
    client = await server.connect()
    rooms = [(await server.room())["roomId"] for _ in range(8)]
    others = []
    for room in rooms:
        await client.ok("join-room", roomId=room)
        others.append((await server.seated(room))[0])
    await client.ok("send-message", roomId=rooms[3], text="for the fourth")
    for index, other in enumerate(others):
        await other.sync()
        assert len(other.all("message-received")) == (1 if index == 3 else 0)


async def test_target_required_and_peer_not_found(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    client, alone = await server.seated(room)
    assert await client.refused("offer", roomId=room, description=OFFER) == "PEER_NOT_FOUND"
    assert await client.refused("offer", roomId=room, to=alone["self"]["id"], description=OFFER) == "PEER_NOT_FOUND"
    await server.seated(room)
    await server.seated(room)
    assert await client.refused("offer", roomId=room, description=OFFER) == "TARGET_REQUIRED"
    assert await client.refused("offer", roomId=room, to="nobody", description=OFFER) == "PEER_NOT_FOUND"
    assert await client.refused("send-message", roomId=room, to="nobody", text="hi") == "PEER_NOT_FOUND"


async def test_stale_negotiation(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    await first.ok("offer", roomId=room, description=OFFER, negotiationId="n1")
    await first.ok("offer", roomId=room, description=OFFER, negotiationId="n2")
    answer = {"type": "answer", "sdp": OFFER["sdp"]}
    refused = await second.refused("answer", roomId=room, description=answer, negotiationId="n1")
    assert refused == "STALE_NEGOTIATION"
    await second.ok("answer", roomId=room, description=answer, negotiationId="n2")


async def test_resume_invalid(server: Server) -> None:
    room, _, one, _, _ = await server.pair()
    client = await server.connect()
    for participant in (one["self"]["id"], "nobody"):
        resume = {"participantId": participant, "resumeToken": "guessed"}
        assert await client.refused("join-room", roomId=room, resume=resume) == "RESUME_INVALID"


async def test_rate_limited_says_when_to_come_back() -> None:
    async with running(events_per_s=5) as server:
        client = await server.connect()
        numbers = [await client.begin("typing", {"roomId": "r", "isTyping": True}) for _ in range(25)]
        acks = [await client.answer(number) for number in numbers]
        codes = [ack["error"]["code"] for ack in acks]
        assert codes[:20] == ["NOT_IN_ROOM"] * 20
        assert "RATE_LIMITED" in codes
        limited = next(ack["error"] for ack in acks if ack["error"]["code"] == "RATE_LIMITED")
        assert limited["retryable"] is True
        assert 0 < limited["retryAfterMs"] <= 1000


async def test_a_guesser_of_passwords_is_slowed_down_and_others_are_not(server: Server) -> None:
    made = await server.room(password="s3cret")
    client = await server.connect()
    for _ in range(10):
        assert await client.refused("join-room", roomId=made["roomId"], password="guess") == "PASSWORD_INVALID"
    ack = await client.request("join-room", {"roomId": made["roomId"], "password": "guess"})
    assert ack["error"]["code"] == "RATE_LIMITED"
    assert ack["error"]["retryAfterMs"] > 1000
    other = await server.room()
    await client.ok("join-room", roomId=other["roomId"])


async def test_draining_refuses_new_seats_and_rooms(server: Server) -> None:
    made = await server.room()
    client = await server.connect()
    server.context.draining = True
    ack = await client.request("join-room", {"roomId": made["roomId"]})
    assert ack["error"]["code"] == "SERVER_DRAINING"
    assert ack["error"]["retryAfterMs"] > 0
    for method, path in (("POST", "/api/rooms"), ("GET", "/ready")):
        answer = await server.call(method, path)
        assert (answer.status, answer.code) == (503, "SERVER_DRAINING")
        assert int(answer.headers["Retry-After"]) >= 1
    assert (await server.call("GET", "/health")).json["status"] == "degraded"
    server.context.draining = False


async def test_stopping_tells_everybody_when_to_come_back() -> None:
    async with running() as server:
        made = await server.room()
        client, _ = await server.seated(made["roomId"])
        await server.runner.cleanup()
        assert (await client.wait_for("server-draining"))["retryAfterMs"] > 0
        assert await client.closed() == 1012


def test_this_page_meets_every_code() -> None:
    texts = "".join(path.read_text() for path in _pages())
    assert [code for code in Code if f'"{code}"' not in texts] == []


def _pages() -> list[Any]:
    from pathlib import Path

    return sorted(Path(__file__).parent.glob("test_*.py"))


async def test_looking_at_an_invite_tells_its_worth_and_spends_nothing(clock: Clock) -> None:
    async with running(clock=clock) as server:
        made = await server.room(inviteOnly=True)
        path = f"/api/rooms/{made['roomId']}/invite"
        token = (await _invite(server, made, uses=2))["invite"]
        for left in (2, 1):
            for _ in range(3):
                assert granted(await server.call("GET", path, key=token), InviteStanding)["usesLeft"] == left
            await server.seated(made["roomId"], invite=token)
        assert (await server.call("GET", path, key=token)).code == "INVITE_USED"
        assert (await server.call("GET", path, key="made up")).code == "INVITE_INVALID"
        assert (await server.call("GET", path)).code == "UNAUTHORIZED"
        old = (await _invite(server, made, expiresInS=5))["invite"]
        clock.now += 6
        assert (await server.call("GET", path, key=old)).code == "INVITE_EXPIRED"
        await server.call("DELETE", f"/api/rooms/{made['roomId']}", key=made["hostKey"])
        assert (await server.call("GET", path, key=old)).code == "ROOM_ENDED"


async def test_guessing_invites_by_looking_is_slowed_down_as_by_joining(server: Server) -> None:
    made = await server.room(inviteOnly=True)
    path = f"/api/rooms/{made['roomId']}/invite"
    token = (await _invite(server, made))["invite"]
    codes = {"INVITE_INVALID"}
    for _ in range(2 * TOKEN_FAILURES):  # twice, since some are forgiven while they are sent
        codes.add((await server.call("GET", path, key="guess")).code)
    assert codes == {"INVITE_INVALID", "RATE_LIMITED"}
    assert (await server.call("GET", path, key=token)).status == 200
