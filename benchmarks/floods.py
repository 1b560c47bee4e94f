"""Floods: sockets that send as fast as they can, and come back when they are thrown out; and those that do not read.

Each is an attack as those of `benchmarks.attacks`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Awaitable, Callable

from benchmarks.sockets import ANSWER_LIMIT_S, GONE, UPGRADE, Wire, frame
from tests.support.processes import LOOPBACK

FLOOD_S = 6.0
RECEIVE_BUFFER_BYTES = 4_096
PACKETS = 4_096
"""In one polling body: as many as it may have."""

EMPTY_FRAGMENT = b"\x00\x80\x00\x00\x00\x00"
BEGUN = b"\x01\x81\x00\x00\x00\x004"
ATTACHMENT = b"\x82\x81\x00\x00\x00\x00x"
HELLO = "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"
POLLING = "/socket.io/?EIO=4&transport=polling"

Turn = Callable[[int, str, float], Awaitable[None]]


async def _flood(port: int, addresses: list[str], count: int, turn: Turn) -> list[Wire]:
    """`count` clients that take one turn after the other, until the time is up; they come back whatever happens."""
    until = time.monotonic() + FLOOD_S

    async def one(number: int) -> None:
        while time.monotonic() < until:
            with contextlib.suppress(*GONE, TimeoutError):
                async with asyncio.timeout(until + 1 - time.monotonic()):
                    await turn(port, addresses[number % len(addresses)], until)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(one(number) for number in range(count)))
    return []


async def _pour(wire: Wire, block: bytes, until: float) -> None:
    """Send a block over and over, and throw away what comes back, until it is over for either."""

    async def discard() -> None:
        while await wire.reader.read(65_536):
            pass

    reading = asyncio.create_task(discard())
    try:
        while time.monotonic() < until and not reading.done():
            wire.writer.write(block)
            await wire.writer.drain()
            await asyncio.sleep(0)
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError, *GONE):
            await reading
        wire.abort()


def _pouring(block: bytes) -> Callable[[int, list[str], int], Awaitable[list[Wire]]]:
    async def turn(port: int, address: str, until: float) -> None:
        await _pour(await Wire.connected(port, address), block, until)

    async def attack(port: int, addresses: list[str], count: int) -> list[Wire]:
        return await _flood(port, addresses, count, turn)

    return attack


namespaces = _pouring(frame(b"40/x,") * 64)
"""CONNECT to namespaces that nobody serves."""

connect_cycles = _pouring((frame(b"41") + frame(b"40")) * 32)
"""In and out again."""

crumbs = _pouring(BEGUN + EMPTY_FRAGMENT * 4_000)
"""Messages in fragments that have nothing in them."""

binary_events = _pouring((frame(b'451-7["x",{"_placeholder":true,"num":0}]') + ATTACHMENT) * 64)
"""What this protocol has none of, each to be answered."""

requests = _pouring(frame(b'427["send-message",{"roomId":"x","text":"x"}]') * 64)
"""Requests, far more than a connection may make."""


async def polling_bodies(port: int, addresses: list[str], count: int) -> list[Wire]:
    """POSTs of as many packets as one may have."""
    body = "\x1e".join(['427["x",{}]'] * PACKETS).encode()

    async def turn(port: int, address: str, until: float) -> None:
        wire = await Wire.dial(port, address)
        try:
            wire.writer.write(HELLO.format(path=POLLING).encode())
            opened = (await wire.reader.readuntil(b"}")).decode()
            path = f"{POLLING}&sid={json.loads(opened[opened.index('{') :])['sid']}"
            for data in (b"40", *[body] * 100):
                wire.writer.write(
                    f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
                )
                answer = await wire.reader.readuntil(b"\r\n\r\n")
                if b" 200 " not in answer or time.monotonic() > until:
                    return
        finally:
            wire.abort()

    return await _flood(port, addresses, count, turn)


async def http_requests(port: int, addresses: list[str], count: int) -> list[Wire]:
    """Requests for pages, one behind the other without waiting."""

    async def turn(port: int, address: str, until: float) -> None:
        await _pour(await Wire.dial(port, address), HELLO.format(path="/").encode() * 16, until)

    return await _flood(port, addresses, count, turn)


async def handshakes(port: int, addresses: list[str], count: int) -> list[Wire]:
    """WebSockets that are opened and cut at once."""

    async def turn(port: int, address: str, until: float) -> None:
        wire = await Wire.dial(port, address)
        wire.writer.write(UPGRADE.encode() + frame(b"40"))
        await wire.reader.readuntil(b"\r\n\r\n")
        wire.abort()

    return await _flood(port, addresses, count, turn)


async def _dial_deaf(port: int, address: str) -> Wire:
    """A socket for which the kernel keeps next to nothing, and that is not read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    sock.bind((address, 0))
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (LOOPBACK, port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=1_024)
    return Wire(reader, writer)


async def unread_responses(port: int, addresses: list[str], count: int) -> list[Wire]:
    """Connections that ask for a long document again and again, and read nothing of it."""
    wires: list[Wire] = []
    for number in range(count):
        with contextlib.suppress(*GONE):
            wire = await _dial_deaf(port, addresses[number % len(addresses)])
            wire.writer.write(HELLO.format(path="/openapi.json").encode() * 60)
            wires.append(wire)
    await asyncio.sleep(FLOOD_S)
    return wires


async def idle_connections(port: int, addresses: list[str], count: int) -> list[Wire]:
    """Connections that have had an answer, and stay."""
    wires: list[Wire] = []

    async def one(number: int) -> None:
        with contextlib.suppress(*GONE, TimeoutError):
            wire = await Wire.dial(port, addresses[number % len(addresses)])
            wires.append(wire)
            wire.writer.write(HELLO.format(path="/health").encode())
            await asyncio.wait_for(wire.reader.readuntil(b"\r\n\r\n"), ANSWER_LIMIT_S)

    for start in range(0, count, 100):
        await asyncio.gather(*(one(number) for number in range(start, min(count, start + 100))))
    return wires


FLOODS = {
    "namespaces": namespaces,
    "CONNECT cycles": connect_cycles,
    "crumbs": crumbs,
    "binary events": binary_events,
    "requests": requests,
    "polling bodies": polling_bodies,
    "HTTP requests": http_requests,
    "handshakes": handshakes,
}
