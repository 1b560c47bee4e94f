"""How fast somebody may ask: token buckets, and the refusal of whoever asks too early."""

from __future__ import annotations

from dataclasses import dataclass

from rooms.errors import Code, Refused


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
