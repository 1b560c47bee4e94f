"""What the server knows of a live connection, and how fast it may ask."""

from __future__ import annotations

from dataclasses import dataclass, field

from server.security.throttles import TokenBucket, bucket

BURST_FACTOR = 4
"""A connection may save up this many seconds' worth of requests (protocol page, `EVENTS_PER_S`)."""

REFUSED_AT_ONCE = 1_000
"""Requests that a connection may make too early before it is closed; it is forgiven as fast as it may ask. Whoever
obeys `retryAfterMs` never comes near: this is for those who do not listen."""


@dataclass(slots=True)
class Transport:
    """What stays with an Engine.IO session, whatever DISCONNECT and CONNECT its client sends on it."""

    bucket: TokenBucket
    """For its requests."""

    patience: TokenBucket | None = None
    """For those that come too early; nearly nobody's do."""

    removed_from: dict[str, None] = field(default_factory=dict)
    """Ids of rooms that it was kicked out of, so that it does not come straight back; an empty set is larger."""

    def tires(self, now: float) -> bool:
        """One more request came too early: whether that was one too many."""
        if self.patience is None:
            self.patience = bucket(self.bucket.rate, REFUSED_AT_ONCE, now)
        return self.patience.take(now) > 0


@dataclass(slots=True)
class Connection:
    """One Socket.IO connection. `id` is the Engine.IO session id and never leaves the server.

    `address` is the client's network address. `private_id` is the secret by
    which socket.io-client asks for connection state recovery.
    """

    id: str
    address: str
    private_id: str
    transport: Transport
    bucket: TokenBucket
    """Its transport's: asked for each request."""

    recovered: bool = False
    alive: bool = True
