"""Who says nothing goes; who says what they want gets in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.security.descriptors import Descriptors
from server.transport.http import listener as subject
from server.transport.http.listener import MAX_SILENT_PER_ADDRESS, Door
from tests.support.pace import PACE

LOOPBACK = "127.0.0.1"


class Greeter(asyncio.Protocol):
    """Answers whatever it is handed with that."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data.upper())  # type: ignore[attr-defined]


@asynccontextmanager
async def opened(limit: int = 0) -> AsyncIterator[tuple[Door, int]]:
    door = Door(Greeter, Descriptors(limit))
    server = await asyncio.get_running_loop().create_server(door, LOOPBACK, 0)
    try:
        yield door, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        door.close()
        await asyncio.sleep(0.05)  # transports close in the turns after


async def test_a_head_in_pieces_arrives_in_one() -> None:
    async with opened() as (door, port):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        for piece in (b"get / ", b"http\r\nx: y", b"\r\n\r", b"\nbody"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write(b"more")
        assert await reader.readexactly(24 + 4) == b"GET / HTTP\r\nX: Y\r\n\r\nBODYMORE"[:28]
        assert len(door) == 0
        writer.transport.abort()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX: "], ids=["silent", "half a head"])
async def test_who_says_nothing_is_closed_in_time(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "HEAD_TIMEOUT_S", 0.1)
    async with opened() as (door, port):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(sent)
        with pytest.raises((ConnectionError, EOFError)):
            await asyncio.wait_for(reader.readexactly(1), 5 * PACE)
        assert (len(door), door.closed) == (0, 1)
        writer.transport.abort()


async def test_what_is_no_head_is_handed_over_at_once() -> None:
    async with opened() as (_, port):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"\x16\x03\x01")
        assert await asyncio.wait_for(reader.readexactly(3), 5 * PACE) == b"\x16\x03\x01"
        writer.transport.abort()


async def test_many_that_come_in_one_moment_are_all_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy all have one address: after a deploy honest clients were closed before they had been read."""
    monkeypatch.setattr(subject, "SILENT_S", 60.0)  # the moment may be a long one here
    async with opened() as (door, port):
        pairs = await asyncio.gather(
            *(asyncio.open_connection(LOOPBACK, port) for _ in range(3 * MAX_SILENT_PER_ADDRESS))
        )
        for _, writer in pairs:
            writer.write(b"get / http/1.1\r\n\r\n")
        for reader, writer in pairs:
            assert await asyncio.wait_for(reader.readexactly(5), 5 * PACE) == b"GET /"
            writer.transport.abort()
        assert door.closed == 0


async def test_a_crowd_of_one_address_has_a_bound_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "SILENT_S", 60.0)
    monkeypatch.setattr(subject, "MAX_YOUNG_PER_ADDRESS", 120)
    async with opened() as (door, port):
        pairs = [await asyncio.open_connection(LOOPBACK, port) for _ in range(150)]
        await asyncio.sleep(0.05)
        assert len(door) <= 120
        for _, writer in pairs:
            writer.transport.abort()


async def test_a_crowd_of_one_address_leaves_descriptors_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "SILENT_S", 60.0)
    async with opened(limit=400) as (door, port):
        pairs = [await asyncio.open_connection(LOOPBACK, port) for _ in range(390)]
        await asyncio.sleep(0.05)
        assert len(door) <= MAX_SILENT_PER_ADDRESS
        for _, writer in pairs:
            writer.transport.abort()


async def test_of_one_address_the_oldest_goes_for_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "SILENT_S", 0.0)
    async with opened() as (door, port):
        pairs = [await asyncio.open_connection(LOOPBACK, port) for _ in range(MAX_SILENT_PER_ADDRESS)]
        other = await asyncio.open_connection(LOOPBACK, port, local_addr=("127.0.0.9", 0))
        newest = await asyncio.open_connection(LOOPBACK, port)
        with pytest.raises((ConnectionError, EOFError)):
            await asyncio.wait_for(pairs[0][0].readexactly(1), 5 * PACE)
        for reader, writer in (newest, pairs[1], other):
            writer.write(b"hello\r\n\r\n")
            assert await asyncio.wait_for(reader.readexactly(5), 5 * PACE) == b"HELLO"
        for _, writer in (*pairs, other, newest):
            writer.transport.abort()
        assert door.closed == 1


async def test_where_descriptors_run_out_the_oldest_of_all_goes() -> None:
    async with opened(limit=128) as (door, port):
        pairs = [await asyncio.open_connection(LOOPBACK, port, local_addr=(f"127.0.0.{n}", 0)) for n in range(2, 120)]
        assert door.descriptors.exhausted
        await asyncio.sleep(0.05)
        assert len(door) <= door.descriptors.for_anybody
        reader, writer = pairs[-1]
        writer.write(b"hello\r\n\r\n")
        assert await asyncio.wait_for(reader.readexactly(5), 5 * PACE) == b"HELLO"
        for _, one in pairs:
            one.transport.abort()
