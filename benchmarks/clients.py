"""Many Socket.IO clients in one process: raw non-blocking sockets behind one epoll."""

from __future__ import annotations

import resource
import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from itertools import islice
from types import TracebackType
from typing import Self

from benchmarks.wire import FrameReader, event_frame, masked_text, upgrade_request

HOST = "127.0.0.1"
READ_BYTES = 1 << 20
MAX_EVENTS = 4096
STEP_LIMIT_S = 60.0
"""How long no client may make a step on its way in before the run is given up."""

CONNECT_FRAME = masked_text(b"40")
PONG_FRAME = masked_text(b"3")
ACK_PREFIX = b"431["


class Step(Enum):
    """How far a client has come."""

    CONNECTING = 0
    UPGRADING = 1
    OPENING = 2
    JOINING = 3
    IN = 4


class Client:
    """One connection. Until it is in its room it is driven by what the server says; then the caller drives it."""

    __slots__ = (
        "_head",
        "_request",
        "bytes_in",
        "bytes_out",
        "fd",
        "join_frame",
        "packets",
        "pongs",
        "port",
        "reader",
        "room",
        "sock",
        "step",
    )

    def __init__(self, port: int, room: str, name: str, *, offers_deflate: bool = False) -> None:
        self.port = port
        self._request = upgrade_request(port, offers_deflate=offers_deflate)
        self.room = room
        self.join_frame = event_frame("join-room", {"roomId": room, "name": name})
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fd = self.sock.fileno()
        self.reader = FrameReader()
        self.step = Step.CONNECTING
        self.packets: list[bytes] | None = None  # where set, packets are kept, the answer to the join among them
        self.bytes_in = self.bytes_out = self.pongs = 0  # of what passed `send` and `feed`
        self._head = b""

    def connect(self) -> None:
        """Begin to connect."""
        with suppress(BlockingIOError):
            self.sock.connect((HOST, self.port))

    def send(self, frame: bytes) -> None:
        """Write a frame; the socket is expected to take it whole."""
        if self.sock.send(frame) != len(frame):
            raise ConnectionError("the server does not read")
        self.bytes_out += len(frame)

    def writable(self) -> None:
        """The connection is there."""
        error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, "connect")
        self.send(self._request)
        self.step = Step.UPGRADING

    def feed(self, data: bytes) -> None:
        """Take the next steps that these bytes allow."""
        self.bytes_in += len(data)
        if not data:
            raise ConnectionError(f"the server closed the connection of a client that was {self.step.name}")
        if self.step is Step.UPGRADING:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(f"no upgrade: {head[:80]!r}")
            self.step, self._head = Step.OPENING, b""
        for packet in self.reader.feed(data):
            self._packet(packet)

    def _packet(self, packet: bytes) -> None:
        if packet == b"2":
            self.send(PONG_FRAME)
            self.pongs += 1
        elif self.step is Step.OPENING and packet[:1] == b"0":
            self.send(CONNECT_FRAME)
        elif self.step is Step.OPENING and packet[:2] == b"40":
            self.send(self.join_frame)
            self.step = Step.JOINING
        elif self.step is Step.JOINING and packet.startswith(ACK_PREFIX):
            if not packet.startswith(b'431[{"ok":true'):
                raise ConnectionError(f"join refused: {packet[:200]!r}")
            self.step = Step.IN
            if self.packets is not None:
                self.packets.append(packet)
        elif self.packets is not None:
            self.packets.append(packet)


class Fleet:
    """The clients of one run, and the one epoll that watches them."""

    def __init__(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.epoll = select.epoll()
        self.by_fd: dict[int, Client] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for client in self.by_fd.values():
            client.sock.close()
        self.epoll.close()

    def bring_in(self, clients: Sequence[Client], at_once: int) -> None:
        """Connect and join all, never more than `at_once` on their way."""
        waiting = iter(clients)
        coming: set[Client] = set()
        while True:
            for client in islice(waiting, at_once - len(coming)):
                self._start(client)
                coming.add(client)
            if not coming:
                return
            if not self.turn(STEP_LIMIT_S):
                raise TimeoutError(f"{len(coming)} clients do not come in")
            coming = {client for client in coming if client.step is not Step.IN}

    def settle(self, quiet_s: float = 0.3, limit_s: float = 60.0) -> None:
        """Read until nothing has come for `quiet_s`."""
        deadline = time.monotonic() + limit_s
        while self.turn(quiet_s):
            if time.monotonic() > deadline:
                raise TimeoutError("the server does not fall silent")

    def read_for(self, seconds: float) -> None:
        """Read, frame by frame, for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.turn(left)

    def read_until(self, done: Callable[[], bool], limit_s: float = 30.0) -> None:
        """Read, frame by frame, until `done()`."""
        deadline = time.monotonic() + limit_s
        while not done():
            self.turn(0.1)
            if time.monotonic() > deadline:
                raise TimeoutError("not everything came")

    def turn(self, timeout_s: float) -> int:
        """Wait for something to happen and handle it frame by frame; returns at how many sockets it did."""
        events = self.epoll.poll(timeout_s, MAX_EVENTS)
        for fd, _ in events:
            client = self.by_fd[fd]
            if client.step is Step.CONNECTING:
                client.writable()
                self.epoll.modify(fd, select.EPOLLIN)
            else:
                client.feed(client.sock.recv(READ_BYTES))
        return len(events)

    def _start(self, client: Client) -> None:
        self.by_fd[client.fd] = client
        client.connect()
        self.epoll.register(client.fd, select.EPOLLOUT)
