"""The guard: guessing is slow, and a right secret always gets through to its check."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from rooms.errors import Code, Refused
from server.security import guard
from server.security.guard import Guard
from server.security.password_doors import GUESSER_FORGOTTEN_S, SHARED_GUESSES


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


@pytest.fixture
async def kept(time: Time) -> str:
    """The hash of `x`, as another process has left it."""
    earlier = Guard(time)
    try:
        return await earlier.hash_password("x", "a")
    finally:
        earlier.close()


async def test_one_address_has_two_hashes_under_way_and_leaves_the_thread_to_others(watch: Guard, kept: str) -> None:
    checks = [watch.password_matches("guess", kept, "greedy") for _ in range(5)]
    checks.append(watch.password_matches("x", kept, "other"))
    results = await asyncio.gather(*checks, return_exceptions=True)
    assert [one for one in results if one is False] == [False] * guard.MAX_PASSWORD_CHECKS_PER_ADDRESS
    assert results[-1] is True
    made = [watch.hash_password("x", "greedy") for _ in range(3)]
    hashes = await asyncio.gather(*made, return_exceptions=True)
    assert [type(one) for one in hashes] == [str, str, Refused]
    # What was refused was not looked at, so it does not count as a guess.
    assert refused_after(watch, "password", "greedy") == guard.PASSWORD_FAILURES - guard.MAX_PASSWORD_CHECKS_PER_ADDRESS


async def test_a_caller_that_gives_up_does_not_make_room_for_another_hash(watch: Guard) -> None:
    tries = [asyncio.ensure_future(watch.hash_password("x", "a")) for _ in range(2)]
    await asyncio.sleep(0)
    for one in tries:
        one.cancel()
    await asyncio.wait(tries)
    left = [asyncio.ensure_future(watch.hash_password("x", "a")) for _ in range(2)]
    results = await asyncio.gather(*left, return_exceptions=True)
    assert [type(one) for one in results] == [str, Refused], "one of the two is on the thread still"


async def test_making_and_checking_do_not_wait_for_each_other(watch: Guard, kept: str) -> None:
    makers = [asyncio.ensure_future(watch.hash_password("x", str(n))) for n in range(40)]
    await asyncio.sleep(0)
    assert await watch.password_matches("x", kept, "fresh")
    assert sum(one.done() for one in makers) < 20
    for one in makers:
        one.cancel()
    await asyncio.wait(makers)


async def test_the_right_password_costs_one_hash_and_then_none(
    watch: Guard, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = []
    scrypt = guard._scrypt
    monkeypatch.setattr(guard, "_scrypt", lambda *args: hashes.append(args) or scrypt(*args))
    everybody = [watch.password_matches("x", kept, str(n)) for n in range(30)]
    assert await asyncio.gather(*everybody) == [True] * 30
    assert not await watch.password_matches("guess", kept, "a")
    assert len(hashes) == 1
    made = await watch.hash_password("y", "a")
    assert await watch.password_matches("y", made, "a")
    assert len(hashes) == 2
    watch.forget(made)
    assert await watch.password_matches("y", made, "a")
    assert len(hashes) == 3


async def test_whoever_has_guessed_shares_a_brake_at_that_door_and_nobody_else_does(watch: Guard, time: Time) -> None:
    made = await watch.hash_password("x", "a")
    outcomes: list[bool | BaseException] = []
    for number in range(800):
        guess = watch.password_matches("guess", made, f"b{number % 200}")
        outcomes += await asyncio.gather(guess, return_exceptions=True)
    assert outcomes.count(False) == 200 + SHARED_GUESSES, "a first look for each, and the shared ones"
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert {one.code for one in refused} == {Code.RATE_LIMITED}
    assert all(0 < (one.retry_after_ms or 0) <= 1000 * GUESSER_FORGOTTEN_S + 1 for one in refused)
    assert len(refused) == 800 - 200 - SHARED_GUESSES
    assert await watch.password_matches("x", made, "fresh")
    with pytest.raises(Refused):
        await watch.password_matches("x", made, "b1")
    time.now += GUESSER_FORGOTTEN_S
    assert await watch.password_matches("x", made, "b1")


async def test_guesses_made_at_the_same_time_are_counted_like_guesses_in_turn(
    time: Time, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_PASSWORD_CHECKS_PER_ADDRESS", 100)
    watch = Guard(time)
    checks = [watch.password_matches("guess", kept, "a") for _ in range(30)]
    results = await asyncio.gather(*checks, return_exceptions=True)
    watch.close()
    assert [one for one in results if one is False] == [False] * guard.PASSWORD_FAILURES
    assert {type(one) for one in results[guard.PASSWORD_FAILURES :]} == {Refused}


def test_a_wrong_token_is_told_so_until_there_were_too_many(watch: Guard) -> None:
    for _ in range(guard.TOKEN_FAILURES):
        watch.failed("token", "a")
    with pytest.raises(Refused) as refusal:
        watch.failed("token", "a")
    assert refusal.value.code is Code.RATE_LIMITED
