"""Files that are attached to messages: whose, to what, who opens them, and that they go with what they belong to."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import bson
import pytest
from pymongo import MongoClient

from rooms.limits import MAX_ATTACHED_FILES, VIEW_AGAIN_S
from server.protocol import answers
from tests.integration.contract.rest import granted
from tests.support.files import fetch, file_id, left_in, nothing_kept
from tests.support.pace import PACE
from tests.support.server import Clock, Server, running

PARTS = ("quok", "kaflort")
SECRET = "a secret of twenty-two characters"


@pytest.fixture(params=["memory", "mongo"])
async def timed(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Server]:
    """A server on a clock of the test's own."""
    settings = {"file_store": request.param}
    if request.param == "mongo":
        settings |= {"mongodb_uri": request.getfixturevalue("mongo_uri"), "storage_secret": SECRET}
    async with running(events_per_s=0, clock=clock, seat_grace_s=3_000, **settings) as server:
        yield server


async def test_what_is_attached_is_told_and_opens_for_all(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    token = one["resumeToken"]
    picture = await file_id(server, room, token, b"png", Content_Type="image/png", X_File_Name="a%20b.png")
    plain = await file_id(server, room, token, b"12345")
    attachments = [{"fileId": picture}, {"fileId": plain}]
    await first.ok("send-message", roomId=room, text="", kind="image", attachments=attachments)
    told = [
        {"fileId": picture, "bytes": 3, "contentType": "image/png", "name": "a b.png"},
        {"fileId": plain, "bytes": 5, "contentType": "application/octet-stream"},
    ]
    heard = await second.wait_for("message-received")
    assert (heard["text"], heard["kind"], heard["attachments"]) == ("", "image", told)
    _, late = await server.seated(room)
    assert late["messages"][0]["attachments"] == told
    for key in (two["resumeToken"], late["resumeToken"], token):
        assert (await fetch(server, room, key, picture)).data == b"png"
    page = await server.call("GET", f"/api/rooms/{room}/messages", key=two["resumeToken"])
    assert granted(page, answers.Messages)["messages"][0]["attachments"] == told


async def test_only_ones_own_and_once_and_here(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    file = await file_id(server, room, one["resumeToken"])
    wish: dict[str, Any] = {"roomId": room, "text": "x", "attachments": [{"fileId": file}]}
    assert await second.refused("send-message", **wish) == "NOT_FOUND"
    other = await server.room()
    await first.ok("join-room", roomId=other["roomId"])
    assert await first.refused("send-message", **wish | {"roomId": other["roomId"]}) == "NOT_FOUND"
    assert await first.refused("send-message", **wish | {"to": "nobody"}) == "PEER_NOT_FOUND"
    await first.ok("send-message", **wish)
    assert await first.refused("send-message", **wish) == "NOT_FOUND"
    assert await first.refused("send-message", **wish | {"attachments": [{"fileId": "nothing"}]}) == "NOT_FOUND"
    assert len(second.all("message-received")) == 1


@pytest.mark.parametrize(
    "attachments",
    [
        [{"fileId": "a"}, {"fileId": "a"}],
        [{"fileId": str(number)} for number in range(MAX_ATTACHED_FILES + 1)],
        [{}],
        ["a"],
        "a",
        [{"fileId": 1}],
    ],
)
async def test_what_is_no_list_of_files_is_refused(server: Server, attachments: object) -> None:
    room, first, *_ = await server.pair()
    assert await first.refused("send-message", roomId=room, text="x", attachments=attachments) == "INVALID_PAYLOAD"


async def test_no_attachments_are_none_and_need_a_text(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    assert await first.refused("send-message", roomId=room, text="", attachments=[]) == "INVALID_PAYLOAD"
    for none in ([], None):
        await first.ok("send-message", roomId=room, text="x", attachments=none)
    await second.wait_for_count("message-received", 2)
    assert all("attachments" not in heard for heard in second.all("message-received"))


async def test_a_repeated_message_attaches_once_and_is_granted_again(server: Server) -> None:
    room, first, one, second, _ = await server.pair()
    file = await file_id(server, room, one["resumeToken"])
    wish = {"roomId": room, "text": "", "attachments": [{"fileId": file}], "clientMessageId": "once"}
    sent = await first.ok("send-message", **wish)
    again = await first.ok("send-message", **wish)
    assert (again["id"], again["duplicate"]) == (sent["id"], True)
    await second.sync()
    assert len(second.all("message-received")) == 1


async def test_a_caption_may_be_taken_away_and_the_files_stay(server: Server) -> None:
    room, first, one, second, two = await server.pair()
    file = await file_id(server, room, one["resumeToken"])
    sent = await first.ok("send-message", roomId=room, text="caption", attachments=[{"fileId": file}])
    await first.ok("edit-message", roomId=room, id=sent["id"], text="")
    assert (await second.wait_for("message-updated"))["text"] == ""
    assert (await fetch(server, room, two["resumeToken"], file)).status == 200
    bare = await first.ok("send-message", roomId=room, text="words")
    assert await first.refused("edit-message", roomId=room, id=bare["id"], text="") == "INVALID_PAYLOAD"


async def test_files_of_a_private_message_open_for_the_two_only(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    host, snapshot = await server.seated(room, hostKey=made["hostKey"])
    first, one = await server.seated(room)
    _, two = await server.seated(room)
    file = await file_id(server, room, one["resumeToken"])
    await first.ok("send-message", roomId=room, text="", to=two["self"]["id"], attachments=[{"fileId": file}])
    for key, status in (
        (one["resumeToken"], 200),
        (two["resumeToken"], 200),
        (snapshot["resumeToken"], 404),
        (made["hostKey"], 404),
    ):
        assert (await fetch(server, room, key, file)).status == status
    answer = await server.call("DELETE", f"/api/rooms/{room}/files/{file}", key=made["hostKey"])
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    answer = await server.call("DELETE", f"/api/rooms/{room}/files/{file}", key=two["resumeToken"])
    assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert host


@pytest.mark.parametrize("by", ["author", "host", "key"])
async def test_its_author_and_the_host_may_take_a_file_away(server: Server, by: str) -> None:
    made = await server.room()
    room = made["roomId"]
    _, snapshot = await server.seated(room, hostKey=made["hostKey"])
    first, one = await server.seated(room)
    _, two = await server.seated(room)
    file = await file_id(server, room, one["resumeToken"])
    await first.ok("send-message", roomId=room, text="stays", attachments=[{"fileId": file}])
    keys = {"author": one["resumeToken"], "host": snapshot["resumeToken"], "key": made["hostKey"]}
    refused = await server.call("DELETE", f"/api/rooms/{room}/files/{file}", key=two["resumeToken"])
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert (await server.call("DELETE", f"/api/rooms/{room}/files/{file}", key=keys[by])).status == 200
    assert (await fetch(server, room, one["resumeToken"], file)).status == 404
    await nothing_kept(server)


async def test_the_owner_without_a_seat_sends_files_too(server: Server) -> None:
    made = await server.room()
    room, key = made["roomId"], made["hostKey"]
    member, one = await server.seated(room)
    file, own = await file_id(server, room, key, b"owner's"), await file_id(server, room, one["resumeToken"])
    path = f"/api/rooms/{room}/messages"
    body: dict[str, Any] = {"text": "", "attachments": [{"fileId": file}]}
    answer = await server.call("POST", path, key=one["resumeToken"], json=body | {"attachments": [{"fileId": "x"}]})
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    granted(await server.call("POST", path, key=key, json=body), answers.SentMessage, 201)
    heard = await member.wait_for("message-received")
    assert [one["fileId"] for one in heard["attachments"]] == [file]
    assert (await fetch(server, room, one["resumeToken"], file)).data == b"owner's"
    body["attachments"] = [{"fileId": own}]
    assert (await server.call("POST", path, key=one["resumeToken"], json=body)).status == 201
    await member.wait_for_count("message-received", 2)
    answer = await server.call("POST", path, key=key, json={"text": ""})
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")


async def test_a_deleted_message_takes_its_files_along(timed: Server) -> None:
    room, first, one, second, two = await timed.pair()
    file = await file_id(timed, room, one["resumeToken"])
    sent = await first.ok("send-message", roomId=room, text="", attachments=[{"fileId": file}])
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 200
    await first.ok("delete-message", roomId=room, id=sent["id"])
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 404
    await nothing_kept(timed)
    assert second


async def test_an_expired_message_takes_its_files_along(timed: Server, clock: Clock) -> None:
    room, first, one, second, two = await timed.pair()
    file = await file_id(timed, room, one["resumeToken"])
    await first.ok("send-message", roomId=room, text="", ttlS=5, attachments=[{"fileId": file}])
    clock.now += 4.9
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 200
    clock.now += 0.2
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 404
    await second.wait_for("message-deleted")
    await nothing_kept(timed)


async def test_what_is_seen_once_opens_while_it_is_shown(timed: Server, clock: Clock) -> None:
    room, first, one, second, two = await timed.pair()
    _, three = await timed.seated(room)
    file = await file_id(timed, room, one["resumeToken"])
    sent = await first.ok("send-message", roomId=room, text="", viewOnce=True, attachments=[{"fileId": file}])
    heard = await second.wait_for("message-received")
    assert "attachments" not in heard
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 404
    seen = await second.ok("view-message", roomId=room, id=sent["id"])
    assert [one["fileId"] for one in seen["attachments"]] == [file]
    clock.now += VIEW_AGAIN_S - 1
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 200
    assert (await fetch(timed, room, three["resumeToken"], file)).status == 404
    clock.now += 1
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 404


async def test_the_last_to_see_it_has_the_time_and_then_it_is_gone(timed: Server, clock: Clock) -> None:
    room, first, one, second, two = await timed.pair()
    file = await file_id(timed, room, one["resumeToken"])
    sent = await first.ok("send-message", roomId=room, text="", viewOnce=True, attachments=[{"fileId": file}])
    await second.ok("view-message", roomId=room, id=sent["id"])
    assert (await first.wait_for("message-deleted"))["reason"] == "viewed"
    clock.now += VIEW_AGAIN_S - 1
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 200
    clock.now += 1
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 404
    await nothing_kept(timed)


async def test_who_has_seen_it_has_the_time_also_where_the_last_one_to_wait_for_has_left(
    timed: Server, clock: Clock
) -> None:
    room, first, one, second, two = await timed.pair()
    third, _ = await timed.seated(room)
    file = await file_id(timed, room, one["resumeToken"])
    sent = await first.ok("send-message", roomId=room, text="", viewOnce=True, attachments=[{"fileId": file}])
    seen = await second.ok("view-message", roomId=room, id=sent["id"])
    await third.ok("leave-room", roomId=room)
    assert (await first.wait_for("message-deleted"))["reason"] == "viewed"
    clock.now += VIEW_AGAIN_S - 1
    assert await second.ok("view-message", roomId=room, id=sent["id"]) == seen
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 200
    clock.now += 1
    assert await second.refused("view-message", roomId=room, id=sent["id"]) == "MESSAGE_NOT_FOUND"
    assert (await fetch(timed, room, two["resumeToken"], file)).status == 404
    await nothing_kept(timed)


async def test_what_nobody_is_there_to_see_is_gone_at_once(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    alone, one = await server.seated(room)
    file = await file_id(server, room, one["resumeToken"])
    await alone.ok("send-message", roomId=room, text="", viewOnce=True, attachments=[{"fileId": file}])
    await nothing_kept(server)


async def test_a_logged_message_tells_of_its_files(mongo_uri: str) -> None:
    settings = {"message_log": "on", "mongodb_uri": mongo_uri, "file_store": "mongo", "storage_secret": SECRET}
    async with running(events_per_s=0, **settings) as server:
        made = await server.room(log=True)
        room = made["roomId"]
        first, one = await server.seated(room)
        file = await file_id(server, room, one["resumeToken"], b"123", Content_Type="text/plain")
        await first.ok("send-message", roomId=room, text="x", attachments=[{"fileId": file}])
        page = await server.call("GET", f"/api/rooms/{room}/messages", key=made["hostKey"])
        (logged,) = granted(page, answers.Messages)["messages"]
        assert logged["attachments"] == [{"fileId": file, "bytes": 3, "contentType": "text/plain"}]


def holders(word: bytes) -> list[str]:
    """The kinds of live objects that hold the word in bytes."""
    gc.collect()
    found = []
    for thing in gc.get_objects():
        for held in gc.get_referents(thing):
            if type(held) in (bytes, bytearray) and held is not word and word in held:
                found.append(f"{type(thing).__module__}.{type(thing).__name__}")
    return found


@pytest.mark.parametrize("how", ["deleted", "expired", "room"])
async def test_a_planted_file_is_found_nowhere_within_two_seconds(timed: Server, clock: Clock, how: str) -> None:
    made = await timed.room()
    room = made["roomId"]
    first, one = await timed.seated(room)
    _, two = await timed.seated(room)
    word = "".join(PARTS).encode()
    file = await file_id(timed, room, one["resumeToken"], b"-" * 300_000 + word + b"-" * 99)
    sent = await first.ok("send-message", roomId=room, text="", ttlS=60, attachments=[{"fileId": file}])
    assert word in (await fetch(timed, room, two["resumeToken"], file)).data
    if how == "deleted":
        await first.ok("delete-message", roomId=room, id=sent["id"])
    elif how == "expired":
        clock.now += 61
    else:
        await timed.call("DELETE", f"/api/rooms/{room}", key=made["hostKey"])
    async with asyncio.timeout(2 * PACE):
        await nothing_kept(timed)
    found: list[str] = ["not looked for"]
    for _ in range(4):
        await asyncio.sleep(0.1)
        found = holders(word)
        if not found:
            break
    assert found == []
    uri = timed.context.settings.mongodb_uri.get_secret_value()
    if uri:
        assert left_in(uri) == {}
        assert word not in everything(uri)


def everything(uri: str) -> bytes:
    with MongoClient[dict[str, Any]](uri) as client:
        database = client.get_default_database()
        return b"".join(bson.encode(one) for name in database.list_collection_names() for one in database[name].find())
