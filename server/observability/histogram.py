"""A histogram of durations that costs one addition: its buckets are powers of two microseconds."""

from __future__ import annotations

FIRST, LAST, STEP = 4, 24, 2
"""The shown buckets, as powers of two microseconds: 16 µs, 64 µs, … 1.05 s, 4.2 s, 16.8 s."""

SLOTS = 64
"""More than the bits of the longest duration there can be, so that none has to be clipped."""


class Histogram:
    """`counts[n]`: durations of less than `2**n` µs that are in no earlier slot.

    The hot path (`server.observability.meter`) adds to the two attributes itself; others call `observe`.
    """

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * SLOTS
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.total_s += seconds
        self.counts[int(seconds * 1e6).bit_length() if seconds > 0 else 0] += 1

    @property
    def count(self) -> int:
        """How many durations."""
        return sum(self.counts)

    def buckets(self) -> list[tuple[str, float]]:
        """`(le, how many)`, each with all before it, as the exposition format wants them; `le` in seconds."""
        found: list[tuple[str, float]] = []
        for power in range(FIRST, LAST + 1, STEP):
            found.append((repr(2**power / 1e6), sum(self.counts[: power + 1])))
        return [*found, ("+Inf", self.count)]

    def quantile(self, share: float) -> float:
        """Seconds that this share of all durations stayed below, to the next power of two; 0 where there are none."""
        wanted, seen = share * self.count, 0
        for power, count in enumerate(self.counts):
            seen += count
            if count and seen >= wanted:
                return float(2**power / 1e6)
        return 0.0
