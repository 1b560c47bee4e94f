"""What a parser of frames gives: texts are `str`, binary messages `bytes`, and these."""

from __future__ import annotations

from typing import Final, NamedTuple

HEAD_BYTES: Final = 1_024
"""What is kept of a message that is too long to be kept: enough to tell which request it was, also compressed."""


class Control(NamedTuple):
    """A close, ping or pong frame with its application data."""

    opcode: int
    payload: bytes


class Head(str):
    """The beginning of a text message that was too long to be kept."""

    __slots__ = ()


class BinaryHead(bytes):
    """The beginning of a binary message that was too long to be kept."""

    size: int
    """Of the whole message, in bytes."""

    @classmethod
    def of(cls, head: bytes, size: int) -> BinaryHead:
        """The head of a message of this size."""
        made = cls(head)
        made.size = size
        return made


class Cut(NamedTuple):
    """The beginning of a data message that was longer than what is kept of one; its rest was discarded."""

    head: bytes
    is_text: bool
    size: int
    """Of the whole message, in bytes, as far as it was looked at."""

    def text(self) -> str | BinaryHead:
        """What there is of a text, or of a binary message."""
        return self.head.decode(errors="ignore") if self.is_text else BinaryHead.of(self.head, self.size)


Message = str | bytes | Control | Cut
