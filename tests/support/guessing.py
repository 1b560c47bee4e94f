"""Somebody who guesses over and over, from addresses that a proxy tells of (`X-Forwarded-For`): REST and sockets.

Bounded in count; a server of one's own on 127.0.0.1 alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.sockets import UPGRADE, Wire, frame
from server.security.base32 import random_base32
from tests.support.processes import LOOPBACK

ID_BYTES = 16
AT_ONCE = 50
"""Guesses on their way on one connection."""


@dataclass
class Answers:
    """What guesses were answered: error code (or status) → how often; and how long all of it took, in seconds."""

    codes: Counter[str] = field(default_factory=Counter)
    took_s: float = 0.0


def guess() -> str:
    """A word of the form of ids, keys and tokens."""
    return random_base32(ID_BYTES)


def address(number: int) -> str:
    return f"198.51.{number // 250}.{number % 250 + 1}"


Call = tuple[str, str, str]
"""Method, path and bearer token."""


@dataclass
class Caller:
    """One kept connection for REST calls, from one address."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: str

    @classmethod
    @asynccontextmanager
    async def dialled(cls, port: int, address: str) -> AsyncIterator[Caller]:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            yield cls(reader, writer, address)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def ask(self, call: Call) -> None:
        method, path, key = call
        bearer = f"Authorization: Bearer {key}\r\n" if key else ""
        self.writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {self.address}\r\n{bearer}\r\n".encode()
        )

    async def answer(self) -> str:
        """The error's code, or the status."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        body = await self.reader.readexactly(length)
        status = head.split(" ")[1]
        return str(json.loads(body)["error"]["code"]) if int(status) >= 400 else status


async def by_rest(port: int, count: int, addresses: int, calls: Callable[[], Call]) -> Answers:
    """So many calls, from these addresses side by side."""
    answers, began = Answers(), time.monotonic()

    async def one(number: int) -> None:
        async with Caller.dialled(port, address(number)) as caller:
            for left in _batches(count // addresses):
                for _ in range(left):
                    caller.ask(calls())
                answers.codes.update([await caller.answer() for _ in range(left)])

    await asyncio.gather(*(one(number) for number in range(addresses)))
    answers.took_s = time.monotonic() - began
    return answers


async def by_sockets(port: int, count: int, addresses: int, room: str) -> Answers:
    """So many joins of a room with a guessed password."""
    answers, began = Answers(), time.monotonic()

    async def one(number: int) -> None:
        wire = Wire(*await asyncio.open_connection(LOOPBACK, port))
        told = f"X-Forwarded-For: {address(number)}\r\n\r\n"
        wire.writer.write((UPGRADE.removesuffix("\r\n") + told).encode() + frame(b"40"))
        await wire.reader.readuntil(b"\r\n\r\n")
        while not (await wire.text()).startswith("40"):
            pass
        for left in _batches(count // addresses):
            for _ in range(left):
                request = ["join-room", {"roomId": room, "password": guess()}]
                wire.writer.write(frame(f"421{json.dumps(request)}".encode()))
            for _ in range(left):
                while not (text := await wire.text()).startswith("431["):
                    pass
                told_of = json.loads(text[3:])[0]
                answers.codes["ok" if told_of["ok"] else told_of["error"]["code"]] += 1
        wire.abort()

    await asyncio.gather(*(one(number) for number in range(addresses)))
    answers.took_s = time.monotonic() - began
    return answers


async def delays_s(port: int, kinds: dict[str, Callable[[], Call]], rounds: int) -> dict[str, list[float]]:
    """How long each kind of call takes, asked one after the other in an order of chance, each time anew.

    From a new address every few calls, so that none is refused for those before it.
    """
    found: dict[str, list[float]] = {name: [] for name in kinds}
    for number in range(rounds):
        async with Caller.dialled(port, address(1_000 + number)) as caller:
            for name in secrets.SystemRandom().sample(sorted(kinds), len(kinds)):
                began = time.perf_counter()
                caller.ask(kinds[name]())
                assert await caller.answer() != "RATE_LIMITED"
                found[name].append(time.perf_counter() - began)
    return found


def _batches(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, AT_ONCE)
        count -= AT_ONCE
