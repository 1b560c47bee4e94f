"""ICE servers for clients, with time-limited TURN credentials. Standard library only; the time comes in.

The credentials follow "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest-00), in coturn
`use-auth-secret`: the user name carries its own expiry and the password is an HMAC of the user name, so that
the TURN server checks both without asking us.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

STUN_SCHEMES = ("stun:", "stuns:")  # RFC 7064
TURN_SCHEMES = ("turn:", "turns:")  # RFC 7065
DEFAULT_TURN_TTL_S = 3600


@dataclass(frozen=True, slots=True)
class IceSettings:
    """Which STUN and TURN servers clients are told of.

    `turn_ttl_s` is the life of a credential in seconds. Raises `ValueError` for a URL of another scheme, or a
    TTL that is not above zero.
    """

    stun_urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = field(default="", repr=False)
    turn_ttl_s: int = DEFAULT_TURN_TTL_S

    def __post_init__(self) -> None:
        _require_scheme(self.stun_urls, STUN_SCHEMES)
        _require_scheme(self.turn_urls, TURN_SCHEMES)
        if self.turn_ttl_s <= 0:
            raise ValueError("turn_ttl_s must be above zero")

    @property
    def offers_turn(self) -> bool:
        """Whether clients get TURN: it needs both a server and the secret shared with it."""
        return bool(self.turn_urls and self.turn_secret)


@dataclass(frozen=True, slots=True)
class IceServer:
    """One `RTCIceServer` (W3C WebRTC, section 4.2.2)."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = field(default=None, repr=False)

    def as_json(self) -> dict[str, str | list[str]]:
        """The dictionary that `new RTCPeerConnection({iceServers: […]})` takes."""
        entry: dict[str, str | list[str]] = {"urls": list(self.urls)}
        if self.username is not None and self.credential is not None:
            entry["username"] = self.username
            entry["credential"] = self.credential
        return entry


@dataclass(frozen=True, slots=True)
class IceServers:
    """What one participant is told, and until when it is good (seconds since the epoch; `None`: for ever)."""

    servers: tuple[IceServer, ...]
    expires_at: float | None

    def as_json(self) -> list[dict[str, str | list[str]]]:
        """The `iceServers` field of the protocol."""
        return [server.as_json() for server in self.servers]


def ice_servers(settings: IceSettings, participant_id: str | None, now: float) -> IceServers:
    """The ICE servers of one participant at `now` (seconds since the epoch).

    TURN is left out where the secret is missing, as every allocation would be refused, and for nobody in particular:
    a relay is paid for, and its log names the seat that used it.
    """
    servers: list[IceServer] = []
    if settings.stun_urls:
        servers.append(IceServer(settings.stun_urls))
    if not settings.offers_turn or participant_id is None:
        return IceServers(tuple(servers), None)
    expires_at = int(now) + settings.turn_ttl_s
    username = f"{expires_at}:{participant_id}"
    servers.append(IceServer(settings.turn_urls, username, turn_credential(settings.turn_secret, username)))
    return IceServers(tuple(servers), float(expires_at))


def turn_credential(secret: str, username: str) -> str:
    """base64(HMAC-SHA1(secret, username)): what coturn computes for itself (draft, section 2.2)."""
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def _require_scheme(urls: tuple[str, ...], schemes: tuple[str, ...]) -> None:
    for url in urls:
        if not url.startswith(schemes):
            raise ValueError(f"an ICE server URL must start with {' or '.join(schemes)}")
