"""What the load generator writes and reads: masked WebSocket frames (RFC 6455) made ahead, frames counted in bulk."""

from __future__ import annotations

import json
import os
import zlib
from base64 import b64encode
from struct import pack, unpack_from
from typing import Any

FRAME_END = 0x5D
"""`]`, the last byte of every event and acknowledgement: a Socket.IO packet is a JSON array."""

BROWSER_HEADERS = (
    ("Pragma", "no-cache"),
    ("Cache-Control", "no-cache"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept-Language", "en-GB,en;q=0.9"),
    ("Sec-WebSocket-Version", "13"),
)
DEFLATE_OFFER = ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")


def masked_text(payload: bytes) -> bytes:
    """One text frame as a client sends it (section 5.3)."""
    size = len(payload)
    if size < 126:
        head = pack("!BB", 0x81, 0x80 | size)
    elif size < 65_536:
        head = pack("!BBH", 0x81, 0xFE, size)
    else:
        head = pack("!BBQ", 0x81, 0xFF, size)
    mask = os.urandom(4)
    stream = (mask * (size // 4 + 1))[:size]
    body = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return head + mask + body.to_bytes(size, "big")


def event_frame(event: str, payload: dict[str, Any], ack_id: int | None = 1) -> bytes:
    """A Socket.IO event in an Engine.IO message in a frame; `ack_id` None asks for no acknowledgement."""
    ack = "" if ack_id is None else str(ack_id)
    body = json.dumps([event, payload], separators=(",", ":"), ensure_ascii=False)
    return masked_text(f"42{ack}{body}".encode())


def upgrade_request(port: int, *, offers_deflate: bool) -> bytes:
    """The request by which Chromium opens a Socket.IO WebSocket. Chromium itself always offers permessage-deflate."""
    headers = (*BROWSER_HEADERS, DEFLATE_OFFER) if offers_deflate else BROWSER_HEADERS
    lines = [
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        f"Origin: http://127.0.0.1:{port}",
        *(f"{name}: {value}" for name, value in headers),
        f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class FrameReader:
    """Unmasked, unfragmented frames out of a stream, one payload after the other. Not for measured seconds.

    Compressed frames (RFC 7692) are taken from a server that accepted the offer.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflater: Any = None

    def feed(self, data: bytes | memoryview) -> list[bytes]:
        """The payloads of the text frames that are complete now."""
        self._buffer += data
        payloads = []
        start = 0
        while (found := self._frame(start)) is not None:
            first, payload, start = found
            if first == 0x88:
                raise ConnectionError(f"the server closed the WebSocket: {payload[:60]!r}")
            if first == 0x81:
                payloads.append(payload)
            elif first == 0xC1:
                payloads.append(self._inflate(payload))
        del self._buffer[:start]
        return payloads

    def _inflate(self, payload: bytes) -> bytes:
        if self._inflater is None:
            self._inflater = zlib.decompressobj(wbits=-15)
        inflated: bytes = self._inflater.decompress(payload + b"\x00\x00\xff\xff")
        return inflated

    def _frame(self, start: int) -> tuple[int, bytes, int] | None:
        if len(self._buffer) - start < 2:
            return None
        size, body = self._buffer[start + 1], start + 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            if len(self._buffer) - body < wide:
                return None
            size = unpack_from("!H" if wide == 2 else "!Q", self._buffer, body)[0]
            body += wide
        end = body + size
        if end > len(self._buffer):
            return None
        return self._buffer[start], bytes(self._buffer[body:end]), end


class Counter:
    """Counts how often a marker comes by in a stream of frames, without parsing them.

    The marker must stand once in each frame that counts, in no other, and hold no `]`. A marker that is cut in two by
    the chunks is found all the same.
    """

    __slots__ = ("_marker", "_tail")

    def __init__(self, marker: bytes) -> None:
        if FRAME_END in marker:
            raise ValueError("the marker holds a ]")
        self._marker = marker
        self._tail = b""

    def count(self, buffer: bytearray, size: int) -> int:
        """The markers in the first `size` bytes of the buffer, which continue what came before."""
        stream = self._tail + buffer[:size] if self._tail else buffer
        end = size + len(self._tail)
        found = stream.count(self._marker, 0, end)
        # The tail is shorter than the marker, so that what was counted is not counted again.
        cut = buffer[size - 1] != FRAME_END
        self._tail = bytes(stream[max(0, end - len(self._marker) + 1) : end]) if cut else b""
        return found
