"""From pairs to a verdict: the median change, its confidence interval, and whether that excludes a fall."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import comb
from statistics import median
from typing import NamedTuple

CONFIDENCE = 0.95
LEAST_CHANGE = -0.03
"""A fall by more than this is a regression."""

LEAST_PAIRS = 6
"""With fewer, not even the widest interval has 95 %."""


class Verdict(Enum):
    """What the interval says of the least change that is allowed."""

    HOLDS = "holds"
    FALLS = "falls"
    NOT_SHOWN = "not shown"


class Change(NamedTuple):
    """How much more the new server does for the same cost: 0.02 is 2 % more, −0.02 2 % less."""

    middle: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """HOLDS where the whole interval is above the least change, FALLS where all of it is below."""
        if self.low > LEAST_CHANGE:
            return Verdict.HOLDS
        return Verdict.FALLS if self.high < LEAST_CHANGE else Verdict.NOT_SHOWN


def change(ratios: Sequence[float]) -> Change:
    """The median of the pairs' changes, and its interval. A ratio is the old cost of a unit of work to the new one."""
    changes = sorted(ratio - 1 for ratio in ratios)
    rank = interval_rank(len(changes))
    return Change(median(changes), changes[rank - 1], changes[-rank])


def interval_rank(pairs: int) -> int:
    """The k for which the k-th smallest to the k-th largest of so many values is a 95 % interval of their median.

    This is the sign test turned round: each value is as likely above the true median as below, so the number below is
    binomial, and nothing is assumed about how the values are spread. The narrowest that has 95 % or more is taken.
    """
    if pairs < LEAST_PAIRS:
        raise ValueError(f"{pairs} pairs are too few, {LEAST_PAIRS} are the least")
    tail, rank = 0.0, 0
    while True:
        tail += comb(pairs, rank) / 2**pairs
        if 2 * tail > 1 - CONFIDENCE:
            return rank
        rank += 1
