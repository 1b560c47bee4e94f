"""What all rooms hold: the quiet give up first, what they give up is consistent, and age needs no visitor."""

from __future__ import annotations

from rooms.ledger import Ledger
from rooms.limits import BACKLOG_MESSAGES, CHAR_BYTES, EVENT_OVERHEAD_BYTES, HISTORY_AGE_S, TRACE_BYTES
from rooms.messages import post
from rooms.model import Seat
from rooms.room import Room
from rooms.runtime import Runtime
from signaling.negotiation import Kind
from signaling.relay import MAILBOX_AGE_S, Relay

MESSAGE = EVENT_OVERHEAD_BYTES + CHAR_BYTES * 100


def room_of(runtime: Runtime, name: str) -> tuple[Room, Seat]:
    room = Room(runtime, name, "epoch", 0.0, 1e9, 8, b"")
    seat = Seat("ada", "Ada", "host", 0.0, 1, b"")
    room.seats[seat.id] = seat
    return room, seat


def say(room: Room, seat: Seat, at: float, times: int = 1) -> None:
    for _ in range(times):
        post(room, seat, "x" * 100, at)


def test_every_byte_is_noted_and_comes_off_again() -> None:
    runtime = Runtime(30, 300)
    room, seat = room_of(runtime, "one")
    say(room, seat, 1.0, 2_000)
    assert runtime.ledger.used_bytes == room.history.held_bytes == (MESSAGE + TRACE_BYTES) * 1_000
    say(room, seat, 1.0 + 2 * HISTORY_AGE_S)
    left = MESSAGE * BACKLOG_MESSAGES + TRACE_BYTES * (2_001 - BACKLOG_MESSAGES)
    assert runtime.ledger.used_bytes == room.history.held_bytes == left, (
        "the backlog counts, and what is known of others"
    )
    room.history.clear()
    assert runtime.ledger.used_bytes == room.history.held_bytes == 0


def test_the_quietest_room_gives_up_first_and_whoever_resumes_gets_a_snapshot() -> None:
    runtime = Runtime(30, 300)
    quiet, quiet_seat = room_of(runtime, "quiet")
    busy, busy_seat = room_of(runtime, "busy")
    say(busy, busy_seat, 1.0, 10)
    say(quiet, quiet_seat, 2.0, 10)
    say(busy, busy_seat, 3.0, 10)
    position = quiet.history.floor_position
    runtime.ledger.limit_bytes = MESSAGE * 31
    say(busy, busy_seat, 4.0, 2)
    assert (quiet.history.held_bytes, runtime.ledger.given_up) == (0, 1)
    assert busy.history.held_bytes == MESSAGE * 22
    assert quiet.history.since(5, 4.0) is None
    assert list(quiet.history.since(10, 4.0) or ()) == []
    assert quiet.history.after_position(position, 4.0) is None
    say(quiet, quiet_seat, 5.0)
    assert [event.seq for event in quiet.history.since(10, 5.0) or ()] == [11], "from there on nothing is missing"
    assert quiet.history.since(9, 5.0) is None


def test_an_idle_room_ages_by_itself() -> None:
    runtime = Runtime(30, 300)
    room, seat = room_of(runtime, "idle")
    say(room, seat, 10.0, 200)
    runtime.ledger.age(10.0 + HISTORY_AGE_S / 2)
    assert len(room.history) == 200
    runtime.ledger.age(10.0 + HISTORY_AGE_S + 16)
    assert len(room.history) == 0
    assert room.history.message_count() == BACKLOG_MESSAGES, "newcomers still see what was said last"


def test_who_was_empty_is_looked_at_again_when_it_is_not() -> None:
    ledger = Ledger()
    runtime = Runtime(30, 300, ledger=ledger)
    room, seat = room_of(runtime, "again")
    say(room, seat, 1.0)
    room.history.give_up()
    ledger.age(1_000.0)
    assert len(ledger) == 0
    say(room, seat, 1_001.0)
    assert len(ledger) == 1
    ledger.limit_bytes = 1
    say(room, seat, 1_002.0)
    assert room.history.held_bytes == 0


def test_mailboxes_count_age_and_tell_of_what_they_gave_up() -> None:
    runtime = Runtime(30, 300)
    room, ada = room_of(runtime, "call")
    bob = Seat("bob", "Bob", "member", 0.0, 2, b"")
    room.seats[bob.id] = bob
    relay = Relay(runtime.ledger)

    def offer(at: float) -> None:
        relay.route(room, ada, bob, Kind.OFFER, {"description": {}}, at, negotiation_id=None, size=1_000)

    offer(1.0)
    assert runtime.ledger.used_bytes == 1_000
    runtime.ledger.age(1.0 + MAILBOX_AGE_S + 16)
    assert runtime.ledger.used_bytes == 0
    assert relay.has_lost(room.id, bob.id, 80.0)
    offer(90.0)
    runtime.ledger.give_up_down_to(0)
    assert runtime.ledger.used_bytes == 0
    assert relay.lost_from(room.id, bob.id, 91.0) == {"ada"}
    offer(92.0)
    relay.forget(room.id, bob.id)
    assert runtime.ledger.used_bytes == 0
    offer(93.0)
    relay.end(room.id)
    assert runtime.ledger.used_bytes == 0
