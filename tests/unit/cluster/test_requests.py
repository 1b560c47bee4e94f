"""Which room a request is about: found without taking it apart, and never another than its own."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cluster.requests import Addressed, acknowledged, addressed, may_be_repeated, seen_in, takes_back
from server.outbound.delivery import event_packet
from server.protocol.events import EVENTS

TEXT = st.text('ab"\\{}:, é', max_size=8) | st.sampled_from(["roomId", '"roomId":"b"', '","roomId":"c'])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["", "0", "17"]), st.dictionaries(st.sampled_from(["text", "roomId", "data"]), JSON))
def test_the_room_is_the_one_that_a_parser_finds(ack_id: str, payload: dict[str, Any]) -> None:
    payload["roomId"] = "theroom"
    packet = f"2{ack_id}{orjson.dumps(['send-message', payload]).decode()}"
    assert addressed(packet) == Addressed(ack_id, "theroom")
    spaced = f"2{ack_id}{json.dumps(['send-message', payload])}"
    assert addressed(spaced) == Addressed(ack_id, "theroom")


@given(JSON)
def test_what_names_no_room_is_nobodys_or_refused_wherever_it_goes(payload: Any) -> None:
    asked = addressed(f"2{orjson.dumps(['send-message', {'data': payload}]).decode()}")
    assert asked is None or asked.ack_id == ""


@pytest.mark.parametrize(
    ("packet", "room_id"),
    [
        ('21["join-room","abc"]', "abc"),
        (r'2["x",{"roomId":"a\u0062c"}]', "abc"),
        (r'2["x",{"\u0072oomId":"abc"}]', "abc"),
        ('2["x",{"data":{"roomId":"other"},"roomId":"abc"}]', "abc"),
        (r'2["x",{"text":"\"roomId\":\"other\"","roomId":"abc"}]', "abc"),
    ],
)
def test_unusual_ways_to_name_a_room(packet: str, room_id: str) -> None:
    asked = addressed(packet)
    assert asked is not None
    assert asked.room_id == room_id


@pytest.mark.parametrize(
    "packet",
    [
        "", "2", "2[", '2["x"]', '2["x",{}]', '2x["x",{"roomId":"a"}]', '2/admin,["x",{"roomId":"a"}]',
        '2["x",{"roomId":""}]', '2["x",{"roomId":7}]', f'2["x",{{"roomId":"{"a" * 65}"}}]',
        '212345678901["x",{"roomId":"a"}]', '2["x",{"roomId":"a',
    ],
)  # fmt: skip
def test_what_is_no_request_about_a_room_stays_where_it_is(packet: str) -> None:
    assert addressed(packet) is None


def test_acknowledgements_and_offsets_are_read() -> None:
    assert acknowledged(b'317[{"ok":true}]') == "17"
    assert acknowledged(b'2["typing-changed",{}]') == ""
    assert seen_in(b'2["message-received",{"text":"x"},"epoch.12"]') == [("epoch", 12)]
    assert seen_in(b'2["message-received",{"text":"x"},"one.3,two.4"]') == [("one", 3), ("two", 4)]
    assert seen_in(b'2["x","no offset"]') == []
    assert seen_in(b'2["typing-changed",{"roomId":"a"}]') == []


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ('21["join-room",{"roomId":"a","resume":{"participantId":"p"}}]', True),
        ('21["join-room",{"roomId":"a","clientJoinId":"abcdefghijklmnop"}]', True),
        ('21["join-room",{"roomId":"a","invite":"once"}]', False),
        ('2["send-message",{"roomId":"a","text":"x","clientMessageId":"m"}]', True),
        (r'2["send-message",{"roomId":"a","text":"\"clientMessageId\":\"m"}]', False),
        ('2["typing",{"roomId":"a"}]', True),
        ('2["offer",{"roomId":"a"}]', False),
        ('2["', False),
        ("2[]", False),
    ],
)
def test_which_requests_may_be_run_once_more(packet: str, expected: bool) -> None:
    assert may_be_repeated(packet) is expected


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_edge_sees_which_events_take_something_back(name: str) -> None:
    takes = name in ("message-deleted", "message-updated", "poll-deleted")
    assert takes_back(event_packet(name, {"roomId": "a"}, "b.1")) is takes


def test_what_is_said_is_not_taken_for_it() -> None:
    said = {"text": '2["message-deleted"'}
    assert not takes_back(event_packet("message-received", said))
    assert not takes_back(b'31["message-deleted"]')
