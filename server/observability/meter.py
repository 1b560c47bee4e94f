"""Counts and times the requests of sockets: between the namespace and the dispatcher, for every message.

A message costs it two looks at the clock, one look-up and three additions, a fraction of a microsecond
(`tests/unit/server/test_meter.py` measures it). Whatever is answered later or refused goes the longer way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter
from typing import Any

from server.observability.histogram import Histogram
from server.protocol.acknowledgements import OUTCOMES, Outcome, Refusal
from server.protocol.decoding import Decoded

UNKNOWN = "unknown"
JOIN = "join-room"

Handle = Callable[[Any, str, list[Any] | Decoded], Outcome | Awaitable[Outcome]]


class Answers:
    """What became of the requests of one event."""

    __slots__ = ("refused", "seconds")

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        """By error code."""
        self.seconds = Histogram()

    @property
    def granted(self) -> int:
        """How many were not refused. Each is timed, so that the hot path has one thing to count."""
        return self.seconds.count - sum(self.refused.values())

    def outcomes(self) -> dict[str, int]:
        """outcome → how many, as labels have it."""
        refused = {code.lower(): count for code, count in self.refused.items()}
        granted = self.granted
        return {"ok": granted, **refused} if granted else refused


class Meter:
    """`request` takes the place of the dispatcher's `handle`."""

    def __init__(self, handle: Handle, events: Iterable[str]) -> None:
        self._handle = handle
        self._unknown = Answers()
        self.events = {name: Answers() for name in events} | {UNKNOWN: self._unknown}
        """event → its answers. What a client calls an event by another name is `unknown`."""
        self.joins: Counter[str] = Counter()
        self.resumes: Counter[str] = Counter()
        """By result, those of `join-room`."""

    def outcomes(self) -> Counter[str]:
        """Requests of all events by outcome: `ok`, or the error code."""
        every: Counter[str] = Counter()
        for answers in self.events.values():
            every.update(answers.refused)
            every["ok"] += answers.granted
        return +every  # without those that never were

    def request(self, connection: Any, event: str, args: list[Any] | Decoded) -> Outcome | Awaitable[Outcome]:
        """Have a request answered."""
        started = perf_counter()
        outcome = self._handle(connection, event, args)
        if type(outcome) is dict:
            # Only what is an event's name is granted.
            seconds = self.events[event].seconds
            spent = perf_counter() - started
            seconds.total_s += spent
            seconds.counts[int(spent * 1e6).bit_length()] += 1
            return outcome
        if isinstance(outcome, OUTCOMES):
            self._note(event, args, outcome, started)
            return outcome
        return self._later(event, args, outcome, started)

    async def _later(
        self, event: str, args: list[Any] | Decoded, waiting: Awaitable[Outcome], started: float
    ) -> Outcome:
        outcome = await waiting
        self._note(event, args, outcome, started)
        return outcome

    def _note(self, event: str, args: list[Any] | Decoded, outcome: Outcome, started: float) -> None:
        answers = self.events.get(event, self._unknown)
        answers.seconds.observe(perf_counter() - started)
        result = "ok"
        if isinstance(outcome, Refusal):
            code = str(outcome.error["code"])
            answers.refused[code] += 1
            result = code.lower()
        if event == JOIN:
            joins = self.resumes if _resumes(args) else self.joins
            joins[result] = joins.get(result, 0) + 1


def _resumes(args: list[Any] | Decoded) -> bool:
    if isinstance(args, tuple):
        return args[1].resume is not None
    said = args[0] if args else None
    return isinstance(said, dict) and said.get("resume") is not None
