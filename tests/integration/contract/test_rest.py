"""REST: each call, its answers and its refusals (protocol page, "REST")."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from rooms.ports import StoreUnavailable
from rooms.records import RoomRecord
from server import answer_payloads
from server.event_payloads import Sent
from storage.memory import MemoryStore
from tests.integration.contract.wire import Answered, Server, fits, running

WORD = "xyzzyplugh"


def granted(answer: Answered, model: type[Sent], status: int = 200) -> Any:
    """The body of a granted call, held against its model."""
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    fits(model, answer.json)
    return answer.json


async def test_an_empty_body_makes_a_room_with_the_defaults(server: Server) -> None:
    bodies: list[dict[str, Any]] = [{}, {"data": b""}, {"json": {}}, {"data": b"  \n"}]
    for options in bodies:
        made = granted(await server.call("POST", "/api/rooms", **options), answer_payloads.RoomCreated, 201)
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


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /api/rooms HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nxyzzyplugh\r\n",
        b"POST /api/rooms HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: 10\r\n\r\nxyzzyplugh",
    ],
    ids=["chunks", "gzip"],
)
async def test_a_body_that_cannot_be_read_is_a_400_and_no_failure(
    server: Server, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert await status_of(server, request_bytes) == 400
    assert "raised" not in caplog.text


async def test_a_long_body_is_refused_with_413(server: Server) -> None:
    answer = await server.call("POST", "/api/rooms", data=io.BytesIO(b'{"x":"' + b"a" * 2_000_000 + b'"}'))
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_repeated_idempotency_key_gives_the_same_room(server: Server) -> None:
    once = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"}, json={"capacity": 3})
    again = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"}, json={"capacity": 3})
    assert again.status == once.status == 201
    assert again.json == once.json
    other = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k2"}, json={"capacity": 3})
    assert other.json["roomId"] != once.json["roomId"]
    wrong = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"}, json={"capacity": 4})
    assert (wrong.status, wrong.code) == (400, "INVALID_PAYLOAD")


@pytest.mark.parametrize("wish", [{}, {"password": "a password takes time to hash"}])
async def test_repetitions_at_the_same_moment_make_one_room(server: Server, wish: dict[str, Any]) -> None:
    calls = [server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"}, json=wish) for _ in range(20)]
    answers = await asyncio.gather(*calls)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(server.context.registry.rooms) == 1


class Halting(MemoryStore):
    """A store that outlives the process and takes its time to fail."""

    outlives_process = True

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.go_on = asyncio.Event()

    async def create_room(self, record: RoomRecord) -> None:
        self.asked += 1
        if self.asked == 1:
            await self.go_on.wait()
            raise StoreUnavailable
        await super().create_room(record)


async def test_a_repetition_waits_for_the_first_try_and_takes_its_place_if_it_fails() -> None:
    store = Halting()
    async with running(store=store) as server:
        headers = {"Idempotency-Key": "k1"}
        calls = [asyncio.create_task(server.call("POST", "/api/rooms", headers=headers)) for _ in range(5)]
        while not store.asked:
            await asyncio.sleep(0)
        store.go_on.set()
        answers = await asyncio.gather(*calls)
        assert sorted(answer.status for answer in answers) == [201] * 4 + [503]
        made = {answer.text for answer in answers if answer.status == 201}
        assert len(made) == 1
        assert len(server.context.registry.rooms) == 1


@pytest.mark.parametrize("key", ["x" * 256, ""])
async def test_an_idempotency_key_that_is_empty_or_too_long_is_refused(server: Server, key: str) -> None:
    answer = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")


async def status_of(server: Server, request: bytes) -> int:
    """The status of a request that is given as bytes."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    status = int((await reader.readline()).split()[1])
    await reader.read()
    writer.close()
    await writer.wait_closed()
    return status


async def status_of_call(server: Server, call: bytes) -> int:
    return await status_of(server, call + b"\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")


async def test_headers_that_are_not_utf_8_are_answered_like_any_others() -> None:
    async with running(admin_key="the admin key") as server:
        made = await server.room()
        odd = b"\r\nAuthorization: Bearer \xff\xfe"
        assert await status_of_call(server, b"GET /api/admin/stats HTTP/1.1" + odd) == 403
        path = f"/api/rooms/{made['roomId']}".encode()
        assert await status_of_call(server, b"DELETE " + path + b" HTTP/1.1" + odd) == 403
        assert await status_of_call(server, b"GET " + path + b"/messages HTTP/1.1" + odd) == 403
        assert await status_of_call(server, b"POST /api/rooms HTTP/1.1\r\nIdempotency-Key: \xff\xfe") == 201


async def test_looking_at_a_room(server: Server) -> None:
    made = await server.room()
    seen = granted(await server.call("GET", f"/api/rooms/{made['roomId']}"), answer_payloads.RoomAnswer)
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
    users = granted(await server.call("GET", f"/api/rooms/{room}/users"), answer_payloads.Users)
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
    erased = granted(await server.call("DELETE", path, key=made["hostKey"]), answer_payloads.Erased)
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
    changed = granted(await server.call("PATCH", path, key=made["hostKey"], json=wish), answer_payloads.RoomAnswer)
    assert (changed["room"]["status"], changed["room"]["capacity"]) == ("locked", 2)
    assert (await client.wait_for("room-updated"))["room"] == changed["room"]
    above = await server.call("PATCH", path, key=made["hostKey"], json={"capacity": 1001})
    assert (above.status, above.code) == (400, "INVALID_PAYLOAD")


async def test_invites_are_made_listed_without_tokens_and_revoked(server: Server) -> None:
    made = await server.room(inviteOnly=True)
    path, key = f"/api/rooms/{made['roomId']}/invites", made["hostKey"]
    answer = await server.call("POST", path, key=key, json={"uses": 2, "expiresInS": 60})
    invite = granted(answer, answer_payloads.InviteCreated, 201)
    assert invite["url"] == f"{made['url']}#invite={invite['invite']}"
    listed = granted(await server.call("GET", path, key=key), answer_payloads.Invites)
    assert [each["inviteId"] for each in listed["invites"]] == [invite["inviteId"]]
    assert invite["invite"] not in json.dumps(listed)
    gone = await server.call("DELETE", f"{path}/{invite['inviteId']}", key=key)
    granted(gone, answer_payloads.Empty)
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
    for method, rest in (("DELETE", ""), ("PATCH", ""), ("POST", "/messages"), ("POST", "/invites")):
        answer = await server.call(method, path + rest, key=one["resumeToken"], json={"text": "x"})
        assert (answer.status, answer.code) == (403, "FORBIDDEN")


async def test_messages_come_in_pages_newest_first(server: Server) -> None:
    made = await server.room()
    path, key = f"/api/rooms/{made['roomId']}/messages", made["hostKey"]
    client, _ = await server.seated(made["roomId"])
    for number in range(50):
        await client.ok("send-message", roomId=made["roomId"], text=str(number))
    whole = granted(await server.call("GET", path, key=key), answer_payloads.Messages)["messages"]
    assert [message["text"] for message in whole] == [str(n) for n in reversed(range(50))]
    pages: list[str] = []
    before = ""
    while True:
        page = (await server.call("GET", f"{path}?limit=20{before}", key=key)).json["messages"]
        if not page:
            break
        assert len(page) <= 20
        pages += [message["text"] for message in page]
        before = f"&before={page[-1]['id']}"
    assert pages == [message["text"] for message in whole]
    assert len((await server.call("GET", f"{path}?limit=500", key=key)).json["messages"]) == 50


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "", "9" * 5_000, "²"])
async def test_a_nonsense_limit_is_refused(server: Server, limit: str) -> None:
    made = await server.room()
    answer = await server.call("GET", f"/api/rooms/{made['roomId']}/messages?limit={limit}", key=made["hostKey"])
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")


async def test_a_private_message_is_read_by_its_two_only(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    first, one = await server.seated(room)
    _, two = await server.seated(room)
    _, three = await server.seated(room)
    await first.ok("send-message", roomId=room, text="psst", to=two["self"]["id"])
    for key, count in ((one["resumeToken"], 1), (two["resumeToken"], 1), (three["resumeToken"], 0)):
        page = (await server.call("GET", f"/api/rooms/{room}/messages", key=key)).json["messages"]
        assert len(page) == count
    assert (await server.call("GET", f"/api/rooms/{room}/messages", key=made["hostKey"])).json["messages"] == []


async def test_a_message_from_outside_reaches_everybody(server: Server) -> None:
    made = await server.room()
    first, _ = await server.seated(made["roomId"])
    second, _ = await server.seated(made["roomId"])
    body = {"text": "Five minutes left.", "senderName": "Desk"}
    answer = await server.call("POST", f"/api/rooms/{made['roomId']}/messages", key=made["hostKey"], json=body)
    sent = granted(answer, answer_payloads.SentMessage, 201)
    assert sent["deliveredTo"] == 2
    for client in (first, second):
        message = await client.wait_for("message-received")
        assert (message["text"], message["senderName"], message["sender"]) == ("Five minutes left.", "Desk", "")
        assert (message["id"], message["seq"]) == (sent["id"], sent["seq"])


async def test_ice_servers_carry_credentials_made_for_the_seat() -> None:
    async with running(turn_urls=("turn:turn.example.com:3478",), turn_secret="the turn secret") as server:
        made = await server.room()
        client, seat = await server.seated(made["roomId"])
        path = f"/api/rooms/{made['roomId']}/ice-servers"
        answer = granted(await server.call("GET", path, key=seat["resumeToken"]), answer_payloads.IceServers)
        turn = answer["iceServers"][-1]
        assert turn["urls"] == ["turn:turn.example.com:3478"]
        assert turn["username"].endswith(":" + seat["self"]["id"])
        assert seat["iceServers"][-1]["credential"]
        assert seat["iceExpiresAt"] is not None
        assert (await client.ok("get-ice-servers", roomId=made["roomId"]))["expiresAt"] is not None
        assert (await server.call("GET", path, key=made["hostKey"])).status == 200
        assert "the turn secret" not in json.dumps([answer, seat])


async def test_health_ready_and_metrics(server: Server) -> None:
    for path in ("/health", "/api/health"):
        health = granted(await server.call("GET", path), answer_payloads.Health)
        assert (health["status"], health["storage"]) == ("ok", {"kind": "memory", "ok": True})
    granted(await server.call("GET", "/ready"), answer_payloads.Ready)
    made = await server.room()
    await server.seated(made["roomId"])
    metrics = await server.call("GET", "/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert "mayfly_rooms 1.0" in metrics.text
    assert 'mayfly_requests_total{outcome="ok"}' in metrics.text


async def test_a_store_that_is_down_degrades_health_and_fails_readiness(server: Server) -> None:
    server.context.journal.healthy = False
    health = granted(await server.call("GET", "/health"), answer_payloads.Health)
    assert (health["status"], health["storage"]["ok"]) == ("degraded", False)
    ready = await server.call("GET", "/ready")
    assert (ready.status, ready.code) == (503, "UNAVAILABLE")


async def test_the_admin_route_is_off_without_a_key(server: Server) -> None:
    assert (await server.call("GET", "/api/admin/stats", key="")).status == 404


async def test_the_admin_route_is_for_the_admin_key() -> None:
    async with running(admin_key="the admin key") as server:
        assert (await server.call("GET", "/api/admin/stats")).code == "UNAUTHORIZED"
        for key in (WORD, "é🙂", "the admin kez"):
            answer = await server.call("GET", "/api/admin/stats", key=key)
            assert (answer.status, answer.code) == (403, "FORBIDDEN")
        made = await server.room()
        await server.seated(made["roomId"])
        answer = await server.call("GET", "/api/admin/stats", key="the admin key")
        stats = granted(answer, answer_payloads.Stats)
        assert (stats["rooms"], stats["seats"], stats["sockets"], stats["requests"]["ok"]) == (1, 1, 1, 1)


async def test_what_is_not_there_and_what_is_not_allowed(server: Server) -> None:
    missing = await server.call("GET", f"/api/{WORD}")
    assert missing.status == 404
    assert missing.code
    assert WORD not in missing.text
    wrong = await server.call("PUT", "/api/rooms")
    assert wrong.status == 405
    assert wrong.code
    assert "POST" in wrong.headers["Allow"]


async def test_a_call_that_fails_is_answered_with_500_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(MemoryStore):
        async def messages(self, room_id: str, *, before: str | None, limit: int) -> Any:
            raise RuntimeError(WORD)

    async with running(store=Failing(), message_log="on") as server:
        made = await server.room(log=True)
        answer = await server.call("GET", f"/api/rooms/{made['roomId']}/messages", key=made["hostKey"])
        assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
        assert WORD not in answer.text + caplog.text


async def test_too_many_calls_from_one_address_are_told_when_to_come_back() -> None:
    async with running(events_per_s=1) as server:
        for _ in range(4):
            assert (await server.call("POST", "/api/rooms")).status == 201
        answer = await server.call("POST", "/api/rooms")
        assert (answer.status, answer.code) == (429, "RATE_LIMITED")
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.json["error"]["retryAfterMs"] > 0
