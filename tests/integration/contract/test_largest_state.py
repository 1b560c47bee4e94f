"""Every answer at the largest legal state of a room arrives, over both transports, at the client that people use.

The room: 1,000 people with the longest names, 50 sealed messages of 10,000 characters, 500 invites, 50 open knocks,
and a mailbox that is full. Nothing that the server sends as one answer may cross its own bound for what waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from rooms import joining, lobby, messages, people, polls
from rooms.digests import digest
from rooms.errors import Refused
from rooms.joining import Admission
from rooms.limits import (
    BACKLOG_BYTES,
    BACKLOG_MESSAGES,
    MAX_INVITES,
    MAX_KNOCKS,
    MAX_MESSAGE_CHARS,
    MAX_NAME_CHARS,
    MAX_POLLS,
    MISSED_BYTES,
    POLLS_BYTES,
)
from rooms.model import Seat
from rooms.room import Room
from server.app import HOST
from server.protocol.fields import MAX_SDP_BYTES
from server.transport.engineio import EngineLimits
from signaling.negotiation import Kind
from signaling.relay import MAILBOX_BYTES
from tests.support.js_client import JsSocket, js_client
from tests.support.server import Client, Server

CAPACITY = 1_000
SEALED_CHARS = 10_000
OUTBOX_BYTES = EngineLimits().outbox_bytes
NAME = "🦔" * MAX_NAME_CHARS
TRANSPORTS = ["websocket", "polling"]
TEXTS = {
    "cjk": "語" * MAX_MESSAGE_CHARS,
    "emoji": "🦔" * MAX_MESSAGE_CHARS,
    "sealed": "A" * SEALED_CHARS,
    "worst": "\x01" * SEALED_CHARS,  # six bytes of JSON for each
}


def planted(room: Room, number: int, host_key: str, now: float) -> Seat:
    """A seat taken by a connection that is not there."""
    admission = Admission(f"{number:016d}", f"token-{number}", NAME, host_key=host_key if number == 0 else None)
    granted = joining.admit(room, admission, now)
    joining.seat(room, granted, now)
    return granted


def size(value: Any) -> int:
    """Bytes as JSON in UTF-8, as the server writes it."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


@dataclass
class Full:
    """A room at its largest; two seats are left."""

    server: Server
    made: dict[str, Any]
    room: Room
    seats: list[Seat]

    async def call(self, what: str) -> Any:
        answered = await self.server.call("GET", f"/api/rooms/{self.room.id}{what}", key=self.made["hostKey"])
        assert answered.status == 200, answered.text
        assert len(answered.text.encode()) < OUTBOX_BYTES
        return answered.json

    def say(self, text: str, count: int = BACKLOG_MESSAGES) -> None:
        for _ in range(count):
            messages.post(self.room, self.seats[0], text, self.server.context.clock(), encrypted=True)


@pytest.fixture
async def full(server: Server) -> AsyncIterator[Full]:
    made = await server.room(capacity=CAPACITY)
    room, now = server.context.find(made["roomId"]), server.context.clock()
    seats = [planted(room, number, made["hostKey"], now) for number in range(CAPACITY - 2)]
    for number in range(MAX_INVITES - 1):
        room.invites.add(f"{number:016d}", f"invite-{number}", uses=1_000, now=now, expires_at=now + 9_999)
    room.lobby = True
    for number in range(MAX_KNOCKS):
        lobby.knock(room, f"knock-{number:010d}", NAME, None)
    full = Full(server, made, room, seats)
    full.say(TEXTS["worst"])
    for seat in seats:
        seat.typing = True
    yield full
    await server.call("DELETE", f"/api/rooms/{room.id}", key=made["hostKey"])


async def entered(full: Full, client: JsSocket, **more: Any) -> Any:
    return await client.ok("join-room", {"roomId": full.room.id, "hostKey": full.made["hostKey"], "name": NAME, **more})


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_snapshot_arrives_twice_and_the_seat_is_held(full: Full, transport: str) -> None:
    async with js_client() as js:
        client = await js.connect(full.server.url, transports=[transport])
        picture = await entered(full, client)
        assert len(picture["participants"]) == CAPACITY - 2
        assert 0 < size(picture["messages"]) <= BACKLOG_BYTES
        assert size(picture) < OUTBOX_BYTES
        assert (await client.wait_for("room-joined")).payload == picture
        await client.ok("send-message", {"roomId": full.room.id, "text": "here"})
        await js.barrier()
        assert len(client.received("knock-received")) == MAX_KNOCKS
        assert (await client.state())["connected"]
        await js.leave()
        await full.server.polling_ended()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("reads", "events"), [("ack", 0), ("event", 1), ("both", 1)])
async def test_the_picture_is_sent_where_the_client_reads_it(
    full: Full, transport: str, reads: str, events: int
) -> None:
    async with js_client() as js:
        client = await js.connect(full.server.url, transports=[transport])
        data = await entered(full, client, snapshot=reads)
        await client.ok("typing", {"roomId": full.room.id})
        await js.barrier()
        told = client.received("room-joined")
        assert len(told) == events
        if reads == "event":
            assert set(data) == {"roomId", "participantId", "resumeToken", "resumeTtlS"}
            assert (data["participantId"], data["resumeToken"]) == (told[0]["self"]["id"], told[0]["resumeToken"])
        else:
            assert len(data["participants"]) == CAPACITY - 2
        await js.leave()
        await full.server.polling_ended()


async def test_a_client_that_asks_for_the_acknowledgement_and_gets_none_is_told_by_the_event(full: Full) -> None:
    client = await full.server.connect()
    await client.emit("join-room", {"roomId": full.room.id, "hostKey": full.made["hostKey"], "snapshot": "ack"})
    assert (await client.wait_for("room-joined"))["roomId"] == full.room.id


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_fifty_long_messages_lock_nobody_out(server: Server, transport: str, text: str) -> None:
    made = await server.room()
    host, one = await server.seated(made["roomId"], hostKey=made["hostKey"], name="Ada")
    room = server.context.find(made["roomId"])
    for _ in range(BACKLOG_MESSAGES):
        messages.post(room, room.seats[one["self"]["id"]], text, server.context.clock())
    await host.leave()
    async with js_client() as js:
        guest = await js.connect(server.url, transports=[transport])
        picture = await guest.ok("join-room", {"roomId": made["roomId"], "name": "Bob"})
        assert [m["seq"] for m in picture["messages"]][-1] == room.seq - 2, "the newest are there"
        assert len(picture["messages"]) == min(
            BACKLOG_MESSAGES, (BACKLOG_BYTES - 1) // (size(picture["messages"][0]) + 1)
        )
        back = await js.connect(server.url, transports=[transport])
        seat = {"participantId": one["self"]["id"], "resumeToken": one["resumeToken"]}
        for resume in (seat, {**seat, "epoch": one["epoch"], "lastSeq": one["seq"]}):
            await back.ok("join-room", {"roomId": made["roomId"], "resume": resume})
        await back.ok("send-message", {"roomId": made["roomId"], "text": "back"})
        assert (await guest.wait_for("message-received")).payload["text"] == "back"
        await js.leave()
        await server.polling_ended()


async def test_what_was_missed_is_told_up_to_its_bound_and_beyond_it_is_no_continuation(server: Server) -> None:
    room_id, first, one, second, _ = await server.pair()
    await first.leave()
    await second.wait_for("user-updated")
    room = server.context.find(room_id)
    other = next(seat for seat in room.seats.values() if seat.id != one["self"]["id"])
    seat = {"participantId": one["self"]["id"], "resumeToken": one["resumeToken"]}
    resume = {**seat, "epoch": one["epoch"], "lastSeq": one["seq"]}
    text = "語" * MAX_MESSAGE_CHARS
    back = await server.connect()
    for number in range(40):
        messages.post(room, other, text, server.context.clock())
        picture = await back.ok("join-room", roomId=room_id, resume=resume)
        assert size(picture.get("missed", [])) <= MISSED_BYTES
        if not picture["recovered"]:
            break
        assert len(picture["missed"]) == number + 2, "and the joining of the other"
    assert number == MISSED_BYTES // size(picture["messages"][0])
    assert [m["text"] for m in picture["messages"]] == [text] * len(picture["messages"])


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_recovered_connection_is_sent_no_more_than_fits(server: Server, transport: str) -> None:
    made = await server.room()
    async with js_client() as js:
        client = await js.connect(server.url, transports=[transport])
        other, two = await server.seated(made["roomId"], name="Bob")
        await client.ok("join-room", {"roomId": made["roomId"], "name": "Ada"})
        room = server.context.find(made["roomId"])
        for count, recovered in ((5, True), (30, False)):
            await client.wait_for("connect")
            await other.ok("send-message", roomId=made["roomId"], text="an offset")
            await client.wait_for("message-received")
            other.heard.clear()
            await client.close_transport()
            await other.wait_for("user-updated")
            for _ in range(count):
                messages.post(room, room.seats[two["self"]["id"]], "語" * MAX_MESSAGE_CHARS, server.context.clock())
            await client.reconnect()
            connected = await client.wait_for("connect")
            assert connected.payload["recovered"] is recovered
            client.take(connected)
            if recovered:
                for _ in range(count):
                    await client.wait_for("message-received")
        await client.ok("join-room", {"roomId": made["roomId"], "name": "Ada"})
        assert (await client.state())["connected"]
        await js.leave()
        await server.polling_ended()


def fill_mailbox(full: Full, target: Seat) -> int:
    """As many long offers and candidates as a mailbox takes; returns how many are kept."""
    context = full.server.context
    sdp = "v=0" + "\n" * (MAX_SDP_BYTES - 3)
    description, signals = {"type": "offer", "sdp": sdp}, MAILBOX_BYTES // (MAX_SDP_BYTES + 200)
    for sender in full.seats[:signals]:
        context.relay.route(
            full.room,
            sender,
            target,
            Kind.OFFER,
            {"description": description},
            context.clock(),
            negotiation_id=None,
            size=MAX_SDP_BYTES + 200,
        )
    return signals


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_full_mailbox_follows_the_snapshot(full: Full, transport: str) -> None:
    async with js_client() as js:
        first = await js.connect(full.server.url, transports=[transport])
        seat = await entered(full, first)
        await first.disconnect()
        target = full.room.seats[seat["self"]["id"]]
        watcher = await watching(full)
        await watcher.sync()
        kept = fill_mailbox(full, target)
        back = await js.connect(full.server.url, transports=[transport])
        resume = {"participantId": target.id, "resumeToken": seat["resumeToken"]}
        await back.ok("join-room", {"roomId": full.room.id, "resume": resume})
        for _ in range(kept):
            await back.wait_for("offer-received")
        names = [event.name for event in back.events if event.kind == "event"]
        assert names[: kept + 1] == ["room-joined", *["offer-received"] * kept]
        await back.ok("typing", {"roomId": full.room.id})
        await js.leave()
        await full.server.polling_ended()


@pytest.mark.parametrize(("count", "recovered"), [(340, True), (400, False)])
async def test_what_was_missed_fits_beside_the_fullest_room(full: Full, count: int, recovered: bool) -> None:
    client = await full.server.connect()
    data = await client.ok("join-room", roomId=full.room.id, hostKey=full.made["hostKey"], snapshot="event")
    seat = {"participantId": data["participantId"], "resumeToken": data["resumeToken"]}
    resume = {**seat, "epoch": full.room.epoch, "lastSeq": full.room.seq}
    full.say("語" * 100, count)
    for other in full.seats:
        other.typing = True
    picture = await client.ok("join-room", roomId=full.room.id, resume=resume, snapshot="ack")
    assert picture["recovered"] is recovered
    assert len(picture["typing"]) == CAPACITY - 2
    assert size(picture) < OUTBOX_BYTES
    assert len(picture.get("missed", [])) == (count if recovered else 0)


@pytest.mark.parametrize("question", ["語" * 10_000, "\x01" * 10_000], ids=["cjk", "worst"])
async def test_polls_and_attributes_fit_beside_all_that(full: Full, question: str) -> None:
    now, made = full.server.context.clock(), 0
    for seat in full.seats:
        people.update_self(full.room, seat, now, idle=True, attributes={"a": "語" * 670})
    with contextlib.suppress(Refused):
        for made in range(MAX_POLLS + 1):
            polls.create(
                full.room, full.seats[0], f"poll-{made:011d}", question, ["語" * 600] * 12, now, encrypted=True
            )
    assert 0 < made < MAX_POLLS, "as many as fit"
    client = await full.server.connect()
    data = await client.ok("join-room", roomId=full.room.id, hostKey=full.made["hostKey"], name=NAME, snapshot="ack")
    assert size(data) < OUTBOX_BYTES
    assert size(data["polls"]) <= POLLS_BYTES + 300 * made
    assert size([one["attributes"] for one in data["participants"] if "attributes" in one]) > 60_000
    resume = {"participantId": data["self"]["id"], "resumeToken": data["resumeToken"], "epoch": full.room.epoch}
    for count, recovered in ((150, True), (180, False)):
        since = full.room.seq
        full.say("語" * 300, count)
        picture = await client.ok("join-room", roomId=full.room.id, resume={**resume, "lastSeq": since}, snapshot="ack")
        assert picture["recovered"] is recovered
        assert size(picture) < OUTBOX_BYTES


async def watching(full: Full) -> Client:
    """Somebody in the last seat, who sees the others go."""
    client = await full.server.connect()
    await client.ok("join-room", roomId=full.room.id, hostKey=full.made["hostKey"], snapshot="ack")
    return client


async def test_every_list_over_rest_is_within_the_bound(full: Full) -> None:
    assert len((await full.call("/users"))["participants"]) == CAPACITY - 2
    assert len((await full.call("/invites"))["invites"]) == MAX_INVITES - 1
    page = (await full.call("/messages"))["messages"]
    assert 0 < size(page) <= BACKLOG_BYTES


async def test_pages_of_messages_lead_back_to_the_first(full: Full) -> None:
    seen: list[int] = []
    before = ""
    while page := (await full.call(f"/messages{before}"))["messages"]:
        seen += [message["seq"] for message in page]
        before = f"?before={page[-1]['id']}"
    assert len(seen) == BACKLOG_MESSAGES
    assert seen == sorted(seen, reverse=True)


async def test_a_client_that_does_not_read_is_not_answered_at_length_twice(full: Full) -> None:
    client = await watching(full)
    [session] = full.server.runner.app[HOST].eio.sockets.values()
    seat = full.room.seats[next(iter(full.room.connected - {one.id for one in full.seats}))]
    seat.token_digest = digest("token")
    transport = client.socket._response.connection.transport  # type: ignore[union-attr]
    transport.pause_reading()
    resume = {"participantId": seat.id, "resumeToken": "token"}
    numbers = [await client.begin("join-room", {"roomId": full.room.id, "resume": resume}) for _ in range(30)]
    waits = 0
    for _ in range(200):
        await asyncio.sleep(0.005)
        waits = max(waits, sum(map(len, session.outbox.frames)))
    assert waits < 4 * OUTBOX_BYTES, "an acknowledgement and an event, once over"
    assert not session.closing
    transport.resume_reading()
    for number in numbers:
        assert (await client.answer(number))["ok"], "and none is lost"
