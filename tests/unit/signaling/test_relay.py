"""Relaying: who may send to whom, what waits for whom, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from rooms import joining
from rooms.errors import Code, Refused
from rooms.model import Seat
from rooms.room import Room
from rooms.runtime import Runtime
from signaling.negotiation import Kind
from signaling.relay import MAILBOX_AGE_S, MAILBOX_BYTES, MAILBOX_SIGNALS, Relay, Signal, target_of
from tests.support.rooms import Stage

OFFER, ANSWER, CANDIDATE = Kind.OFFER, Kind.ANSWER, Kind.CANDIDATE


def room_of(*names: str) -> tuple[Room, list[Seat]]:
    """A room with these people, each connected."""
    room = Room(Runtime(30.0, 300.0), "room", "epoch", 0.0, 1e6, 8, b"")
    seats = []
    for name in names:
        seat = joining.admit(room, joining.Admission(name, f"token of {name}", name), 0.0)
        joining.seat(room, seat, 0.0)
        seats.append(seat)
    return room, seats


class Line:
    """Ada and Cy signal to Bob, who is away."""

    def __init__(self) -> None:
        self.relay = Relay()
        self.room, (self.ada, self.bob, self.cy) = room_of("ada", "bob", "cy")
        self.room.drop(self.bob, 0.0)

    def send(self, kind: Kind, label: str, *, sender: Seat | None = None, at: float = 0.0, size: int = 10) -> None:
        body: dict[str, Any] = {"label": label}
        sender = sender or self.ada
        self.relay.route(self.room, sender, self.bob, kind, body, at, negotiation_id=None, size=size)

    def kept(self, at: float = 0.0) -> list[str]:
        return [label(signal) for signal in self.relay.collect("room", "bob", at)]

    def lost(self, at: float = 0.0) -> set[str]:
        return self.relay.lost_from("room", "bob", at)


def label(signal: Signal) -> str:
    return str(signal.body["label"])


@pytest.fixture
def line() -> Line:
    return Line()


# Who is meant


def test_a_named_target_must_be_somebody_else_of_the_room() -> None:
    room, (ada, bob) = room_of("ada", "bob")
    assert target_of(room, ada, "bob") is bob
    for nobody in ("cy", "ada", ""):
        with pytest.raises(Refused) as caught:
            target_of(room, ada, nobody)
        assert caught.value.code is Code.PEER_NOT_FOUND


def test_without_a_name_the_only_other_one_is_meant() -> None:
    room, (ada, bob) = room_of("ada", "bob")
    assert target_of(room, ada, None) is bob
    assert target_of(room, bob, None) is ada


@pytest.mark.parametrize(("names", "code"), [(["ada"], Code.PEER_NOT_FOUND), (["ada", "b", "c"], Code.TARGET_REQUIRED)])
def test_without_a_name_nobody_or_several_will_not_do(names: list[str], code: Code) -> None:
    room, seats = room_of(*names)
    with pytest.raises(Refused) as caught:
        target_of(room, seats[0], None)
    assert caught.value.code is code


def test_somebody_away_is_still_the_other_one() -> None:
    room, (ada, bob) = room_of("ada", "bob")
    room.drop(bob, 0.0)
    assert target_of(room, ada, None) is bob


def test_a_seat_left_behind_by_a_reload_is_not_meant() -> None:
    room, (ada, old, new) = room_of("ada", "bob before", "bob after")
    room.drop(old, 0.0)
    assert target_of(room, ada, None) is new
    assert target_of(room, new, None) is ada


def test_several_who_are_all_away_will_not_do() -> None:
    room, (ada, bob, cy) = room_of("ada", "bob", "cy")
    for seat in (bob, cy):
        room.drop(seat, 0.0)
    with pytest.raises(Refused) as caught:
        target_of(room, ada, None)
    assert caught.value.code is Code.TARGET_REQUIRED


# Where it goes


def test_a_signal_is_stamped_with_its_sender() -> None:
    room, (ada, bob) = room_of("ada", "bob")
    signal = Relay().route(room, ada, bob, OFFER, {"description": {}}, 1.0, negotiation_id="n1", size=10)
    assert signal.sender == "ada"
    assert (signal.negotiation_id, signal.body) == ("n1", {"description": {}})


def test_nothing_is_kept_for_somebody_present() -> None:
    room, (ada, bob) = room_of("ada", "bob")
    relay = Relay()
    relay.route(room, ada, bob, OFFER, {}, 1.0, negotiation_id=None, size=10)
    assert relay.collect("room", "bob", 1.0) == []


# What waits


def test_what_waits_is_handed_over_once_and_in_order(line: Line) -> None:
    for kind, name in ((OFFER, "o"), (CANDIDATE, "c1"), (CANDIDATE, "c2")):
        line.send(kind, name)
    assert line.kept() == ["o", "c1", "c2"]
    assert line.kept() == []
    assert line.lost() == set()


def test_a_newer_offer_replaces_the_older_one_with_its_candidates(line: Line) -> None:
    for kind, name in ((OFFER, "o1"), (CANDIDATE, "c1"), (OFFER, "o2"), (CANDIDATE, "c2")):
        line.send(kind, name)
    assert line.kept() == ["o2", "c2"]
    assert line.lost() == set()


def test_a_newer_offer_leaves_the_signals_of_others_alone(line: Line) -> None:
    line.send(OFFER, "of ada")
    line.send(OFFER, "of cy", sender=line.cy)
    line.send(CANDIDATE, "c of cy", sender=line.cy)
    line.send(OFFER, "of ada again")
    assert line.kept() == ["of cy", "c of cy", "of ada again"]


def test_an_answer_is_not_lost_to_the_offer_that_follows_it(line: Line) -> None:
    """Bob offered and went away: without the answer he would wait in `have-local-offer` for ever."""
    for kind, name in ((ANSWER, "a"), (CANDIDATE, "ca"), (OFFER, "o1"), (CANDIDATE, "c1"), (OFFER, "o2")):
        line.send(kind, name)
    assert line.kept() == ["a", "ca", "o2"]


def test_an_answer_after_an_offer_that_was_taken_back_keeps_its_place(line: Line) -> None:
    """Their offers crossed: Ada, who is polite, took hers back and answered; later she offers again."""
    for kind, name in ((OFFER, "o1"), (ANSWER, "a"), (CANDIDATE, "ca"), (OFFER, "o2")):
        line.send(kind, name)
    assert line.kept() == ["o1", "a", "ca", "o2"]


def test_what_is_too_old_is_lost_and_told(line: Line) -> None:
    line.send(OFFER, "old", at=0.0)
    line.send(CANDIDATE, "its candidate", at=50.0)
    line.send(OFFER, "of cy", sender=line.cy, at=50.0)
    # Half a negotiation only confuses: with its head, the rest of Ada's goes too.
    assert line.lost(at=MAILBOX_AGE_S + 1) == {"ada"}
    assert line.kept(at=MAILBOX_AGE_S + 1) == ["of cy"]


def test_a_loss_is_told_once(line: Line) -> None:
    line.send(OFFER, "old", at=0.0)
    assert line.lost(at=MAILBOX_AGE_S + 1) == {"ada"}
    assert line.lost(at=MAILBOX_AGE_S + 1) == set()


def test_too_many_signals_cost_the_one_who_has_the_oldest(line: Line) -> None:
    line.send(OFFER, "of cy", sender=line.cy)
    for number in range(MAILBOX_SIGNALS):
        line.send(CANDIDATE, str(number))
    assert line.lost() == {"cy"}
    assert line.kept() == [str(number) for number in range(MAILBOX_SIGNALS)]


def test_too_many_bytes_cost_the_one_who_has_the_oldest(line: Line) -> None:
    line.send(OFFER, "of cy", sender=line.cy, size=MAILBOX_BYTES // 2)
    line.send(OFFER, "of ada", size=MAILBOX_BYTES // 2)
    assert line.lost() == set()
    line.send(CANDIDATE, "one more", size=1)
    assert line.lost() == {"cy"}
    assert line.kept() == ["of ada", "one more"]


def test_a_signal_larger_than_the_whole_mailbox_is_lost(line: Line) -> None:
    line.send(OFFER, "huge", size=MAILBOX_BYTES + 1)
    assert line.kept() == []
    assert line.lost() == {"ada"}


def test_what_follows_a_lost_offer_is_lost_with_it(line: Line) -> None:
    line.send(OFFER, "huge", size=MAILBOX_BYTES + 1)
    line.send(CANDIDATE, "its candidate")
    line.send(ANSWER, "an answer")
    assert line.relay.has_lost("room", "bob", 0.0)
    assert line.kept() == []
    assert line.lost() == {"ada"}


def test_what_follows_an_offer_that_grew_too_old_is_lost_with_it(line: Line) -> None:
    line.send(OFFER, "old", at=0.0)
    line.send(CANDIDATE, "its candidate", at=MAILBOX_AGE_S + 1)
    line.send(CANDIDATE, "another", at=MAILBOX_AGE_S + 2)
    assert line.kept(at=MAILBOX_AGE_S + 2) == []


def test_the_next_offer_makes_good_an_offer_that_was_lost(line: Line) -> None:
    line.send(OFFER, "huge", size=MAILBOX_BYTES + 1)
    line.send(CANDIDATE, "its candidate")
    line.send(OFFER, "o2")
    line.send(CANDIDATE, "c2")
    assert not line.relay.has_lost("room", "bob", 0.0)
    assert line.kept() == ["o2", "c2"]
    assert line.lost() == set()


def test_a_lost_answer_is_told_although_an_offer_follows(line: Line) -> None:
    """Bob waits for that answer in `have-local-offer`: where he is impolite, he ignores her offer."""
    line.send(ANSWER, "huge", size=MAILBOX_BYTES + 1)
    line.send(OFFER, "o")
    assert line.kept() == ["o"]
    assert line.lost() == {"ada"}


def test_after_a_loss_was_told_signals_are_kept_again(line: Line) -> None:
    line.send(OFFER, "huge", size=MAILBOX_BYTES + 1)
    assert line.lost() == {"ada"}
    line.send(CANDIDATE, "of what was offered since")
    assert line.kept() == ["of what was offered since"]


# Who leaves


def test_whoever_leaves_takes_its_signals_along(line: Line) -> None:
    line.send(OFFER, "of ada")
    line.send(OFFER, "of cy", sender=line.cy)
    line.relay.forget("room", "ada")
    assert line.kept() == ["of cy"]
    line.send(OFFER, "again")
    line.relay.forget("room", "bob")
    assert line.kept() == []


def test_a_loss_of_somebody_who_has_left_is_not_told(line: Line) -> None:
    line.send(OFFER, "huge", size=MAILBOX_BYTES + 1)
    line.relay.forget("room", "ada")
    assert line.lost() == set()


def test_a_room_that_has_ended_leaves_nothing(line: Line) -> None:
    line.send(OFFER, "o")
    assert len(line.relay) == 1
    line.relay.end("room")
    assert len(line.relay) == 0
    assert line.kept() == []
    line.relay.end("room")
    line.relay.forget("room", "ada")


def test_whoever_is_in_a_call_of_a_room_that_came_from_elsewhere_is_told_that_signals_may_be_lost() -> None:
    stage = Stage()
    for name in ("ann", "bob", "cat"):
        stage.sit(name).in_call = name != "cat"
    relay = Relay()
    relay.came_from_elsewhere(stage.room)
    assert relay.lost_from("r", "ann", stage.now) == {"bob"}
    assert relay.lost_from("r", "ann", stage.now) == set(), "once"
    assert relay.lost_from("r", "cat", stage.now) == set()
    relay.forget("r", "ann")
    assert relay.lost_from("r", "bob", stage.now) == set(), "of nobody who has left"
