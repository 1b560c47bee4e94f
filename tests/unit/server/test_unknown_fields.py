"""A field that nobody knows is answered with the known one that comes nearest."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rooms.errors import Code, Refused
from server.protocol.requests import CreateRoom
from server.protocol.unknown_fields import MAX_UNKNOWN, MEANT, known_fields, refuse_unknown
from tests.support.pace import PACE

KNOWN = ("capacity", "expiresInS", "inviteOnly", "password", "lobby", "log")


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("capcity", "capacity"),
        ("Capacity", "capacity"),
        ("expires_in_s", "expiresInS"),
        ("expiresIn", "expiresInS"),
        ("invite-only", "inviteOnly"),
        ("passwort", "password"),
        ("logs", "log"),
    ],
)
def test_the_nearest_known_field_is_named(sent: str, meant: str) -> None:
    with pytest.raises(Refused) as caught:
        refuse_unknown({sent: 1}, KNOWN)
    assert caught.value.code is Code.INVALID_PAYLOAD
    assert caught.value.details == {meant: MEANT}
    assert sent not in caught.value.details


def test_a_field_that_was_sent_is_not_what_another_was_meant_to_be() -> None:
    with pytest.raises(Refused) as caught:
        refuse_unknown({"log": True, "logs": True}, KNOWN)
    assert caught.value.details is not None
    assert "log" not in caught.value.details
    with pytest.raises(Refused) as caught:
        refuse_unknown({"uses": 1, "use": 1}, ("uses",))
    assert caught.value.details == {"uses": MEANT}


@pytest.mark.parametrize("value", [{}, {"log": True}, dict.fromkeys(KNOWN), [], None, "capcity", 3])
def test_what_is_known_or_no_object_passes(value: Any) -> None:
    refuse_unknown(value, KNOWN)


def test_known_fields_are_those_of_the_wire() -> None:
    assert set(KNOWN) <= set(known_fields(CreateRoom))


def test_many_long_unknown_fields_cost_little() -> None:
    sent = {f"{n}" + "capacity" * 8_000: n for n in range(2_000)}
    began = time.process_time()
    with pytest.raises(Refused) as caught:
        refuse_unknown(sent, KNOWN)
    assert time.process_time() - began < 0.25 * PACE
    assert caught.value.details is not None
    assert len(caught.value.details) <= MAX_UNKNOWN
