"""A message: one thing, whoever refers to it. History, backlog, replay and log all hold this one, so a change shows
everywhere and what is erased is gone everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from rooms.extras import NO_EXTRAS, Extras
from rooms.limits import CHAR_BYTES, EVENT_OVERHEAD_BYTES, REACTION_BYTES

DeleteReason = Literal["deleted", "moderated", "expired", "viewed"]
"""Why a message is gone while its room goes on."""

AT_DIGITS = 12
"""Hexadecimal digits of the milliseconds in a message's id."""

ID_HEAD_CHARS = AT_DIGITS + 8
"""Characters of an id before the epoch: the milliseconds and the `seq`."""


def message_id(seq: int, at: float, epoch: str) -> str:
    """An id that sorts in the order of sending within its room: milliseconds, then `seq`, then the room's epoch.

    `at` never goes back, whatever is done to the wall clock. The id is made where it is told and not kept, one string
    less for each message that a room remembers.
    """
    return f"{_hexadecimal(int(at * 1000))}{seq & 0xFFFFFFFF:08x}{epoch}"


@lru_cache(maxsize=64)
def _hexadecimal(at_ms: int) -> str:
    # A busy server makes many ids in a millisecond, and to write it was a fortieth of what a message costs.
    return f"{at_ms:0{AT_DIGITS}x}"


def sent_at(message_id: str) -> float:
    """The `at` of which an id was made, to the millisecond; 0 where it was not made here."""
    try:
        return int(message_id[:AT_DIGITS], 16) / 1000
    except ValueError:
        return 0.0


def seq_in(message_id: str) -> int:
    """The `seq` of which an id was made; 0, which no message has, where it was not made here."""
    try:
        return int(message_id[AT_DIGITS:ID_HEAD_CHARS], 16)
    except ValueError:
        return 0


@dataclass(slots=True)
class Once:
    """Who may see a message that is seen once: those who were seated when it was sent.

    `viewed`: who has seen it, and until when it is shown to them again; `waiting`: who has not.
    """

    audience: frozenset[str]
    waiting: set[str]
    viewed: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Shown:
    """What was seen once, by all who may see it, and is shown a second time to those whose answer was lost."""

    text: str
    extras: Extras
    encrypted: bool
    weight: int
    viewed: dict[str, float]
    """participant → until when"""
    until: float


@dataclass(slots=True)
class More:
    """What few messages have.

    `due_at` and `expires_at` are one moment, by the clock that never steps and by the wall's.
    `from_rest`: its author's own connection was told of it, too. `last_seq` is of the newest event that refers to the
    message, `updated_seq` of the newest that tells of an edit.
    """

    extras: Extras = NO_EXTRAS
    due_at: float | None = None
    expires_at: float | None = None
    edited_at: float | None = None
    once: Once | None = None
    from_rest: bool = False
    reactions: dict[str, dict[str, None]] = field(default_factory=dict)
    last_seq: int = 0
    updated_seq: int = 0

    @property
    def weight(self) -> int:
        """What it counts for in the history, in bytes."""
        people = sum(map(len, self.reactions.values())) + (len(self.once.audience) if self.once is not None else 0)
        return self.extras.weight + REACTION_BYTES * (len(self.reactions) + people)


GONE: Final = More()
"""In place of what an erased message had."""


class Message:
    """Something that somebody said. `to` is set on a private message; `timestamp` is what the wall clock said.

    `at` is a time that never steps, for ages and order. There is no `__init__`: assigning the fields one by one costs
    half of a call with so many keywords, and this is made for each message (`rooms.messages.say`).
    """

    __slots__ = (
        "at",
        "client_message_id",
        "encrypted",
        "epoch",
        "more",
        "position",
        "room_id",
        "sender",
        "sender_name",
        "seq",
        "text",
        "timestamp",
        "to",
    )
    room_id: str
    seq: int
    position: int
    at: float
    epoch: str
    sender: str
    sender_name: str
    text: str
    client_message_id: str | None
    to: str | None
    encrypted: bool
    timestamp: float
    more: More | None

    @property
    def id(self) -> str:
        """The message's id."""
        return message_id(self.seq, self.at, self.epoch)

    @property
    def weight(self) -> int:
        """What it counts for in the history, in bytes."""
        own = EVENT_OVERHEAD_BYTES + CHAR_BYTES * len(self.text)
        return own if self.more is None else own + self.more.weight

    @property
    def gone(self) -> bool:
        """Whether it was erased: whoever still refers to it finds nothing."""
        return self.more is GONE

    @property
    def once(self) -> Once | None:
        """Who may see it, where it is seen once."""
        return self.more.once if self.more is not None else None

    @property
    def extras(self) -> Extras:
        """What it carries besides its text."""
        return self.more.extras if self.more is not None else NO_EXTRAS

    def have_more(self) -> More:
        """What it has that few messages have, made where it had none."""
        if self.more is None:
            self.more = More()
        return self.more

    def is_for(self, participant_id: str) -> bool:
        """Whether this participant may see it. The room's owner, who has no seat, is the empty string."""
        if self.to is not None and participant_id not in (self.to, self.sender):
            return False
        once = self.once
        return once is None or participant_id == self.sender or participant_id in once.audience

    @property
    def audience(self) -> tuple[str, ...] | None:
        """Who may see it, where not everybody may."""
        if self.to is not None:
            return (self.sender, self.to)
        once = self.once
        return None if once is None else (self.sender, *once.audience)

    def erase(self) -> None:
        """Nothing of what was said stays, whoever still refers to it."""
        self.text = self.sender_name = ""
        self.client_message_id = None
        self.more = GONE


Trace = tuple[int, float, str, str | None]
"""What stays of a message whose content is not held any more, so that it can still be deleted: its `seq`, its `at`, its
author and its recipient. A bare tuple: the garbage collector lets go of those, and there are many."""
