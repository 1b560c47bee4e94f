"""Rule 9: when a room ends, nothing of what was said in it, or of who was in it, stays in memory."""

from __future__ import annotations

import asyncio
import gc
import types
from collections import deque
from typing import Any

import pytest

from tests.integration.contract.requests import ANSWER, CANDIDATE, OFFER
from tests.support.server import Clock, Server, running

WORD = "xyzzyplugh"
# The event loop leads to the clients of this test, who may remember.
SKIPPED = (type, types.ModuleType, types.CodeType, types.FrameType, asyncio.AbstractEventLoop)


def holding(word: str, root: object) -> list[str]:
    """The way from `root` to every string or bytes that contains the word, as the types of the objects between."""
    seen: set[int] = set()
    found = []
    waiting: deque[tuple[Any, str]] = deque([(root, "")])
    while waiting:
        one, way = waiting.popleft()
        if id(one) in seen or isinstance(one, SKIPPED):
            continue
        seen.add(id(one))
        if isinstance(one, str | bytes | bytearray):
            if word in (one if isinstance(one, str) else one.decode("utf-8", "replace")):
                found.append(way)
        else:
            waiting += ((inner, f"{way} {type(one).__qualname__}") for inner in inside(one))
    return found


def inside(one: object) -> list[Any]:
    """What an object holds on to; of a function what it closes over, not the whole module that it was written in."""
    if isinstance(one, types.FunctionType):
        return [*(one.__closure__ or ()), one.__defaults__, one.__kwdefaults__]
    return gc.get_referents(one)


async def a_lively_room(server: Server) -> Any:
    """A room where the word is in every field that takes one."""
    made = await server.room(lobby=True, password=WORD)
    room, key = made["roomId"], made["hostKey"]
    host, _ = await server.seated(room, hostKey=key, name=f"{WORD} host")
    invite = (await server.call("POST", f"/api/rooms/{room}/invites", key=key)).json["invite"]
    guest, two = await server.seated(room, invite=invite, password=WORD, name=f"{WORD} guest")
    for to in ({}, {"to": two["self"]["id"]}):
        await host.ok("send-message", roomId=room, text=f"{WORD} said", clientMessageId=WORD, **to)
    await server.call("POST", f"/api/rooms/{room}/messages", key=key, json={"text": WORD, "senderName": WORD})
    knocker = await server.connect()
    await knocker.ok("knock", roomId=room, name=f"{WORD} knocks")
    await guest.leave()
    await host.wait_for("user-updated", lambda update: not update["participant"]["connected"])
    sdp = f"{OFFER['sdp']}s={WORD}\r\n"
    await host.ok("answer", roomId=room, description={**ANSWER, "sdp": sdp}, negotiationId=WORD)
    await host.ok("offer", roomId=room, description={**OFFER, "sdp": sdp}, negotiationId=f"{WORD} 2")
    await host.ok("ice-candidate", roomId=room, candidate={**CANDIDATE, "candidate": WORD})
    return made


@pytest.mark.parametrize("how", ["by REST", "by the host", "by its expiry"])
async def test_nothing_of_a_room_that_has_ended_stays_in_memory(how: str, clock: Clock) -> None:
    async with running(clock=clock, events_per_s=0) as server:
        made = await a_lively_room(server)
        host = server.clients[0]
        assert holding(WORD, server.context) != [], "the search finds what is there"
        if how == "by REST":
            await server.call("DELETE", f"/api/rooms/{made['roomId']}", key=made["hostKey"])
        elif how == "by the host":
            await host.ok("end-room", roomId=made["roomId"])
        else:
            clock.now += 86_401
        await host.wait_for("room-left")
        await host.sync()
        found = holding(WORD, server.context)
        assert not found, "\n".join(found[:5])
        assert (await server.call("GET", f"/api/rooms/{made['roomId']}")).status == 410
