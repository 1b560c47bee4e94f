"""Random ids in base32, in lower case (RFC 4648, section 6): several are made for each join."""

from __future__ import annotations

import os
from typing import Final

DIGITS: Final = b"abcdefghijklmnopqrstuvwxyz234567"
TABLE: Final = DIGITS * 8
"""For each of 256 bytes a digit; each digit stands for eight of them, so that none is likelier than another."""

BITS: Final = 5


def random_base32(size_bytes: int) -> str:
    """As many random digits as `size_bytes` random bytes would make, each by itself."""
    return os.urandom(-(-8 * size_bytes // BITS)).translate(TABLE).decode()
