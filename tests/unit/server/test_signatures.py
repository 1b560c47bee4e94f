"""Webhook signatures, held against the specification's own library."""

from __future__ import annotations

import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from server.security.signatures import is_short, key_of, read_secrets, signatures

GOOD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes, here").decode()


def headers(secrets: list[str], body: bytes) -> dict[str, str]:
    at = int(time.time())
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": signatures(secrets, "msg_1", at, body),
    }


@pytest.mark.parametrize("secret", [GOOD, OTHER, GOOD.removeprefix("whsec_"), "c2hvcnQ", "a-word_with?signs"])
def test_the_reference_library_verifies_what_is_signed(secret: str) -> None:
    body = '{"type":"room.created","data":{"é":"🦔"}}'.encode()
    assert Webhook(secret).verify(body, headers([secret], body))["type"] == "room.created"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers([secret], body))
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER if secret != OTHER else GOOD).verify(body, headers([secret], body))


def test_while_secrets_rotate_either_verifies() -> None:
    given = headers([GOOD, OTHER], b"{}")
    assert Webhook(GOOD).verify(b"{}", given) == Webhook(OTHER).verify(b"{}", given) == {}


def test_the_example_of_the_specification() -> None:
    body = b'{"test": 2432232314}'
    signed = signatures([GOOD], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("text", [f"{GOOD} {OTHER}", f"{GOOD},{OTHER}", f" {GOOD} ,\n{OTHER}, "])
def test_several_are_separated_by_spaces_or_commas(text: str) -> None:
    assert read_secrets(text) == (GOOD, OTHER)


@pytest.mark.parametrize("text", ["whsec_", "!", "a", "whsec_?", f"{GOOD} !"])
def test_what_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and base64") as refused:
        read_secrets(text)
    assert GOOD not in str(refused.value)


def test_short_ones_are_known() -> None:
    assert is_short("c2hvcnQ")
    assert not is_short(GOOD)
    assert len(key_of(GOOD)) == 24
