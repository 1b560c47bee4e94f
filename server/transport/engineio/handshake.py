"""The opening handshake of a WebSocket, server side (RFC 6455 section 4.2)."""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Mapping

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16
_ACCEPT = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "


def wants_websocket(headers: Mapping[str, str]) -> bool:
    """Whether the request asks to become a WebSocket."""
    if headers.get("Upgrade", "").strip().lower() != "websocket":
        return False
    connection = headers.get("Connection", "").lower()
    return connection == "upgrade" or "upgrade" in {token.strip() for token in connection.split(",")}


def valid_key(headers: Mapping[str, str]) -> str | None:
    """The client's key, or None where the request is not one of version 13 with a key of 16 bytes."""
    key = headers.get("Sec-WebSocket-Key", "").strip()
    if headers.get("Sec-WebSocket-Version", "").strip() != "13":
        return None
    try:
        return key if len(b64decode(key, validate=True)) == _KEY_BYTES else None
    except (binascii.Error, ValueError):
        return None


def accept_response(key: str, extra_headers: Mapping[str, str] | None = None) -> bytes:
    """The 101 response. It accepts no extension but the one that `extra_headers` may name."""
    digest = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()
    extra = "".join([f"{name}: {value}\r\n" for name, value in (extra_headers or {}).items()])
    return _ACCEPT + binascii.b2a_base64(digest, newline=False) + b"\r\n" + extra.encode("latin-1") + b"\r\n"
