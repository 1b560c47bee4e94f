"""What the sender of a message was told of it, kept so that a repetition is told the same."""

from __future__ import annotations

from rooms.limits import SENDS_REMEMBERED

SendResult = tuple[int, float, float, int]
"""The message's `seq`, its `at`, its `timestamp`, and how many were connected to get it."""

_NONE: dict[str, SendResult] = {}
"""Of all who have sent nothing yet; never written to."""


class RecentSends:
    """`clientMessageId` → receipt, for the last messages of one seat.

    In two generations: when the newer is full it becomes the older, and the older is dropped as a whole. So nothing is
    looked for, or moved, to make room for one message.
    """

    __slots__ = ("_newer", "_older")

    def __init__(self) -> None:
        self._newer = _NONE
        self._older: dict[str, SendResult] | None = None

    def __len__(self) -> int:
        return len(self._newer) + len(self._older or ())

    def get(self, client_message_id: str) -> SendResult | None:
        """The receipt of a message that was posted under this id, while it is remembered."""
        found = self._newer.get(client_message_id)
        if found is None and self._older is not None:
            return self._older.get(client_message_id)
        return found

    def keep(self, client_message_id: str, send_result: SendResult) -> None:
        """Remember a receipt."""
        if self._newer is _NONE:
            self._newer = {}
        elif len(self._newer) >= SENDS_REMEMBERED:
            self._older, self._newer = self._newer, {}
        self._newer[client_message_id] = send_result
