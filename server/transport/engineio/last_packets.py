"""The last packets of polling sessions that were closed between two polls, kept for the next one."""

from __future__ import annotations

from server.transport.engineio.deadlines import Deadlines


class LastPackets:
    """Session id → the body of its last response, for so many seconds."""

    def __init__(self, linger_s: float) -> None:
        self._bodies: dict[str, bytes] = {}
        self._due: Deadlines[str] = Deadlines(linger_s, self._forget)

    @property
    def without_deadline(self) -> int:
        """How many nobody would ever forget: none."""
        return len(self._bodies) - len(self._due)

    def keep(self, sid: str, body: bytes) -> None:
        """Keep the last packets of a session."""
        self._bodies[sid] = body
        self._due.add(sid)

    def take(self, sid: str) -> bytes | None:
        """What was kept for this session."""
        self._due.discard(sid)
        return self._bodies.pop(sid, None)

    def clear(self) -> None:
        """Forget all: the engine is going down."""
        self._bodies.clear()
        self._due.clear()

    def _forget(self, sid: str) -> None:
        self._bodies.pop(sid, None)
