"""Passwords: guessing is slow, and the right one always gets through."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from rooms.errors import Code, Refused
from server.security import passwords
from server.security.guesses import PASSWORD_FAILURES, Guesses
from server.security.password_doors import GUESSER_FORGOTTEN_S, SHARED_GUESSES
from server.security.passwords import Passwords
from tests.support.pace import PACE

LIMIT_S = 10 * PACE


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def guesses(time: Time) -> Guesses:
    return Guesses(time)


@pytest.fixture
def watch(time: Time, guesses: Guesses) -> Iterator[Passwords]:
    made = Passwords(time, guesses)
    yield made
    made.close()


def guesses_left(guesses: Guesses, address: str) -> int:
    """How many failures are let through."""
    for count in range(1000):
        try:
            guesses.failed("password", address)
        except Refused:
            return count
    raise AssertionError("never refused")


async def test_a_matches_its_own_hash_only(watch: Passwords) -> None:
    kept = await watch.hash("correct horse", "a")
    assert "correct" not in kept
    assert await watch.matches("correct horse", kept, "a")
    assert not await watch.matches("correct horsf", kept, "a")
    assert kept != await watch.hash("correct horse", "a")


@pytest.fixture
async def kept(time: Time) -> str:
    """The hash of `x`, as another process has left it."""
    earlier = Passwords(time, Guesses(time))
    try:
        return await earlier.hash("x", "a")
    finally:
        earlier.close()


async def test_one_address_has_two_hashes_under_way_and_leaves_the_thread_to_others(
    watch: Passwords, guesses: Guesses, kept: str
) -> None:
    checks = [watch.matches("guess", kept, "greedy") for _ in range(5)]
    checks.append(watch.matches("x", kept, "other"))
    results = await asyncio.gather(*checks, return_exceptions=True)
    assert [one for one in results if one is False] == [False] * passwords.MAX_PASSWORD_CHECKS_PER_ADDRESS
    assert results[-1] is True
    made = [watch.hash("x", "greedy") for _ in range(3)]
    hashes = await asyncio.gather(*made, return_exceptions=True)
    assert [type(one) for one in hashes] == [str, str, Refused]
    # What was refused was not looked at, so it does not count as a guess.
    assert guesses_left(guesses, "greedy") == PASSWORD_FAILURES - passwords.MAX_PASSWORD_CHECKS_PER_ADDRESS


async def test_a_caller_that_gives_up_does_not_make_room_for_another_hash(
    watch: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    scrypt, may_end = passwords._scrypt, threading.Event()
    monkeypatch.setattr(passwords, "_scrypt", lambda *args: may_end.wait(LIMIT_S) and scrypt(*args))
    tries = [asyncio.ensure_future(watch.hash("x", "a")) for _ in range(2)]
    await asyncio.sleep(0)
    for one in tries:
        one.cancel()
    await asyncio.wait(tries)
    left = [asyncio.ensure_future(watch.hash("x", "a")) for _ in range(2)]
    await asyncio.sleep(0)
    may_end.set()
    results = await asyncio.gather(*left, return_exceptions=True)
    assert [type(one) for one in results] == [str, Refused], "one of the two is on the thread still"


async def test_making_and_checking_do_not_wait_for_each_other(watch: Passwords, kept: str) -> None:
    makers = [asyncio.ensure_future(watch.hash("x", str(n))) for n in range(40)]
    await asyncio.sleep(0)
    assert await watch.matches("x", kept, "fresh")
    assert sum(one.done() for one in makers) < 20
    for one in makers:
        one.cancel()
    await asyncio.wait(makers)


async def test_the_right_password_costs_one_hash_and_then_none(
    watch: Passwords, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = []
    scrypt = passwords._scrypt
    monkeypatch.setattr(passwords, "_scrypt", lambda *args: hashes.append(args) or scrypt(*args))
    everybody = [watch.matches("x", kept, str(n)) for n in range(30)]
    assert await asyncio.gather(*everybody) == [True] * 30
    assert not await watch.matches("guess", kept, "a")
    assert len(hashes) == 1
    made = await watch.hash("y", "a")
    assert await watch.matches("y", made, "a")
    assert len(hashes) == 2
    watch.forget(made)
    assert await watch.matches("y", made, "a")
    assert len(hashes) == 3


async def test_whoever_has_guessed_shares_a_brake_at_that_door_and_nobody_else_does(
    watch: Passwords, time: Time
) -> None:
    made = await watch.hash("x", "a")
    outcomes: list[bool | BaseException] = []
    for number in range(800):
        guess = watch.matches("guess", made, f"b{number % 200}")
        outcomes += await asyncio.gather(guess, return_exceptions=True)
    assert outcomes.count(False) == 200 + SHARED_GUESSES, "a first look for each, and the shared ones"
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert {one.code for one in refused} == {Code.RATE_LIMITED}
    assert all(0 < (one.retry_after_ms or 0) <= 1000 * GUESSER_FORGOTTEN_S + 1 for one in refused)
    assert len(refused) == 800 - 200 - SHARED_GUESSES
    assert await watch.matches("x", made, "fresh")
    with pytest.raises(Refused):
        await watch.matches("x", made, "b1")
    time.now += GUESSER_FORGOTTEN_S
    assert await watch.matches("x", made, "b1")


async def test_guesses_made_at_the_same_time_are_counted_like_guesses_in_turn(
    time: Time, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "MAX_PASSWORD_CHECKS_PER_ADDRESS", 100)
    watch = Passwords(time, Guesses(time))
    checks = [watch.matches("guess", kept, "a") for _ in range(30)]
    results = await asyncio.gather(*checks, return_exceptions=True)
    watch.close()
    assert [one for one in results if one is False] == [False] * PASSWORD_FAILURES
    assert {type(one) for one in results[PASSWORD_FAILURES:]} == {Refused}
