"""Names are kept sealed, and known again once their holder is back."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from rooms import seals, snapshots
from rooms.events import MemberUpdated
from rooms.model import Seat
from rooms.room import Room
from rooms.runtime import Runtime
from server.security.seals import NONCE_BYTES, new_seal, opened_by_join, opened_by_token
from tests.support.rooms import Stage

WORD = "Xylophonzebra"


def sealed_room() -> tuple[Stage, Seat]:
    stage = Stage()
    ada = stage.sit("ada", token="the token", join_id="the join")
    ada.seal = new_seal(ada.id, "the token", "the join")
    ada.name, ada.user_id, ada.attributes = WORD, f"{WORD}@example.com", MappingProxyType({"mood": WORD})
    return stage, ada


def restarted(stage: Stage) -> Room:
    return snapshots.room_from(
        snapshots.record_of(stage.room), Runtime(30, 300), "epoch 2", stage.now, lambda seat_id: f"Guest {seat_id}"
    )


def test_no_record_says_what_somebody_says_of_itself() -> None:
    stage, _ = sealed_room()
    kept = repr(snapshots.record_of(stage.room))
    assert WORD not in kept
    assert "the token" not in kept


def test_until_its_holder_is_back_a_seat_has_a_guests_name() -> None:
    stage, before = sealed_room()
    ada = restarted(stage).seats["ada"]
    assert (ada.name, ada.user_id, dict(ada.attributes)) == ("Guest ada", None, {})
    assert before.name == WORD


@pytest.mark.parametrize(
    "opened", [lambda s: opened_by_token("ada", s, "the token"), lambda s: opened_by_join("ada", s, "the join")]
)
def test_with_either_secret_it_is_known_and_told_again_and_nothing_new_is_written(opened: object) -> None:
    stage, before = sealed_room()
    record = snapshots.record_of(stage.room)
    room = restarted(stage)
    ada = room.seats["ada"]
    assert ada.sealed is not None
    seal = opened(ada.sealed)  # type: ignore[operator]
    assert seal is not None
    (told,) = seals.reveal(room, ada, seal, stage.now)
    assert isinstance(told, MemberUpdated)
    assert (told.change, told.participant.name, told.participant.user_id) == ("self", WORD, before.user_id)
    assert dict(told.participant.attributes) == {"mood": WORD}
    assert list(room.history.since(0, stage.now) or ()) == [told], "durable"
    assert snapshots.record_of(room).seats == record.seats


def test_another_secret_and_another_seat_open_nothing() -> None:
    _, ada = sealed_room()
    kept = seals.sealed(ada)
    assert kept is not None
    assert opened_by_token("ada", kept, "the join") is None
    assert opened_by_token("bob", kept, "the token") is None
    assert opened_by_join("ada", kept._replace(by_join=None), "the join") is None
    assert opened_by_token("ada", kept._replace(by_token=b"short"), "the token") is None


def test_a_name_that_changes_is_sealed_anew_and_one_that_does_not_is_not() -> None:
    _, ada = sealed_room()
    first = seals.sealed(ada)
    assert seals.sealed(ada) == first
    ada.name = "Ada"
    second = seals.sealed(ada)
    assert first is not None
    assert second is not None
    assert second.text[:NONCE_BYTES] != first.text[:NONCE_BYTES]
    assert second.by_token == first.by_token


def test_another_token_opens_the_same_key_and_the_first_no_more() -> None:
    _, ada = sealed_room()
    seal = new_seal("ada", "first", None)
    ada.seal = seal.renewed("second")
    kept = seals.sealed(ada)
    assert kept is not None
    assert opened_by_token("ada", kept, "first") is None
    again = opened_by_token("ada", kept, "second")
    assert again is not None
    assert again.open(kept.text) == seal.open(kept.text) is not None


def test_what_does_not_open_is_sealed_anew_under_the_name_that_there_is() -> None:
    stage, _ = sealed_room()
    room = restarted(stage)
    ada = room.seats["ada"]
    assert ada.sealed is not None
    ada.sealed = ada.sealed._replace(text=b"damaged" * 9)
    seals.reveal(room, ada, new_seal("ada", "the token", None), stage.now)
    kept = snapshots.record_of(room).seats[0]
    assert (ada.name, kept.name) == ("Guest ada", "")
    assert kept.sealed is not None


def test_a_lone_surrogate_in_a_name_does_not_fail_its_room() -> None:
    stage, ada = sealed_room()
    ada.name = "\ud83e!"
    kept = seals.sealed(ada)
    assert kept is not None
    room = restarted(stage)
    seal = opened_by_token("ada", kept, "the token")
    assert seal is not None
    seals.reveal(room, room.seats["ada"], seal, stage.now)
    assert room.seats["ada"].name == "?!"
