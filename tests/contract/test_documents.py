"""Records become BSON documents and come back unchanged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import bson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rooms.records import LoggedMessage, RoomRecord, SessionRecord, Tombstone
from storage import documents
from storage.sealed import Sealing
from tests.contract.records import NOW, bare_room, full_room, message, session, tombstone

Record = TypeVar("Record")
MAX_TIME_S = 4e9  # the year 2096

VALUES: dict[Any, st.SearchStrategy[Any]] = {
    float: st.floats(min_value=0, max_value=MAX_TIME_S),
    int: st.integers(min_value=0, max_value=2**31),
    str: st.text(st.characters(exclude_categories=["Cs"])),
    bytes: st.binary(),
    bool: st.booleans(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field of that type."""
    if hint in VALUES:
        return VALUES[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) is UnionType:
        return st.one_of(st.none(), *(values(option) for option in get_args(hint) if option is not NoneType))
    return records(hint)


def records(kind: type[Record]) -> st.SearchStrategy[Record]:
    """Any record of that kind, every field of it varied."""
    return st.builds(kind, **{name: values(hint) for name, hint in get_type_hints(kind).items()})


def through_bson(document: documents.Document) -> documents.Document:
    decoded: documents.Document = bson.decode(bson.encode(document))
    return decoded


# Some rooms are more than Hypothesis makes of one example: those it leaves out, and as many are tried all the same.
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(records(RoomRecord))
def test_any_room_comes_back_unchanged(record: RoomRecord) -> None:
    assert documents.from_document(RoomRecord, through_bson(documents.live_document(record))) == record
    for sealing in (Sealing("a secret", digests=True), Sealing("a secret", digests=False)):
        nameless = replace(record, seats=tuple(seat.without_names() for seat in record.seats))
        assert sealing.read_room(through_bson(sealing.room(record))) == nameless


@given(records(Tombstone))
def test_any_tombstone_comes_back_unchanged(record: Tombstone) -> None:
    assert documents.from_document(Tombstone, through_bson(documents.ended_document(record, None))) == record


@given(records(SessionRecord))
def test_any_line_of_the_session_log_comes_back_unchanged(record: SessionRecord) -> None:
    assert documents.from_document(SessionRecord, through_bson(documents.session_document(record))) == record


@given(records(LoggedMessage))
def test_any_message_comes_back_unchanged(record: LoggedMessage) -> None:
    document = documents.message_document(record, datetime.now(UTC))
    assert documents.from_document(LoggedMessage, through_bson(document)) == record
    sealing = Sealing("a secret", digests=True)
    assert sealing.read_message(through_bson(sealing.message(document))) == record


def test_fields_are_in_camel_case_and_the_id_is_mongodbs() -> None:
    document = documents.live_document(full_room("a"))
    assert document["_id"] == "a"
    assert document["hostKeyDigest"] == b"\x00\xff" * 16
    assert document["seats"][1]["inviteId"] == "i1"
    assert [key for key in document if "_" in key[1:]] == []


def test_unknown_fields_are_ignored_and_missing_ones_take_their_default() -> None:
    document = documents.live_document(bare_room("a"))
    del document["locked"]
    assert documents.from_document(RoomRecord, {**document, "colour": "red"}) == bare_room("a")


def test_a_document_without_a_field_that_has_no_default_is_refused() -> None:
    document = documents.live_document(bare_room("a"))
    del document["capacity"]
    with pytest.raises(KeyError, match="RoomRecord: no capacity"):
        documents.from_document(RoomRecord, document)


def test_a_tombstone_carries_the_line_of_the_log_until_that_is_written() -> None:
    document = documents.ended_document(tombstone("a"), session("s"))
    assert documents.from_document(SessionRecord, document["unfinished"]["session"]) == session("s")


def test_purge_dates_leave_a_live_room_time_beyond_its_expiry() -> None:
    room, line, end = full_room("a"), session("s"), tombstone("a")
    assert documents.live_purge_at(room).timestamp() >= room.expires_at + 3600
    assert documents.session_document(line)["purgeAt"].timestamp() > line.ended_at
    assert documents.ended_document(end, None)["purgeAt"].timestamp() == pytest.approx(end.until)
    assert documents.message_document(message(1, "a"), documents.live_purge_at(room))["purgeAt"].timestamp() > NOW
