"""Who is told of what happened in a room, besides the people in it."""

from __future__ import annotations

from collections.abc import Iterable

from rooms import joining, messages
from rooms.events import Event, MemberJoined, MemberLeft, RoomUpdated
from rooms.leaving import leave
from rooms.room import Room
from server.outbound.delivery import Delivery
from server.outbound.journal import Journal
from server.outbound.presence import Presence
from server.outbound.publisher import Publisher
from storage.memory import MemoryStore
from tests.support.rooms import Stage


class Nobody:
    """A transport without connections."""

    def send(self, connections: Iterable[str], packet: bytes, but: str | None = None) -> None:
        assert not list(connections)

    def send_one(self, connection: str, packet: bytes) -> None:
        raise AssertionError(connection)

    send_answer = send_kept = send_one

    def close_later(self, connection: str) -> None:
        raise AssertionError(connection)


def test_a_subscriber_hears_of_the_kinds_that_it_named_or_of_all_but_messages() -> None:
    stage, presence = Stage(), Presence()
    publisher = Publisher(Delivery(Nobody(), presence), Journal(MemoryStore()), presence, log_messages=False)
    heard: list[tuple[str, type]] = []

    def noting(name: str) -> None:
        def note(_: Room, event: Event) -> None:
            heard.append((name, type(event)))

        kinds = {"some": (MemberJoined, MemberLeft), "all": ()}[name]
        publisher.subscribe(note, *kinds)

    noting("some")
    noting("all")
    room, now = stage.room, stage.now
    seat = stage.ask("ann")
    events = joining.seat(room, seat, now)
    events.append(room.room_updated(now))
    _, said, _ = messages.post(room, seat, "hello", now)
    assert said is not None
    publisher.commit(room, [*events, said, *leave(room, seat, "left", now)])
    assert heard == [
        ("some", MemberJoined),
        ("all", MemberJoined),
        ("all", RoomUpdated),
        ("some", MemberLeft),
        ("all", MemberLeft),
    ]
