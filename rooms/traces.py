"""What is known of messages whose content is not held any more: enough to take them away."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from operator import itemgetter

from rooms.ledger import Ledger
from rooms.limits import MESSAGES_KNOWN, TRACE_BYTES
from rooms.message import Message, Trace


class Traces:
    """By `seq`, the last `MESSAGES_KNOWN`; their bytes are the ledger's. A room without any has not even a list."""

    __slots__ = ("_known", "_ledger")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: deque[Trace] | None = None

    def __len__(self) -> int:
        return 0 if self._known is None else len(self._known)

    def add(self, message: Message) -> None:
        """Nothing holds the content of this message any more."""
        known = self._known
        if known is None:
            known = self._known = deque(maxlen=MESSAGES_KNOWN)
        if known and known[-1][0] > message.seq:
            self._insert(known, message)
            return
        if len(known) < MESSAGES_KNOWN:
            self._ledger.used_bytes += TRACE_BYTES
        known.append((message.seq, message.at, message.sender, message.to))

    def _insert(self, known: deque[Trace], message: Message) -> None:
        # Later messages were let go of before, because nothing referred to them.
        if len(known) == MESSAGES_KNOWN:
            known.popleft()
        else:
            self._ledger.used_bytes += TRACE_BYTES
        place = bisect_left(known, message.seq, key=itemgetter(0))
        known.insert(place, (message.seq, message.at, message.sender, message.to))

    def find(self, seq: int) -> Trace | None:
        """What is known of the message of this `seq`."""
        known = self._known or ()
        place = bisect_left(known, seq, key=itemgetter(0))
        found = known[place] if place < len(known) else None
        return found if found is not None and found[0] == seq else None

    def forget(self, seq: int) -> None:
        """Nothing is to be known any more of the message of this `seq`."""
        known = self._known
        if known is not None and self.find(seq) is not None:
            del known[bisect_left(known, seq, key=itemgetter(0))]
            self._ledger.used_bytes -= TRACE_BYTES

    def clear(self) -> None:
        """Forget all; the ledger is told by whoever holds them."""
        self._known = None
