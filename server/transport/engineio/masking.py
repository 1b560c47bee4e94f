"""Masking (RFC 6455 section 5.3): `apply_mask(data, mask)` gives the data with each byte XORed with the mask's.

From the websockets package, compiled where it has been; its other one does the same in Python.
"""

from __future__ import annotations

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

__all__ = ["apply_mask"]
