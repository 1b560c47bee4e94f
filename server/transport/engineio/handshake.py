"""The opening handshake of a WebSocket, server side (RFC 6455 section 4.2)."""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Mapping

from aiohttp import hdrs

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16
_ACCEPT = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "


def wants_websocket(headers: Mapping[str, str]) -> bool:
    """Whether the request asks to become a WebSocket."""
    if headers.get(hdrs.UPGRADE, "").strip().lower() != "websocket":
        return False
    connection = headers.get(hdrs.CONNECTION, "").lower()
    return connection == "upgrade" or "upgrade" in {token.strip() for token in connection.split(",")}


def valid_key(headers: Mapping[str, str]) -> str | None:
    """The client's key, or None where the request is not one of version 13 with a key of 16 bytes."""
    key = headers.get(hdrs.SEC_WEBSOCKET_KEY, "").strip()
    if headers.get(hdrs.SEC_WEBSOCKET_VERSION, "").strip() != "13":
        return None
    try:
        return key if len(b64decode(key, validate=True)) == _KEY_BYTES else None
    except (binascii.Error, ValueError):
        return None


def lines(headers: Mapping[str, str]) -> bytes:
    """Headers as they are written."""
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()]).encode("latin-1")


def accept_response(key: str, extra: bytes = b"") -> bytes:
    """The 101 response. It accepts no extension but the one that `extra`, which is `lines`, may name."""
    digest = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()
    return _ACCEPT + binascii.b2a_base64(digest, newline=False) + b"\r\n" + extra + b"\r\n"
