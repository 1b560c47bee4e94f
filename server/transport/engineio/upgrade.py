"""The upgrade from polling to WebSocket (Engine.IO v4, "Upgrade"): `2probe`, `3probe`, then `5`."""

from __future__ import annotations

from server.transport.engineio import packets
from server.transport.engineio.frames import NORMAL, PROTOCOL_ERROR
from server.transport.engineio.polling import PollingCarrier
from server.transport.engineio.session import Session
from server.transport.engineio.websocket import WebSocketCarrier


class TurnedAway:
    """Owns a WebSocket for a session that has one, or has one on its way: it is closed right after its handshake.

    As in the JavaScript server. To a client a refused handshake would be an error, which a closed WebSocket is not.
    """

    def receive(self, packet: str | bytes) -> None:
        """Nothing is taken."""

    def flush(self) -> None:
        """Nothing waits."""

    def taken_all(self) -> None:
        """Nobody waits for it."""

    def receive_head(self, head: str | bytes) -> None:
        """Nothing is taken."""

    def slow(self, buffered_bytes: int) -> None:
        """Nothing waits."""

    def send_frame(self, frame: bytes) -> None:
        """Nothing is sent."""

    def lost(self, reason: str) -> None:
        """Nobody is concerned."""


class Probe:
    """Owns a WebSocket until the upgrade is done or has failed; polling goes on meanwhile."""

    __slots__ = ("_session", "answered", "carrier")

    def __init__(self, session: Session) -> None:
        self._session = session
        self.carrier: WebSocketCarrier | None = None
        self.answered = False
        """Whether the client sees that the WebSocket works, and is about to stop polling."""
        session.probe = self
        session.core.probes.add(self)

    def receive(self, packet: str | bytes) -> None:
        """First the probe, then the upgrade packet; all else ends the attempt, not the session."""
        if self.carrier is None:
            return
        if not self.answered and packet == packets.PROBE_PING:
            self.answered = True
            self.carrier.write(packets.PROBE_PONG_FRAME)
            self._release_poll()
        elif self.answered and packet == packets.UPGRADE:
            self._complete(self.carrier)
        else:
            self._fail(PROTOCOL_ERROR, "upgrade failed")

    def receive_head(self, head: str | bytes) -> None:
        """No packet of an upgrade is long."""
        self.receive(head)

    def slow(self, buffered_bytes: int) -> None:
        """Nothing waits here."""

    def flush(self) -> None:
        """Nothing waits here."""

    def taken_all(self) -> None:
        """Nobody waits for it."""

    def send_frame(self, frame: bytes) -> None:
        """Send at once."""
        if self.carrier is not None:
            self.carrier.write(frame)

    def lost(self, reason: str) -> None:
        """The WebSocket is gone; the session stays on polling."""
        self.carrier = None
        self._forget()

    def timed_out(self) -> None:
        """The upgrade takes too long."""
        self._fail(NORMAL, "upgrade timeout")

    def abandon(self) -> None:
        """The session has ended."""
        self._fail(NORMAL, "")

    def _complete(self, carrier: WebSocketCarrier) -> None:
        self.carrier = None
        self._forget()
        session = self._session
        polling = session.carrier
        carrier.owner = session
        session.core.stats.upgraded += 1
        session.use(carrier)
        if isinstance(polling, PollingCarrier):
            polling.noop()

    def _fail(self, code: int, text: str) -> None:
        self._forget()
        carrier, self.carrier = self.carrier, None
        if carrier is not None:
            carrier.shut(code, text)

    def _release_poll(self) -> None:
        if isinstance(self._session.carrier, PollingCarrier):
            self._session.carrier.noop()

    def _forget(self) -> None:
        self._session.core.probes.discard(self)
        if self._session.probe is self:
            self._session.probe = None
