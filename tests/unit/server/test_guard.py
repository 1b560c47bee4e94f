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
    kept = await watch.hash_password("correct horse", "a")
    assert "correct" not in kept
    assert await watch.password_matches("correct horse", kept, "a")
    assert not await watch.password_matches("correct horsf", kept, "a")
    assert kept != await watch.hash_password("correct horse", "a")


async def test_too_many_checks_at_once_are_refused(watch: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_PASSWORD_CHECKS", 4)
    kept = await watch.hash_password("x", "a")
    checks = [watch.password_matches("x", kept, str(n)) for n in range(guard.MAX_PASSWORD_CHECKS + 3)]
    results = await asyncio.gather(*checks, return_exceptions=True)
    refused = [one for one in results if isinstance(one, Refused)]
    assert len(refused) == 3
    assert {one.code for one in refused} == {Code.RATE_LIMITED}
    assert await watch.password_matches("x", kept, "a")


async def test_one_address_has_two_hashes_under_way_and_leaves_the_thread_to_others(watch: Guard) -> None:
    kept = await watch.hash_password("x", "a")
    checks = [watch.password_matches("x", kept, "greedy") for _ in range(5)]
    checks.append(watch.password_matches("x", kept, "other"))
    results = await asyncio.gather(*checks, return_exceptions=True)
    assert [one for one in results if one is True] == [True] * (guard.MAX_PASSWORD_CHECKS_PER_ADDRESS + 1)
    assert results[-1] is True
    made = [watch.hash_password("x", "greedy") for _ in range(3)]
    hashes = await asyncio.gather(*made, return_exceptions=True)
    assert [type(one) for one in hashes] == [str, str, Refused]
    # What was refused was not looked at, so it does not count as a guess; nor does what was right.
    assert refused_after(watch, "password", "greedy") == guard.PASSWORD_FAILURES


async def test_a_caller_that_gives_up_does_not_make_room_for_another_hash(watch: Guard) -> None:
    kept = await watch.hash_password("x", "a")
    tries = [asyncio.ensure_future(watch.password_matches("x", kept, "a")) for _ in range(2)]
    await asyncio.sleep(0)
    for one in tries:
        one.cancel()
    await asyncio.wait(tries)
    with pytest.raises(Refused):
        await watch.hash_password("x", "a")


async def test_guesses_made_at_the_same_time_are_counted_like_guesses_in_turn(
    watch: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_PASSWORD_CHECKS_PER_ADDRESS", 100)
    kept = await watch.hash_password("x", "a")
    checks = [watch.password_matches("guess", kept, "a") for _ in range(30)]
    results = await asyncio.gather(*checks, return_exceptions=True)
    assert [one for one in results if one is False] == [False] * guard.PASSWORD_FAILURES
    assert {type(one) for one in results[guard.PASSWORD_FAILURES :]} == {Refused}


def test_a_wrong_token_is_told_so_until_there_were_too_many(watch: Guard) -> None:
    for _ in range(guard.TOKEN_FAILURES):
        watch.failed("token", "a")
    with pytest.raises(Refused) as refusal:
        watch.failed("token", "a")
    assert refusal.value.code is Code.RATE_LIMITED
