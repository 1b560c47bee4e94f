"""Messages over REST: pages, who may read, and messages from outside."""

from __future__ import annotations

from typing import Any

import pytest

from rooms.message import message_id
from rooms.records import LoggedMessage
from server.protocol import answers
from server.usecases import reading
from server.usecases.reading import MESSAGES_PER_PAGE
from tests.integration.contract.rest import granted
from tests.support.server import Server, running


async def test_messages_come_in_pages_newest_first(server: Server) -> None:
    made = await server.room()
    path, key = f"/api/rooms/{made['roomId']}/messages", made["hostKey"]
    client, _ = await server.seated(made["roomId"])
    for number in range(50):
        await client.ok("send-message", roomId=made["roomId"], text=str(number))
    whole = granted(await server.call("GET", path, key=key), answers.Messages)["messages"]
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
    assert len((await server.call("GET", f"{path}?limit=500", key=key)).json["messages"]) == MESSAGES_PER_PAGE


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
    sent = granted(answer, answers.SentMessage, 201)
    assert sent["deliveredTo"] == 2
    for client in (first, second):
        message = await client.wait_for("message-received")
        assert (message["text"], message["senderName"], message["sender"]) == ("Five minutes left.", "Desk", "")
        assert (message["id"], message["seq"]) == (sent["id"], sent["seq"])


async def test_who_polls_asks_for_what_follows_the_newest_that_it_has_seen(server: Server) -> None:
    made = await server.room()
    room, key = made["roomId"], made["hostKey"]
    client, _ = await server.seated(room)
    ids = [(await client.ok("send-message", roomId=room, text=str(n)))["id"] for n in range(7)]

    async def page(query: str) -> list[str]:
        answer = await server.call("GET", f"/api/rooms/{room}/messages?{query}", key=key)
        return [message["text"] for message in granted(answer, answers.Messages)["messages"]]

    assert await page(f"after={ids[1]}&limit=3") == ["4", "3", "2"]
    assert await page(f"after={ids[4]}&limit=3") == ["6", "5"]
    assert await page(f"after={ids[6]}") == []
    assert await page(f"after={ids[1]}&before={ids[4]}") == ["3", "2"]


async def test_the_same_pages_come_of_a_log() -> None:
    async with running(events_per_s=0, message_log="on") as logging:
        made = await logging.room(log=True)
        room, key = made["roomId"], made["hostKey"]
        client, _ = await logging.seated(room)
        ids = [(await client.ok("send-message", roomId=room, text=f"t{n}", data=n))["id"] for n in range(7)]
        await client.ok("edit-message", roomId=room, id=ids[3], text="T3 again")
        await client.ok("react", roomId=room, id=ids[3], emoji="+", on=True)
        await client.ok("delete-message", roomId=room, id=ids[4])

        async def page(query: str) -> list[dict[str, Any]]:
            answer = await logging.call("GET", f"/api/rooms/{room}/messages?{query}", key=key)
            messages: list[dict[str, Any]] = granted(answer, answers.Messages)["messages"]
            return messages

        assert [m["text"] for m in await page(f"after={ids[1]}&limit=3")] == ["t5", "T3 again", "t2"]
        assert [m["data"] for m in await page(f"before={ids[2]}")] == [1, 0]
        [found] = await page("q=t3%20AGAIN")
        assert (found["id"], found["data"], found["reactions"][0]["count"]) == (ids[3], 3, 1)
        assert "editedAt" in found
        assert await page("q=t4") == []
        assert [m["text"] for m in await page("q=t&limit=2")] == ["t6", "t5"]
        assert [m["text"] for m in await page(f"q=t&after={ids[0]}&limit=2")] == ["t2", "t1"], (
            "whoever polls misses none"
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "SEARCH_STEP", 2)
            patch.setattr(reading, "SEARCHED_MESSAGES", 8)
            assert [m["text"] for m in await page(f"q=t&after={ids[0]}&limit=2")] == ["t2", "t1"]
            patch.setattr(reading, "SEARCHED_MESSAGES", 4)
            assert len(await page("q=t2")) == 1
            assert await page("q=t1") == [], "of six messages the newest four are looked at"
        assert len(await page("q=t1")) == 1
        logging.context.find(room).history.give_up()
        [found] = await page("q=again")
        assert (found["id"], found["data"], found["text"]) == (ids[3], 3, "T3 again"), "the log has it by itself"
        assert "editedAt" in found


@pytest.mark.parametrize("wish", [{}, {"log": True, "encrypted": True}])
async def test_only_a_log_that_is_not_encrypted_is_searched(wish: dict[str, bool]) -> None:
    async with running(message_log="on") as server:
        made = await server.room(**wish)
        answer = await server.call("GET", f"/api/rooms/{made['roomId']}/messages?q=x", key=made["hostKey"])
        assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")


async def test_a_seat_says_something_over_rest_and_its_own_connection_hears_it(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    path, key = f"/api/rooms/{room}/messages", two["resumeToken"]
    sent = granted(await server.call("POST", path, key=key, json={"text": "hi"}), answers.SentMessage, 201)
    assert sent["deliveredTo"] == 1
    for client in (first, second):
        message = await client.wait_for("message-received")
        assert (message["sender"], message["senderName"]) == (two["self"]["id"], "Bob")
    await second.leave()
    await first.wait_for("user-updated")
    await server.call("POST", path, key=key, json={"text": "while away"})
    back = await server.connect()
    seat = {"participantId": two["self"]["id"], "resumeToken": key}
    told = await back.ok("join-room", roomId=room, resume={**seat, "epoch": two["epoch"], "lastSeq": two["seq"]})
    assert [m["payload"]["text"] for m in told["missed"] if m["event"] == "message-received"] == ["hi", "while away"]
    wrong = await server.call("POST", path, key="nobody's", json={"text": "x"})
    assert (wrong.status, wrong.code) == (403, "FORBIDDEN")
    missing = await server.call("POST", path, json={"text": "x"})
    assert (missing.status, missing.code) == (401, "UNAUTHORIZED")


async def test_a_message_is_taken_away_over_rest(server: Server) -> None:
    made = await server.room()
    room, key = made["roomId"], made["hostKey"]
    first, one = await server.seated(room)
    second, two = await server.seated(room)
    ids = [(await second.ok("send-message", roomId=room, text="x"))["id"] for _ in range(3)]
    path = f"/api/rooms/{room}/messages"
    by_owner = granted(await server.call("DELETE", f"{path}/{ids[0]}", key=key), answers.Changed)
    by_seat = granted(await server.call("DELETE", f"{path}/{ids[1]}", key=two["resumeToken"]), answers.Changed)
    by_host = granted(await server.call("DELETE", f"{path}/{ids[2]}", key=one["resumeToken"]), answers.Changed)
    await first.wait_for_count("message-deleted", 3)
    told = [(d["id"], d["by"], d["reason"], d["seq"]) for d in first.all("message-deleted")]
    assert told == [
        (ids[0], "", "moderated", by_owner["seq"]),
        (ids[1], two["self"]["id"], "deleted", by_seat["seq"]),
        (ids[2], one["self"]["id"], "moderated", by_host["seq"]),
    ]
    again = await server.call("DELETE", f"{path}/{ids[0]}", key=key)
    assert (again.status, again.code) == (404, "MESSAGE_NOT_FOUND")
    own = (await first.ok("send-message", roomId=room, text="x"))["id"]
    refused = await server.call("DELETE", f"{path}/{own}", key=two["resumeToken"])
    assert (refused.status, refused.code) == (403, "FORBIDDEN")


@pytest.mark.parametrize(("looks_at", "found"), [(400, 0), (600, 1)])
async def test_a_search_looks_at_the_newest_messages(
    monkeypatch: pytest.MonkeyPatch, looks_at: int, found: int
) -> None:
    assert reading.SEARCHED_MESSAGES == 10_000
    monkeypatch.setattr(reading, "SEARCHED_MESSAGES", looks_at)
    async with running(message_log="on") as server:
        made = await server.room(log=True)
        room = server.context.find(made["roomId"])
        records = [
            LoggedMessage(message_id(n, 1e9 + n, room.epoch), room.id, n, room.epoch, "p", "P", f"{n} words", 1e9)
            for n in range(1, 451)
        ]
        await server.context.store.append_messages(records)
        answer = await server.call("GET", f"/api/rooms/{room.id}/messages?q=7%20words&before=z", key=made["hostKey"])
        assert len(granted(answer, answers.Messages)["messages"]) == (40 if looks_at == 400 else 45)
        answer = await server.call("GET", f"/api/rooms/{room.id}/messages?q=10%20WORDS&after=", key=made["hostKey"])
        texts = [message["text"] for message in granted(answer, answers.Messages)["messages"]]
        assert texts == [f"{n}10 words" for n in (4, 3, 2, 1)] + ["10 words"] * found
