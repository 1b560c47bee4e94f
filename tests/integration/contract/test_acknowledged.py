"""Every request is acknowledged exactly once, also where the store or a handler fails, and whatever its name is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rooms.ports import StoreUnavailable
from rooms.records import Purged, RoomRecord, SessionRecord, Tombstone
from server.usecases.commands import COMMANDS, Command
from storage.memory import MemoryStore
from tests.support.pace import PACE
from tests.support.server import Client, Server, running

# Socket.IO's own names (Socket.IO protocol v5, reserved events).
RESERVED = ("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener")


async def _invite(server: Server, made: Any, **wish: Any) -> Any:
    answer = await server.call("POST", f"/api/rooms/{made['roomId']}/invites", key=made["hostKey"], json=wish)
    assert answer.status == 201
    return answer.json


class BrokenStore(MemoryStore):
    """A store that outlives the process and fails on command, also in ways that nobody foresaw."""

    outlives_process = True
    failure: type[Exception] | None = None

    async def create_room(self, record: RoomRecord) -> None:
        self._fail()
        await super().create_room(record)

    async def save_room(self, record: RoomRecord) -> None:
        self._fail()
        await super().save_room(record)

    async def end_room(self, tombstone: Tombstone, session: SessionRecord | None) -> Purged:
        self._fail()
        return await super().end_room(tombstone, session)

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure("planted-in-an-exception")


@pytest.mark.parametrize("failure", [StoreUnavailable, RuntimeError])
async def test_a_failing_store_leaves_no_request_without_an_answer(failure: type[Exception]) -> None:
    store = BrokenStore()
    async with running(store=store, events_per_s=0) as server:
        made = await server.room(lobby=True)
        room = made["roomId"]
        invite = (await _invite(server, made))["invite"]
        host, _ = await server.seated(room, hostKey=made["hostKey"])
        member, seat = await server.seated(room, invite=(await _invite(server, made))["invite"])
        other, _ = await server.seated(room, invite=(await _invite(server, made))["invite"])
        guest = await server.connect()
        await guest.ok("knock", roomId=room)
        knock = await host.wait_for("knock-received")
        store.failure = failure
        refused = await guest.refused("join-room", roomId=room, invite=invite)
        assert refused in ("UNAVAILABLE", "INTERNAL_ERROR")
        requests: list[tuple[Client, str, dict[str, Any]]] = [
            (host, "answer-knock", {"knockId": knock["knockId"], "admit": True}),
            (host, "update-room", {"capacity": 4}),
            (host, "kick", {"participantId": seat["self"]["id"]}),
            (host, "send-message", {"text": "hi"}),
            (other, "leave-room", {}),
            (host, "end-room", {}),
        ]
        for client, event, fields in requests:
            ack = await client.request(event, {"roomId": room, **fields})
            assert ack["ok"] or ack["error"]["code"] in ("UNAVAILABLE", "INTERNAL_ERROR"), event
        answer = await server.call("POST", "/api/rooms")
        assert answer.status in (503, 500)
        assert answer.code in ("UNAVAILABLE", "INTERNAL_ERROR")
        await member.sync()
        store.failure = None
        await server.seated((await _recovered(server))["roomId"])


async def _recovered(server: Server) -> Any:
    async with asyncio.timeout(10 * PACE):
        while True:
            answer = await server.call("POST", "/api/rooms")
            if answer.status == 201:
                return answer.json
            await asyncio.sleep(0.05)


def _raises(*_: Any) -> Any:
    raise RuntimeError("planted-in-an-exception")


async def _raises_later(*_: Any) -> Any:
    await asyncio.sleep(0)
    raise RuntimeError("planted-in-an-exception")


@pytest.mark.parametrize("broken", [_raises, _raises_later])
async def test_a_handler_that_fails_is_acknowledged_once_with_internal_error(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: Callable[..., Awaitable[Any]],
) -> None:
    room, first, _, second, _ = await server.pair()
    monkeypatch.setitem(COMMANDS, "typing", Command(COMMANDS["typing"].payload, broken))
    ack = await first.request("typing", {"roomId": room, "isTyping": True})
    assert ack["error"]["code"] == "INTERNAL_ERROR"
    assert "planted" not in json.dumps(ack) + caplog.text
    await first.emit("typing", {"roomId": room, "isTyping": True})
    assert (await first.wait_for("request-failed"))["error"]["code"] == "INTERNAL_ERROR"
    await first.ok("send-message", roomId=room, text="the socket goes on")
    await second.wait_for("message-received")
    caplog.clear()


# Requests that ask for no acknowledgement


async def test_a_refused_request_without_acknowledgement_is_told_as_an_event(server: Server) -> None:
    client = await server.connect()
    await client.emit("send-message", {"roomId": "r", "text": "hi"})
    failure = await client.wait_for("request-failed", lambda one: one["event"] == "send-message")
    assert failure["error"]["code"] == "NOT_IN_ROOM"
    await client.emit("no-such-event", {})
    failure = await client.wait_for("request-failed", lambda one: one["event"] == "no-such-event")
    assert failure["error"]["code"] == "UNKNOWN_EVENT"


async def test_a_granted_request_without_acknowledgement_is_silent(server: Server) -> None:
    room, first, _, second, _ = await server.pair()
    await first.emit("send-message", {"roomId": room, "text": "hi"})
    await second.wait_for("message-received")
    await first.sync()
    assert first.all("request-failed") == []


@pytest.mark.parametrize("args", [(), ("text",), (1,), (None,), ([],), ({}, {}), ({"roomId": "r"}, "extra")])
async def test_a_request_takes_exactly_one_object(server: Server, args: tuple[Any, ...]) -> None:
    client = await server.connect()
    ack = await client.request("get-ice-servers", *args)
    assert ack["error"]["code"] == "INVALID_PAYLOAD"


# Names that are Socket.IO's own


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("escaped", [False, True])
async def test_reserved_names_do_not_exist(server: Server, name: str, escaped: bool) -> None:
    room, first, _, second, _ = await server.pair()
    wire_name = "".join(f"\\u{ord(letter):04x}" for letter in name) if escaped else name
    await first.send(f'42990["{wire_name}",{{"roomId":"{room}"}}]')
    ack = await first.answer(990)
    assert ack["error"]["code"] == "UNKNOWN_EVENT"
    await first.send(f'42["{wire_name}","transport close"]')
    assert (await first.wait_for("request-failed"))["error"]["code"] == "UNKNOWN_EVENT"
    assert (await first.ok("send-message", roomId=room, text="still here"))["deliveredTo"] == 1
    await second.sync()
    assert second.all("user-updated") == second.all("user-left") == []
