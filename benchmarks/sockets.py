"""Raw sockets from chosen addresses of 127.0.0.0/8, as an attacker has them: nothing is read, or sent, unasked."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import struct
from dataclasses import dataclass
from typing import Any

from tests.support.processes import LOOPBACK

MIB = 1_048_576
UPGRADE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
ANSWER_LIMIT_S = 20.0


def frame(payload: bytes, announced: int | None = None) -> bytes:
    """A masked text frame, with a key of zeros; `announced` bytes are promised."""
    size = len(payload) if announced is None else announced
    if size < 126:
        return struct.pack("!BBI", 0x81, 0x80 | size, 0) + payload
    if size < 65_536:
        return struct.pack("!BBHI", 0x81, 0xFE, size, 0) + payload
    return struct.pack("!BBQI", 0x81, 0xFF, size, 0) + payload


class Turned(Exception):
    """The server did not take us; the status says why."""


@dataclass
class Wire:
    """One socket from a chosen address."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int = 0

    @classmethod
    async def dial(cls, port: int, address: str) -> Wire:
        return cls(*await asyncio.open_connection(LOOPBACK, port, local_addr=(address, 0), limit=8 * MIB))

    @classmethod
    async def open(cls, port: int, address: str) -> Wire:
        """A WebSocket before CONNECT. Raises `Turned`, `ConnectionError`, `EOFError`."""
        wire = await cls.dial(port, address)
        wire.writer.write(UPGRADE.encode())
        head = await wire.reader.readuntil(b"\r\n\r\n")
        status = head.split(b" ", 2)[1].decode()
        if status != "101":
            wire.abort()
            raise Turned(status)
        await wire.text()
        return wire

    @classmethod
    async def connected(cls, port: int, address: str) -> Wire:
        wire = await cls.open(port, address)
        wire.writer.write(frame(b"40"))
        while not (await wire.text()).startswith("40"):
            pass
        return wire

    async def text(self) -> str:
        """The next text; heartbeats are answered."""
        while True:
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = struct.unpack("!H", await self.reader.readexactly(2))[0]
            elif size == 127:
                size = struct.unpack("!Q", await self.reader.readexactly(8))[0]
            payload = await self.reader.readexactly(size)
            if first == 0x88:
                raise ConnectionError("closed")
            if payload == b"2":
                self.writer.write(frame(b"3"))
            elif first == 0x81:
                return payload.decode()

    async def request(self, event: str, **payload: Any) -> Any:
        """The acknowledgement of a request."""
        self.number += 1
        self.writer.write(frame(f"42{self.number}{json.dumps([event, payload], ensure_ascii=False)}".encode()))
        start = f"43{self.number}["
        while not (told := await self.text()).startswith(start):
            pass
        return json.loads(told[len(start) - 1 :])[0]

    def abort(self) -> None:
        self.writer.transport.abort()


GONE = (ConnectionError, EOFError, Turned, OSError, asyncio.IncompleteReadError)


async def make_room(port: int, address: str, capacity: int = 8) -> str:
    """The id of a new room. Raises `Turned`."""

    def post() -> str:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=20, source_address=(address, 0))
        with contextlib.closing(connection):
            body = json.dumps({"capacity": capacity})
            connection.request("POST", "/api/rooms", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        if response.status != 201:
            raise Turned(str(response.status))
        return str(answer["roomId"])

    return await asyncio.to_thread(post)
