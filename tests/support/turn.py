"""A real TURN server (coturn) that takes the time-limited credentials of its `use-auth-secret` scheme."""

from __future__ import annotations

import secrets

from tests.support.processes import LOOPBACK, Service, launch

REALM = "mayfly.test"
# Relay ports: away from the ephemeral range, so that they are not taken by other tests' sockets.
MIN_RELAY_PORT = 20_000
MAX_RELAY_PORT = 29_999


class TurnServer(Service):
    """coturn on UDP and TCP of one port, relaying between addresses of the loopback interface."""

    def __init__(self, port: int) -> None:
        super().__init__(port, ["turnserver"])
        self.secret = secrets.token_hex(16)
        config = self.folder / "turnserver.conf"
        config.write_text(
            f"listening-port={port}\n"
            f"listening-ip={LOOPBACK}\n"
            f"relay-ip={LOOPBACK}\n"
            f"min-port={MIN_RELAY_PORT}\nmax-port={MAX_RELAY_PORT}\n"
            "allow-loopback-peers\n"
            f"use-auth-secret\nstatic-auth-secret={self.secret}\nrealm={REALM}\n"
            "fingerprint\nno-cli\nno-tls\nno-dtls\nno-stdout-log\nverbose\n"
            f"log-file={self.folder / 'turn.log'}\nsimple-log\n"
            f"pidfile={self.folder / 'turn.pid'}\nuserdb={self.folder / 'turn.db'}\n"
        )
        self.command += ["-c", str(config)]

    @property
    def urls(self) -> list[str]:
        """For `TURN_URLS` (joined by commas) and for `RTCIceServer.urls`."""
        return [f"turn:{LOOPBACK}:{self.port}?transport={transport}" for transport in ("udp", "tcp")]

    def allocations(self) -> str:
        """What coturn says of sessions and allocations, for assertions about who was let in."""
        path = self.folder / "turn.log"
        return path.read_text(errors="replace") if path.exists() else ""


def start_turn() -> TurnServer:
    """A running coturn; the caller ends it with `close()`."""
    return launch(TurnServer)
