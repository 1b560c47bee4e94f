"""Whose signature is believed: one algorithm for each kind of key, keys that rotate, and keys that cannot be had."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rooms.errors import Code, Refused
from server.security import key_sets
from server.security.join_tokens import JoinTokens
from server.security.key_sets import KeySet, read_keys
from tests.support.issuers import SECRET, Key, Site, claims, token

ROOM = "some-room"


class Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """A key set that may fail, without a network."""

    def __init__(self, *keys: Key) -> None:
        self.site = Site(*keys)
        self.down = False
        self.time = Time()
        self.set = KeySet(self.fetch, self.time)
        self.tokens = JoinTokens(keys=self.set)

    async def fetch(self) -> bytes:
        if self.down:
            raise OSError("down")
        return self.site.document()


async def outcome(tokens: JoinTokens, given: str) -> str:
    try:
        return (await tokens.check(given, ROOM, claims()["iat"])).subject
    except Refused as refused:
        return refused.code.value


def forged(header: dict[str, Any], payload: object, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.fixture(scope="module")
def keys() -> dict[str, Key]:
    return {algorithm: Key(algorithm, algorithm) for algorithm in ("RS256", "ES256", "EdDSA")}


async def test_the_shared_secret() -> None:
    tokens = JoinTokens(SECRET)
    assert await outcome(tokens, token(ROOM)) == "user-1"
    assert await outcome(tokens, token(ROOM, secret="another secret of 32 bytes and more")) == "TOKEN_INVALID"
    for algorithm in ("HS384", "HS512"):
        assert await outcome(tokens, jwt.encode(claims(ROOM), SECRET * 2, algorithm=algorithm)) == "TOKEN_INVALID"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_each_kind_of_key(keys: dict[str, Key], algorithm: str) -> None:
    source = Source(*keys.values())
    assert await outcome(source.tokens, keys[algorithm].token(ROOM)) == "user-1"
    assert await outcome(source.tokens, Key(algorithm, algorithm).token(ROOM)) == "TOKEN_INVALID"


async def test_without_secret_and_keys_nobody_is_believed(keys: dict[str, Key]) -> None:
    for given in (token(ROOM), keys["RS256"].token(ROOM), forged({"alg": "none"}, claims(ROOM))):
        assert await outcome(JoinTokens(), given) == "TOKEN_INVALID"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None, 7, [], "HS256 ", "PS256", "ES384", "RS384"])
async def test_no_header_chooses_how_it_is_checked(keys: dict[str, Key], alg: Any) -> None:
    source = Source(*keys.values())
    source.tokens.secret = SECRET
    for signature in (b"", b"x" * 32):
        assert (
            await outcome(source.tokens, forged({"alg": alg, "typ": "JWT"}, claims(ROOM), signature)) == "TOKEN_INVALID"
        )


async def test_a_public_key_is_no_shared_secret(keys: dict[str, Key]) -> None:
    """HS/RS confusion: what everybody knows of an RSA key, taken for the secret of HS256."""
    source = Source(keys["RS256"])
    public = keys["RS256"].private.public_key()
    known = [
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        json.dumps(keys["RS256"].public).encode(),
    ]
    for secret in ("", SECRET):
        source.tokens.secret = secret
        for guess in known:
            head = forged({"alg": "HS256", "kid": "RS256"}, claims(ROOM)).rpartition(".")[0]
            signature = jwt.get_algorithm_by_name("HS256").sign(head.encode(), guess)
            given = f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
            assert await outcome(source.tokens, given) == "TOKEN_INVALID"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_no_header_brings_or_names_a_key(keys: dict[str, Key], algorithm: str) -> None:
    """RFC 8725, section 3.10: a key in the token, or behind an address in it, is the forger's."""
    source, forger = Source(*keys.values()), Key(algorithm, algorithm)
    for header in (
        {"jwk": forger.public},
        {"jku": "http://127.0.0.1:9/keys"},
        {"x5u": "http://127.0.0.1:9/cert"},
        {"x5c": ["MIIB"]},
        {"kid": "../../../dev/null"},
        {"kid": "' or 1=1 --"},
        {"kid": ""},
        {"kid": "x" * 10_000},
        {"crit": ["jwk"], "jwk": forger.public},
        {"b64": False, "crit": ["b64"]},
    ):
        given = jwt.encode(claims(ROOM), forger.private, algorithm=algorithm, headers={"kid": algorithm, **header})
        assert await outcome(source.tokens, given) == "TOKEN_INVALID", header
    assert source.set.fetches <= key_sets.FETCHES, "and only so many cause the keys to be fetched"


async def test_the_keys_of_a_set_are_of_use_for_their_own_algorithm(keys: dict[str, Key]) -> None:
    source = Source(keys["ES256"])
    given = jwt.encode(claims(ROOM), keys["RS256"].private, algorithm="RS256", headers={"kid": "ES256"})
    assert await outcome(source.tokens, given) == "TOKEN_INVALID"


async def test_garbage() -> None:
    tokens = JoinTokens(SECRET)
    deep = base64.urlsafe_b64encode(b'{"alg":"HS256","x":' + b"[" * 5_000).decode().rstrip("=")
    good = token(ROOM)
    head, payload, signature = good.split(".")
    for given in (
        "",
        ".",
        "..",
        "x",
        "a.b",
        "a.b.c.d",
        good + "x",
        good[:-1],
        f"{deep}.e30.e30",
        "🦔.🦔.🦔",
        "\ud800.a.b",
    ):
        assert await outcome(tokens, given) == "TOKEN_INVALID", given
    assert await outcome(tokens, f"{head}.{payload}.") == "TOKEN_INVALID"
    assert await outcome(tokens, f"{head}..{signature}") == "TOKEN_INVALID"
    for payload in ([], "x", None):
        text = json.dumps(payload).encode()
        assert await outcome(tokens, jwt.api_jws.encode(text, SECRET, algorithm="HS256")) == "TOKEN_INVALID"
    critical = jwt.encode(claims(ROOM), SECRET, algorithm="HS256", headers={"crit": ["exp-2"], "exp-2": 1})
    assert await outcome(tokens, critical) == "TOKEN_INVALID"


async def test_a_short_secret_works_and_warns_nobody_at_each_token() -> None:
    assert await outcome(JoinTokens("short"), token(ROOM, secret="short")) == "user-1"


async def test_a_rotated_key_is_found_and_a_withdrawn_one_is_dead(keys: dict[str, Key]) -> None:
    old, new = keys["RS256"], Key("RS256", "new")
    source = Source(old)
    assert await outcome(source.tokens, old.token(ROOM)) == "user-1"
    source.site.keys = [new]
    assert await outcome(source.tokens, new.token(ROOM)) == "user-1"
    assert await outcome(source.tokens, old.token(ROOM)) == "TOKEN_INVALID"


@pytest.mark.parametrize("key_id", [None, "same"])
async def test_keys_without_an_id_or_under_the_old_one_rotate_too(key_id: str | None) -> None:
    old, new = Key("ES256", key_id), Key("ES256", key_id)
    source = Source(old)
    assert await outcome(source.tokens, old.token(ROOM)) == "user-1"
    source.site.keys = [new]
    assert await outcome(source.tokens, new.token(ROOM)) == "user-1"


async def test_unreachable_keys_are_told_and_those_known_go_on_for_a_day(keys: dict[str, Key]) -> None:
    known = keys["EdDSA"]
    source = Source(known)
    source.down = True
    assert await outcome(source.tokens, known.token(ROOM)) == "UNAVAILABLE"
    source.down = False
    source.time.now += 20
    assert await outcome(source.tokens, known.token(ROOM)) == "user-1"
    source.down = True
    source.time.now += key_sets.KEPT_S - 1
    assert await outcome(source.tokens, known.token(ROOM)) == "user-1"
    assert await outcome(source.tokens, Key("EdDSA", "unknown").token(ROOM)) == "UNAVAILABLE"
    source.time.now += 2
    assert await outcome(source.tokens, known.token(ROOM)) == "UNAVAILABLE"


async def test_unknown_keys_cause_few_fetches(keys: dict[str, Key]) -> None:
    source = Source(keys["RS256"])
    stranger = keys["ES256"].token(ROOM)
    outcomes = [await outcome(source.tokens, stranger) for _ in range(100)]
    assert set(outcomes) == {"TOKEN_INVALID"}
    assert source.set.fetches == key_sets.FETCHES
    assert await outcome(source.tokens, keys["RS256"].token(ROOM)) == "user-1"
    source.down = True
    source.time.now += 1 / key_sets.FETCHES_PER_S + 0.1
    outcomes = [await outcome(source.tokens, stranger) for _ in range(100)]
    assert set(outcomes) == {"UNAVAILABLE"}
    assert source.set.fetches == key_sets.FETCHES + 1


async def test_many_at_once_share_one_fetch(keys: dict[str, Key]) -> None:
    source = Source(keys["ES256"])
    given = keys["ES256"].token(ROOM)
    assert await asyncio.gather(*(outcome(source.tokens, given) for _ in range(50))) == ["user-1"] * 50
    assert source.set.fetches == 1


def test_keys_of_no_use_are_passed_over(keys: dict[str, Key]) -> None:
    good = keys["ES256"].public
    small = Key("RS256", "small", rsa.generate_private_key(public_exponent=65_537, key_size=1_024)).public
    other_curve = jwt.get_algorithm_by_name("ES384").to_jwk(
        ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True
    )
    entries: list[Any] = [
        7,
        {},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        {"kty": "RSA", "kid": "broken"},
        {"kty": ["RSA"]},
        {**good, "use": "enc"},
        {**good, "alg": "ES384"},
        {**good, "x": "!"},
        {"kty": "OKP", "crv": "X25519", "x": "AA"},
        small,
        other_curve,
        good,
    ]
    assert [key.id for key in read_keys(json.dumps({"keys": entries}).encode())] == ["ES256"]


@pytest.mark.parametrize(
    "document", [b"", b"x", b"[]", b"{}", b'{"keys":7}', b'{"keys":[]}', b'{"keys":{"a":1}}', b"7"]
)
def test_what_is_no_key_set(document: bytes) -> None:
    with pytest.raises(ValueError, match="JWKS"):
        read_keys(document)


def test_only_so_many_keys_are_looked_at(keys: dict[str, Key]) -> None:
    entries = [keys["ES256"].public | {"kid": str(n)} for n in range(key_sets.MAX_KEYS + 10)]
    assert len(read_keys(json.dumps({"keys": entries}).encode())) == key_sets.MAX_KEYS


async def test_one_code_for_a_token_that_is_late() -> None:
    assert await outcome(JoinTokens(SECRET), token(ROOM, in_s=-1)) == Code.TOKEN_EXPIRED.value
