"""What the parts of the engine need of each other, so that none imports the one that holds it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from multidict import MultiMapping

from server.transport.engineio.outbox import Outbox


class RequestHead(Protocol):
    """What is asked of a request's head; aiohttp's requests have it, and so does `direct.DirectRequest`."""

    @property
    def method(self) -> str:
        """In capitals."""

    @property
    def path(self) -> str:
        """Without the query."""

    @property
    def query_string(self) -> str:
        """Decoded."""

    @property
    def headers(self) -> MultiMapping[str]:
        """By name, in any case."""

    @property
    def scheme(self) -> str:
        """`http` or `https`."""

    @property
    def host(self) -> str:
        """The host that was asked for, with its port."""

    @property
    def remote(self) -> str | None:
        """The peer's network address."""


class Flushable(Protocol):
    """Whose packets wait for the end of the loop turn."""

    def flush(self) -> None:
        """Hand what waits to the transport."""


class Identified(Protocol):
    """A session that is gone."""

    sid: str


class Clocked(Hashable, Protocol):
    """What the engine's clocks ask of a session."""

    def ping(self) -> None:
        """The heartbeat is due."""

    def pong_overdue(self) -> None:
        """No pong came in time."""

    def connect_overdue(self) -> None:
        """The client opened a transport and never spoke Socket.IO."""

    def cancel_command(self) -> None:
        """The running command has had its grace."""


class Abortable(Hashable, Protocol):
    """A connection that is closing."""

    def abort(self) -> None:
        """Cut it."""


class Timed(Hashable, Protocol):
    """An attempt that has a deadline."""

    def timed_out(self) -> None:
        """It takes too long."""


class Upgrade(Timed, Protocol):
    """An upgrade that is under way."""

    answered: bool
    """Whether the client sees that the WebSocket works, and is about to stop polling."""

    def abandon(self) -> None:
        """The session has ended."""


class Carrier(Protocol):
    """What carries a session: polling or a WebSocket."""

    name: str

    def trust(self) -> None:
        """The client is connected: take longer messages."""

    def flush(self, outbox: Outbox) -> None:
        """Send what waits, as far as the transport takes it."""

    def has_taken_all(self, outbox: Outbox) -> bool:
        """Whether the client has taken nearly all that it was sent. Where not, the session is told once it has."""

    def recall(self, outbox: Outbox) -> int:
        """Something was taken back that may wait. Gives a mark behind all that does; 0: nothing waits."""

    def has_sent(self, mark: int, outbox: Outbox) -> bool:
        """Whether all before a mark has left this process."""

    def progress(self) -> int:
        """Bytes that the client has taken; only the difference of two says something."""

    def over(self) -> None:
        """The session has ended, or goes on over another transport: nobody calls this one back any more."""

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


class Owner(Protocol):
    """Who uses a WebSocket: a session, or the probe of an upgrade."""

    def receive(self, packet: str | bytes) -> None:
        """One packet came."""

    def flush(self) -> None:
        """The transport takes more."""

    def taken_all(self) -> None:
        """All that waited is on its way."""

    def lost(self, reason: str) -> None:
        """The WebSocket is over."""

    def receive_head(self, head: str | bytes) -> None:
        """A message came that was too long to be kept: this is how it began."""

    def slow(self, buffered_bytes: int) -> None:
        """The client reads too slowly: so much is in the transport, and more waits from now on. 0: it has caught up."""

    def send_frame(self, frame: bytes) -> None:
        """Queue a frame, within the bounds of the outbox."""
