"""What an offset proves, and when a connection may not claim to be a continuation."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from rooms import joining, messages
from rooms.directory import Directory
from rooms.leaving import leave
from rooms.limits import HISTORY_AGE_S, HISTORY_EVENTS
from rooms.message import Message
from rooms.model import RoomOptions, Seat
from rooms.room import Room
from rooms.runtime import Runtime
from server.outbound.presence import Presence, Told
from server.protocol.offsets import MAX_OFFSET_CHARS, Offsets, offset, offset_of_several, read_offset
from server.security.throttles import bucket
from server.usecases.connections import Connection, Transport
from server.usecases.recovery import Reclaimed, Recovery, in_order

GRACE_S = 30.0


def connection(name: str) -> Connection:
    transport = Transport(bucket(0, 0, 0))
    return Connection(name, "192.0.2.1", f"pid of {name}", transport, transport.bucket)


@dataclass
class Stage:
    """Rooms in which `ada` talks, and others come and go."""

    directory: Directory = field(default_factory=lambda: Directory(Runtime(GRACE_S, 300), tombstone_ttl_s=60))
    now: float = 1_000.0

    def __post_init__(self) -> None:
        self.presence = Presence()
        self.recovery = Recovery(self.directory, self.presence, GRACE_S)
        self.ada: dict[str, Seat] = {}
        self.replayed: list[str] = []
        """The offsets of the frames that the last one to come back was sent once more."""

    def room(self, room_id: str = "r") -> Room:
        room = self.directory.create(room_id, f"epoch {room_id}", "key", RoomOptions(8, 3_600), self.now)
        self.ada[room_id] = self.sit(room, connection("ada"))
        return room

    def sit(self, room: Room, who: Connection) -> Seat:
        """Join, and be sent the snapshot; its offset is `self.offset()`."""
        granted = joining.admit(room, joining.Admission(f"{who.id} in {room.id}", "token", who.id), self.now)
        joining.seat(room, granted, self.now)
        self.presence.hold(who.id, room, granted, Told(room.position + 1))
        room.tick()
        self.recovery.connected(who)
        return granted

    def offset(self) -> Offsets:
        """What a frame that is sent now carries, to one who is in every room."""
        return {room.epoch: room.position for room in self.directory.rooms.values()}

    def say(self, room: Room, text: str) -> Offsets:
        """Ada says something; returns the offset of its frame."""
        messages.post(room, self.ada[room.id], text, self.now)
        return self.offset()

    def vanish(self, who: Connection) -> None:
        self.recovery.vanished(who, self.now)
        for room, seat in self.presence.seats_of(who.id):
            self.presence.release(room.id, seat.id)
            room.drop(seat, self.now)

    def take(self, room: Room, seat: Seat, connection: str, seen: int) -> None:
        room.take(seat, self.now)
        self.presence.release(room.id, seat.id)
        self.presence.hold(connection, room, seat, Told(seen))

    def recover(self, who: Connection, offset: Offsets) -> list[Reclaimed] | None:
        return self.recovery.recover(who.private_id, offset, self.now)

    def come_back(self, old: Connection, name: str, offset: Offsets) -> tuple[Connection, list[str]]:
        """Recover as the gateway does; the new connection, and the texts that it is sent."""
        found = self.recover(old, offset)
        assert found is not None
        self.replayed = [seen_by_then for _, _, seen_by_then in in_order(found)]
        new = Connection(name, old.address, old.private_id, old.transport, old.bucket, recovered=True)
        for one in found:
            self.take(one.room, one.seat, new.id, one.seen)
        self.recovery.connected(new)
        return new, texts(found)


def texts(found: list[Reclaimed] | None) -> list[str]:
    assert found is not None
    return [event.text for event, _, _ in in_order(found) if isinstance(event, Message)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_what_was_said_since_the_offset_is_sent_once_more(stage: Stage) -> None:
    room, ben = stage.room(), connection("ben")
    stage.sit(room, ben)
    seen = stage.say(room, "seen")
    stage.say(room, "lost on the way")
    stage.vanish(ben)
    stage.say(room, "said while away")
    assert texts(stage.recover(ben, seen)) == ["lost on the way", "said while away"]


def test_an_offset_older_than_the_seat_tells_that_the_snapshot_was_lost(stage: Stage) -> None:
    room, ben = stage.room(), connection("ben")
    before = stage.say(room, "seen on an earlier connection")
    stage.say(room, "was in the lost snapshot")
    stage.sit(room, ben)
    stage.vanish(ben)
    assert stage.recover(ben, before) is None


def test_a_replay_that_was_cut_is_sent_again_whole(stage: Stage) -> None:
    room, ben = stage.room(), connection("ben")
    stage.sit(room, ben)
    seen = stage.offset()
    stage.vanish(ben)
    first = stage.say(room, "one")
    stage.say(room, "two")
    again, sent = stage.come_back(ben, "ben again", seen)
    assert sent == ["one", "two"]
    stage.vanish(again)
    third, sent = stage.come_back(again, "ben, cut before anything came through", seen)
    assert sent == ["one", "two"]
    stage.vanish(third)
    assert texts(stage.recover(third, first)) == ["two"], "cut after the first had come through"


def test_what_was_missed_in_two_rooms_comes_in_the_order_in_which_it_happened(stage: Stage) -> None:
    first, second, ben = stage.room("first"), stage.room("second"), connection("ben")
    stage.sit(first, ben)
    stage.sit(second, ben)
    seen = stage.offset()
    stage.vanish(ben)
    for text, room in (("a", second), ("b", first), ("c", second)):
        stage.say(room, text)
        stage.now += 0.001
    assert texts(stage.recover(ben, seen)) == ["a", "b", "c"]


def test_a_connection_that_is_held_to_be_alive_is_taken_over(stage: Stage) -> None:
    room, ben = stage.room(), connection("ben")
    seat = stage.sit(room, ben)
    seen = stage.offset()
    new, _ = stage.come_back(ben, "ben again", seen)
    assert stage.presence.connection_of(room.id, seat.id) == new.id
    stage.vanish(ben)
    assert stage.presence.connection_of(room.id, seat.id) == new.id, "the old connection's end hurts nobody"
    assert len(stage.recovery) == 0
    stage.vanish(new)
    assert stage.recover(new, seen) is not None


def test_a_claim_holds_for_the_grace_period(stage: Stage) -> None:
    room, ben = stage.room(), connection("ben")
    stage.sit(room, ben)
    seen = stage.offset()
    stage.vanish(ben)
    stage.now += GRACE_S
    assert stage.recover(ben, seen) is None


def test_beyond_the_history_nothing_is_recovered(stage: Stage) -> None:
    room, ben = stage.room(), connection("ben")
    stage.sit(room, ben)
    seen = stage.offset()
    stage.vanish(ben)
    for n in range(HISTORY_EVENTS - 1):
        stage.say(room, str(n))
    assert stage.recover(ben, seen) is not None, "the history is just long enough"
    stage.vanish(ben)
    stage.say(room, "one too many")
    stage.say(room, "two too many")
    assert stage.recover(ben, seen) is None


def test_what_is_too_old_is_not_recovered(stage: Stage) -> None:
    stage.recovery = Recovery(stage.directory, stage.presence, HISTORY_AGE_S * 3)
    room, ben = stage.room(), connection("ben")
    stage.sit(room, ben)
    seen = stage.offset()
    stage.vanish(ben)
    stage.say(room, "long ago")
    stage.now += HISTORY_AGE_S + 1
    assert stage.recover(ben, seen) is None


@pytest.mark.parametrize("reason", ["kicked", "left", "timeout"])
def test_a_seat_that_has_ended_is_not_recovered(stage: Stage, reason: str) -> None:
    room, ben = stage.room(), connection("ben")
    seat = stage.sit(room, ben)
    stage.vanish(ben)
    leave(room, seat, reason, stage.now)
    stage.presence.release(room.id, seat.id)
    assert stage.recover(ben, stage.offset()) is None


def test_a_seat_that_another_connection_has_resumed_is_not_recovered(stage: Stage) -> None:
    room, ben = stage.room(), connection("ben")
    seat = stage.sit(room, ben)
    stage.vanish(ben)
    stage.take(room, seat, "another tab", room.position)
    assert stage.recover(ben, stage.offset()) is None


def test_an_offset_of_the_future_is_refused(stage: Stage) -> None:
    room, ben = stage.room(), connection("ben")
    stage.sit(room, ben)
    stage.vanish(ben)
    assert stage.recover(ben, {room.epoch: room.position + 1}) is None


def test_an_offset_that_does_not_name_the_room_tells_that_its_snapshot_was_lost(stage: Stage) -> None:
    first, second, ben = stage.room("first"), stage.room("second"), connection("ben")
    stage.sit(first, ben)
    seen = {first.epoch: first.position}
    stage.sit(second, ben)
    stage.vanish(ben)
    assert stage.recover(ben, seen) is None


def test_what_one_room_says_proves_nothing_of_another(stage: Stage) -> None:
    """With one clock for all rooms, a frame of one said that all of the others had come."""
    first, second, ben = stage.room("first"), stage.room("second"), connection("ben")
    stage.sit(first, ben)
    stage.sit(second, ben)
    before = second.position
    stage.say(second, "under way from another process")
    stage.say(first, "came")
    stage.vanish(ben)
    assert texts(stage.recover(ben, {first.epoch: first.position, second.epoch: before})) == [
        "under way from another process"
    ]


def test_a_replay_that_is_cut_between_two_rooms_is_continued_in_both(stage: Stage) -> None:
    first, second, ben = stage.room("first"), stage.room("second"), connection("ben")
    stage.sit(first, ben)
    stage.sit(second, ben)
    seen = stage.offset()
    stage.vanish(ben)
    for text, room in (("a", second), ("b", first), ("c", second)):
        stage.say(room, text)
        stage.now += 1
    again, _ = stage.come_back(ben, "ben again", seen)
    stage.vanish(again)
    by_then = read_offset(stage.replayed[0])
    assert by_then is not None
    assert texts(stage.recover(again, by_then)) == ["b", "c"]


def test_a_seat_that_is_taken_over_and_back_needs_a_new_snapshot(stage: Stage) -> None:
    room, ben = stage.room(), connection("ben")
    seat = stage.sit(room, ben)
    seen = stage.offset()
    stage.take(room, seat, "another tab", room.position + 1)
    stage.take(room, seat, ben.id, room.position + 1)
    stage.vanish(ben)
    assert stage.recover(ben, seen) is None


def test_old_sessions_are_forgotten(stage: Stage) -> None:
    room = stage.room()
    for n in range(100):
        guest = connection(f"guest {n}")
        seat = stage.sit(room, guest) if len(room.seats) < room.capacity else None
        if seat is not None:
            stage.vanish(guest)
            leave(room, seat, "timeout", stage.now)
    assert len(stage.recovery) == 100
    stage.now += GRACE_S
    stage.vanish(connection("anybody"))
    assert len(stage.recovery) == 0


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("e.0", {"e": 0}),
        ("e.42,f.7", {"e": 42, "f": 7}),
        ("", None),
        ("e", None),
        (".1", None),
        ("e.-1", None),
        ("e.²", None),
        ("e.1,", None),
        (7, None),
        ("1000000", None),
    ],
)
def test_only_positions_are_offsets(given: object, read: Offsets | None) -> None:
    assert read_offset(given) == read


def test_what_is_written_is_read() -> None:
    assert read_offset(offset("e", 7)) == {"e": 7}
    assert read_offset(offset_of_several([("e", 7), ("f", 9)])) == {"e": 7, "f": 9}


def test_an_offset_of_endless_length_is_not_read() -> None:
    longest = "e" * (MAX_OFFSET_CHARS - 2) + ".1"
    assert read_offset(longest) is not None
    assert read_offset("e" + longest) is None
    assert read_offset("e." + "9" * 5_000) is None
    longest = f"e.{7:0{MAX_OFFSET_CHARS - 2}}"
    assert read_offset(longest) is None, "so many digits"
    assert read_offset(",".join(["e.1"] * (MAX_OFFSET_CHARS // 4))) == {"e": 1}
    assert read_offset(",".join(["e.1"] * (MAX_OFFSET_CHARS // 4 + 1))) is None
