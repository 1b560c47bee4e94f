"""Compresses what is sent, each frame once however many receive it (RFC 7692)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from server.transport.engineio.deflate import deflate_frame
from server.transport.engineio.limits import EngineLimits

_HEADER_BYTES: Final = 4
"""Of a frame around 126 to 65,535 bytes."""


class Deflater:
    """Compresses frames, each once however many receive it.

    A fan-out flushes all its receivers in one loop turn, so what was compressed is kept for that turn and no longer.
    What a turn may compress is bounded; frames beyond that go plain, and so do those that are short or very long.
    """

    __slots__ = ("_done", "_least", "_left", "_limits")

    def __init__(self, limits: EngineLimits) -> None:
        self._limits = limits
        self._least = limits.deflate_from_bytes + _HEADER_BYTES
        self._left = limits.deflated_bytes_per_turn
        self._done: dict[tuple[int, bytes], bytes] = {}

    def join(self, frames: Iterable[bytes], window_bits: int) -> bytes:
        """Plain frames as they go to one receiver."""
        least = self._least
        return b"".join([frame if len(frame) < least else self._deflated(frame, window_bits) for frame in frames])

    def _deflated(self, frame: bytes, window_bits: int) -> bytes:
        key = (window_bits, frame)
        known = self._done.get(key)
        if known is None:
            size = len(frame)
            if size > self._left or size > self._limits.compressed_body_bytes:
                return frame
            if not self._done:
                asyncio.get_running_loop().call_soon(self._forget)
            self._left -= size
            known = self._done[key] = deflate_frame(frame, window_bits)
        return known

    def _forget(self) -> None:
        self._done.clear()
        self._left = self._limits.deflated_bytes_per_turn
