"""Which negotiation of a pair is the current one (protocol page: `negotiationId`, `STALE_NEGOTIATION`).

An offer opens a negotiation in its direction and supersedes the earlier one of the same direction. Two offers that
cross (glare) stay open side by side, as perfect negotiation wants it: the answer decides which of them lives, and
the other one is superseded. A negotiation without an id is passed on unchecked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from rooms.errors import Code, Refused

SUPERSEDED_REMEMBERED = 32
"""Ids of superseded negotiations kept for each pair."""


Mark = tuple[str, ...]
"""Which of what is kept of a room (`signaling.state`) may have changed: a kind of field, and whose."""

OnChange = Callable[[str, Iterable[Mark]], None]
"""Told a room id, and what may have changed there."""


class Kind(StrEnum):
    """The three signals of the protocol."""

    OFFER = "offer"
    ANSWER = "answer"
    CANDIDATE = "ice-candidate"


@dataclass(slots=True)
class _Pair:
    open: dict[str, str] = field(default_factory=dict)  # offerer → id of its unanswered offer
    settled: str | None = None
    superseded: deque[str] = field(default_factory=lambda: deque(maxlen=SUPERSEDED_REMEMBERED))

    def offer(self, offerer: str, negotiation_id: str) -> None:
        earlier = self.open.get(offerer)
        if earlier not in (None, negotiation_id):
            self.superseded.append(earlier)
        if self.settled not in (None, negotiation_id):
            self.superseded.append(self.settled)
            self.settled = None
        self.open[offerer] = negotiation_id

    def answer(self, offerer: str, negotiation_id: str) -> None:
        expected = self.open.get(offerer)
        if expected is not None and expected != negotiation_id:
            raise _stale()
        self.superseded.extend(other for other in self.open.values() if other != negotiation_id)
        self.open.clear()
        self.settled = negotiation_id


class Negotiations:
    """The negotiations of every pair of one room."""

    __slots__ = ("_pairs",)

    def __init__(self) -> None:
        self._pairs: dict[frozenset[str], _Pair] = {}

    def admit(self, kind: Kind, sender: str, target: str, negotiation_id: str | None) -> None:
        """Take note of a signal, or refuse it with STALE_NEGOTIATION."""
        key = frozenset((sender, target))
        pair = self._pairs.get(key)
        if negotiation_id is None:
            if kind is Kind.OFFER:
                self._pairs.pop(key, None)
            return
        if pair is None:
            pair = self._pairs[key] = _Pair()
        if negotiation_id in pair.superseded:
            raise _stale()
        if kind is Kind.OFFER:
            pair.offer(sender, negotiation_id)
        elif kind is Kind.ANSWER:
            pair.answer(target, negotiation_id)

    def forget(self, participant: str) -> list[Mark]:
        """A participant has left for good; returns what is gone."""
        gone = [key for key in self._pairs if participant in key]
        for key in gone:
            del self._pairs[key]
        return [("q", *sorted(key)) for key in gone]


def _stale() -> Refused:
    return Refused(Code.STALE_NEGOTIATION, "A newer negotiation of this pair has replaced this one.")
