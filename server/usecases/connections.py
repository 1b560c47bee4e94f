"""What the server knows of a live connection, and how fast it may ask."""

from __future__ import annotations

from dataclasses import dataclass, field

from server.security.throttles import TokenBucket

BURST_FACTOR = 4
"""A connection may save up this many seconds' worth of requests (protocol page, `EVENTS_PER_S`)."""


@dataclass(slots=True)
class Transport:
    """What a client cannot be rid of by a DISCONNECT and another CONNECT on one Engine.IO session."""

    bucket: TokenBucket
    removed_from: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Connection:
    """One Socket.IO connection. `id` is the Engine.IO session id and never leaves the server.

    `address` is the client's network address. `private_id` is the secret by
    which socket.io-client asks for connection state recovery.
    """

    id: str
    address: str
    private_id: str
    bucket: TokenBucket
    recovered: bool = False
    alive: bool = True
    removed_from: set[str] = field(default_factory=set)
    """ids of rooms that it was kicked out of: it does not come straight back. Its transport's own."""
