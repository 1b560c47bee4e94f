"""What the host may do with people and settings."""

from __future__ import annotations

from typing import Any

import pytest

from rooms import lobby, messages, moderation, returning
from rooms.events import KnockReceived, MemberLeft
from rooms.limits import BACKLOG_MESSAGES, HISTORY_AGE_S, MAX_BANS
from rooms.message import seq_in
from rooms.model import Voucher
from tests.support.rooms import Stage, names, refusal

ORIGIN = b"one address"


@pytest.fixture
def stage() -> Stage:
    """A room with its host, ada, and a guest, bob."""
    made = Stage()
    made.sit("ada")
    made.sit("bob", token="of bob", origin=ORIGIN)
    return made


def test_only_the_host_is_a_host(stage: Stage) -> None:
    moderation.require_host(stage.room.seats["ada"])
    assert refusal(moderation.require_host, stage.room.seats["bob"]) == "FORBIDDEN"


# Putting people out


def kick(stage: Stage, who: str, *, ban: bool = False) -> list[str]:
    return names(moderation.kick(stage.room, stage.room.seats["ada"], who, stage.now, ban=ban))


def test_whoever_is_kicked_is_out_and_may_come_in_anew(stage: Stage) -> None:
    assert kick(stage, "bob") == ["MemberLeft"]
    assert refusal(returning.reclaim, stage.room, "bob", "of bob") == "RESUME_INVALID"
    stage.ask("bob again", origin=ORIGIN)


def test_a_ban_keeps_out_the_seat_and_its_address(stage: Stage) -> None:
    kick(stage, "bob", ban=True)
    assert refusal(returning.reclaim, stage.room, "bob", "of bob") == "BANNED"
    assert refusal(stage.ask, "bob again", origin=ORIGIN) == "BANNED"
    stage.ask("cleo", origin=b"another address")


@pytest.mark.parametrize(("ban", "reason"), [(False, "kicked"), (True, "banned")])
def test_the_others_are_told_which_it_was(stage: Stage, ban: bool, reason: str) -> None:
    [left] = moderation.kick(stage.room, stage.room.seats["ada"], "bob", stage.now, ban=ban)
    assert isinstance(left, MemberLeft)
    assert left.reason == reason


def test_a_seat_without_an_address_can_be_banned(stage: Stage) -> None:
    stage.sit("cleo")
    kick(stage, "cleo", ban=True)
    assert stage.room.banned_origins == set()
    stage.ask("dora")


def test_a_ban_goes_by_who_it_is_where_a_voucher_has_said_so(stage: Stage) -> None:
    stage.sit("cleo", voucher=Voucher(b"cleo"))
    kick(stage, "cleo", ban=True)
    assert refusal(stage.ask, "cleo again", voucher=Voucher(b"cleo")) == "BANNED"
    stage.ask("dora", voucher=Voucher(b"dora"))


def test_a_host_cannot_put_itself_out(stage: Stage) -> None:
    assert refusal(kick, stage, "ada") == "FORBIDDEN"


def test_nobody_can_be_put_out_who_is_not_here(stage: Stage) -> None:
    assert refusal(kick, stage, "cleo") == "PEER_NOT_FOUND"


def test_a_room_has_at_most_max_bans_and_who_cannot_be_banned_stays(stage: Stage) -> None:
    """The bound is `MAX_BANS`."""
    stage.room.banned_ids |= {f"guest {number}" for number in range(MAX_BANS)}
    assert refusal(kick, stage, "bob", ban=True) == "RATE_LIMITED"
    assert "bob" in stage.room.seats
    kick(stage, "bob")


# Settings


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"locked": True}, {"status": "locked"}),
        ({"capacity": 3}, {"capacity": 3}),
        ({"lobby": True}, {"lobby": True}),
        ({"receipts": False}, {"receipts": False}),
        ({"message_ttl_s": 60.0}, {"message_ttl_s": 60.0}),
    ],
)
def test_what_is_named_changes_and_all_else_stays(stage: Stage, change: Any, shown: dict[str, object]) -> None:
    before = stage.room.view()
    assert names(moderation.update(stage.room, stage.now, **change)) == ["RoomUpdated"]
    assert stage.room.view() == before._replace(**shown)


def test_a_locked_room_stays_locked_until_it_is_unlocked(stage: Stage) -> None:
    moderation.update(stage.room, stage.now, locked=True)
    moderation.update(stage.room, stage.now, capacity=3)
    assert stage.room.view().status == "locked"
    moderation.update(stage.room, stage.now, locked=False)
    assert stage.room.view().status == "open"


def test_a_change_that_changes_nothing_is_not_told(stage: Stage) -> None:
    seq = stage.room.seq
    assert moderation.update(stage.room, stage.now, locked=False, capacity=8) == []
    assert stage.room.seq == seq


def test_a_lower_capacity_puts_nobody_out_and_lets_nobody_in(stage: Stage) -> None:
    moderation.update(stage.room, stage.now, capacity=1)
    assert len(stage.room.seats) == 2
    assert refusal(stage.ask, "cleo") == "ROOM_FULL"


def test_a_new_expiry_counts_from_now_by_the_wall_clock(stage: Stage) -> None:
    stage.room.runtime.ahead_s = 50.0
    moderation.update(stage.room, stage.now, expires_in_s=10.0)
    assert stage.room.expires_at == stage.now + 60.0


def test_how_long_messages_last_can_be_set_and_unset(stage: Stage) -> None:
    moderation.update(stage.room, stage.now, message_ttl_s=60.0)
    moderation.update(stage.room, stage.now, locked=True)
    assert stage.room.message_ttl_s == 60.0
    moderation.update(stage.room, stage.now, message_ttl_s=None)
    assert stage.room.message_ttl_s is None


# Pinning


def say(stage: Stage, who: str, *, to: str | None = None) -> str:
    _, message, _ = messages.post(stage.room, stage.room.seats[who], "hello", stage.now, to=to)
    assert message is not None
    return message.id


def pin(stage: Stage, message_id: str | None) -> list[str]:
    return names(moderation.pin(stage.room, stage.room.seats["ada"], message_id, stage.now))


def test_one_message_is_pinned_for_everybody_in_place_of_another(stage: Stage) -> None:
    first, second = say(stage, "ada"), say(stage, "bob")
    assert pin(stage, first) == pin(stage, second) == ["RoomUpdated"]
    assert stage.room.view().pinned_message_id == second
    assert pin(stage, second) == []


def test_a_pin_is_taken_off_by_pinning_none(stage: Stage) -> None:
    pin(stage, say(stage, "ada"))
    assert pin(stage, None) == ["RoomUpdated"]
    assert stage.room.view().pinned_message_id is None


def test_what_not_everybody_may_see_is_not_pinned(stage: Stage) -> None:
    stage.sit("cleo")
    assert refusal(pin, stage, say(stage, "bob", to="ada")) == "FORBIDDEN"
    assert refusal(pin, stage, say(stage, "bob", to="cleo")) in ("FORBIDDEN", "MESSAGE_NOT_FOUND")


def test_only_a_message_of_this_room_is_pinned(stage: Stage) -> None:
    known = say(stage, "ada")
    for other in ("nonsense", known[:-1] + "x", known.replace(stage.room.epoch, "other")):
        assert refusal(pin, stage, other) == "MESSAGE_NOT_FOUND"


def test_a_message_that_is_known_and_not_held_any_more_is_pinned(stage: Stage) -> None:
    known, private = say(stage, "bob"), say(stage, "bob", to="ada")
    stage.room.history.age(stage.now + 10 * HISTORY_AGE_S)
    for _ in range(BACKLOG_MESSAGES):
        say(stage, "ada")
    assert stage.room.history.find(seq_in(known)) is None
    assert pin(stage, known) == ["RoomUpdated"]
    assert refusal(pin, stage, private) == "FORBIDDEN"
    assert refusal(pin, stage, known[:-1] + "x") == "MESSAGE_NOT_FOUND"


# Handing over


def test_the_host_s_role_is_handed_to_one_who_is_here(stage: Stage) -> None:
    events = moderation.transfer(stage.room, stage.room.seats["ada"], "bob", stage.now)
    assert names(events) == ["MemberUpdated", "MemberUpdated", "RoomUpdated"]
    assert [seat.role for seat in stage.room.seats.values()] == ["member", "host"]
    assert refusal(moderation.transfer, stage.room, stage.room.seats["bob"], "cleo", stage.now) == "PEER_NOT_FOUND"


def test_who_is_handed_the_role_hears_who_waits(stage: Stage) -> None:
    stage.room.lobby = True
    lobby.knock(stage.room, "k", "Zoe", None)
    events = moderation.transfer(stage.room, stage.room.seats["ada"], "bob", stage.now)
    assert events[-1] == KnockReceived("r", "k", "Zoe")


# Inviting


def test_an_invite_lasts_as_long_as_its_room_unless_it_is_told_otherwise(stage: Stage) -> None:
    record, events = moderation.invite(stage.room, "i", "token", stage.now, uses=1, expires_in_s=None)
    assert (record.expires_at, names(events)) == (stage.room.expires_at, ["StateChanged"])
    record, _ = moderation.invite(stage.room, "j", "other", stage.now, uses=1, expires_in_s=60.0)
    assert record.expires_at == stage.now + 60.0


def test_an_invite_never_outlasts_its_room(stage: Stage) -> None:
    record, _ = moderation.invite(stage.room, "i", "token", stage.now, uses=1, expires_in_s=1e6)
    assert record.expires_at == stage.room.expires_at


def test_whoever_came_in_with_an_invite_stays_when_it_is_revoked(stage: Stage) -> None:
    stage.invite("open", uses=2)
    stage.sit("cleo", invite="open")
    moderation.revoke(stage.room, "id of open")
    assert "cleo" in stage.room.seats
    assert refusal(stage.ask, "dora", invite="open") == "INVITE_INVALID"
