"""The error table: statuses and retries as the protocol fixes them."""

from __future__ import annotations

import pytest

from rooms.errors import Code, Refused
from server.protocol.acknowledgements import CODE_INFO, Reply, envelope, error_object, refusal
from server.protocol.events import ErrorObject

# The protocol's own table, written out once more so that a slip in ours shows.
STATUS = {
    "INVALID_PAYLOAD": 400,
    "PAYLOAD_TOO_LARGE": 413,
    "FILE_TOO_LARGE": 413,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "INVITE_REQUIRED": 401,
    "INVITE_INVALID": 403,
    "INVITE_USED": 410,
    "INVITE_EXPIRED": 410,
    "PASSWORD_REQUIRED": 401,
    "PASSWORD_INVALID": 403,
    "ROOM_NOT_FOUND": 404,
    "ROOM_ENDED": 410,
    "ROOM_EXPIRED": 410,
    "ROOM_FULL": 409,
    "ROOM_LOCKED": 423,
    "LOBBY_WAITING": 423,
    "BANNED": 403,
    "NOT_IN_ROOM": 409,
    "ALREADY_JOINED": 409,
    "TOO_MANY_ROOMS": 409,
    "PEER_NOT_FOUND": 404,
    "TARGET_REQUIRED": 400,
    "RESUME_INVALID": 401,
    "RESUME_EXPIRED": 410,
    "TOKEN_INVALID": 401,
    "TOKEN_EXPIRED": 401,
    "ENCRYPTION_REQUIRED": 409,
    "MESSAGE_NOT_FOUND": 404,
    "POLL_CLOSED": 409,
    "STALE_NEGOTIATION": 409,
    "RATE_LIMITED": 429,
    "QUOTA_EXCEEDED": 429,
    "SERVER_DRAINING": 503,
    "UNAVAILABLE": 503,
    "INTERNAL_ERROR": 500,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "TIMEOUT": 408,
}
RETRYABLE = {"ROOM_FULL", "RATE_LIMITED", "QUOTA_EXCEEDED", "SERVER_DRAINING", "UNAVAILABLE", "INTERNAL_ERROR"}
RETRYABLE |= {"TIMEOUT"}


def test_every_code_has_its_meaning() -> None:
    assert set(CODE_INFO) == set(Code)
    assert {code.value for code in Code} == {*STATUS, "UNKNOWN_EVENT"}


@pytest.mark.parametrize("code", STATUS)
def test_statuses_and_retries(code: str) -> None:
    meaning = CODE_INFO[Code(code)]
    assert (meaning.status, meaning.retryable) == (STATUS[code], code in RETRYABLE)


@pytest.mark.parametrize("code", Code)
def test_every_error_object_fits_its_model(code: Code) -> None:
    error = error_object(Refused(code))
    ErrorObject.model_validate(error)
    assert error["message"]
    assert set(error) == {"code", "message", "retryable"}


def test_what_the_rules_say_better_is_kept() -> None:
    refused = Refused(Code.RATE_LIMITED, "Slowly.", retry_after_ms=5, details={"x": "why"})
    assert envelope(refusal(refused)) == {
        "ok": False,
        "error": {
            "code": "RATE_LIMITED",
            "message": "Slowly.",
            "retryable": True,
            "retryAfterMs": 5,
            "details": {"x": "why"},
        },
    }


def test_a_success_carries_its_data() -> None:
    assert envelope({"id": "x"}) == envelope(Reply({"id": "x"}, lambda _: None)) == {"ok": True, "data": {"id": "x"}}
