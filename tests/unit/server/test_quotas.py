"""Who is counted under what, and what is refused from when on."""

from __future__ import annotations

import logging

import pytest

from rooms.errors import Code, Refused
from server.protocol.acknowledgements import status_of
from server.security.quotas import Bounds, Quotas

BOUNDS = Bounds(
    connections=6, connections_per_address=3, unseated_per_address=2, rooms_per_address=2, seats_per_address=2
)


def refusal(call, *args) -> Refused:  # type: ignore[no-untyped-def]
    with pytest.raises(Refused) as caught:
        call(*args)
    assert caught.value.code is Code.QUOTA_EXCEEDED
    assert caught.value.retry_after_ms
    return caught.value


def test_an_ipv6_address_counts_as_its_64_and_again_as_its_48() -> None:
    quotas = Quotas(BOUNDS)
    assert quotas.keys("2001:db8:1:2::7", None) == ("2001:db8:1:2::/64", "2001:db8:1::/48")
    assert quotas.keys("203.0.113.7", None) == ("203.0.113.7",)
    assert quotas.keys("::ffff:203.0.113.7", None) == ("203.0.113.7",)
    for number in range(2):
        quotas.connect(str(number), quotas.keys(f"2001:db8:1:{number}::1", None))
    assert status_of(refusal(quotas.connect, "2", quotas.keys("2001:db8:1:77::1", None))) == 429
    quotas.connect("2", quotas.keys("2001:db8:2::1", None))


@pytest.mark.parametrize("remote", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_counted_in_production_only(remote: str) -> None:
    assert Quotas(BOUNDS, count_loopback=False).keys(remote, None) == ()
    assert Quotas(BOUNDS).keys(remote, None)


@pytest.mark.parametrize("remote", ["127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "fd00::1", "100.64.3.4"])
def test_a_forgotten_proxy_is_not_counted_and_is_warned_of_once(remote: str, caplog: pytest.LogCaptureFixture) -> None:
    quotas = Quotas(BOUNDS)
    with caplog.at_level(logging.WARNING):
        assert [quotas.keys(remote, "203.0.113.7") for _ in range(3)] == [(), (), ()]
    assert len(caplog.records) == 1


def test_a_stranger_who_sends_the_header_is_counted_all_the_same() -> None:
    assert Quotas(BOUNDS).keys("9.9.9.9", "203.0.113.7") == ("9.9.9.9",)
    assert Quotas(BOUNDS, trusted_hops=1).keys("10.0.0.1", "203.0.113.7") == ("203.0.113.7",)


def test_connections_of_an_address_and_of_the_process() -> None:
    quotas = Quotas(BOUNDS)
    for number in range(3):
        quotas.connect(str(number), ("a",))
        quotas.holds_seats(str(number), any_at_all=True)
    assert status_of(refusal(quotas.connect, "3", ("a",))) == 429
    for number in range(3, 6):
        quotas.connect(str(number), (str(number),))
    assert status_of(refusal(quotas.connect, "6", ("b",))) == 503
    assert status_of(refusal(quotas.connect, "6", ())) == 503, "the process counts everybody"
    quotas.disconnect("0")
    quotas.connect("6", ("a",))
    assert quotas.refused == {"connections_per_address": 1, "connections": 2}


def test_unseated_connections() -> None:
    quotas = Quotas(BOUNDS)
    quotas.connect("1", ("a",))
    quotas.connect("2", ("a",))
    refusal(quotas.connect, "3", ("a",))
    quotas.holds_seats("1", any_at_all=True)
    quotas.holds_seats("1", any_at_all=True)
    quotas.connect("3", ("a",))
    quotas.holds_seats("1", any_at_all=False)
    for number in "123":
        quotas.disconnect(number)
        quotas.disconnect(number)
    assert quotas.addresses == quotas.connections == 0


def test_rooms_count_until_somebody_enters_or_they_are_over() -> None:
    quotas = Quotas(BOUNDS)
    quotas.room_made("1", ("a",))
    quotas.room_made("2", ("a",))
    refusal(quotas.room_made, "3", ("a",))
    quotas.room_made("3", ())
    quotas.room_entered("1")
    quotas.room_entered("1")
    quotas.room_made("4", ("a",))
    refusal(quotas.room_made, "5", ("a",))
    quotas.room_over("2")
    quotas.room_made("5", ("a",))


def test_a_room_that_all_have_left_counts_again_until_it_is_over() -> None:
    quotas = Quotas(BOUNDS)
    for room in "12":
        quotas.room_made(room, ("a",))
        quotas.room_entered(room)
        quotas.room_emptied(room)
        quotas.room_emptied(room)
    refusal(quotas.room_made, "3", ("a",))
    quotas.room_entered("1")
    quotas.room_made("3", ("a",))
    quotas.room_emptied("of an API key")
    for room in "123":
        quotas.room_over(room)
        quotas.room_over(room)
        quotas.room_emptied(room)
    assert not any(quotas._counts.values())
    assert not quotas._makers
    assert not quotas._empty


def test_seats_count_until_they_end_wherever_they_are_held_from() -> None:
    quotas = Quotas(BOUNDS)
    quotas.seat_taken("room", "1", ("a",))
    quotas.seat_taken("room", "2", ("a",))
    refusal(quotas.check_seat, ("a",))
    quotas.seat_taken("room", "2", ("b",))
    quotas.check_seat(("a",))
    quotas.seat_taken("other", "3", ("a",))
    refusal(quotas.check_seat, ("a",))
    quotas.seat_gone("room", "1")
    quotas.seat_gone("room", "1")
    quotas.check_seat(("a",))
    quotas.seat_taken("other", "4", ("a",))
    quotas.room_over("other")
    quotas.room_over("room")
    assert not any(quotas._counts.values())
    assert not quotas._seats


def test_zero_switches_each_off() -> None:
    quotas = Quotas(Bounds())
    for number in range(50):
        quotas.connect(str(number), ("a",))
        quotas.room_made(str(number), ("a",))
        quotas.check_seat(("a",))
        quotas.seat_taken("room", str(number), ("a",))
