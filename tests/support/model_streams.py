"""Streams of the model of Redis, as far as inboxes of nodes need them (`storage.redis.inboxes`)."""

from __future__ import annotations

from dataclasses import dataclass, field

Id = tuple[int, int]


@dataclass
class Stream:
    """Entries by their ids, which only grow."""

    entries: list[tuple[Id, list[bytes]]] = field(default_factory=list)
    last: Id = (0, 0)
    groups: set[bytes] = field(default_factory=set)

    def copy(self) -> Stream:
        """As it is now."""
        return Stream(list(self.entries), self.last, set(self.groups))

    def add(self, now_ms: int, fields: list[bytes]) -> bytes:
        """Append, under the next id."""
        self.last = max((now_ms, 0), (self.last[0], self.last[1] + 1))
        self.entries.append((self.last, fields))
        return packed(self.last)

    def after(self, last: Id, count: int) -> list[list[object]]:
        """The next entries, as a reply has them."""
        found = [(one, fields) for one, fields in self.entries if one > last]
        return [[packed(one), fields] for one, fields in found[:count]]

    def trim(self, least: Id) -> int:
        """Drop what is before an id."""
        before = len(self.entries)
        self.entries = [entry for entry in self.entries if entry[0] >= least]
        return before - len(self.entries)


def packed(one: Id) -> bytes:
    """An id as it is on the wire."""
    return b"%d-%d" % one


def id_of(text: bytes) -> Id:
    """The same, read."""
    milliseconds, _, number = text.partition(b"-")
    return int(milliseconds), int(number or 0)
