"""What a join token may claim, and which claims are refused, each with its code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rooms.errors import Code, Refused
from server.security import claims as module
from server.security.claims import CLOCKS_APART_S, read_claims, subject_digest

NOW = 1_800_000_000.0


def said(**more: Any) -> dict[str, Any]:
    good = {"sub": "user-1", "room": "r", "exp": NOW + 60}
    return {name: value for name, value in {**good, **more}.items() if value is not ...}


def code_of(payload: object, **where: str) -> Code | None:
    try:
        read_claims(payload, "r", NOW, **where)
    except Refused as refused:
        return refused.code
    return None


def test_the_least_that_a_token_says() -> None:
    read = read_claims(said(), "r", NOW)
    assert (read.subject, read.is_host, read.name, read.user_id, read.use) == ("user-1", False, None, None, None)
    assert (read.can_speak, read.can_call, read.can_invite) == (True, True, True)
    assert read.expires_at == NOW + 60


def test_the_most() -> None:
    own = {"shareSub": True, "canSpeak": False, "canCall": False, "canInvite": False, "later": 1}
    more = {"name": "Ada", "role": "host", "jti": "1", "attributes": {"team": "red"}, "mayfly": own, "extra": [1]}
    read = read_claims(said(**more), "r", NOW)
    assert (read.name, read.is_host, read.user_id, read.attributes) == ("Ada", True, "user-1", {"team": "red"})
    assert (read.can_speak, read.can_call, read.can_invite) == (False, False, False)
    assert read.use is not None
    assert read.use != "1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": ...},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * (module.MAX_SUBJECT_CHARS + 1)},
        {"room": ...},
        {"room": "other"},
        {"room": ["r"]},
        {"room": ""},
        {"exp": ...},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 1e300},
        {"nbf": NOW + CLOCKS_APART_S + 1},
        {"nbf": "now"},
        {"iat": NOW + CLOCKS_APART_S + 1},
        {"role": "owner"},
        {"role": "HOST"},
        {"name": 7},
        {"jti": 7},
        {"jti": ""},
        {"jti": "x" * 257},
        {"attributes": {"a": 1}},
        {"attributes": ["a"]},
        {"attributes": {str(n): "" for n in range(module.MAX_ATTRIBUTES + 1)}},
        {"attributes": {"a": "x" * module.MAX_ATTRIBUTES_BYTES}},
        {"mayfly": "all"},
        {"mayfly": {"canSpeak": "no"}},
        {"mayfly": {"canCall": 0}},
        {"mayfly": {"shareSub": True}, "sub": "李"},
        {"mayfly": {"shareSub": True}, "sub": "a b"},
        {"mayfly": {"shareSub": True}, "sub": "x" * (module.MAX_USER_ID_CHARS + 1)},
        {"aud": "somebody else"},
        {"aud": 7},
    ],
)
def test_what_is_not_of_the_documented_shape_is_invalid(wrong: dict[str, Any]) -> None:
    assert code_of(said(**wrong)) is Code.TOKEN_INVALID


@pytest.mark.parametrize("payload", [None, [], "r", 7, {}])
def test_no_claims_are_invalid(payload: object) -> None:
    assert code_of(payload) is Code.TOKEN_INVALID


@pytest.mark.parametrize("exp", [NOW, NOW - 0.001, NOW - 1e6, 0])
def test_a_token_ends_when_it_says_so(exp: float) -> None:
    assert code_of(said(exp=exp)) is Code.TOKEN_EXPIRED


def test_a_clock_that_is_a_little_ahead_is_forgiven() -> None:
    assert code_of(said(iat=NOW + CLOCKS_APART_S, nbf=NOW + CLOCKS_APART_S)) is None


def test_any_room() -> None:
    assert code_of(said(room="*")) is None


@pytest.mark.parametrize(
    ("claims", "where", "code"),
    [
        ({"iss": "site"}, {"issuer": "site"}, None),
        ({"iss": "other"}, {"issuer": "site"}, Code.TOKEN_INVALID),
        ({}, {"issuer": "site"}, Code.TOKEN_INVALID),
        ({"iss": "any"}, {}, None),
        ({"aud": "mayfly"}, {"audience": "mayfly"}, None),
        ({"aud": ["x", "mayfly"]}, {"audience": "mayfly"}, None),
        ({"aud": ["x"]}, {"audience": "mayfly"}, Code.TOKEN_INVALID),
        ({}, {"audience": "mayfly"}, Code.TOKEN_INVALID),
        ({"aud": []}, {}, None),
    ],
)
def test_issuer_and_audience(claims: dict[str, Any], where: dict[str, str], code: Code | None) -> None:
    assert code_of(said(**claims), **where) is code


def test_one_id_of_two_issuers_is_two_uses() -> None:
    one = read_claims(said(jti="1", iss="a"), "r", NOW).use
    assert one == read_claims(said(jti="1", iss="a", sub="user-2"), "r", NOW).use
    assert one != read_claims(said(jti="1", iss="b"), "r", NOW).use


def test_a_subject_is_another_in_each_room() -> None:
    read = read_claims(said(), "r", NOW)
    assert subject_digest(read, b"1" * 32) == subject_digest(read, b"1" * 32) != subject_digest(read, b"2" * 32)


def test_no_refusal_repeats_what_was_claimed() -> None:
    for wrong in (
        {"sub": ["xyzzy"]},
        {"room": "xyzzy"},
        {"attributes": {"xyzzy": 1}},
        {"mayfly": {"canCall": "xyzzy"}},
    ):
        with pytest.raises(Refused) as refused:
            read_claims(said(**wrong), "r", NOW)
        assert "xyzzy" not in refused.value.message
    assert "user-1" not in repr(read_claims(said(name="xyzzy"), "r", NOW))


CLAIMS = ["sub", "room", "exp", "nbf", "iat", "aud", "name", "role", "mayfly", "jti"]
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.text(max_size=5), PLAIN, max_size=2)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(CLAIMS), JSON))
def test_whatever_is_claimed_there_is_an_answer(payload: dict[str, Any]) -> None:
    assert code_of({**said(), **payload}) in (None, Code.TOKEN_INVALID, Code.TOKEN_EXPIRED)
