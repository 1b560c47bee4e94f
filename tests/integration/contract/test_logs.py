"""Nothing that clients send reaches a log, at any level and in either form, nor an error that anybody is shown."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator

import pytest

from tests.integration.contract.requests import CANDIDATE
from tests.support.issuers import token as issued
from tests.support.processes import ServerProcess, server_process
from tests.support.server import Client, Server, talking_to

WORD = "xyzzyplugh"
SDP = f"v=0\r\ns={WORD}\r\n"


@pytest.fixture(params=["console", "json"])
def chatty(request: pytest.FixtureRequest, mongo_uri: str) -> Iterator[ServerProcess]:
    """A server that logs all it can, with messages going to MongoDB."""
    with server_process(
        LOG_LEVEL="debug",
        LOG_FORMAT=request.param,
        MESSAGE_LOG="on",
        MONGODB_URI=mongo_uri,
        ADMIN_KEY="the admin key " + WORD,
        TURN_URLS="turn:127.0.0.1:9",
        TURN_SECRET="the turn secret " + WORD,
        EVENTS_PER_S="0",
        JOIN_JWT_SECRET="the join secret " + WORD + " of 32 bytes",
    ) as process:
        yield process


async def test_no_word_of_a_client_reaches_the_log(chatty: ServerProcess) -> None:
    async with talking_to(chatty.url) as server:
        made = await server.room(log=True, password=WORD, lobby=True)
        room, key = made["roomId"], made["hostKey"]
        host, one = await server.seated(room, hostKey=key, name=WORD)
        guest, two = await server.seated(room, invite=await invite(server, room, key), password=WORD, name=WORD)
        token = issued(room, sub=WORD, name=WORD, attributes={WORD: WORD}, secret=f"the join secret {WORD} of 32 bytes")
        third, _ = await server.seated(room, token=token, password=WORD)
        await third.ok("leave-room", roomId=room)
        assert (await server.call("GET", f"/api/rooms/{room}/messages", key=token)).status == 403
        await everything_that_works(server, room, key, host, guest, two["self"]["id"])
        await everything_that_does_not(server, room, host)
        await guest.leave()
        back = await server.connect({"pid": guest.connected["pid"], "offset": WORD})
        await back.sync()
        secrets = [key, token, one["resumeToken"], two["resumeToken"], two["self"]["id"], host.connected["pid"]]
        assert (await server.call("DELETE", f"/api/rooms/{room}", key=key)).status == 200
    assert chatty.terminate() == 0
    found = [line for line in chatty.log().splitlines() if any(word in line for word in (WORD, *secrets))]
    assert found == []


async def invite(server: Server, room: str, key: str) -> str:
    made = await server.call("POST", f"/api/rooms/{room}/invites", key=key)
    return str(made.json["invite"])


async def everything_that_works(server: Server, room: str, key: str, host: Client, guest: Client, to: str) -> None:
    await host.ok("send-message", roomId=room, text=WORD, clientMessageId=WORD)
    await host.ok("offer", roomId=room, to=to, description={"type": "offer", "sdp": SDP}, negotiationId=WORD)
    await guest.ok("answer", roomId=room, description={"type": "answer", "sdp": SDP}, negotiationId=WORD)
    await host.ok("ice-candidate", roomId=room, candidate={**CANDIDATE, "candidate": WORD})
    await host.ok("get-ice-servers", roomId=room)
    knocker = await server.connect()
    await knocker.ok("knock", roomId=room, name=WORD)
    await server.call("POST", f"/api/rooms/{room}/messages", key=key, json={"text": WORD, "senderName": WORD})
    page = await server.call("GET", f"/api/rooms/{room}/messages?before=zzz", key=key)
    assert WORD in page.text


async def everything_that_does_not(server: Server, room: str, host: Client) -> None:
    for event, payload in (
        (WORD, {WORD: WORD}),
        ("send-message", {"roomId": room, "text": [WORD]}),
        ("join-room", {"roomId": WORD, "hostKey": WORD}),
        ("join-room", {"roomId": room, "resume": {"participantId": WORD, "resumeToken": WORD}}),
        ("offer", {"roomId": room, "description": {"type": "offer", "sdp": WORD}}),
        ("disconnect", WORD),
        ("send-message", {"roomId": room, "text": WORD * 100_000}),
    ):
        ack = await host.request(event, payload)
        assert not ack["ok"]
        assert WORD not in json.dumps(ack)
    for frame in (f"42[{WORD}", WORD, f'42[["{WORD}"]]', f'451-["{WORD}",{{"_placeholder":true,"num":0}}]'):
        client = await server.connect()
        await client.send(frame)
        await client.leave()
    for method, path in (("POST", "/api/rooms"), ("GET", f"/api/rooms/{WORD}"), ("PUT", f"/api/{WORD}")):
        answer = await server.call(method, path, key=WORD, data=WORD.encode(), headers={"Idempotency-Key": WORD})
        assert WORD not in answer.text
    for junk in (
        f"{WORD}\r\n\r\n",
        f"GET /{WORD} HTTP/9.9\r\n\r\n",
        f"GET /api/rooms HTTP/1.1\r\nHost: x\r\n{WORD}\r\n\r\n",
        f"GET /socket.io/?EIO=4&transport={WORD} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        f"GET /socket.io/?EIO=4&transport=polling&sid={WORD} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        f"POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n{WORD}",
        f"POST /api/rooms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{WORD}\r\n",
    ):
        await send_junk(server.url, junk.encode())


async def send_junk(url: str, request: bytes) -> None:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    with contextlib.suppress(TimeoutError, ConnectionError):
        await asyncio.wait_for(reader.read(65_536), 1.0)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
