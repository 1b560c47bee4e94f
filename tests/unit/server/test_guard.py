"""The guard: guessing is slow, and a right secret always gets through to its check."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from rooms.errors import Code, Refused
from server import guard
from server.guard import Guard


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def watch(time: Time) -> Iterator[Guard]:
    made = Guard(time)
    yield made
    made.close()


def refused_after(watch: Guard, kind: str, address: str) -> int:
    """How many failures are let through."""
    for count in range(1000):
        if is_refused(watch, kind, address):
            return count
        watch.failed(kind, address)
    raise AssertionError("never refused")


def is_refused(watch: Guard, kind: str, address: str) -> bool:
    try:
        watch.check(kind, address)
    except Refused as refused:
        return refused.code is Code.RATE_LIMITED and (refused.retry_after_ms or 0) > 0
    return False


def test_passwords_are_guarded_closer_than_tokens(watch: Guard) -> None:
    assert refused_after(watch, "password", "a") == guard.PASSWORD_FAILURES
    assert refused_after(watch, "token", "a") == guard.TOKEN_FAILURES


def test_one_address_does_not_count_for_another(watch: Guard) -> None:
    refused_after(watch, "password", "a")
    watch.check("password", "b")
    watch.check("token", "a")


def test_failures_are_forgiven_with_time(watch: Guard, time: Time) -> None:
    refused_after(watch, "password", "a")
    time.now += 1 / guard.PASSWORD_FAILURES_PER_S + 0.001
    watch.check("password", "a")
    watch.failed("password", "a")
    with pytest.raises(Refused):
        watch.check("password", "a")


def test_only_so_many_addresses_are_remembered(watch: Guard) -> None:
    refused_after(watch, "password", "first")
    for number in range(guard.MAX_TRACKED):
        watch.failed("token", str(number))
    assert len(watch._failures) == guard.MAX_TRACKED
    watch.check("password", "first")


async def test_a_password_matches_its_own_hash_only(watch: Guard) -> None:
    kept = await watch.hash_password("correct horse")
    assert "correct" not in kept
    assert await watch.password_matches("correct horse", kept)
    assert not await watch.password_matches("correct horsf", kept)
    assert kept != await watch.hash_password("correct horse")


async def test_too_many_checks_at_once_are_refused(watch: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_PASSWORD_CHECKS", 4)
    kept = await watch.hash_password("x")
    checks = [watch.password_matches("x", kept) for _ in range(guard.MAX_PASSWORD_CHECKS + 3)]
    results = await asyncio.gather(*checks, return_exceptions=True)
    refused = [one for one in results if isinstance(one, Refused)]
    assert len(refused) == 3
    assert {one.code for one in refused} == {Code.RATE_LIMITED}
    assert await watch.password_matches("x", kept)
