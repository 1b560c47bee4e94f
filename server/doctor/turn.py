"""Asking STUN and TURN servers as a browser would (RFC 8489, RFC 8656): a binding, or an allocation with credentials.

Blocking, with time-outs: for a thread.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

TIMEOUT_S = 3.0
TRIES = 2
"""Over UDP a request may be lost."""

COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
BINDING, ALLOCATE = 0x0001, 0x0003
SUCCESS, ERROR = 0x0100, 0x0110
USERNAME, INTEGRITY, ERROR_CODE, REALM, NONCE, TRANSPORT = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015, 0x0019
UDP_RELAY = struct.pack("!BBBB", 17, 0, 0, 0)
URL = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>\[[^\]]+\]|[^:?]+)(:(?P<port>\d+))?(\?transport=(?P<transport>\w+))?"
)

Attributes = Mapping[int, bytes]


class Reply(NamedTuple):
    """The kind of an answer (`SUCCESS` or `ERROR`) and what it carries."""

    kind: int
    attributes: Attributes

    @property
    def code(self) -> int:
        """The error code, such as 401; 0 where there is none."""
        value = self.attributes.get(ERROR_CODE, b"")
        return value[2] % 8 * 100 + value[3] if len(value) >= 4 else 0


class NoAnswer(Exception):
    """The server cannot be reached, or answers something else."""


def bind(url: str) -> None:
    """Ask a STUN server for a binding. Raises `NoAnswer`."""
    if _exchange(url, lambda ask: ask(BINDING, {})).kind != SUCCESS:
        raise NoAnswer("it refuses a binding")


def allocate(url: str, username: str, password: str) -> int:
    """Ask a TURN server for an allocation: 0 where it is granted, else the error code. Raises `NoAnswer`."""

    def talk(ask: Callable[..., Reply]) -> Reply:
        first: Reply = ask(ALLOCATE, {TRANSPORT: UDP_RELAY})
        if first.code != 401:
            return first
        realm, nonce = first.attributes.get(REALM, b""), first.attributes.get(NONCE, b"")
        key = hashlib.md5(b":".join((username.encode(), realm, password.encode())), usedforsecurity=False).digest()
        said = {TRANSPORT: UDP_RELAY, USERNAME: username.encode(), REALM: realm, NONCE: nonce}
        return ask(ALLOCATE, said, key)

    reply = _exchange(url, talk)
    return 0 if reply.kind == SUCCESS else reply.code or 400


def _exchange(url: str, talk: Callable[[Callable[..., Reply]], Reply]) -> Reply:
    found = URL.fullmatch(url)
    if found is None:
        raise NoAnswer("it is no such URL")
    secure, host = found["scheme"].endswith("s"), found["host"].strip("[]")
    over_tcp = secure or found["transport"] == "tcp"
    try:
        with _connect(host, int(found["port"] or (5349 if secure else 3478)), over_tcp=over_tcp, secure=secure) as sock:
            return talk(lambda *request: _ask(sock, *request, over_tcp=over_tcp))
    except ssl.SSLError as error:
        raise NoAnswer(f"TLS fails ({error.reason})") from None
    except OSError as error:
        raise NoAnswer("no answer" if isinstance(error, TimeoutError) else error.strerror or "no answer") from None


def _connect(host: str, port: int, *, over_tcp: bool, secure: bool) -> socket.socket:
    if over_tcp:
        sock = socket.create_connection((host, port), TIMEOUT_S)
        return ssl.create_default_context().wrap_socket(sock, server_hostname=host) if secure else sock
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(family, kind, protocol)
    sock.settimeout(TIMEOUT_S)
    sock.connect(address)
    return sock


def _ask(sock: socket.socket, method: int, said: Attributes, key: bytes | None = None, *, over_tcp: bool) -> Reply:
    transaction = os.urandom(12)
    request = _message(method, transaction, said, key)
    for attempt in range(TRIES):
        sock.sendall(request)
        try:
            return _read(_receive(sock, over_tcp=over_tcp), method, transaction)
        except TimeoutError:
            if over_tcp or attempt == TRIES - 1:
                raise
    raise NoAnswer("no answer")


def _message(method: int, transaction: bytes, said: Attributes, key: bytes | None) -> bytes:
    body = b"".join(_attribute(kind, value) for kind, value in said.items())
    if key is None:
        return HEADER.pack(method, len(body), COOKIE, transaction) + body
    signed = HEADER.pack(method, len(body) + 24, COOKIE, transaction) + body
    return signed + _attribute(INTEGRITY, hmac.digest(key, signed, hashlib.sha1))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


def _receive(sock: socket.socket, *, over_tcp: bool) -> bytes:
    if not over_tcp:
        return sock.recv(2_048)
    head = _exactly(sock, HEADER.size)
    return head + _exactly(sock, HEADER.unpack(head)[1])


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise NoAnswer("it closes the connection")
        data += more
    return data


def _read(data: bytes, method: int, transaction: bytes) -> Reply:
    if len(data) < HEADER.size:
        raise NoAnswer("it answers something else")
    kind, _, cookie, answered = HEADER.unpack_from(data)
    if cookie != COOKIE or answered != transaction or kind & ~ERROR != method:
        raise NoAnswer("it answers something else")
    attributes, at = {}, HEADER.size
    while at + 4 <= len(data):
        name, size = struct.unpack_from("!HH", data, at)
        attributes[name] = data[at + 4 : at + 4 + size]
        at += 4 + size + (-size % 4)
    return Reply(kind & ERROR, attributes)
