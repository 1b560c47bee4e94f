"""Where a Redis is, and how to greet it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

PORT = 6379


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """What `REDIS_URL` says. `path` is that of a Unix socket, and empty otherwise."""

    host: str
    port: int
    path: str
    database: int
    user: str
    password: str
    tls: bool

    @property
    def ssl(self) -> ssl.SSLContext | None:
        """The TLS to speak, which checks the server's certificate."""
        return ssl.create_default_context() if self.tls else None

    @property
    def greetings(self) -> list[tuple[str, ...]]:
        """The commands that begin each connection."""
        commands: list[tuple[str, ...]] = []
        if self.password:
            commands.append(("AUTH", self.user, self.password) if self.user else ("AUTH", self.password))
        if self.database:
            commands.append(("SELECT", str(self.database)))
        return commands


def address_of(url: str) -> RedisAddress:
    """Read `redis://`, `rediss://` or `unix://`. Raises `ValueError`, which never carries the password."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    local = parts.scheme == "unix"
    if local and not parts.path.strip("/"):
        raise ValueError("unix:// needs the path of a socket")
    database = _query_database(parts.query) if local else parts.path.strip("/")
    if database and not database.isdecimal():
        raise ValueError("the database is a number")
    try:
        port = parts.port or PORT
    except ValueError:
        raise ValueError("the port is a number up to 65535") from None
    return RedisAddress(
        host="" if local else parts.hostname or "localhost",
        port=port,
        path=parts.path if local else "",
        database=int(database or 0),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "rediss",
    )


def _query_database(query: str) -> str:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name == "db":
            return value
    return ""
