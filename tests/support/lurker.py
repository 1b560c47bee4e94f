"""A client, byte by byte, that sends what it likes and reads only when it is told to."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import threading
import time
from typing import Any

from tests.support.engine import ACCEPT, KEY, LIMIT_S, client_frame

RECEIVE_BYTES = 4_096
"""What the kernel may keep for it, about: the rest stays with the server."""


class Lurker:
    """A TCP connection."""

    def __init__(self, made: socket.socket, port: int) -> None:
        self._socket = made
        self._port = port
        self._read = bytearray()

    @classmethod
    async def open(cls, port: int) -> Lurker:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
        return cls(made, port)

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def read(self, size: int = 65_536) -> bytes:
        """Some of what has come; nothing where the connection is over."""
        try:
            return await asyncio.get_running_loop().sock_recv(self._socket, size)
        except ConnectionError:
            return b""

    def sip(self, size: int, every_s: float, enough: threading.Event) -> tuple[bool, float]:
        """Read so much now and then, until it is enough; whether it was cut, and the longest it has not read. Blocks:
        in a thread it reads on whatever the test's own loop does."""
        longest_s, last = 0.0, time.monotonic()
        while not enough.wait(every_s):
            select.select([self._socket], [], [], LIMIT_S)
            try:
                is_cut = not self._socket.recv(size)
            except BlockingIOError:
                continue
            except ConnectionError:
                is_cut = True
            longest_s, last = max(longest_s, time.monotonic() - last), time.monotonic()
            if is_cut:
                return True, longest_s
        return False, longest_s

    async def until(self, end: bytes) -> bytes:
        """All up to this."""
        async with asyncio.timeout(LIMIT_S):
            while (at := self._read.find(end)) < 0:
                data = await self.read()
                assert data, f"the connection is over, before {end!r} came"
                self._read += data
        found = bytes(self._read[: at + len(end)])
        del self._read[: at + len(end)]
        return found

    async def is_cut(self) -> bool:
        """Whether the connection is over once what was under way is read."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while await self.read(1 << 20):
                    pass
        except TimeoutError:
            return False
        return True

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        """A request, without waiting for its answer."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    def close(self) -> None:
        self._socket.close()


class LurkerInRoom(Lurker):
    """One that is in a room, over a WebSocket."""

    async def enter(self, room_id: str, *, deflate: bool = False, **wish: Any) -> None:
        """Ask to join, and read nothing more."""
        extensions = {"Sec_WebSocket_Extensions": "permessage-deflate"} if deflate else {}
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
        path = "/socket.io/?EIO=4&transport=websocket"
        lines = {**upgrade, "Sec_WebSocket_Key": KEY, **extensions}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
        await self.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n{head}\r\n".encode())
        answer = await self.until(b"\r\n\r\n")
        assert ACCEPT.encode() in answer
        assert (b"permessage-deflate" in answer) is deflate
        await self.say("40")
        await self.until(b'"pid"')
        await self.emit("join-room", roomId=room_id, **wish)

    async def say(self, packet: str) -> None:
        await self.send(client_frame(packet.encode()))

    async def emit(self, event: str, **payload: Any) -> None:
        await self.say(f"42{json.dumps([event, payload])}")
