"""permessage-deflate without I/O (RFC 7692): what is agreed on, and messages in and out.

A connection takes no context over, in either direction: every message is compressed by itself. So a connection keeps
no window between messages, and one compressed frame serves all who receive it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from server.transport.engineio.frames import INVALID_DATA, TOO_BIG, FrameError, compressed_frame, frame_payload

EXTENSION: Final = "permessage-deflate"

MAX_OFFER_CHARS: Final = 4_096
"""Offers in a longer header are declined without being read."""
MIN_WINDOW_BITS: Final = 9
"""zlib makes no raw stream of a window of 256 bytes (8 bits): who asks for that is declined."""
MAX_WINDOW_BITS: Final = 15
MAX_FINAL_BLOCKS: Final = 16
"""Blocks with the BFINAL bit in one message. Each costs a new decompressor, and may be two bytes long."""

LEVEL: Final = 1
"""zlib's fastest: on the server's own messages half the time of level 6, for 6 to 13 % more bytes."""

_WINDOW_BYTES = 1 << MAX_WINDOW_BITS
_TAIL = b"\x00\x00\xff\xff"  # the end of an empty stored block, which the sender leaves out (section 7.2.1)
_END = _TAIL + b"\x01\x00\x00\xff\xff"  # and one with BFINAL: it is reached only where the data before it was whole

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 7230 section 3.2.6
_TOKEN_ONLY = re.compile(_TOKEN)
_PIECE = re.compile(rf'[ \t]*({_TOKEN})(?:[ \t]*=[ \t]*(?:({_TOKEN})|"((?:[^"\\]|\\.)*)"))?[ \t]*')
_EMPTY = re.compile(r"[ \t]*(?:,|\Z)")
_WINDOW_BITS = re.compile(r"[89]|1[0-5]")

Parameters = list[tuple[str, str | None]]


class Agreement(NamedTuple):
    """What one connection has agreed on."""

    window_bits: int = MAX_WINDOW_BITS
    """The base-2 logarithm of the window that our messages stay within."""
    response: str = f"{EXTENSION}; server_no_context_takeover; client_no_context_takeover"
    """The Sec-WebSocket-Extensions header of the 101 response."""


class _Malformed(Exception):
    """The header is not what RFC 6455 section 9.1 says."""


def negotiate(header: str) -> Agreement | None:
    """The first of a client's offers that can be kept; None where there is none (RFC 7692 sections 5 and 7.1).

    `header` is the value of Sec-WebSocket-Extensions, several headers joined with commas. One that is malformed
    offers nothing.
    """
    if EXTENSION not in header or len(header) > MAX_OFFER_CHARS:
        return None
    try:
        offers = list(_offers(header))
    except _Malformed:
        return None
    agreements = (_agree(parameters) for name, parameters in offers if name == EXTENSION)
    return next((agreement for agreement in agreements if agreement is not None), None)


def _offers(header: str) -> Iterator[tuple[str, Parameters]]:
    """Each extension's name and parameters; a parameter without a value has None."""
    pos = 0
    while pos < len(header):
        if empty := _EMPTY.match(header, pos):
            pos = empty.end()
            continue
        pieces: Parameters = []
        following = ";"
        while following == ";":
            piece = _PIECE.match(header, pos)
            if piece is None:
                raise _Malformed
            name, token, quoted = piece.groups()
            pieces.append((name, token if quoted is None else _unquoted(quoted)))
            following, pos = header[piece.end() : piece.end() + 1], piece.end() + 1
        (extension, value), *parameters = pieces
        if following not in (",", "") or value is not None:
            raise _Malformed
        yield extension, parameters


def _unquoted(quoted: str) -> str:
    value = re.sub(r"\\(.)", r"\1", quoted)
    if not _TOKEN_ONLY.fullmatch(value):
        raise _Malformed
    return value


def _agree(parameters: Parameters) -> Agreement | None:
    """What follows from one offer; None where it has to be declined.

    client_max_window_bits needs no answer: the client's window costs us nothing, whatever its size.
    """
    offered = dict(parameters)
    if len(offered) < len(parameters) or not all(_is_known(name, value) for name, value in parameters):
        return None
    bits = offered.get("server_max_window_bits")
    if bits is None:
        return Agreement()
    if int(bits) < MIN_WINDOW_BITS:
        return None
    return Agreement(int(bits), f"{Agreement().response}; server_max_window_bits={bits}")


def _is_known(name: str, value: str | None) -> bool:
    """Whether an offer may have this parameter, with this value."""
    if name in ("server_no_context_takeover", "client_no_context_takeover"):
        return value is None
    if name == "client_max_window_bits" and value is None:
        return True
    named = name in ("client_max_window_bits", "server_max_window_bits")
    return named and value is not None and _WINDOW_BITS.fullmatch(value) is not None


def deflate_frame(frame: bytes, window_bits: int = MAX_WINDOW_BITS) -> bytes:
    """A plain text or binary frame as a compressed one; the frame itself where that would not be shorter."""
    is_text, payload = frame_payload(frame)
    deflater = zlib.compressobj(LEVEL, zlib.DEFLATED, -window_bits)
    data = deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH)
    if len(data) - len(_TAIL) >= len(payload):
        return frame
    return compressed_frame(data[: -len(_TAIL)], is_text=is_text)


def inflate(payload: bytes | bytearray, max_bytes: int) -> bytes:
    """The message in a compressed payload; never more than `max_bytes` + 1 bytes are made of it.

    Raises `FrameError`: 1009 where it is longer, 1007 where it is not whole DEFLATE data (as JavaScript's ws does; the
    RFC leaves the code open). Data goes on behind a block with BFINAL (section 7.2.3.4), with the window as it was.
    """
    data = bytes(payload) + _END
    message = b""
    for _ in range(MAX_FINAL_BLOCKS):
        inflater = zlib.decompressobj(-MAX_WINDOW_BITS, zdict=message[-_WINDOW_BYTES:])
        try:
            message += inflater.decompress(data, max_bytes - len(message) + 1)
        except zlib.error:
            break
        if len(message) > max_bytes:
            raise FrameError(TOO_BIG, "message is too big")
        data = inflater.unused_data
        if not inflater.eof:
            break
        if not data:
            return message
    raise FrameError(INVALID_DATA, "compressed data is broken")


def inflate_head(payload: bytes | bytearray, max_bytes: int) -> bytearray:
    """What the beginning of a compressed payload gives, up to `max_bytes`. Raises `FrameError` where it is broken."""
    try:
        return bytearray(zlib.decompressobj(-MAX_WINDOW_BITS).decompress(payload, max_bytes))
    except zlib.error:
        raise FrameError(INVALID_DATA, "compressed data is broken") from None
