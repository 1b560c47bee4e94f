"""When a process takes the lease, hands it over, refuses it, and stops touching the rooms."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Coroutine
from typing import Any

import pytest

from server.cluster.leased import LEASE_S, RENEW_S, TAKE_BACK_S, WANTED_S, WATCHED_S, LeasedOwnership, may_claim
from server.cluster.local import LocalOwnership
from server.cluster.ownership import Role
from storage.leases import Lease
from tests.support.simulated import ModelBook, World

HELD = Lease("other", 5, 9, left_s=2.0)


@pytest.mark.parametrize(
    ("why", "lease", "watched_s", "claims"),
    [
        ("there is none", None, 0.0, True),
        ("it is held", HELD, 2.0, False),
        ("it has only just expired", Lease("other", 5, 9, left_s=-0.1), WATCHED_S / 2, False),
        ("nobody has renewed it", Lease("other", 5, 9, left_s=-0.1), WATCHED_S, True),
        ("the store's clock was set back", Lease("other", 5, 9, left_s=900.0), LEASE_S + WATCHED_S, True),
        ("it was given up", Lease(None, 5, 9, left_s=2.0), 0.0, True),
        ("it was given up for me", Lease(None, 5, 9, left_s=2.0, heir="me"), 0.0, True),
        ("it was given up for another", Lease(None, 5, 9, left_s=2.0, heir="other"), 0.0, False),
        ("the other has not come for it", Lease(None, 5, 9, left_s=-0.1, heir="other"), 0.0, True),
        ("nor come since, by my clock", Lease(None, 5, 9, left_s=900.0, heir="other"), LEASE_S + WATCHED_S, True),
        ("it is mine, but I was not told", Lease("me", 5, 9, left_s=2.0), 0.0, True),
    ],
)
def test_a_lease_is_taken_where(why: str, lease: Lease | None, watched_s: float, claims: bool) -> None:
    assert may_claim(lease, "me", watched_s) is claims


def test_a_lease_that_was_there_a_moment_ago_is_its_owner_s_to_write_again() -> None:
    assert not may_claim(None, "me", 0.0, vanished=True)
    assert may_claim(None, "me", WATCHED_S, vanished=True)


class Cluster:
    """Processes over one world, stepped by hand; calls succeed at once."""

    def __init__(self) -> None:
        self.world = World(random.Random(1))

    def process(self, name: str) -> LeasedOwnership:
        return LeasedOwnership(ModelBook(self.world), name, monotonic=lambda: self.world.now)

    def step(self, own: LeasedOwnership, after_s: float = 0.0) -> None:
        self.world.now += after_s
        run(own.step())

    def owner(self, name: str = "a") -> LeasedOwnership:
        own = self.process(name)
        self.step(own)
        assert own.role is Role.OWNER
        return own

    def hand_over(self, old: LeasedOwnership, new: LeasedOwnership) -> None:
        new.want()
        self.step(new)
        self.step(old, RENEW_S)
        assert old.role is Role.LEAVING
        run(old.release())
        self.step(new)


def run(work: Coroutine[Any, Any, None]) -> None:
    """To its end; nothing in it waits for anything but its turn."""
    try:
        while True:
            work.send(None)
    except StopIteration:
        pass


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_a_first_process_owns_the_rooms_at_once_and_a_second_waits(cluster: Cluster) -> None:
    first, second = cluster.owner(), cluster.process("b")
    assert first.valid()
    for _ in range(40):
        cluster.step(second, RENEW_S / 2)
        cluster.step(first, RENEW_S / 2)
    assert (first.role, second.role) == (Role.OWNER, Role.WAITING)
    assert not second.valid()


def test_whoever_is_wanted_asks_and_is_handed_the_rooms(cluster: Cluster) -> None:
    first, second, third = cluster.owner(), cluster.process("b"), cluster.process("c")
    cluster.step(third)
    cluster.hand_over(first, second)
    assert (first.role, second.role) == (Role.OVER, Role.OWNER)
    assert not first.valid()
    assert second.generation > first.generation
    assert not first.lost
    assert first.moves == {"taken": 1, "handed_over": 1}
    assert second.moves == {"received": 1}


def test_what_was_handed_over_is_not_handed_back_within_a_minute(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third = cluster.owner(), cluster.process("b"), cluster.process("c")
    cluster.hand_over(first, second)
    third.want()
    cluster.step(third)
    with caplog.at_level(logging.ERROR):
        cluster.step(second, RENEW_S)
        cluster.step(third)
    assert second.moves == {"received": 1, "refused": 1}
    assert third.refused
    assert [record.levelno for record in caplog.records][-2:] == [logging.ERROR] * 2, "both say so"
    for _ in range(round(2 * TAKE_BACK_S / RENEW_S)):
        cluster.step(second, RENEW_S)
        cluster.step(third)
    assert (second.role, third.role) == (Role.OWNER, Role.WAITING), "nor later, while that one lives"
    run(second.release())
    cluster.step(third)
    assert third.role is Role.OWNER


def test_after_a_minute_somebody_new_is_handed_the_rooms(cluster: Cluster) -> None:
    first, second, third = cluster.owner(), cluster.process("b"), cluster.process("c")
    cluster.hand_over(first, second)
    for _ in range(round(TAKE_BACK_S / RENEW_S)):
        cluster.step(second, RENEW_S)
    cluster.hand_over(second, third)
    assert third.role is Role.OWNER


def test_whoever_is_told_to_stop_while_it_takes_the_rooms_gives_them_back(cluster: Cluster) -> None:
    stopping, other = cluster.process("a"), cluster.process("b")
    work = stopping.step()
    while cluster.world.record is None:
        work.send(None)
    run(stopping.release())
    run(work)
    assert stopping.role is Role.OVER
    cluster.step(other)
    assert other.role is Role.OWNER


def test_nobody_asks_for_whoever_has_gone(cluster: Cluster) -> None:
    first, second = cluster.owner(), cluster.process("b")
    second.want()
    cluster.world.now += WANTED_S
    cluster.step(first)
    cluster.step(second)
    cluster.step(first, RENEW_S)
    assert (first.role, second.role) == (Role.OWNER, Role.WAITING)


def test_an_owner_that_slept_touches_nothing_before_it_has_asked(cluster: Cluster) -> None:
    own = cluster.owner()
    cluster.world.now += 10
    assert not own.valid()
    cluster.step(own)
    assert own.valid(), "nobody has taken the rooms"


def test_an_owner_that_slept_while_another_took_the_rooms_is_over(cluster: Cluster) -> None:
    first, second = cluster.owner(), cluster.process("b")
    for _ in range(10):
        cluster.step(second, RENEW_S)
    assert second.role is Role.OWNER
    cluster.step(first)
    assert (first.role, first.lost, first.valid_until) == (Role.OVER, True, -math.inf)
    assert (first.moves, second.moves) == ({"taken": 1, "lost": 1}, {"taken": 1})


def test_alone_an_owner_goes_on_while_the_store_is_down(cluster: Cluster) -> None:
    own = cluster.owner()
    cluster.world.down = True
    for _ in range(100):
        cluster.step(own, RENEW_S)
        assert own.valid()
    assert not own.answers


def test_beside_another_an_owner_that_is_cut_off_lets_the_rooms_be_and_may_come_back(cluster: Cluster) -> None:
    first, second = cluster.owner(), cluster.process("b")
    cluster.step(second)
    cluster.step(first, RENEW_S)
    cluster.world.down = True
    for _ in range(round(LEASE_S / RENEW_S) + 1):
        cluster.step(first, RENEW_S)
    assert not first.valid()
    cluster.world.down = False
    cluster.step(second)
    cluster.step(first)
    assert first.valid(), "its turn comes first"
    assert second.role is Role.WAITING


def test_a_failed_call_that_took_a_pause_of_the_process_does_not_prolong_anything(cluster: Cluster) -> None:
    own = cluster.owner()
    cluster.world.down = True
    work = own.step()
    work.send(None)
    cluster.world.now += 10
    run(work)
    assert not own.valid()


def test_a_lease_that_was_deleted_by_hand_stays_with_its_owner(cluster: Cluster) -> None:
    first, second = cluster.owner(), cluster.process("b")
    cluster.step(second)
    cluster.world.record = None
    cluster.step(second)
    cluster.step(first, RENEW_S)
    cluster.step(second, RENEW_S)
    assert (first.role, second.role) == (Role.OWNER, Role.WAITING)


async def test_a_wish_wakes_whoever_waits(cluster: Cluster) -> None:
    cluster.owner()
    second = cluster.process("b")
    waiting = asyncio.create_task(second.pause())
    await asyncio.sleep(0)
    second.want()
    await asyncio.wait_for(waiting, RENEW_S / 2)


async def test_alone_with_its_store_a_process_has_no_lease_to_look_after() -> None:
    own = LocalOwnership()
    own.want()
    await own.step()
    await own.pause()
    assert (own.role, own.valid_until, own.beats) == (Role.OWNER, math.inf, False)
    own.leave()
    own.close()
    assert not own.valid()
    await own.release()
    assert own.role is Role.OVER
