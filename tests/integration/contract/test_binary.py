"""Binary attachments: refused with a word, dropped as they arrive, and the connection stays."""

from __future__ import annotations

import pytest

from server.transport.socketio.packets import MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS
from tests.support.js_client import js_client
from tests.support.server import Client, Server

TRANSPORTS = ["websocket", "polling"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", ["$buffer", "$bytes"])
async def test_a_real_client_that_sends_bytes_is_told_so_and_stays(server: Server, transport: str, kind: str) -> None:
    made = await server.room()
    other, _ = await server.seated(made["roomId"], name="Bob")
    async with js_client() as js:
        client = await js.connect(server.url, transports=[transport])
        await client.ok("join-room", {"roomId": made["roomId"], "name": "Ada"})
        picture = {"roomId": made["roomId"], "text": {kind: 70_000}, "more": [{kind: 3}]}
        assert await client.refused("send-message", picture) == "INVALID_PAYLOAD"
        await client.emit("send-message", picture)
        failed = await client.wait_for("request-failed")
        assert failed.payload["event"] == "send-message"
        assert failed.payload["error"]["code"] == "INVALID_PAYLOAD"
        await client.ok("send-message", {"roomId": made["roomId"], "text": "words"})
        assert (await client.state())["connected"]
        assert (await other.wait_for("message-received"))["text"] == "words"
        assert other.all("user-updated") == [], "it never went away"
        await js.leave()
        await server.polling_ended()


async def announced(client: Client, count: int) -> None:
    await client.send(f'45{count}-["send-message",{{"_placeholder":true,"num":0}}]')


async def test_the_answer_comes_once_and_at_once(server: Server) -> None:
    client = await server.connect()
    await client.send('452-7["send-message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
    assert (await client.answer(7))["error"]["code"] == "INVALID_PAYLOAD"
    await client.socket.send_bytes(b"one")
    await client.socket.send_bytes(b"two")
    await client.sync()


async def test_an_acknowledgement_with_attachments_is_passed_over(server: Server) -> None:
    client = await server.connect()
    await client.send('461-3[{"_placeholder":true,"num":0}]')
    await client.socket.send_bytes(b"one")
    await client.sync()
    assert client.heard == []


async def test_no_attachments_announced_are_none_to_wait_for(server: Server) -> None:
    client = await server.connect()
    await client.send('450-9["typing",{}]')
    assert (await client.answer(9))["error"]["code"] == "INVALID_PAYLOAD"
    await client.sync()


async def test_bytes_that_nothing_announced_close_the_connection(server: Server) -> None:
    client = await server.connect()
    await client.socket.send_bytes(b"one")
    assert await client.closed() == 1008


async def test_bytes_beyond_those_announced_close_the_connection(server: Server) -> None:
    client = await server.connect()
    await announced(client, 1)
    await client.socket.send_bytes(b"one")
    await client.socket.send_bytes(b"two")
    assert await client.closed() == 1008


async def test_words_in_the_place_of_an_attachment_close_the_connection(server: Server) -> None:
    client = await server.connect()
    await announced(client, 1)
    await client.send('42["typing",{}]')
    assert await client.closed() == 1008


@pytest.mark.parametrize("header", [f"45{MAX_ATTACHMENTS + 1}-[]", "45-[]", "45x-[]", "451", "451-/other,[]"])
async def test_too_many_attachments_or_no_header_close_the_connection(server: Server, header: str) -> None:
    client = await server.connect()
    await client.send(header)
    assert await client.closed() == 1008


async def test_attachments_have_so_many_bytes_together(server: Server) -> None:
    client = await server.connect()
    await announced(client, 3)
    for _ in range(3):
        await client.socket.send_bytes(bytes(MAX_ATTACHMENT_BYTES // 2))
    assert await client.closed() == 1008


async def test_one_attachment_may_be_longer_than_what_is_kept(server: Server) -> None:
    client = await server.connect()
    await announced(client, 2)
    for _ in range(2):
        await client.socket.send_bytes(bytes(MAX_ATTACHMENT_BYTES // 2))
    await client.sync()


async def test_before_connect_attachments_close_the_connection(server: Server) -> None:
    client = await server.open()
    await announced(client, 1)
    assert await client.closed() == 1008


async def test_what_is_to_come_is_forgotten_with_its_connection(server: Server) -> None:
    client = await server.connect()
    await announced(client, 2)
    await client.wait_for("request-failed")
    await client.leave()
    again = await server.connect()
    await again.sync()
