"""Two calls of the test peer joined by a wire in place of a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from peer.call import Call, CallContext
from peer.connection import ConnectionSettings, MediaMode
from tests.support.pace import PACE

LIMIT_S = 20.0 * PACE


async def until(condition: Callable[[], bool], what: str) -> None:
    deadline = asyncio.get_running_loop().time() + LIMIT_S
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited for {what}"
        await asyncio.sleep(0.02)


class Wire:
    """Passes what one call sends to the other, as the server does: renamed, stamped, in order."""

    def __init__(
        self,
        settings: tuple[ConnectionSettings, ConnectionSettings],
        polite: tuple[bool, bool],
        ice_servers: list[dict[str, Any]],
    ) -> None:
        self._ice_servers = ice_servers
        self.losing: str | None = None
        self.rewrite: Callable[[dict[str, Any]], dict[str, Any]] = lambda fields: fields
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.held: list[tuple[int, str, dict[str, Any]]] | None = None
        self.calls = tuple(
            Call(
                f"p{1 - side}",
                polite=polite[side],
                context=CallContext(settings[side], side + 1, self._sender(side), self._ice),
            )
            for side in (0, 1)
        )

    def _sender(self, side: int) -> Callable[[str, dict[str, Any]], Awaitable[None]]:
        async def send(event: str, fields: dict[str, Any]) -> None:
            self.sent.append((f"p{side}", event, fields))
            if event in (self.losing, "call-state"):  # the latter is for the server alone
                return
            if self.held is None:
                self._deliver(side, event, fields)
            else:
                self.held.append((side, event, fields))

        return send

    def _deliver(self, side: int, event: str, fields: dict[str, Any]) -> None:
        payload = {name: value for name, value in fields.items() if name != "to"} | {"from": f"p{side}"}
        payload = self.rewrite(payload)
        self.calls[1 - side].signal(f"{event}-received", payload)

    def release(self) -> None:
        held, self.held = self.held or [], None
        for side, event, fields in held:
            self._deliver(side, event, fields)

    def events(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        return [(sender, fields) for sender, event, fields in self.sent if event == kind]

    async def _ice(self) -> list[dict[str, Any]]:
        return self._ice_servers


@asynccontextmanager
async def wired(
    first: MediaMode = MediaMode.SEND,
    second: MediaMode = MediaMode.SEND,
    *,
    polite: tuple[bool, bool] = (False, True),
    relay_only: bool = False,
    ice_servers: list[dict[str, Any]] | None = None,
) -> AsyncIterator[Wire]:
    settings = (ConnectionSettings(first, relay_only), ConnectionSettings(second, relay_only))
    wire = Wire(settings, polite, ice_servers or [])
    try:
        yield wire
    finally:
        for call in wire.calls:
            await call.close(None)


def flows(call: Call) -> bool:
    return call.measured.video.frames >= 5 and call.measured.audio.frames >= 5
