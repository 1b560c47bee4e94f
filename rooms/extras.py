"""What a message carries besides its text. By themselves because the store reads them by their annotations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rooms.limits import CHAR_BYTES, EVENT_OVERHEAD_BYTES


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that is attached to a message; `content_type` and `name` are unknown where they are sealed."""

    file_id: str
    bytes: int
    content_type: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Extras:
    """What a message may carry besides its text, as its author gave it. The wire's names are these in camelCase.

    `data` is JSON as text, which nothing here looks into; `reply_to` is a message's id.
    """

    kind: str | None = None
    data: str | None = None
    reply_to: str | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def weight(self) -> int:
        """What it counts for in the history, in bytes."""
        return CHAR_BYTES * len(self.data or "") + EVENT_OVERHEAD_BYTES * len(self.attachments)


NO_EXTRAS: Final = Extras()
