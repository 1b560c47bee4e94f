"""Who asks: what each kind of proof opens, and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rooms import joining
from rooms.errors import Code, Refused
from rooms.joining import Admission
from rooms.model import Seat
from rooms.room import Room
from rooms.runtime import Runtime
from server.security.actor import Actor
from server.security.claims import Claims

ROOM = Room(Runtime(30, 300), "r", "e", 0.0, 1e9, 8, b"k" * 32, made_by="shop")


def seat(name: str) -> Seat:
    granted = joining.admit(ROOM, Admission(name, f"token of {name}", name), 0.0)
    joining.seat(ROOM, granted, 0.0)
    return granted


HOST, GUEST = seat("host"), seat("guest")
GATES: tuple[Callable[[Actor], Any], ...] = (
    Actor.as_host,
    Actor.as_owner,
    Actor.as_keeper,
    Actor.as_inviter,
    Actor.as_ender,
    Actor.as_reader,
    Actor.as_site,
    Actor.as_admin,
)
ALL = {gate.__name__ for gate in GATES}


def actor(**proved: Any) -> Actor:
    return Actor("192.0.2.1", room=ROOM, **proved)


def claims(**more: Any) -> Claims:
    return Claims("user-1", 1e9, **more)


def opened(who: Actor) -> set[str]:
    found = set()
    for gate in GATES:
        try:
            gate(who)
        except Refused:
            continue
        found.add(gate.__name__)
    return found


OWNERS = {"as_owner", "as_keeper", "as_inviter", "as_ender", "as_reader"}


@pytest.mark.parametrize(
    ("who", "gates"),
    [
        (actor(), set()),
        (actor(showed=True), set()),
        (actor(showed=True, has_host_key=True), OWNERS),
        (actor(showed=True, identity=claims(is_host=True)), OWNERS),
        (actor(showed=True, identity=claims(is_host=True, can_invite=False)), OWNERS - {"as_inviter"}),
        (actor(showed=True, identity=claims()), set()),
        (actor(showed=True, seat=GUEST), {"as_reader"}),
        # Its resume token shows whose eyes it reads with; to act as the host it has to take the seat.
        (actor(showed=True, seat=HOST), {"as_reader", "as_host"}),
        (actor(seat=GUEST, over_socket=True), {"as_reader"}),
        (actor(seat=HOST, over_socket=True), {"as_host", "as_keeper", "as_inviter", "as_ender", "as_reader"}),
        (actor(showed=True, site="shop"), {"as_ender", "as_site"}),
        (actor(showed=True, site="forum"), {"as_site"}),
        (actor(showed=True, has_admin_key=True), {"as_admin"}),
    ],
)
def test_what_is_open_to_whom(who: Actor, gates: set[str]) -> None:
    assert opened(who) == gates


@pytest.mark.parametrize(
    ("who", "is_one"),
    [
        (actor(), False),
        (actor(showed=True), True),
        (actor(showed=True, refusal=Refused(Code.TOKEN_INVALID)), True),
        (actor(showed=True, has_host_key=True), False),
        (actor(showed=True, seat=GUEST), False),
        (actor(showed=True, site="forum"), False),
        (actor(showed=True, identity=claims()), False),
        (actor(showed=True, has_admin_key=True), False),
    ],
)
def test_a_stranger_is_one_whose_secret_proves_nothing(who: Actor, is_one: bool) -> None:
    assert who.is_stranger is is_one


@pytest.mark.parametrize("gate", [Actor.as_owner, Actor.as_ender, Actor.as_reader, Actor.as_site, Actor.as_admin])
def test_nothing_is_asked_for_and_the_wrong_thing_refused(gate: Callable[[Actor], Any]) -> None:
    late = Refused(Code.TOKEN_EXPIRED)
    for who, code in (
        (actor(), Code.UNAUTHORIZED),
        (actor(showed=True), Code.FORBIDDEN),
        (actor(showed=True, refusal=late), Code.TOKEN_EXPIRED),
    ):
        with pytest.raises(Refused) as refused:
            gate(who)
        assert refused.value.code is code


def test_it_shows_nothing_of_who_it_is() -> None:
    shown = repr(actor(seat=GUEST, identity=Claims("xyzzy", 1e9, name="xyzzy"), showed=True))
    assert "xyzzy" not in shown
    assert "guest" not in shown
