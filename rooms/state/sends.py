"""What the senders of messages were told, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from rooms.recent_sends import RecentSends, SendResult


def receipts(sent: RecentSends) -> Iterator[tuple[str, SendResult]]:
    """Every `clientMessageId` with its receipt, oldest first."""
    return chain((sent._older or {}).items(), sent._newer.items())


def oldest_of(sent: RecentSends) -> int:
    """The `seq` of the oldest receipt; there must be one."""
    return next(iter((sent._older or sent._newer).values()))[0]


def sends_of(kept: Iterable[tuple[str, SendResult]]) -> RecentSends:
    """From receipts in any order: the two generations as they were."""
    sent = RecentSends()
    for mark, receipt in sorted(kept, key=lambda one: one[1][0]):
        sent.keep(mark, receipt)
    return sent
