"""Signals, negotiations and calls as fields: what is written is the whole, at every step, and comes back as it was."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from rooms import joining
from rooms.errors import Refused
from rooms.model import Seat
from rooms.room import Room
from rooms.runtime import Runtime
from signaling.calls import CallProgress, Calls
from signaling.negotiation import Kind
from signaling.relay import MAILBOX_SIGNALS, Relay
from signaling.state import SignalState

PEOPLE = ("ada", "bob", "cy", "dan")
STEPS = 300
PROGRESS: tuple[CallProgress, ...] = ("joined", "connected", "failed", "ended")


def room_of(*names: str) -> tuple[Room, list[Seat]]:
    """A room with these people, each connected."""
    room, seats = Room(Runtime(30.0, 300.0), "room", "epoch", 0.0, 1e6, 8, b""), []
    for name in names:
        seat = joining.admit(room, joining.Admission(name, f"token of {name}", name), 0.0)
        joining.seat(room, seat, 0.0)
        seats.append(seat)
    return room, seats


class Process:
    """One that writes its room after every change."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.relay, self.calls = Relay(), Calls()
        self.state = SignalState(self.relay, self.calls)
        self.relay.on_change = self.calls.on_change = self.state.mark
        self.written: dict[str, Any] = {}

    def write(self) -> None:
        put, drop = self.state.changes(self.room.id) or ({}, [])
        assert not set(put) & set(drop)
        self.written.update(put)
        for name in drop:
            del self.written[name]

    def whole(self) -> dict[str, Any]:
        """As it would be written where nothing was."""
        fresh = SignalState(self.relay, self.calls)
        return fresh.anew(self.room.id)

    def send(self, sender: Seat, target: Seat, kind: Kind, negotiation_id: str | None, now: float) -> None:
        self.calls.check(self.room.id, sender.id, target.id, kind)
        body = {"candidate": {"candidate": f"at {now}"}}
        self.relay.route(self.room, sender, target, kind, body, now, negotiation_id=negotiation_id, size=200)
        self.calls.note(self.room.id, sender.id, target.id, kind, now)


def through_redis(fields: dict[str, Any]) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(fields), strict=False)
    return decoded


def something(rng: random.Random, process: Process, seats: Iterable[Seat], now: float) -> None:
    room, (one, other) = process.room, rng.sample(list(seats), 2)
    chance = rng.random()
    if chance < 0.6:
        process.send(one, other, rng.choice(list(Kind)), rng.choice((None, "n1", "n2", "n3")), now)
    elif chance < 0.7:
        process.calls.reported(room.id, one.id, rng.choice(PROGRESS), now)
    elif chance < 0.8:
        (room.connected.add if rng.random() < 0.5 else room.connected.discard)(one.id)
        one.connected = one.id in room.connected
    elif chance < 0.9:
        process.relay.collect(room.id, one.id, now)
        process.relay.lost_from(room.id, one.id, now)
    elif chance < 0.95:
        process.relay.came_from_elsewhere(room)
    else:
        process.relay.forget(room.id, one.id)
        process.calls.left(room.id, one.id, now)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_written_is_all_there_is_and_comes_back(seed: int) -> None:
    rng = random.Random(seed)
    room, seats = room_of(*PEOPLE)
    process, now = Process(room), 0.0
    for step in range(STEPS):
        now += rng.choice((0.1, 1.0, 20.0))
        with contextlib.suppress(Refused):
            something(rng, process, seats, now)
        process.write()
        for who in PEOPLE:  # what is too old goes by itself, and need not be erased before the next change
            process.relay.has_lost(room.id, who, now)
        whole = process.whole()
        assert {name: process.written[name] for name in whole if name[0] != "l"} == {
            name: value for name, value in whole.items() if name[0] != "l"
        }
        if step % 50 == 0:
            other = Process(room)
            other.state.read(room.id, through_redis(process.written), 0.0)
            for who in PEOPLE:
                other.relay.has_lost(room.id, who, now)
            assert through_redis(other.whole()) == through_redis(whole)
            process = other
            process.written = other.state.anew(room.id)


def test_times_go_by_the_clock_of_who_reads() -> None:
    room, (ada, bob, *_) = room_of(*PEOPLE)
    process, other = Process(room), Process(room)
    room.drop(bob, 0.0)
    process.send(ada, bob, Kind.OFFER, "n1", 100.0)
    process.send(bob, ada, Kind.ANSWER, "n1", 101.0)
    process.write()
    other.state.read(room.id, through_redis(process.written), 1_000.0)
    assert [signal.at for signal in other.relay.collect(room.id, bob.id, 1_101.0)] == [1_100.0]
    records, _ = other.calls.end(room.id, 1_111.0)
    assert [(record.started_at, record.ended_at) for record in records] == [(1_101.0, 1_111.0)]


def test_a_signal_that_waits_is_one_field_and_they_are_no_more_than_a_mailbox_holds() -> None:
    room, (ada, bob, *_) = room_of(*PEOPLE)
    process = Process(room)
    room.drop(bob, 0.0)
    for number in range(2 * MAILBOX_SIGNALS):
        process.send(ada, bob, Kind.CANDIDATE if number % MAILBOX_SIGNALS else Kind.OFFER, None, 1.0)
        put, drop = process.state.changes(room.id) or ({}, [])
        assert sum(name.startswith("b:") for name in put) <= 1
        process.written.update(put)
        for name in drop:
            del process.written[name]
    assert sum(name.startswith("b:") for name in process.written) <= MAILBOX_SIGNALS


def test_a_candidate_for_somebody_who_is_there_changes_nothing() -> None:
    room, (ada, bob, *_) = room_of(*PEOPLE)
    process = Process(room)
    process.send(ada, bob, Kind.CANDIDATE, "n1", 1.0)
    assert process.state.changes(room.id) is None


def test_what_cannot_be_read_is_dropped_and_the_room_goes_on() -> None:
    room, _ = room_of(*PEOPLE)
    process = Process(room)
    assert not process.state.read(room.id, {"b:ada:x": [1], "q:ada": 7}, 0.0)
    assert process.whole() == {}
