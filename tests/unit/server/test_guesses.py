"""Guesses are counted by address, and a right secret always gets through to its check."""

from __future__ import annotations

import pytest

from rooms.errors import Code, Refused
from server.security import guesses
from server.security.guesses import Guesses


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def watch(time: Time) -> Guesses:
    return Guesses(time)


def refused_after(watch: Guesses, kind: str, address: str) -> int:
    """How many failures are let through."""
    for count in range(1000):
        if is_refused(watch, kind, address):
            return count
        watch.failed(kind, address)
    raise AssertionError("never refused")


def is_refused(watch: Guesses, kind: str, address: str) -> bool:
    try:
        watch.check(kind, address)
    except Refused as refused:
        return refused.code is Code.RATE_LIMITED and (refused.retry_after_ms or 0) > 0
    return False


def test_passwords_are_guarded_closer_than_tokens(watch: Guesses) -> None:
    assert refused_after(watch, "password", "a") == guesses.PASSWORD_FAILURES
    assert refused_after(watch, "token", "a") == guesses.TOKEN_FAILURES


def test_one_address_does_not_count_for_another(watch: Guesses) -> None:
    refused_after(watch, "password", "a")
    watch.check("password", "b")
    watch.check("token", "a")


def test_failures_are_forgiven_with_time(watch: Guesses, time: Time) -> None:
    refused_after(watch, "password", "a")
    time.now += 1 / guesses.PASSWORD_FAILURES_PER_S + 0.001
    watch.check("password", "a")
    watch.failed("password", "a")
    with pytest.raises(Refused):
        watch.check("password", "a")


def test_only_so_many_addresses_are_remembered(watch: Guesses) -> None:
    refused_after(watch, "password", "first")
    for number in range(guesses.MAX_TRACKED):
        watch.failed("token", str(number))
    assert len(watch) == guesses.MAX_TRACKED
    watch.check("password", "first")


def test_a_wrong_token_is_told_so_until_there_were_too_many(watch: Guesses) -> None:
    for _ in range(guesses.TOKEN_FAILURES):
        watch.failed("token", "a")
    with pytest.raises(Refused) as refusal:
        watch.failed("token", "a")
    assert refusal.value.code is Code.RATE_LIMITED
