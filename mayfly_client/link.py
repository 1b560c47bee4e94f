"""Reads a room's link: `{PUBLIC_URL}/r/{roomId}#invite=…&key=…&e2e=…` (protocol, "Words": link)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

MAX_LINK_CHARS = 4096
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_ROOM_PATH = re.compile(r"^(?P<base>.*?)/r/(?P<room>[A-Za-z0-9_-]{1,128})/?$")
_LOCAL_HOST = re.compile(r"^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(/|$)")


class LinkError(ValueError):
    """What was given is not a link that anybody could join by."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a room is and what admits to it. `room_id` is `None` for the address of a server alone.

    In the fragment, `invite` admits, `key` (or `hostKey`) makes a host, and `e2e` is the end-to-end key of the
    people in the room: that one is never sent to the server.
    """

    origin: str
    base_path: str = ""
    room_id: str | None = None
    invite: str | None = field(default=None, repr=False)
    host_key: str | None = field(default=None, repr=False)
    e2e: str | None = field(default=None, repr=False)

    @property
    def server_url(self) -> str:
        """`PUBLIC_URL` without a trailing slash: REST paths are put behind it."""
        return self.origin + self.base_path

    @property
    def socket_path(self) -> str:
        """The path of the Socket.IO endpoint."""
        return f"{self.base_path}/socket.io"


def parse_link(text: str) -> Link:
    """Parse a room's link or a server's address. Raises `LinkError`, whose message repeats no secret."""
    text = text.strip()
    if not text or len(text) > MAX_LINK_CHARS:
        raise LinkError("the link is empty or too long")
    parts = urlsplit(text if "://" in text else _with_scheme(text))
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise LinkError("a link begins with http:// or https:// and a host name")
    try:
        origin = f"{scheme}://{_host_and_port(parts.hostname, parts.port)}"
    except ValueError as error:
        raise LinkError("the link's port is not a number from 0 to 65535") from error
    found = _ROOM_PATH.match(parts.path)
    if found is None:
        if parts.path.rstrip("/").endswith("/r"):
            raise LinkError("the link has no room id behind /r/")
        return Link(origin, parts.path.rstrip("/"))
    secrets = _secrets(parts.query) | _secrets(parts.fragment)
    host_key = secrets.get("hostKey") or secrets.get("key")
    return Link(origin, found["base"], found["room"], secrets.get("invite"), host_key, secrets.get("e2e"))


def _with_scheme(text: str) -> str:
    return f"http://{text}" if _LOCAL_HOST.match(text) else f"https://{text}"


def _host_and_port(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"


def _secrets(part: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(part.lstrip("#?")).items()}
