"""Secrets are kept as digests."""

from __future__ import annotations

import hashlib

from rooms.digests import digest, matches


def test_a_digest_is_the_sha_256_of_its_secret() -> None:
    assert digest("key") == hashlib.sha256(b"key").digest()


def test_a_secret_matches_its_own_digest_alone() -> None:
    assert matches("key", digest("key"))
    assert not matches("Key", digest("key"))


def test_nothing_matches_where_nothing_is_kept() -> None:
    assert not matches("", b"")
    assert not matches("key", b"")


def test_half_a_character_is_a_secret_like_any_other() -> None:
    """JSON can carry a lone surrogate, which UTF-8 cannot."""
    assert matches("\ud800", digest("\ud800"))
    assert not matches("\ud800", digest("\ud801"))
