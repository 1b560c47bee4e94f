"""What was taken back and lies unsent: whoever it waits for reads on, or is cut, so that it lies here no longer.

Only those are looked at for whom something waited when it was taken back, and only until that has left this process.
What the kernel has taken is out of reach: closing the connection lets go of it, too.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from server.transport.engineio.deadlines import Deadlines


class Holder(Hashable, Protocol):
    """For whom something waits."""

    def has_sent(self, mark: int) -> bool:
        """Whether all that waited when this mark was made has left."""

    def progress(self) -> int:
        """Bytes that its client has taken; only the difference of two says something."""

    def stalled(self) -> None:
        """It does not read: cut its connection."""


class _Watch:
    __slots__ = ("first", "last", "looks", "taken")

    def __init__(self, mark: int) -> None:
        self.first = self.last = mark
        self.taken: int | None = None
        """At the first look: where much is taken back at once, a room of a thousand is asked later, and once."""
        self.looks = 0

    def has_left(self, holder: Holder) -> bool:
        """Whether all of it has. Whoever took the first part of it reads, and has as long for the rest."""
        if not holder.has_sent(self.first):
            return False
        if self.first == self.last or holder.has_sent(self.last):
            return True
        self.first, self.taken, self.looks = self.last, None, 0
        return False


class Recalls:
    """Cuts whoever takes less than `least_bytes` in `looks` looks, one every `look_s` seconds.

    Looks are counted and not seconds: while this process stands still itself, nobody is slow.
    """

    __slots__ = ("_due", "_least_bytes", "_looks", "_watches", "cut_count")

    def __init__(self, look_s: float, looks: int, least_bytes: int) -> None:
        self._looks = looks
        self._least_bytes = least_bytes
        self._watches: dict[Holder, _Watch] = {}
        self._due: Deadlines[Holder] = Deadlines(look_s, self._look)
        self.cut_count = 0
        """Connections that were cut, since the start."""

    def __len__(self) -> int:
        return len(self._watches)

    def watch(self, holder: Holder, mark: int) -> None:
        """All up to this mark is to leave. Who is watched already gets no more time before something was taken."""
        watch = self._watches.get(holder)
        if watch is not None:
            watch.last = mark
            return
        self._watches[holder] = _Watch(mark)
        self._due.add(holder)

    def discard(self, holder: Holder) -> bool:
        """It has ended, or nothing waits for it any more; whether it was watched."""
        if self._watches.pop(holder, None) is None:
            return False
        self._due.discard(holder)
        return True

    def clear(self) -> None:
        """The engine is going down."""
        self._watches.clear()
        self._due.clear()

    def _look(self, holder: Holder) -> None:
        watch = self._watches[holder]
        if watch.has_left(holder):
            del self._watches[holder]
            return
        taken = holder.progress()
        if watch.taken is None:
            watch.taken = taken
        if taken - watch.taken >= self._least_bytes:
            watch.taken, watch.looks = taken, 0
        else:
            watch.looks += 1
            if watch.looks >= self._looks:
                del self._watches[holder]
                self.cut_count += 1
                holder.stalled()
                return
        self._due.add(holder)
