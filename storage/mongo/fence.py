"""What keeps a process that has lost its lease from writing: generations in the documents and in every filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from rooms.ports import NotOwner
from storage.documents import Document


def _nobody() -> None:
    """Nobody wants to know."""


class Fence:
    """The generation under which a store writes. 0: nobody uses the lease, as where tests look at a store alone."""

    def __init__(self) -> None:
        self.generation = 0
        self.on_refused: Callable[[], None] = _nobody

    @property
    def stamp(self) -> Document:
        """What each document carries."""
        return {"generation": self.generation}

    @property
    def not_later(self) -> Document:
        """A filter: what no later owner has taken. Documents of versions without a lease count as the oldest."""
        return {"generation": {"$not": {"$gt": self.generation}}}

    @property
    def later(self) -> Document:
        """A filter: what a later owner has taken."""
        return {"generation": {"$gt": self.generation}}

    def refuse(self) -> NoReturn:
        """A write has met a later owner: this process has lost the lease. Raises `NotOwner`."""
        self.on_refused()
        raise NotOwner("another process owns the rooms")

    def check(self, document: Any) -> None:
        """Raise `NotOwner` where a document, or None, is of a later owner."""
        if document is not None and document.get("generation", 0) > self.generation:
            self.refuse()
