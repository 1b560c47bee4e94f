"""Messages over REST: pages, who may read, and messages from outside."""

from __future__ import annotations

import pytest

from server.protocol import answers
from server.usecases.owning import MESSAGES_PER_PAGE
from tests.integration.contract.rest import granted
from tests.support.server import Server


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
