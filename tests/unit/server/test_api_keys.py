"""`API_KEYS`: what may be written there, and what is kept of it."""

from __future__ import annotations

import gc

import pytest

from server.security.api_keys import name_of, read_keys


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        (" , ", []),
        ("a-bare-secret", ["default"]),
        ("shop:one, forum:two", ["shop", "forum"]),
        ("site:new,site:old", ["site", "site"]),
        ("c2VjcmV0+/w==", ["default"]),  # as hosts generate them
        ("shop:a:b", ["shop"]),
    ],
)
def test_keys_have_names(text: str, names: list[str]) -> None:
    assert [key.name for key in read_keys(text)] == names


@pytest.mark.parametrize(
    "text", ["a b", "shop:", ":secret", "na/me:secret", "x" * 65 + ":secret", "shop:a b", "a:x,b:x"]
)
def test_what_is_no_list_of_keys_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        read_keys(text)
    assert not [
        part for part in text.replace(",", ":").split(":") if len(part) > 3 and part in str(caught.value).split()
    ]


def test_a_secret_leads_to_its_name_and_nothing_else_does() -> None:
    keys = read_keys("shop:first,forum:second,third")
    assert [name_of(secret, keys) for secret in ("first", "second", "third")] == ["shop", "forum", "default"]
    for wrong in ("", "firs", "firstt", "shop", "shop:first", "FIRST", "é🙂", "\udcff"):
        assert name_of(wrong, keys) is None
    assert name_of("first", ()) is None


def test_only_digests_are_kept() -> None:
    secret = "a-secret-that-is-nowhere-else"
    keys = read_keys("shop:" + secret)
    assert secret not in repr(keys)
    held = [one for key in keys for one in gc.get_referents(key) if isinstance(one, str | bytes)]
    assert held
    assert not [one for one in held if secret in str(one)]


def test_short_secrets_are_noticed() -> None:
    assert [key.short for key in read_keys("a:" + "x" * 21 + ",b:" + "x" * 22)] == [True, False]
