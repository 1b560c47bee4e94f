"""The synthetic picture: drawn without numpy, and carrying a number that a receiver can read back.

The top strip holds `CODE_BITS` black or white blocks: a fixed start, the sender's tag, the frame's number
and a checksum. Blocks this large survive VP8 at low bit rates and rescaling, so a receiver can tell whose
frames it sees.
"""

from __future__ import annotations

from typing import NamedTuple

from av import VideoFrame
from av.video.plane import VideoPlane

WIDTH_PX, HEIGHT_PX = 320, 240
TAG_BITS, NUMBER_BITS = 12, 16
SYNC, SYNC_BITS, CHECK_BITS = 0b1010, 4, 8
CODE_BITS = SYNC_BITS + TAG_BITS + NUMBER_BITS + CHECK_BITS
BLOCK_PX = WIDTH_PX // CODE_BITS
CODE_HEIGHT_PX = 24
BLACK, WHITE = 16, 235
STRIPE_PX = 64
SQUARE_PX = 40
DIGIT_W, DIGIT_H, DIGIT_GAP, STROKE = 32, 60, 12, 8
DIGIT_COUNT = 5

# Which segments a digit lights: top, upper left, upper right, middle, lower left, lower right, bottom.
_SEGMENTS = (
    "1110111",
    "0010010",
    "1011101",
    "1011011",
    "0111010",
    "1101011",
    "1101111",
    "1010010",
    "1111111",
    "1111011",
)
_HALF = DIGIT_H // 2
_SEGMENT_BOXES = (
    (0, 0, DIGIT_W, STROKE),
    (0, 0, STROKE, _HALF),
    (DIGIT_W - STROKE, 0, STROKE, _HALF),
    (0, _HALF - STROKE // 2, DIGIT_W, STROKE),
    (0, _HALF, STROKE, _HALF),
    (DIGIT_W - STROKE, _HALF, STROKE, _HALF),
    (0, DIGIT_H - STROKE, DIGIT_W, STROKE),
)


class Code(NamedTuple):
    """Who drew a frame (`tag`) and which one of theirs it is (`number`, modulo 2^16)."""

    tag: int
    number: int


def draw(tag: int, number: int) -> VideoFrame:
    """Frame `number` of the sender `tag`: stripes and a square that move, the number, and the code strip."""
    luma = bytearray(_stripes(number) * HEIGHT_PX)
    _box(
        luma,
        _bounce(3 * number, WIDTH_PX - SQUARE_PX),
        HEIGHT_PX - SQUARE_PX - 8,
        SQUARE_PX,
        SQUARE_PX,
        WHITE,
    )
    left = (WIDTH_PX - DIGIT_COUNT * (DIGIT_W + DIGIT_GAP) + DIGIT_GAP) // 2
    for place, digit in enumerate(f"{number % 10**DIGIT_COUNT:0{DIGIT_COUNT}d}"):
        _digit(luma, left + place * (DIGIT_W + DIGIT_GAP), 70, int(digit))
    _code(luma, tag, number)
    frame = VideoFrame(WIDTH_PX, HEIGHT_PX, "yuv420p")
    chroma_px = (WIDTH_PX // 2, HEIGHT_PX // 2)
    _fill(frame.planes[0], bytes(luma), WIDTH_PX)
    _fill(frame.planes[1], bytes([96 + _bounce(number, 64)]) * (chroma_px[0] * chroma_px[1]), chroma_px[0])
    _fill(frame.planes[2], bytes([160 - _bounce(number, 64)]) * (chroma_px[0] * chroma_px[1]), chroma_px[0])
    return frame


def read_code(frame: VideoFrame) -> Code | None:
    """The code of a received frame of whatever size; `None` where there is none, or it is damaged."""
    if frame.format.name not in ("yuv420p", "yuvj420p", "nv12") or frame.width < 2 * CODE_BITS:
        return None
    plane = frame.planes[0]
    luma, line = memoryview(plane), plane.line_size
    row = int(CODE_HEIGHT_PX / 2 * frame.height / HEIGHT_PX)
    bits = 0
    for block in range(CODE_BITS):
        at = row * line + int((block + 0.5) * frame.width / CODE_BITS)
        bits = bits << 1 | (luma[at - 1] + luma[at] + luma[at + 1] > 3 * 128)
    code, check = bits >> CHECK_BITS, bits & (1 << CHECK_BITS) - 1
    if code >> TAG_BITS + NUMBER_BITS != SYNC or check != _checksum(code):
        return None
    return Code(code >> NUMBER_BITS & (1 << TAG_BITS) - 1, code & (1 << NUMBER_BITS) - 1)


def _checksum(code: int) -> int:
    # A multiplicative hash: the sum of a few bits would let two flipped blocks cancel out.
    return code * 2654435761 >> 24 & (1 << CHECK_BITS) - 1


def _code(luma: bytearray, tag: int, number: int) -> None:
    code = (SYNC << TAG_BITS | tag & (1 << TAG_BITS) - 1) << NUMBER_BITS | number & (1 << NUMBER_BITS) - 1
    bits = code << CHECK_BITS | _checksum(code)
    row = b"".join(
        bytes([WHITE if bits >> (CODE_BITS - 1 - block) & 1 else BLACK]) * BLOCK_PX for block in range(CODE_BITS)
    )
    luma[: WIDTH_PX * CODE_HEIGHT_PX] = row * CODE_HEIGHT_PX


def _stripes(number: int) -> bytes:
    shift = 2 * number % STRIPE_PX
    return bytes(50 + abs((x + shift) % STRIPE_PX - STRIPE_PX // 2) for x in range(WIDTH_PX))


def _bounce(position: int, span: int) -> int:
    return span - abs(position % (2 * span) - span)


def _digit(luma: bytearray, left: int, top: int, digit: int) -> None:
    for lit, (x, y, width, height) in zip(_SEGMENTS[digit], _SEGMENT_BOXES, strict=True):
        if lit == "1":
            _box(luma, left + x, top + y, width, height, WHITE)


def _box(luma: bytearray, left: int, top: int, width: int, height: int, value: int) -> None:
    row = bytes([value]) * width
    for y in range(top, top + height):
        at = y * WIDTH_PX + left
        luma[at : at + width] = row


def _fill(plane: VideoPlane, pixels: bytes, width: int) -> None:
    padding = bytes(plane.line_size - width)
    if padding:
        pixels = b"".join(pixels[at : at + width] + padding for at in range(0, len(pixels), width))
    plane.update(pixels)
