"""REST: each call about rooms and invites, its answers and its refusals (protocol page, "REST")."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from server.protocol import answers
from server.transport.http.routes import MAX_BODY_BYTES
from tests.integration.contract.rest import WORD, granted
from tests.support.server import Server, running


async def test_an_empty_body_makes_a_room_with_the_defaults(server: Server) -> None:
    bodies: list[dict[str, Any]] = [{}, {"data": b""}, {"json": {}}, {"data": b"  \n"}]
    for options in bodies:
        made = granted(await server.call("POST", "/api/rooms", **options), answers.RoomCreated, 201)
        assert made["url"] == f"{server.url}/r/{made['roomId']}"
        assert len(made["roomId"]) >= 26  # 128 bits in base 32
        room = made["room"]
        assert (room["status"], room["capacity"], room["participantCount"], room["hostId"]) == ("open", 8, 0, None)
        assert (room["inviteOnly"], room["passwordRequired"], room["lobby"]) == (False, False, False)


async def test_every_wish_is_granted(server: Server) -> None:
    made = await server.room(capacity=3, expiresInS=60, inviteOnly=True, password="s3cret", lobby=True, log=True)
    room = made["room"]
    assert (room["capacity"], room["inviteOnly"], room["passwordRequired"], room["lobby"]) == (3, True, True, True)


async def test_links_start_with_the_configured_address() -> None:
    async with running(public_url="https://rooms.example.com/") as server:
        made = await server.room()
        assert made["url"] == f"https://rooms.example.com/r/{made['roomId']}"


@pytest.mark.parametrize(
    "body",
    [
        {"capacity": 0},
        {"capacity": -1},
        {"capacity": "8"},
        {"capacity": 1001},
        {"capacity": 1.5},
        {"capacity": True},
        {"expiresInS": 0},
        {"expiresInS": 604_801},
        {"expiresInS": "60"},
        {"expiresInS": 1e308},
        {"inviteOnly": 1},
        {"inviteOnly": None},
        {"password": ""},
        {"password": WORD * 30},
        {"password": [WORD]},
        {"lobby": WORD},
        {"log": WORD},
    ],
)
async def test_a_wish_of_the_wrong_kind_is_named_and_not_repeated(server: Server, body: dict[str, Any]) -> None:
    answer = await server.call("POST", "/api/rooms", json=body)
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")
    assert set(answer.json["error"]["details"]) == set(body)
    assert WORD not in answer.text


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"null",
        b"1",
        b'"xyzzyplugh"',
        b"{",
        b"xyzzyplugh",
        b"\xff\xfe",
        b'{"password":"\\ud83d"}',
        b"[" * 30_000,
        b'{"capacity":' + b"9" * 5_000 + b"}",
        b'{"expiresInS":NaN}',
    ],
)
async def test_a_body_that_is_no_object_is_refused(server: Server, raw: bytes) -> None:
    answer = await server.call("POST", "/api/rooms", data=raw)
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")
    assert WORD not in answer.text


async def test_a_body_of_the_bound_is_read_and_one_byte_more_is_not(server: Server) -> None:
    assert (await server.call("POST", "/api/rooms", data=b"{}".ljust(MAX_BODY_BYTES))).status == 201
    answer = await server.call("POST", "/api/rooms", data=b"{}".ljust(MAX_BODY_BYTES + 1))
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_long_body_is_refused_with_413(server: Server) -> None:
    answer = await server.call("POST", "/api/rooms", data=io.BytesIO(b'{"x":"' + b"a" * 2_000_000 + b'"}'))
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")


async def test_looking_at_a_room(server: Server) -> None:
    made = await server.room()
    seen = granted(await server.call("GET", f"/api/rooms/{made['roomId']}"), answers.RoomAnswer)
    assert seen == {"room": made["room"]}
    missing = await server.call("GET", "/api/rooms/nosuchroom")
    assert (missing.status, missing.code) == (404, "ROOM_NOT_FOUND")


@pytest.mark.parametrize("path", ["%00", "%ff%fe", "..%2f..", "%F0%9F%99%82", "x" * 2_000, "a%0d%0ab", WORD])
async def test_an_odd_room_id_is_not_found(server: Server, path: str) -> None:
    answer = await server.call("GET", f"/api/rooms/{path}")
    assert answer.status == 404
    assert answer.code == "ROOM_NOT_FOUND"
    assert WORD not in answer.text


async def test_who_is_in(server: Server) -> None:
    room, _, one, _, two = await server.pair()
    users = granted(await server.call("GET", f"/api/rooms/{room}/users"), answers.Users)
    assert [user["id"] for user in users["participants"]] == [one["self"]["id"], two["self"]["id"]]


@pytest.mark.parametrize("wish", [{"inviteOnly": True}, {"password": "s3cret"}, {"lobby": True}, {"locked": True}])
async def test_who_is_in_a_closed_room_is_for_the_host_key(server: Server, wish: dict[str, Any]) -> None:
    made = await server.room(**{name: value for name, value in wish.items() if name != "locked"})
    path = f"/api/rooms/{made['roomId']}"
    if "locked" in wish:
        await server.call("PATCH", path, key=made["hostKey"], json=wish)
    answer = await server.call("GET", f"{path}/users")
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert (await server.call("GET", f"{path}/users", key=made["hostKey"])).json == {"participants": []}


async def test_ending_a_room_erases_and_counts(server: Server) -> None:
    made = await server.room()
    path = f"/api/rooms/{made['roomId']}"
    client, _ = await server.seated(made["roomId"])
    await client.ok("send-message", roomId=made["roomId"], text=WORD)
    await server.call("POST", f"{path}/invites", key=made["hostKey"])
    erased = granted(await server.call("DELETE", path, key=made["hostKey"]), answers.Erased)
    assert erased == {"erased": {"messages": 1, "seats": 1, "invites": 1}}
    assert (await client.wait_for("room-left"))["reason"] == "room-ended"
    for method in ("GET", "DELETE", "PATCH"):
        answer = await server.call(method, path, key=made["hostKey"])
        assert (answer.status, answer.code) == (410, "ROOM_ENDED")


async def test_changing_a_room_is_told_to_its_members(server: Server) -> None:
    made = await server.room()
    client, _ = await server.seated(made["roomId"])
    path = f"/api/rooms/{made['roomId']}"
    wish = {"locked": True, "capacity": 2, "expiresInS": 90}
    changed = granted(await server.call("PATCH", path, key=made["hostKey"], json=wish), answers.RoomAnswer)
    assert (changed["room"]["status"], changed["room"]["capacity"]) == ("locked", 2)
    assert (await client.wait_for("room-updated"))["room"] == changed["room"]
    above = await server.call("PATCH", path, key=made["hostKey"], json={"capacity": 1001})
    assert (above.status, above.code) == (400, "INVALID_PAYLOAD")


async def test_invites_are_made_listed_without_tokens_and_revoked(server: Server) -> None:
    made = await server.room(inviteOnly=True)
    path, key = f"/api/rooms/{made['roomId']}/invites", made["hostKey"]
    answer = await server.call("POST", path, key=key, json={"uses": 2, "expiresInS": 60})
    invite = granted(answer, answers.InviteCreated, 201)
    assert invite["url"] == f"{made['url']}#invite={invite['invite']}"
    listed = granted(await server.call("GET", path, key=key), answers.Invites)
    assert [each["inviteId"] for each in listed["invites"]] == [invite["inviteId"]]
    assert invite["invite"] not in json.dumps(listed)
    gone = await server.call("DELETE", f"{path}/{invite['inviteId']}", key=key)
    granted(gone, answers.Empty)
    assert (await server.call("GET", path, key=key)).json["invites"][0]["revoked"] is True
    unknown = await server.call("DELETE", f"{path}/nosuchinvite", key=key)
    assert (unknown.status, unknown.code) == (403, "INVITE_INVALID")


@pytest.mark.parametrize("body", [{"uses": 0}, {"uses": 1001}, {"uses": "1"}, {"uses": 1.5}, {"expiresInS": -1}])
async def test_an_invite_of_the_wrong_kind_is_refused(server: Server, body: dict[str, Any]) -> None:
    made = await server.room()
    answer = await server.call("POST", f"/api/rooms/{made['roomId']}/invites", key=made["hostKey"], json=body)
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")


HOST_CALLS = [
    ("DELETE", ""),
    ("PATCH", ""),
    ("POST", "/invites"),
    ("GET", "/invites"),
    ("DELETE", "/invites/x"),
    ("GET", "/messages"),
    ("POST", "/messages"),
    ("GET", "/ice-servers"),
]


@pytest.mark.parametrize(("method", "path"), HOST_CALLS)
async def test_without_a_key_401_and_with_a_wrong_one_403(server: Server, method: str, path: str) -> None:
    made = await server.room()
    whole = f"/api/rooms/{made['roomId']}{path}"
    for headers in ({}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer "}, {"Authorization": WORD}):
        answer = await server.call(method, whole, headers=headers)
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert WORD not in answer.text
    for key in (WORD, "é🙂", "x" * 4_000):
        answer = await server.call(method, whole, key=key)
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
        assert WORD not in answer.text
    assert (await server.call("GET", f"/api/rooms/{made['roomId']}")).status == 200


async def test_a_seats_token_reads_but_does_not_manage(server: Server) -> None:
    room, first, one, _, _ = await server.pair()
    await first.ok("send-message", roomId=room, text="hello")
    path = f"/api/rooms/{room}"
    assert (await server.call("GET", f"{path}/messages", key=one["resumeToken"])).status == 200
    assert (await server.call("GET", f"{path}/ice-servers", key=one["resumeToken"])).status == 200
    for method, rest in (("DELETE", ""), ("PATCH", ""), ("POST", "/invites")):
        answer = await server.call(method, path + rest, key=one["resumeToken"], json={"text": "x"})
        assert (answer.status, answer.code) == (403, "FORBIDDEN")


async def test_ice_servers_carry_credentials_made_for_the_seat() -> None:
    async with running(turn_urls=("turn:turn.example.com:3478",), turn_secret="the turn secret") as server:
        made = await server.room()
        client, seat = await server.seated(made["roomId"])
        path = f"/api/rooms/{made['roomId']}/ice-servers"
        answer = granted(await server.call("GET", path, key=seat["resumeToken"]), answers.IceServers)
        turn = answer["iceServers"][-1]
        assert turn["urls"] == ["turn:turn.example.com:3478"]
        assert turn["username"].endswith(":" + seat["self"]["id"])
        assert seat["iceServers"][-1]["credential"]
        assert seat["iceExpiresAt"] is not None
        assert (await client.ok("get-ice-servers", roomId=made["roomId"]))["expiresAt"] is not None
        assert "the turn secret" not in json.dumps([answer, seat])


async def test_turn_is_for_seats_each_under_its_own_name() -> None:
    turn = {"turn_urls": ("turn:turn.example.com:3478",), "turn_secret": "the turn secret"}
    async with running(**turn, api_keys="shop:the-secret-of-the-shop") as server:
        made = await server.room()
        path = f"/api/rooms/{made['roomId']}/ice-servers"
        by_key = granted(await server.call("GET", path, key=made["hostKey"]), answers.IceServers)
        assert by_key == {"iceServers": [{"urls": ["stun:127.0.0.1:9"]}], "expiresAt": None}
        assert (await server.call("GET", path, key="the-secret-of-the-shop")).status == 403
        _, host = await server.seated(made["roomId"], hostKey=made["hostKey"])
        _, guest = await server.seated(made["roomId"])
        for seat in (host, guest):
            answer = granted(await server.call("GET", path, key=seat["resumeToken"]), answers.IceServers)
            assert answer["iceServers"][-1]["username"].partition(":")[2] == seat["self"]["id"]
