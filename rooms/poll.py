"""A poll: one thing, whoever refers to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field


@dataclass(slots=True)
class Poll:
    """A question with options.

    `due_at` and `closes_at` are one moment, by the clock that never steps and by the wall's.
    """

    id: str
    author: str
    question: str
    options: tuple[str, ...]
    multiple: bool
    anonymous: bool
    encrypted: bool
    seq: int = 0
    due_at: float | None = None
    closes_at: float | None = None
    closed: bool = False
    gone: bool = False
    votes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """Its question and options as they are sent: a control character takes six bytes of JSON."""
        return len(json.dumps([self.question, *self.options], ensure_ascii=False, separators=(",", ":")).encode())

    def counts(self) -> list[int]:
        """How many have chosen each option."""
        found = [0] * len(self.options)
        for choices in self.votes.values():
            for choice in choices:
                found[choice] += 1
        return found

    def erase(self) -> None:
        """Nothing of what was asked stays, whoever still refers to it."""
        self.question, self.options, self.gone = "", (), True
        self.votes.clear()
