"""The health of the store changes when something has changed, and not with each call."""

from __future__ import annotations

import logging

import pytest

from server.outbound.health import (
    CALM_FIRST_S,
    CALM_LONGEST_S,
    FAILURES_TO_FALL,
    SILENCE_TO_FALL_S,
    SUCCESSES_TO_RISE,
    StoreHealth,
)

HANGS_S = SILENCE_TO_FALL_S + 0.1


class Store:
    """A store whose calls take a tenth of a second, unless they hang."""

    def __init__(self) -> None:
        self.now = 100.0
        self.health = StoreHealth(lambda: self.now)

    def answers(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += 0.1
            self.health.succeeded()

    def fails(self, times: int = 1, *, after_s: float = 0.1) -> None:
        for _ in range(times):
            started_at = self.now
            self.now += after_s
            self.health.failed(started_at)

    def recovers(self) -> float:
        """How long it takes from the newest failure to the rise, with a call each half second."""
        began = self.now
        while not self.health.healthy:
            self.now += 0.4
            self.answers()
        return self.now - began


@pytest.fixture
def store() -> Store:
    store = Store()
    store.answers()
    return store


def test_it_falls_after_so_many_failures(store: Store) -> None:
    store.fails(FAILURES_TO_FALL - 1)
    assert store.health.healthy
    assert store.health.in_doubt
    assert not store.health.answers, "whoever is to wait learns it at once"
    store.fails()
    assert not store.health.healthy


def test_one_call_that_hangs_with_no_other_answered_is_enough(store: Store) -> None:
    store.fails(after_s=HANGS_S)
    assert not store.health.healthy


def test_one_call_that_hangs_while_others_are_answered_is_one_failure(store: Store) -> None:
    started_at = store.now
    for _ in range(25):
        store.answers()
    store.health.failed(started_at)
    assert store.health.healthy
    store.answers()
    assert not store.health.in_doubt


def test_it_rises_after_so_many_successes_in_a_row(store: Store) -> None:
    store.fails(after_s=HANGS_S)
    for _ in range(5):
        store.now += CALM_FIRST_S
        store.answers(SUCCESSES_TO_RISE - 1)
        store.fails()
    assert not store.health.healthy
    store.now += CALM_FIRST_S
    store.answers(SUCCESSES_TO_RISE - 1)
    assert not store.health.healthy
    store.answers()
    assert store.health.healthy


def test_one_failure_of_two_neither_makes_nor_unmakes_it(store: Store) -> None:
    for _ in range(50):
        store.fails()
        store.answers()
    assert store.health.changes == 0
    store.fails(FAILURES_TO_FALL)
    for _ in range(50):
        store.now += CALM_FIRST_S
        store.answers()
        store.fails()
    assert store.health.changes == 1
    assert store.health.failures == 100 + FAILURES_TO_FALL


def test_each_relapse_takes_longer_to_be_forgiven_up_to_a_bound(store: Store) -> None:
    waits = []
    for _ in range(10):
        store.fails(after_s=HANGS_S)
        waits.append(round(store.recovers(), 3))
    assert waits == sorted(waits)
    assert waits[0] < 2 * CALM_FIRST_S
    assert CALM_LONGEST_S <= waits[-1] < CALM_LONGEST_S + 1
    store.now += 600
    store.fails(after_s=HANGS_S)
    assert store.recovers() == pytest.approx(waits[0], abs=0.001), "a long good time is a new beginning"


def test_the_log_has_one_line_for_each_change(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "server.outbound.health")
    store.fails(20)
    store.recovers()
    store.answers(20)
    assert len(caplog.records) == store.health.changes == 2
