"""Five hundred connections cut at random moments of a chat of twenty, and what is said beyond the history window."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from rooms.limits import BACKLOG_MESSAGES, HISTORY_EVENTS
from tests.e2e.resilience.api import OwnRoom, api_of
from tests.e2e.resilience.times import FAST
from tests.support.js_client import JsClient
from tests.support.node import NodeScript, node_script
from tests.support.pace import PACE
from tests.support.processes import ServerProcess, server_process
from tests.support.proxy import TcpProxy, tcp_proxy

PEOPLE = 20
CUTS = 500
SEED = 20_261_120
LIMIT_S = 60.0 * PACE
CHAT = Path(__file__).parent / "chat.mjs"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A grace period as in production: what is tested here is the cut, not the time-out.

    The heartbeat is quick, because a socket.io-client that is cut between pausing its polling and opening its WebSocket
    notices by the heartbeat alone.
    """
    with server_process(**{**FAST, "SEAT_GRACE_S": "30", "ROOM_CAPACITY": str(PEOPLE)}) as server:
        yield server


@pytest.fixture
def proxy(server: ServerProcess) -> Iterator[TcpProxy]:
    with tcp_proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
async def room(server: ServerProcess) -> AsyncIterator[OwnRoom]:
    async with api_of(server.url) as api:
        yield await api.room()


async def cut_at_random(proxy: TcpProxy, cuts: int) -> None:
    """Reset one to four connections at a time, whatever they are in the middle of."""
    rng = random.Random(SEED)
    done = 0
    while done < cuts:
        done += proxy.cut(min(rng.randint(1, 4), cuts - done), rng)
        await asyncio.sleep(rng.uniform(0.0, 0.05))


async def until_all_have(script: NodeScript, reports: int, sent: int) -> None:
    """Wait until everybody has what the others sent, or more."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        counts = await script.call("received")
        own = [len(person["sent"]) for person in await script.call("report")]
        if all(count >= sent - mine for count, mine in zip(counts, own, strict=True)):
            return
        await asyncio.sleep(0.1)


def check(person: dict[str, Any], said: dict[str, list[str]]) -> None:
    """Nothing lost, nothing twice, nothing out of order, and one and the same participant."""
    who = f"person {person['number']} ({'recovered' if person['native'] else 'resumed'})"
    seqs = [seq for seq, _ in person["received"]]
    texts = [text for _, text in person["received"]]
    assert person["failures"] == [], who
    assert len(person["ids"]) == 1, who
    assert person["afresh"] == 0, f"{who} lost its place"
    assert seqs == sorted(set(seqs)), f"{who} heard something twice or out of order"
    for other, theirs in said.items():
        heard = [text for text in texts if text.split(":")[0] == other]
        expected = [] if other == str(person["number"]) else theirs
        assert heard == expected, f"{who} misheard person {other}"


async def test_five_hundred_cuts_in_a_chat_of_twenty_lose_nothing(node: str, room: OwnRoom, proxy: TcpProxy) -> None:
    async with node_script(CHAT) as script:
        await script.call("join", url=proxy.url, roomId=room.id, count=PEOPLE)
        before = {user["id"] for user in await room.users()}
        await script.call("talk")
        await cut_at_random(proxy, CUTS)
        sent = await script.call("stop", limit_s=LIMIT_S)
        await until_all_have(script, PEOPLE, sent)
        people = await script.call("report")
    said = {str(person["number"]): person["sent"] for person in people}
    for person in people:
        check(person, said)
    assert {one for person in people for one in person["ids"]} == before
    assert {user["id"] for user in await room.users()} == before
    longest = max(person["longestMs"] for person in people)
    heard = [len(person["received"]) for person in people]
    native = [person for person in people if person["native"]]
    assert all(person["continued"] == person["connects"] - 1 for person in native), "recovered on every reconnect"
    print(
        f"\n{CUTS} connections cut: {total(people, 'connects') - PEOPLE} reconnects, longest absence {longest:.0f} ms"
    )
    print(f"continued {total(people, 'continued')}, afresh {total(people, 'afresh')}; {len(before)} people all along")
    print(f"{sent} messages, {sum(heard)} deliveries: 0 lost, 0 doubled, 0 out of order")


def total(people: list[dict[str, Any]], what: str) -> int:
    return sum(person[what] for person in people)


@pytest.mark.parametrize("native", [True, False], ids=["recovered", "resumed"])
async def test_beyond_the_history_window_the_loss_is_told(
    js: JsClient, room: OwnRoom, proxy: TcpProxy, native: bool
) -> None:
    ada = await room.enter(js, name="Ada")
    ben = await room.enter(js, proxy.url, name="Ben", reconnection=native, reconnectionDelay=50)
    proxy.refuse()
    proxy.cut()
    say = [["send-message", {"roomId": room.id, "text": str(n)}] for n in range(HISTORY_EVENTS + 1)]
    assert all(ack["ok"] for ack in await ada.socket.request_all(say))
    proxy.accept()
    if native:
        connect = await ben.socket.wait_for("connect")
        assert connect.payload["recovered"] is False
    else:
        await ben.socket.reconnect()
        await ben.socket.wait_for("connect")
    snapshot = await ben.socket.ok("join-room", ben.resume_fields())
    assert snapshot["recovered"] is False
    assert "missed" not in snapshot
    assert snapshot["self"]["id"] == ben.id
    assert [m["text"] for m in snapshot["messages"]] == [
        str(n) for n in range(HISTORY_EVENTS + 1 - BACKLOG_MESSAGES, HISTORY_EVENTS + 1)
    ]
    assert ben.texts() == [], "nothing comes before, or beside, the full picture"
    print(f"\n{HISTORY_EVENTS + 1} messages missed: recovered false, {len(snapshot['messages'])} in the new picture")


@pytest.mark.parametrize("both", [True, False], ids=["recovered and resumed", "resumed"])
async def test_at_the_edge_of_the_window_nothing_is_lost(
    js: JsClient, room: OwnRoom, proxy: TcpProxy, both: bool
) -> None:
    ada = await room.enter(js, name="Ada")
    ben = await room.enter(js, proxy.url, name="Ben", **({} if both else {"auth": {"pid": None}}))
    proxy.cut()
    await ada.socket.wait_for("user-updated", lambda p: not p["participant"]["connected"])
    # With the news of Ben's going away, the window is exactly full.
    say = [["send-message", {"roomId": room.id, "text": str(n)}] for n in range(HISTORY_EVENTS - 1)]
    assert all(ack["ok"] for ack in await ada.socket.request_all(say))
    await ben.socket.reconnect()
    await ben.socket.wait_for("connect")
    snapshot = await ben.socket.ok("join-room", ben.resume_fields())
    assert snapshot["recovered"] is True
    heard = [m["payload"]["text"] for m in snapshot["missed"]]
    await js.barrier()
    assert (ben.texts() if both else heard) == [str(n) for n in range(HISTORY_EVENTS - 1)]
    assert (heard if both else ben.texts()) == [], "nothing is told twice"
