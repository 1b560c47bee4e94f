"""Ids and tokens are base32, as the standard library writes it."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from server.security.base32 import base32


@given(st.binary(min_size=1, max_size=64))
def test_it_is_what_the_standard_library_writes(data: bytes) -> None:
    assert base32(data) == base64.b32encode(data).decode().rstrip("=").lower()
