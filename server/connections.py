"""What the server knows of a live connection, and how fast it may ask."""

from __future__ import annotations

from dataclasses import dataclass, field

from rooms.errors import Code, Refused

BURST_FACTOR = 4
"""A connection may save up this many seconds' worth of requests (protocol page, `EVENTS_PER_S`)."""


@dataclass(slots=True)
class TokenBucket:
    """`rate` a second, up to `burst` at once; a rate of 0 means no limit. Times are seconds of any clock."""

    rate: float
    burst: float
    tokens: float
    at: float

    def take(self, now: float) -> float:
        """Take one token; returns 0, or the seconds until there is one."""
        if self.rate <= 0:
            return 0.0
        tokens = self.tokens + (now - self.at) * self.rate
        if tokens > self.burst:
            tokens = self.burst
        self.at = now
        if tokens < 1.0:
            self.tokens = tokens
            return (1.0 - tokens) / self.rate
        self.tokens = tokens - 1.0
        return 0.0


def bucket(rate: float, burst: float, now: float) -> TokenBucket:
    """A full bucket."""
    return TokenBucket(rate, burst, burst, now)


def too_many(wait_s: float) -> Refused:
    """The refusal of a request that came too early."""
    return Refused(Code.RATE_LIMITED, "Too many requests.", retry_after_ms=max(1, int(wait_s * 1000) + 1))


@dataclass(slots=True)
class Transport:
    """What a client cannot be rid of by a DISCONNECT and another CONNECT on one Engine.IO session."""

    bucket: TokenBucket
    put_out: set[str] = field(default_factory=set)


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
    sent_from: dict[str, int] = field(default_factory=dict)
    """room id → the position from which on this connection was sent everything it is entitled to"""
    recovered_from: dict[str, int] = field(default_factory=dict)
    """room id → the `seq` after which connection state recovery has sent everything on this connection"""
    put_out: set[str] = field(default_factory=set)
    """ids of rooms that it was kicked out of: it does not come straight back. Its transport's own."""
