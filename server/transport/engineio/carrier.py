"""What a session asks of its transport."""

from __future__ import annotations

from typing import Protocol

from server.transport.engineio.outbox import Outbox


class Carrier(Protocol):
    """What carries a session: polling or a WebSocket."""

    name: str

    def trust(self) -> None:
        """The client is connected: take longer messages."""

    def flush(self, outbox: Outbox) -> None:
        """Send what waits, as far as the transport takes it."""

    def has_taken_all(self, outbox: Outbox) -> bool:
        """Whether the client has taken nearly all that it was sent. Where not, the session is told once it has."""

    def hold_reading(self) -> None:
        """Take nothing more from the client for now."""

    def resume_reading(self) -> None:
        """Take from the client again."""

    def close(self, outbox: Outbox, code: int, text: str, final: bytes, *, linger: bool) -> None:
        """Send what waits, then close: a WebSocket with a code and a text, polling with a last packet.

        `linger` keeps what waits for a polling client that is between two polls.
        """

    def abort(self) -> None:
        """Cut the connection; what waits is lost."""
