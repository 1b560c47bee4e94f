"""Connections that hold seats here, elsewhere or both: counted once, and told to the nodes that they concern."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rooms import joining, messages
from rooms.directory import Directory
from rooms.model import RoomOptions
from rooms.runtime import Runtime
from server.outbound.presence import Told
from server.security.quotas import Bounds, Quotas
from server.usecases.visits import SharedPresence, Visits

pytestmark = pytest.mark.pure  # compiled code asks for a context that is whole


class Elsewhere:
    """What is asked of the edge, and of the owner."""

    def __init__(self) -> None:
        self.seated_elsewhere: set[str] = set()
        self.told: list[tuple[str, ...]] = []

    def has_seats(self, sid: str) -> bool:
        return sid in self.seated_elsewhere

    def seated(self, connection: str, room_id: str, participant_id: str, epoch: str, position: int) -> None:
        self.told.append(("seat", connection, room_id, participant_id))

    def unseated(self, connection: str, room_id: str, participant_id: str) -> None:
        self.told.append(("unseat", connection, room_id, participant_id))


def made() -> tuple[Quotas, SharedPresence, Visits, Elsewhere]:
    quotas = Quotas(Bounds(unseated_per_address=10))
    presence, elsewhere = SharedPresence(), Elsewhere()
    context: Any = SimpleNamespace(quotas=quotas, presence=presence)
    nothing: Any = None
    visits = Visits(context, nothing, nothing, nothing, nothing)
    visits.edge = elsewhere  # type: ignore[assignment]
    presence.owner = elsewhere  # type: ignore[assignment]
    presence.on_change = visits.seats_here_changed
    return quotas, presence, visits, elsewhere


def unseated(quotas: Quotas) -> int:
    return quotas._counts["unseated_per_address"].get("192.0.2.1", 0)


def hold(presence: SharedPresence, connection: str, room_id: str, participant_id: str) -> None:
    room: Any = SimpleNamespace(id=room_id, epoch="e", position=4)
    seat: Any = SimpleNamespace(id=participant_id)
    presence.hold(connection, room, seat, Told(0))


def test_a_connection_is_unseated_only_while_it_has_no_seat_anywhere() -> None:
    quotas, presence, visits, elsewhere = made()
    quotas.connect("sid", ("192.0.2.1",))
    assert unseated(quotas) == 1
    hold(presence, "sid", "here", "p")
    assert unseated(quotas) == 0
    elsewhere.seated_elsewhere.add("sid")
    visits.seats_changed("sid")
    presence.release("here", "p")
    assert unseated(quotas) == 0, "it sits elsewhere"
    elsewhere.seated_elsewhere.clear()
    visits.seats_changed("sid")
    assert unseated(quotas) == 1


def test_other_nodes_hear_of_the_seats_of_their_own_connections_alone() -> None:
    _, presence, _, elsewhere = made()
    hold(presence, "sid", "room", "mine")
    hold(presence, "@other/1", "room", "theirs")
    hold(presence, "@other/2", "room", "also")
    presence.release("room", "theirs")
    presence.room_over("room")
    assert elsewhere.told == [
        ("seat", "@other/1", "room", "theirs"),
        ("seat", "@other/2", "room", "also"),
        ("unseat", "@other/1", "room", "theirs"),
        ("unseat", "@other/2", "room", "also"),
    ]


def test_of_a_room_that_moves_nobody_hears_that_its_seats_are_gone() -> None:
    _, presence, _, elsewhere = made()
    hold(presence, "@other/1", "room", "theirs")
    elsewhere.told.clear()
    with presence.untold():
        presence.room_over("room")
    assert elsewhere.told == []


def test_who_was_told_of_another_epoch_is_told_nothing_more_and_has_to_come_back() -> None:
    _, presence, visits, _ = made()
    presence.on_change = lambda *changed: None
    directory = Directory(Runtime(30.0, 300), tombstone_ttl_s=60)
    room = directory.create("room", "epoch", "key", RoomOptions(8, 3_600), 1_000.0)
    ada, ben = (joining.admit(room, joining.Admission(one, "token", one), 1_000.0) for one in ("ada", "ben"))
    for seat in (ada, ben):
        joining.seat(room, seat, 1_000.0)
    position = room.position
    messages.post(room, ben, "said since", 1_000.0)
    told: list[Any] = []
    delivery = SimpleNamespace(without_offsets=set(), replay=lambda packet, to: told.append(to))
    visits._context = SimpleNamespace(  # type: ignore[assignment]
        clock=lambda: 1_000.0,
        directory=directory,
        connections={"sid": object()},
        presence=presence,
        delivery=delivery,
        relay=SimpleNamespace(collect=lambda *asked: ()),
        quotas=SimpleNamespace(seat_taken=lambda *asked: None, keys_at=lambda one: (), room_over=lambda one: None),
    )
    # As many events were said here since: the number alone would fit.
    assert not visits.hold("sid", "room", ada.id, ("an epoch that Redis has lost", position))
    assert told == []
    assert visits.hold("sid", "room", ada.id, ("epoch", position))
    assert told == ["sid"]
