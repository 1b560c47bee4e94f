"""Asks each TURN server of a list for an allocation, to say which of them work and why the others do not."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from aioice import stun, turn
from aiortc.rtcicetransport import parse_stun_turn_uri

ALLOCATION_TIMEOUT_S = 5.0
UNAUTHORIZED, QUOTA_REACHED, WRONG_CREDENTIALS = 401, 486, 441


@dataclass(frozen=True, slots=True)
class TurnResult:
    """Whether one TURN URL gave an allocation, after how long, or why not."""

    url: str
    ok: bool
    after_ms: float | None = None
    problem: str | None = None


class Allocation(asyncio.DatagramProtocol):
    """Receives nothing; `closed` says that the allocation has been given back."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


async def check_turn(ice_servers: list[dict[str, Any]]) -> list[TurnResult]:
    """Try every `turn:` and `turns:` URL of an `RTCIceServer` list, all at the same time."""
    tries = [
        _check(url, str(server.get("username", "")), str(server.get("credential", "")))
        for server in ice_servers
        for url in server.get("urls", ())
        if url.startswith(("turn:", "turns:"))
    ]
    return await asyncio.gather(*tries)


async def _check(url: str, username: str, credential: str) -> TurnResult:
    began = time.monotonic()
    try:
        async with asyncio.timeout(ALLOCATION_TIMEOUT_S):
            await _allocate(parse_stun_turn_uri(url), username, credential)
    except TimeoutError:
        return TurnResult(url, False, problem="no answer: is it running, and does the firewall let it through?")
    except stun.TransactionFailed as refused:
        return TurnResult(url, False, problem=_refusal(*refused.response.attributes["ERROR-CODE"]))
    except (OSError, ValueError, stun.TransactionError) as error:
        return TurnResult(url, False, problem=str(error) or type(error).__name__)
    return TurnResult(url, True, after_ms=1000 * (time.monotonic() - began))


async def _allocate(parsed: dict[str, Any], username: str, credential: str) -> None:
    transport, allocation = await turn.create_turn_endpoint(
        Allocation,
        server_addr=(parsed["host"], parsed["port"]),
        username=username,
        password=credential,
        ssl=parsed["scheme"] == "turns",
        transport=parsed["transport"],
    )
    transport.close()
    await allocation.closed.wait()


def _refusal(code: int, reason: str) -> str:
    if code in (UNAUTHORIZED, WRONG_CREDENTIALS):
        return f"{code}: the credentials were refused: TURN_SECRET differs there, or a clock is wrong"
    if code == QUOTA_REACHED:
        return f"{code}: its quota of allocations is used up"
    return f"{code} {reason}"
