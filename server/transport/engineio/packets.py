"""Engine.IO v4 packets and polling payloads (socket.io/docs/v4/engine-io-protocol).


A packet is a `str` whose first character is its type, or the `bytes` of a binary message. Going out, a packet is
always kept as the WebSocket frame that carries it, built once; a polling payload is made from such frames.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable
from struct import Struct
from typing import Final

import orjson

from server.transport.engineio.frames import binary_frame, frame_payload, text_frame
from server.transport.engineio.messages import HEAD_BYTES, BinaryHead, Cut, Head

OPEN: Final = "0"
CLOSE: Final = "1"
PING: Final = "2"
PONG: Final = "3"
MESSAGE: Final = "4"
UPGRADE: Final = "5"
NOOP: Final = "6"

PROBE_PING: Final = "2probe"
PROBE_PONG_FRAME: Final = text_frame(b"3probe")
PING_FRAME: Final = text_frame(b"2")
CLOSE_BODY: Final = b"1"
NOOP_BODY: Final = b"6"

_SHORT_HEADERS: Final = tuple(bytes((0x81, size)) + b"4" for size in range(126))
_header = Struct("!BBHB").pack  # first byte, 126, size, and the packet's type

_SEPARATOR_BYTES: Final = b"\x1e"
_TYPES: Final = frozenset("0123456")


class PacketError(Exception):
    """What arrived is not an Engine.IO packet or payload."""


def message_frame(text: str | bytes) -> bytes:
    """The frame of one text message, given without its leading 4."""
    if isinstance(text, str):
        text = text.encode()
    size = len(text) + 1
    # The two usual sizes in one expression: this runs once for each message sent.
    if size < 126:
        return _SHORT_HEADERS[size] + text
    if size < 65_536:
        return _header(0x81, 126, size, 0x34) + text
    return text_frame(b"4" + text)


def packet_frame(encoded: str | bytes) -> bytes:
    """The frame of an encoded packet: text with its type, or a binary message."""
    if isinstance(encoded, str):
        return text_frame(encoded.encode())
    return binary_frame(encoded)


def open_frame(sid: str, rest: bytes) -> bytes:
    """The handshake packet; `rest` is made by `rest_of_open`. `sid` is written without escapes."""
    return text_frame(b'0{"sid":"' + sid.encode() + rest)


def rest_of_open(*, upgrades: tuple[str, ...], ping_interval_ms: int, ping_timeout_ms: int, max_payload: int) -> bytes:
    """What the handshake packet says after the sid; times in milliseconds, `max_payload` in bytes."""
    handshake = {
        "upgrades": upgrades,
        "pingInterval": ping_interval_ms,
        "pingTimeout": ping_timeout_ms,
        "maxPayload": max_payload,
    }
    return b'",' + orjson.dumps(handshake)[1:]


def encode_payload(frames: Iterable[bytes]) -> bytes:
    """The body of a polling response: packets with U+001E between them, binary messages in base64 after a `b`."""
    packets = []
    for frame in frames:
        is_text, payload = frame_payload(frame)
        packets.append(payload if is_text else b"b" + b64encode(payload))
    return _SEPARATOR_BYTES.join(packets)


def decode_payload(body: bytes, *, max_packets: int) -> list[str | bytes]:
    """The packets in the body of a POST, all or none. Raises `PacketError`."""
    payload = Payload(max_packets=max_packets, kept_bytes=len(body))
    payload.feed(body)
    return payload.finish()


class Payload:
    """The body of a POST, taken in pieces: of a packet that is longer than what is kept of one, only its head is."""

    __slots__ = ("_current", "_cut", "_kept_bytes", "_max_packets", "_packets", "_size", "held_bytes")

    def __init__(self, *, max_packets: int, kept_bytes: int) -> None:
        self._max_packets = max_packets
        self._kept_bytes = kept_bytes
        self._packets: list[bytes | Cut] = []
        self._current = bytearray()
        self._cut = False
        self._size = 0  # of this packet
        self.held_bytes = 0

    def feed(self, data: bytes) -> None:
        """Take the next piece. Raises `PacketError`."""
        if len(self._packets) + data.count(_SEPARATOR_BYTES) >= self._max_packets:
            raise PacketError("too many packets")
        *ended, rest = data.split(_SEPARATOR_BYTES)
        for part in ended:
            self._extend(part)
            self._end_packet()
        self._extend(rest)

    def clear(self) -> None:
        """Forget what was taken."""
        self._packets.clear()
        self._current.clear()

    def finish(self) -> list[str | bytes]:
        """The packets, all or none. Raises `PacketError`."""
        self._end_packet()
        try:
            return [_decode_head(p) if isinstance(p, Cut) else _decode(p.decode()) for p in self._packets]
        except UnicodeDecodeError:
            raise PacketError("payload is not UTF-8") from None

    def _extend(self, data: bytes) -> None:
        self._size += len(data)
        if self._cut:
            return
        self._current += data
        self.held_bytes += len(data)
        if len(self._current) > self._kept_bytes:
            self.held_bytes -= len(self._current) - HEAD_BYTES
            del self._current[HEAD_BYTES:]
            self._cut = True

    def _end_packet(self) -> None:
        packet = bytes(self._current)
        self._packets.append(Cut(packet, packet[:1] != b"b", self._size) if self._cut else packet)
        self._current, self._cut, self._size = bytearray(), False, 0


def _decode_head(cut: Cut) -> Head | BinaryHead:
    text = cut.head.decode(errors="ignore")
    if cut.is_text:
        _decode(text)
        return Head(text)
    try:
        # Four characters are three bytes.
        return BinaryHead.of(b64decode(text[1 : HEAD_BYTES // 4 * 4 - 3], validate=True), (cut.size - 1) // 4 * 3)
    except (binascii.Error, ValueError):
        raise PacketError("binary packet is not base64") from None


def _decode(packet: str) -> str | bytes:
    kind = packet[:1]
    if kind in _TYPES:
        return packet
    if kind != "b":
        raise PacketError("packet has no known type")
    try:
        return b64decode(packet[1:], validate=True)
    except (binascii.Error, ValueError):
        raise PacketError("binary packet is not base64") from None
