"""RFC 6455 frames: opcodes, close codes, and the frames that a server sends. `parser.py` reads those of clients."""

from __future__ import annotations

from struct import Struct
from typing import Final

CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED_DATA: Final = 1003
NO_STATUS: Final = 1005
INVALID_DATA: Final = 1007
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011
SERVICE_RESTART: Final = 1012
TRY_AGAIN_LATER: Final = 1013

RSV1: Final = 0x40
"""In the first byte of a frame: its message is compressed (RFC 7692 section 6)."""

MAX_CONTROL_BYTES: Final = 125
MAX_REASON_BYTES: Final = 123

FIN_TEXT: Final = 0x81
"""The first byte of an unfragmented text frame."""

_FIN_BINARY = 0x82
_U16 = Struct("!H")
_HEADER_16 = Struct("!BBH")
_HEADER_64 = Struct("!BBQ")
_TEXT_HEADERS = tuple(bytes((FIN_TEXT, size)) for size in range(126))


class FrameError(Exception):
    """The peer broke the protocol: close with `code` and say `reason`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def text_frame(payload: bytes) -> bytes:
    """One unmasked text frame around UTF-8 bytes."""
    size = len(payload)
    if size < 126:
        return _TEXT_HEADERS[size] + payload
    return _header(FIN_TEXT, size) + payload


def binary_frame(payload: bytes) -> bytes:
    """One unmasked binary frame."""
    return _header(_FIN_BINARY, len(payload)) + payload


def compressed_frame(payload: bytes, *, is_text: bool) -> bytes:
    """One unmasked text or binary frame around compressed bytes."""
    return _header((FIN_TEXT if is_text else _FIN_BINARY) | RSV1, len(payload)) + payload


def control_frame(opcode: int, payload: bytes = b"") -> bytes:
    """One unmasked control frame; its payload is cut to 125 bytes."""
    payload = payload[:MAX_CONTROL_BYTES]
    return bytes((0x80 | opcode, len(payload))) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame. The reason is cut to 123 bytes, at a character."""
    text = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore").encode()
    return control_frame(CLOSE, _U16.pack(code) + text)


def frame_payload(frame: bytes) -> tuple[bool, bytes]:
    """Whether a frame made here is text, and what is in it."""
    size = frame[1]
    start = 2 if size < 126 else 4 if size == 126 else 10
    return frame[0] == FIN_TEXT, frame[start:]


def close_code(payload: bytes) -> int:
    """The code of a received close frame; raises `FrameError` where the frame is not a legal one (section 7.4)."""
    if not payload:
        return NO_STATUS
    if len(payload) < 2:
        raise FrameError(PROTOCOL_ERROR, "close frame of one byte")
    code: int = _U16.unpack_from(payload)[0]
    if not (3000 <= code <= 4999 or (1000 <= code <= 1014 and code not in (1004, 1005, 1006))):
        raise FrameError(PROTOCOL_ERROR, "close code is reserved")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise FrameError(INVALID_DATA, "close reason is not UTF-8") from None
    return code


def _header(first: int, size: int) -> bytes:
    if size < 126:
        return bytes((first, size))
    if size < 65_536:
        return _HEADER_16.pack(first, 126, size)
    return _HEADER_64.pack(first, 127, size)
