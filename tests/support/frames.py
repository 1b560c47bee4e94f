"""Frames as clients send them."""

from __future__ import annotations

import struct


def masked(first: int, payload: bytes, mask: bytes = b"\x01\x80\xfe\x33") -> bytes:
    """A client's frame with any first byte."""
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65_536:
        head = struct.pack("!BBH", first, 0xFE, size)
    else:
        head = struct.pack("!BBQ", first, 0xFF, size)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
