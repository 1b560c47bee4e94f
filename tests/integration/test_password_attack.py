"""Many addresses make rooms with passwords, or guess at one, with real hashes; whoever has the right word comes in.

The bounds are those of docs/operations.md. An attack asks as often as an honest client would that obeys `retryAfterMs`,
from each of its addresses at once, which keeps both hashing threads busy all the time.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from server.security.hashing import MAX_WAIT_S, MAX_WAITING
from tests.support import server as serving
from tests.support.pace import PACE
from tests.support.server import Client, Server, running

ATTACKERS = pytest.mark.parametrize("addresses", [int(os.environ.get("ATTACKERS", "40"))])
"""Addresses that attack at once; with 200 each test takes a minute or two."""
AT_ONCE_S = 3.0 * PACE
"""What needs no queue; the attack, the server and the guest share one event loop here."""

ROUND_S = 5.0
START_LIMIT_S = 60.0 * PACE


def sent_from(number: int) -> dict[str, str]:
    return {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250 + 1}"}


def fresh(number: int = 0) -> dict[str, str]:
    return {"X-Forwarded-For": f"203.0.113.{number + 1}"}


@pytest.fixture(autouse=True)
def _patient_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "LIMIT_S", MAX_WAIT_S + 10)


class Attack:
    """What each address was answered, and how long both queues became."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.answers: Counter[str] = Counter()
        self.longest = 0

    async def _go_on(self, ask: Callable[[], Awaitable[str]]) -> None:
        while True:
            self.answers[await ask()] += 1
            self.longest = max(self.longest, self.server.context.passwords.under_way.total())
            await asyncio.sleep(ROUND_S)

    @asynccontextmanager
    async def by(self, askers: list[Callable[[], Awaitable[str]]]) -> AsyncIterator[None]:
        """While it goes on. An asker that is refused or left without an answer in any other way than told fails it."""
        tasks = [asyncio.create_task(self._go_on(ask)) for ask in askers]
        try:
            # Until each has been answered once or is in a queue: the first burst is the load of the test itself.
            checks = self.server.context.passwords.under_way
            await until(lambda: self.answers.total() + checks.total() >= len(askers))
            yield
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(one) for one in outcomes} == {asyncio.CancelledError}, outcomes


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(START_LIMIT_S):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def attacked() -> AsyncIterator[Server]:
    async with running(trusted_proxy_hops=1, rest_limit_s=30) as server:
        yield server


async def joined_after(server: Server, made: Any, number: int) -> float:
    """How long somebody new with the right password waits for a seat, without a second try."""
    client = await server.connect(headers=fresh(number))
    began = time.monotonic()
    await client.ok("join-room", roomId=made["roomId"], password="s3cret")
    return time.monotonic() - began


def as_after_a_restart(server: Server, made: Any) -> None:
    kept = server.context.directory.rooms[made["roomId"]].password_hash
    assert kept is not None
    server.context.passwords.forget(kept)


def hashing_threads() -> int:
    return sum(thread.name.startswith(("making", "checking")) for thread in threading.enumerate())


@ATTACKERS
async def test_rooms_made_by_many_keep_the_right_password_out_of_none(addresses: int) -> None:
    async with attacked() as server:
        made = await server.room(password="s3cret", capacity=20)
        attack = Attack(server)

        def makes(number: int) -> Callable[[], Awaitable[str]]:
            async def ask() -> str:
                answer = await server.call(
                    "POST", "/api/rooms", json={"password": "x", "expiresInS": 60}, headers=sent_from(number)
                )
                return "ok" if answer.status == 201 else answer.code

            return ask

        threads_before = hashing_threads()
        # Three at once from some addresses: one more than they may.
        asked_by = [*range(addresses), *range(40), *range(40)]
        async with attack.by([makes(number) for number in asked_by]):
            known = await joined_after(server, made, 0)
            as_after_a_restart(server, made)
            restarted = await joined_after(server, made, 1)
            began = time.monotonic()
            wish = {"password": "mine"}
            mine = await server.call("POST", "/api/rooms", json=wish, headers=fresh(2))
            made_after = time.monotonic() - began
            threads = hashing_threads() - threads_before
        assert mine.status == 201
        assert max(known, restarted) < AT_ONCE_S
        assert made_after < MAX_WAIT_S
        assert attack.longest <= MAX_WAITING + 2
        assert threads <= 2
        assert set(attack.answers) <= {"ok", "RATE_LIMITED"}
        print(f"\n{addresses} make rooms: in after {known:.2f} s, after a restart {restarted:.2f} s")
        print(f"an own room after {made_after:.2f} s; {dict(attack.answers)}, at most {attack.longest} waiting")


@ATTACKERS
async def test_guesses_of_many_keep_the_right_password_out_of_no_room(addresses: int) -> None:
    async with attacked() as server:
        made = await server.room(password="s3cret", capacity=20)
        other = await server.room(password="s3cret", capacity=20)
        clients = [await server.connect(headers=sent_from(number)) for number in range(addresses)]
        as_after_a_restart(server, made)
        as_after_a_restart(server, other)
        attack = Attack(server)

        def guesses(client: Client) -> Callable[[], Awaitable[str]]:
            return lambda: client.refused("join-room", roomId=made["roomId"], password="guess")

        async with attack.by([guesses(client) for client in clients]):
            elsewhere = await joined_after(server, other, 0)
            first = await joined_after(server, made, 1)
            second = await joined_after(server, made, 2)
        assert elsewhere < AT_ONCE_S
        assert first < MAX_WAIT_S
        assert second < AT_ONCE_S
        assert attack.longest <= MAX_WAITING + 2
        assert set(attack.answers) <= {"PASSWORD_INVALID", "RATE_LIMITED"}
        print(f"\n{addresses} guess: in after {first:.2f} s, once known {second:.2f} s, elsewhere {elsewhere:.2f} s")
        print(f"{dict(attack.answers)}, at most {attack.longest} waiting")
