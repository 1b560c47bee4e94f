"""What a voucher may withhold from its bearer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rooms import messages, people, rights
from rooms.model import ALL_RIGHTS, Rights, Voucher
from tests.support.rooms import Stage, refusal


def sit_with(stage: Stage, held: Rights) -> Any:
    return stage.sit("bob", voucher=Voucher(b"bob", rights=held))


def test_without_a_voucher_everybody_may_everything() -> None:
    bob = Stage().sit("bob")
    assert bob.rights == ALL_RIGHTS
    for require in (rights.require_voice, rights.require_call, rights.require_invite):
        require(bob)


@pytest.mark.parametrize(
    ("require", "held"),
    [
        (rights.require_voice, Rights(can_speak=False)),
        (rights.require_call, Rights(can_call=False)),
        (rights.require_invite, Rights(can_invite=False)),
    ],
)
def test_a_right_is_taken_by_itself(require: Callable[[Any], None], held: Rights) -> None:
    bob = sit_with(Stage(), held)
    assert refusal(require, bob) == "FORBIDDEN"
    for other in {rights.require_voice, rights.require_call, rights.require_invite} - {require}:
        other(bob)


def test_who_may_not_speak_neither_says_nor_broadcasts_anything() -> None:
    stage = Stage()
    bob = sit_with(stage, Rights(can_speak=False))
    assert refusal(messages.post, stage.room, bob, "hello", stage.now) == "FORBIDDEN"
    assert refusal(people.send_aside, stage.room, bob, "type", "{}", None) == "FORBIDDEN"
    assert stage.room.message_count == 0


def test_who_may_not_call_is_shown_as_one_who_cannot_and_enters_no_call() -> None:
    stage = Stage()
    bob = sit_with(stage, Rights(can_call=False))
    assert not bob.participant.media.can_call
    assert refusal(people.set_in_call, stage.room, bob, stage.now, in_call=True) == "FORBIDDEN"
