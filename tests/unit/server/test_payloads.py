"""Payloads: whatever comes in is taken or refused, and never repeated."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rooms.errors import Code, Refused
from server.protocol.checks import MAX_DETAILS, not_of_the_shape, parse
from server.protocol.fields import MAX_SDP_BYTES
from server.protocol.requests import CreateRoom, IceCandidate, JoinRoom, Offer
from server.schema.components import name_of, schemas
from server.usecases.commands import COMMANDS

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = sorted({field for name in COMMANDS for field in schemas()[name_of(COMMANDS[name].payload)]["properties"]})
REQUESTS = st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=8)


def outcome(event: str, value: Any) -> Code | None:
    """None where it is taken; else the code of the refusal, whose details can be sent."""
    try:
        COMMANDS[event].validate(value)
    except ValidationError as error:
        refused = not_of_the_shape(value, error)
        orjson.dumps(refused.details)
        return refused.code
    return None


@given(st.sampled_from(sorted(COMMANDS)), REQUESTS | ANYTHING)
@settings(max_examples=400)
def test_any_json_is_taken_or_refused_with_invalid_payload(event: str, value: Any) -> None:
    assert outcome(event, value) in (None, Code.INVALID_PAYLOAD)


@pytest.mark.parametrize("value", [None, 1, [], [{}], True])
def test_only_objects_are_requests(value: Any) -> None:
    with pytest.raises(Refused) as caught:
        parse(JoinRoom, value)
    assert caught.value.code is Code.INVALID_PAYLOAD


def test_reasons_name_the_field_and_not_the_value() -> None:
    secret = "hunter2" * 100
    with pytest.raises(Refused) as caught:
        parse(JoinRoom, {"roomId": secret, "resume": {"participantId": 7, "resumeToken": [secret]}})
    assert caught.value.details is not None
    assert set(caught.value.details) == {"roomId", "resume.participantId", "resume.resumeToken"}
    assert "hunter2" not in str(caught.value.details)
    # Nor does anything that a traceback would show carry it.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_only_so_many_fields_are_named() -> None:
    wrong: dict[str, Any] = {
        name: [] for name in ("roomId", "name", "hostKey", "invite", "password", "media", "clientJoinId")
    }
    with pytest.raises(Refused) as caught:
        parse(JoinRoom, wrong | {"resume": {"participantId": [], "resumeToken": [], "epoch": [], "lastSeq": []}})
    assert caught.value.details is not None
    assert len(caught.value.details) == MAX_DETAILS


def test_unknown_fields_are_ignored() -> None:
    sent = {"roomId": "r", "text": "hi"}
    assert COMMANDS["send-message"].validate(sent | {"sender": "forged"}) == sent
    assert parse(JoinRoom, {"roomId": "r", "role": "host"}) == parse(JoinRoom, {"roomId": "r"})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ada", "Ada"),
        ("  Ada \t\n Lovelace ", "Ada Lovelace"),
        ("A\x00d\x7fa\x85", "Ada"),
        ("\x00", ""),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("🙂" * 64, "🙂" * 64),
    ],
)
def test_names_lose_control_characters_and_spare_spaces(given: str, kept: str) -> None:
    assert parse(JoinRoom, {"roomId": "r", "name": given}).name == kept


def test_an_sdp_is_bounded_in_bytes() -> None:
    def offer(sdp: str) -> Offer:
        return parse(Offer, {"roomId": "r", "description": {"type": "offer", "sdp": sdp}})

    assert offer("v=0" + "x" * (MAX_SDP_BYTES - 3)).description.sdp
    for sdp in ("v=0" + "x" * (MAX_SDP_BYTES - 2), "v=0" + "é" * (MAX_SDP_BYTES // 2), "", "o=0"):
        with pytest.raises(Refused):
            offer(sdp)


def test_a_candidate_keeps_exactly_what_was_sent() -> None:
    sent = {"candidate": "candidate:1", "sdpMid": None, "sdpMLineIndex": 0}
    candidate = parse(IceCandidate, {"roomId": "r", "candidate": sent}).candidate
    assert candidate == sent
    assert parse(IceCandidate, {"roomId": "r", "candidate": sent | {"forged": 1}}).candidate == sent
    assert parse(IceCandidate, {"roomId": "r", "candidate": None}).candidate is None
    with pytest.raises(Refused):
        parse(IceCandidate, {"roomId": "r"})


@pytest.mark.parametrize("value", [True, 1.5, "1", 0, -1])
def test_numbers_are_not_guessed_from_other_types(value: Any) -> None:
    with pytest.raises(Refused):
        parse(CreateRoom, {"capacity": value})
