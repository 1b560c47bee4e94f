"""Fault mode: what a client asks for in the query of its connection goes wrong, for it alone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from server.app import HOST
from server.faults.line import MAX_HELD_BYTES
from server.faults.plan import MAX_RUNS, Counts, happens
from server.faults.restart import BACK_EARLIEST_MS, BACK_LATEST_MS, CLOSE_S, NOTICE_S
from server.faults.spelling import (
    MAX_AFTER_S,
    MAX_DELAY_S,
    MAX_FAULTS,
    MAX_RUN_CHARS,
    MAX_TIMES,
    Fault,
    Kind,
    Misspelt,
    read_wish,
)
from tests.support.pace import PACE
from tests.support.processes import ROOT
from tests.support.server import LIMIT_S, Client, Server, running

EVENTS = ("join-room", "send-message")
SOON_S = 1.0 * PACE
"""When a fault happens, counted from CONNECT: until then the client has to have its seat."""

SOON = f"{round(SOON_S * 1000)}ms"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running(faults="on") as server:
        yield server


async def faulty(server: Server, fault: str, run: str = "") -> Client:
    return await server.connect(query=f"fault={fault}" + (f"&faultRun={run}" if run else ""))


async def seated(server: Server, room_id: str, fault: str) -> tuple[Client, dict[str, str]]:
    """A client with faults in a room, and what it takes to come back."""
    client = await faulty(server, fault)
    joined = await client.ok("join-room", roomId=room_id, name="Eve")
    return client, {"participantId": joined["self"]["id"], "resumeToken": joined["resumeToken"]}


async def test_where_it_is_off_nothing_of_it_is_loaded_and_a_wish_is_no_more_than_a_query() -> None:
    script = "import sys; from server.app import create_app; from server.settings import Settings; "
    script += "create_app(Settings(_env_file=None)); print([m for m in sys.modules if m.startswith('server.faults')])"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60 * PACE, check=True)
    assert done.stdout.strip() == "[]"
    async with running() as server:
        client = await faulty(server, "refuse:join-room:ROOM_FULL")
        made = await server.room()
        await client.ok("join-room", roomId=made["roomId"])


async def test_a_request_is_refused_with_the_code_as_often_as_was_asked(server: Server) -> None:
    made = await server.room()
    client = await faulty(server, "refuse:join-room:ROOM_FULL,refuse:send-message:RATE_LIMITED*2")
    other, _ = await server.seated(made["roomId"])
    assert await client.refused("join-room", roomId=made["roomId"]) == "ROOM_FULL"
    assert await client.refused("join-room", roomId=made["roomId"]) == "ROOM_FULL"
    for _ in range(2):
        ack = await client.request("send-message", {"roomId": made["roomId"], "text": "Hello"})
        assert ack["error"]["code"] == "RATE_LIMITED"
        assert ack["error"]["retryable"]
        assert ack["error"]["retryAfterMs"] == 500
    assert await client.refused("send-message", roomId=made["roomId"], text="Hello") == "NOT_IN_ROOM"
    await other.ok("send-message", roomId=made["roomId"], text="untouched")


async def test_a_delay_holds_up_both_ways_and_keeps_the_order(server: Server) -> None:
    made = await server.room()
    other, _ = await server.seated(made["roomId"], name="Bob")
    client, _ = await seated(server, made["roomId"], "delay:400ms")
    started = time.monotonic()
    numbers = [await client.begin("send-message", {"roomId": made["roomId"], "text": str(n)}) for n in range(5)]
    seqs = [(await client.answer(number))["data"]["seq"] for number in numbers]
    # Behind each other, not one after the other: five take no longer than one does.
    assert 0.8 <= time.monotonic() - started < 2.0
    assert seqs == sorted(seqs)
    assert [one["text"] for one in other.all("message-received")] == ["0", "1", "2", "3", "4"]
    started = time.monotonic()
    await other.ok("send-message", roomId=made["roomId"], text="late")
    await client.wait_for("message-received", lambda payload: payload["text"] == "late")
    assert time.monotonic() - started >= 0.4


async def test_binary_attachments_are_dropped_in_order_behind_a_delay_too(server: Server) -> None:
    client = await faulty(server, "delay:20ms")
    await client.send('451-7["send-message",{"_placeholder":true,"num":0}]')
    await client.socket.send_bytes(b"abc")
    assert await client.refused("send-message", roomId="none", text="after it") == "NOT_IN_ROOM"
    assert client.acks[7][0]["error"]["code"] == "INVALID_PAYLOAD"


async def test_who_holds_up_more_than_a_connection_may_is_cut(server: Server) -> None:
    client = await faulty(server, "delay:500ms")
    text = "x" * 50_000
    for _ in range(MAX_HELD_BYTES // len(text) + 1):
        await client.emit("send-message", {"text": text})
    assert await client.closed() == 1006


async def test_a_connection_is_dropped_without_a_word_and_its_seat_waits(server: Server) -> None:
    made = await server.room()
    other, _ = await server.seated(made["roomId"], name="Bob")
    started = time.monotonic()
    client, seat = await seated(server, made["roomId"], f"drop-after:{SOON}")
    assert await client.closed() == 1006
    assert SOON_S <= time.monotonic() - started < SOON_S + 2 * PACE
    assert client.all("room-left") == []
    await other.wait_for("user-updated", lambda payload: payload["participant"]["connected"] is False)
    back = await server.connect()
    again = await back.ok("join-room", roomId=made["roomId"], resume=seat)
    assert again["self"]["id"] == seat["participantId"]


async def test_a_silent_connection_stays_open_until_the_server_gives_it_up() -> None:
    async with running(faults="on", ping_interval_s=1.5 * SOON_S, ping_timeout_s=SOON_S) as server:
        made = await server.room()
        other, _ = await server.seated(made["roomId"], name="Bob")
        began = time.monotonic()
        client, seat = await seated(server, made["roomId"], f"silent-after:{SOON}")
        await asyncio.sleep(SOON_S)
        await other.sync()
        pings, heard = client.pings, len(client.heard)
        await client.emit("send-message", {"roomId": made["roomId"], "text": "into the void"})
        await other.ok("send-message", roomId=made["roomId"], text="nobody hears it")
        assert not client.socket.closed
        assert await client.closed() == 1006
        assert time.monotonic() - began >= 2.5 * SOON_S, "a ping, and the wait for its answer"
        assert client.pings == pings
        assert client.heard[heard:] == []
        assert other.all("message-received") == []
        back = await server.connect()
        assert (await back.ok("join-room", roomId=made["roomId"], resume=seat))["self"]["id"] == seat["participantId"]


async def test_an_answer_is_lost_with_its_connection_though_the_request_was_carried_out(server: Server) -> None:
    made = await server.room()
    other, _ = await server.seated(made["roomId"], name="Bob")
    client, seat = await seated(server, made["roomId"], "drop-answer:send-message")
    said = {"roomId": made["roomId"], "text": "once", "clientMessageId": "one"}
    await client.begin("send-message", said)
    assert await client.closed() == 1006
    assert client.acks.keys() == {1}  # of the join alone
    back = await server.connect()
    await back.ok("join-room", roomId=made["roomId"], resume=seat)
    await back.ok("send-message", **said)
    await back.ok("send-message", roomId=made["roomId"], text="the end")
    await other.wait_for("message-received", lambda payload: payload["text"] == "the end")
    assert [one["text"] for one in other.all("message-received")] == ["once", "the end"]


async def test_a_join_whose_answer_is_lost_can_be_repeated(server: Server) -> None:
    made = await server.room(capacity=1, password="a long one")
    join = {"roomId": made["roomId"], "clientJoinId": "a-join-that-is-repeated", "password": "a long one"}
    client = await faulty(server, "drop-answer:join-room*1", "repeated")
    await client.begin("join-room", join)
    assert await client.closed() == 1006
    again = await faulty(server, "drop-answer:join-room*1", "repeated")
    await again.ok("join-room", **join)


async def test_handshakes_are_refused_as_often_as_was_asked_in_a_run(server: Server) -> None:
    for _ in range(2):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await faulty(server, "refuse-connect*2", "down")
        assert refused.value.status == 503
    polled = f"{server.url}/socket.io/?EIO=4&transport=polling&fault=refuse-connect"
    async with server.http.get(polled) as response:
        assert response.status == 503
        assert (await response.json())["message"] == "A fault that the client has asked for."
    await faulty(server, "refuse-connect*2", "down")
    assert server.runner.app[HOST].transport_count == 1


async def test_a_restart_gives_the_room_another_epoch_to_all_who_are_in_it_and_to_nobody_else(server: Server) -> None:
    room_id, ada, one, bob, _ = await server.pair()
    elsewhere, _, _, _, _ = await server.pair()
    await ada.ok("send-message", roomId=room_id, text="before")
    client, seat = await seated(server, room_id, f"restart-after:{SOON}")
    others = [other for other in server.clients if other not in (ada, bob, client)]
    for left in (ada, bob, client):
        draining = await left.wait_for("server-draining")
        assert BACK_EARLIEST_MS <= draining["retryAfterMs"] <= BACK_LATEST_MS
        assert await left.closed() == 1012
    async with asyncio.timeout(NOTICE_S + CLOSE_S + LIMIT_S):
        while server.context.directory.rooms[room_id].epoch == one["epoch"]:
            await asyncio.sleep(0.01)
    back = await server.connect()
    again = await back.ok("join-room", roomId=room_id, resume={**seat, "epoch": one["epoch"], "lastSeq": 3})
    assert again["self"]["id"] == seat["participantId"]
    assert again["epoch"] != one["epoch"]
    assert again["recovered"] is False
    assert again["messages"] == []
    assert {each["name"] for each in again["participants"]} == {"Ada", "Bob"}
    assert not any(each["connected"] for each in again["participants"])
    for other in others:
        await other.ok("send-message", roomId=elsewhere, text="still here")
        assert other.all("server-draining") == []


async def test_what_cannot_be_read_is_told_where_a_client_hears_words(server: Server) -> None:
    client = await faulty(server, "drop-after:soon")
    assert client.connected == {
        "refused": {"message": "fault: TIME is a whole number of ms or s, up to 3600 s: 200ms, 5s."}
    }


def test_a_wish_is_read_as_it_is_written() -> None:
    wish = read_wish(
        "EIO=4&fault=drop-after:5s,refuse:join-room:ROOM_FULL*2&fault=delay:200ms&faultRun=my-run_1", EVENTS
    )
    assert wish.run == "my-run_1"
    assert [(one.kind, one.seconds, one.event, one.code, one.times) for one in wish.faults] == [
        (Kind.DROP_AFTER, 5.0, "", None, 0),
        (Kind.REFUSE, 0.0, "join-room", "ROOM_FULL", 2),
        (Kind.DELAY, 0.2, "", None, 0),
    ]
    assert read_wish("EIO=4&transport=polling", EVENTS).faults == ()


@pytest.mark.parametrize(
    "query",
    [
        "fault=explode",
        "fault=drop-after",
        "fault=drop-after:5",
        "fault=drop-after:5m",
        "fault=drop-after:-5s",
        f"fault=drop-after:{MAX_AFTER_S + 1:.0f}s",
        f"fault=delay:{MAX_DELAY_S + 1:.0f}s",
        "fault=delay:1s:2s",
        "fault=refuse:join-room",
        "fault=refuse:no-such:ROOM_FULL",
        "fault=refuse:join-room:NO_SUCH",
        "fault=drop-answer:no-such",
        "fault=refuse-connect*0",
        f"fault=refuse-connect*{MAX_TIMES + 1}",
        "fault=refuse-connect*\u00b2",
        "fault=" + ",".join(["delay:1ms"] * (MAX_FAULTS + 1)),
        "fault=delay:1ms&faultRun=" + "r" * (MAX_RUN_CHARS + 1),
        "fault=delay:1ms&faultRun=a%20b",
    ],
)
def test_nonsense_is_refused(query: str) -> None:
    with pytest.raises(Misspelt):
        read_wish(query, EVENTS)


def test_faults_of_a_run_are_counted_over_its_connections_and_the_oldest_run_is_forgotten() -> None:
    counts, once = Counts(), Fault("refuse-connect*1", Kind.REFUSE_CONNECT, times=1)
    assert happens(once, counts.of("a"))
    assert not happens(once, counts.of("a"))
    for _ in range(2):
        assert happens(once, counts.of("")), "each connection for itself"
    for number in range(MAX_RUNS):
        counts.of(str(number))
    assert happens(once, counts.of("a"))
