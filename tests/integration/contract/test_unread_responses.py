"""HTTP connections whose clients do not read, or do nothing: what lies in them is counted, bounded, and goes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from server.app import create_app
from server.settings import Settings
from server.transport.engineio.budget import Budget
from server.transport.http import runner as subject
from server.transport.http.runner import Listener, Runner
from tests.support.engine import eventually
from tests.support.pace import PACE

LOOPBACK = "127.0.0.1"
ASK = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWERS = 200
"""More than the kernel takes of them."""

SHORT = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Rig:
    port: int
    listener: Listener
    unread: Budget

    async def open(self) -> socket.socket:
        """A client for which the kernel keeps next to nothing."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, (LOOPBACK, self.port))
        return client

    async def greedy(self) -> socket.socket:
        """One that asks for more than the kernel takes, and reads nothing."""
        client = await self.open()
        await asyncio.get_running_loop().sock_sendall(client, ASK * ANSWERS)
        return client


@asynccontextmanager
async def serving(limit_bytes: int = 0) -> AsyncIterator[Rig]:
    unread = Budget(limit_bytes)
    app = create_app(Settings(_env_file=None, memory_budget_mb=0))  # type: ignore[call-arg]
    runner = Runner(app, None, unread, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, 0).start()
        assert isinstance(runner.server, Listener)
        yield Rig(runner.addresses[0][1], runner.server, unread)
    finally:
        await runner.cleanup()


async def is_cut(client: socket.socket) -> bool:
    """Whether the connection ends once what lies in the kernel was read."""
    loop = asyncio.get_running_loop()
    try:
        while await asyncio.wait_for(loop.sock_recv(client, 1 << 20), 2):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


async def test_what_is_not_read_is_counted_once_and_no_more_of_it_is_made() -> None:
    async with serving() as rig:
        client = await rig.greedy()
        await eventually(lambda: len(rig.unread) == 1, "a slow reader")
        await asyncio.sleep(0.1)
        assert subject.UNREAD_ABOVE_BYTES < rig.unread.used_bytes < 1_048_576
        client.close()
        await eventually(lambda: rig.unread.used_bytes == 0, "its end")


async def test_who_reads_in_the_end_gets_all_of_it_and_counts_no_more() -> None:
    async with serving() as rig:
        client = await rig.greedy()
        await eventually(lambda: len(rig.unread) == 1, "a slow reader")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        loop, read = asyncio.get_running_loop(), bytearray()
        while read.count(b"HTTP/1.1 200") < ANSWERS or not read.endswith(b"}\n"):
            read += await asyncio.wait_for(loop.sock_recv(client, 1 << 22), 5 * PACE)
        await eventually(lambda: rig.unread.used_bytes == 0, "the last byte")
        client.close()


async def test_beyond_the_budget_those_with_the_most_unread_are_cut() -> None:
    async with serving(400_000) as rig:
        clients = [await rig.greedy() for _ in range(12)]
        await eventually(lambda: rig.unread.shed_count > 0, "somebody to give way")
        await eventually(lambda: len(rig.listener.connections) == 12 - rig.unread.shed_count, "their end")
        assert rig.unread.used_bytes <= 400_000
        for client in clients:
            client.close()


async def test_who_does_not_read_at_all_is_cut_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "UNREAD_S", 0.2)
    async with serving() as rig:
        client = await rig.greedy()
        await eventually(lambda: len(rig.unread) == 1, "a slow reader")
        await eventually(lambda: rig.unread.used_bytes == 0, "its end")
        assert await is_cut(client)
        client.close()


async def test_of_connections_between_two_requests_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_IDLE", 3)
    async with serving() as rig:
        clients = []
        for _ in range(5):
            clients.append(await answered(rig))
        assert len(rig.listener.idle) == 3
        assert [not await asyncio.wait_for(c.read(1), 5 * PACE) for c, _ in clients[:2]] == [True, True]
        reader, writer = clients[-1]
        writer.write(SHORT)
        assert await reader.readuntil(b"\r\n\r\n")
        for _, writer in clients:
            writer.close()
        await eventually(lambda: not rig.listener.idle, "their end")


async def answered(rig: Rig) -> tuple[asyncio.StreamReader, Any]:
    """A connection that has had an answer."""
    reader, writer = await asyncio.open_connection(LOOPBACK, rig.port)
    writer.write(SHORT)
    head = await reader.readuntil(b"\r\n\r\n")
    size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    await reader.readexactly(size)
    return reader, writer
