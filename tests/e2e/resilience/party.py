"""Twenty people in five rooms, each with the Mayfly client, whose server moves under them, and what they end with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.resilience.api import Api, OwnRoom, api_of
from tests.support.node import NodeScript, node_script
from tests.support.pace import PACE
from tests.support.processes import ServerProcess
from tests.support.proxy import TcpProxy, tcp_proxy

PEOPLE = Path(__file__).parent / "moving.mjs"
ROOMS, IN_A_ROOM = 5, 4
GRACE_S = 6.0
OVERLAP_S = 8.0
AWAY_AT_MOST_S = 5.0 * PACE
SETTLED_WITHIN_S = 20.0 * PACE
STEADY = {"SEAT_GRACE_S": str(GRACE_S), "EVENTS_PER_S": "0", "LOG_LEVEL": "info", "EMPTY_ROOM_TTL_S": "300"}

Report = dict[str, dict[str, Any]]


@dataclass
class Party:
    """Twenty people in five rooms, who reach whatever server the proxy leads to."""

    script: NodeScript
    proxy: TcpProxy
    api: Api
    rooms: list[OwnRoom] = field(default_factory=list)
    spent: list[str] = field(default_factory=list)
    ended: OwnRoom | None = None
    before: Report = field(default_factory=dict)

    def link(self, room: OwnRoom, secret: str = "") -> str:
        return f"{self.proxy.url}/r/{room.id}#{secret}"

    async def report(self) -> Report:
        found: Report = await self.script.call("report")
        return {name: person for name, person in found.items() if name.startswith("seat")}

    async def moved(self, at_least: int = 1) -> Report:
        """Wait until everybody has been away and is back; what they say then."""
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while True:
            found = await self.report()
            if all(p["moves"] >= at_least and p["status"] == "joined" for p in found.values()):
                return found
            assert time.monotonic() < deadline, {n: (p["moves"], p["status"], p["error"]) for n, p in found.items()}
            await asyncio.sleep(0.05)


async def gather(party: Party) -> None:
    """Fill the rooms. In each a one-use invite is spent, and somebody is banned; a sixth room is ended."""
    for number in range(ROOMS):
        room = await party.api.room(capacity=IN_A_ROOM + 1)
        party.rooms.append(room)
        await party.script.call("join", name=f"seat {number} host", link=party.link(room, f"key={room.host_key}"))
        invite = await room.invite()
        party.spent.append(invite)
        await party.script.call("join", name=f"seat {number} guest", link=party.link(room, f"invite={invite}"))
        for more in range(IN_A_ROOM - 2):
            # One in each room is behind a proxy that lets no WebSocket through.
            how = {"transports": ["polling"]} if more == 0 else {}
            await party.script.call("join", name=f"seat {number} {more}", link=party.link(room), **how)
        rude = await party.script.call("join", name=f"rude {number}", link=party.link(room))
        await party.script.call("ban", name=f"seat {number} host", participantId=rude["self"]["id"])
    party.ended = await party.api.room()
    assert (await party.ended.call("DELETE")).status == 200
    party.before = await party.report()
    assert len(party.before) == ROOMS * IN_A_ROOM


@asynccontextmanager
async def party_at(server: ServerProcess) -> AsyncIterator[Party]:
    with tcp_proxy(server.port) as proxy:
        async with party_behind(proxy) as party:
            yield party


@asynccontextmanager
async def party_behind(proxy: TcpProxy) -> AsyncIterator[Party]:
    """Everybody in, at whatever servers the proxy leads to."""
    async with node_script(PEOPLE) as script, api_of(proxy.url) as api:
        party = Party(script, proxy, api)
        await gather(party)
        yield party


async def check_kept(party: Party, after: Report, api: Api) -> None:
    """Seats, roles, spent invites, bans and ends are as they were acknowledged, and people hear each other."""
    assert {name: p["self"] for name, p in after.items()} == {name: p["self"] for name, p in party.before.items()}
    for number, (room, invite) in enumerate(zip(party.rooms, party.spent, strict=True)):
        link = party.link(room, f"invite={invite}")
        assert await party.script.call("refused", name=f"late {number}", link=link) == "INVITE_USED"
        assert await party.script.call("refused", name=f"rude again {number}", link=party.link(room)) == "BANNED"
        await party.script.call("say", name=f"seat {number} host", text=f"after the move {number}")
        assert len((await room.call("GET", "/users")).body["participants"]) == IN_A_ROOM
    assert party.ended is not None
    ended = await api.call("GET", f"/api/rooms/{party.ended.id}")
    assert (ended.status, ended.code) == (410, "ROOM_ENDED")
    await hear(party)


async def hear(party: Party) -> None:
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while True:
        found = await party.report()
        texts = {name: [text for text, _ in p["texts"]] for name, p in found.items()}
        if all(f"after the move {name.split()[1]}" in heard for name, heard in texts.items()):
            return
        assert time.monotonic() < deadline, texts
        await asyncio.sleep(0.05)


def longest(after: Report) -> float:
    return max(p["longestMs"] for p in after.values()) / 1000
