"""Random ids: as long as the standard library's base32 of so many bytes, each digit as likely as any other."""

from __future__ import annotations

import base64
from collections import Counter

import pytest

from server.security import base32
from server.security.base32 import DIGITS, TABLE, random_base32


@pytest.mark.parametrize("size_bytes", range(1, 65))
def test_an_id_has_the_length_and_the_digits_of_base32(size_bytes: int) -> None:
    written = base64.b32encode(b"\xff" * size_bytes).decode().rstrip("=").lower()
    made = random_base32(size_bytes)
    assert len(made) == len(written)
    assert set(made.encode()) <= set(DIGITS)


def test_each_digit_stands_for_as_many_bytes() -> None:
    assert len(TABLE) == 256
    assert set(Counter(TABLE).values()) == {8}
    assert len(set(DIGITS)) == 32


def test_the_digits_are_the_systems_random_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base32.os, "urandom", lambda size: bytes(range(size)))
    assert random_base32(20) == DIGITS.decode()
