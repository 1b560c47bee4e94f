"""Whoever guesses is slowed down; whoever has the right secret is not, behind the same address."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.security.guesses import PASSWORD_FAILURES, TOKEN_FAILURES
from server.security.passwords import MAX_PASSWORD_CHECKS_PER_ADDRESS
from tests.support.server import Clock, Server, running


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[Server]:
    """A server whose time stands, so that nothing is forgiven meanwhile, however slow the machine."""
    async with running(events_per_s=0, clock=clock) as server:
        yield server


async def exhaust_tokens(server: Server, made: Any) -> None:
    """Guess host keys until even that is refused."""
    guesses = [
        (await server.call("DELETE", f"/api/rooms/{made['roomId']}", key="guess")).code
        for _ in range(TOKEN_FAILURES + 2)
    ]
    assert guesses[:TOKEN_FAILURES] == ["FORBIDDEN"] * TOKEN_FAILURES
    assert guesses[-1] == "RATE_LIMITED"


async def test_a_right_secret_or_none_is_never_refused_for_the_wrong_ones_of_others(server: Server) -> None:
    made = await server.room()
    _, seat = await server.seated(made["roomId"], name="Ada")
    await exhaust_tokens(server, made)
    path = f"/api/rooms/{made['roomId']}"
    client = await server.connect()
    assert await client.refused("join-room", roomId=made["roomId"], hostKey="guess") == "RATE_LIMITED"
    await client.ok("join-room", roomId=made["roomId"])
    other = await server.connect()
    await other.ok("join-room", roomId=made["roomId"], hostKey=made["hostKey"])
    resume = {"participantId": seat["self"]["id"], "resumeToken": seat["resumeToken"]}
    again = await server.connect()
    await again.ok("join-room", roomId=made["roomId"], resume=resume)
    invite = await server.call("POST", f"{path}/invites", key=made["hostKey"])
    assert invite.status == 201
    assert (await server.call("GET", f"{path}/messages", key=seat["resumeToken"])).status == 200
    assert (await server.call("GET", f"{path}/messages", key="guess")).status == 429
    assert (await server.call("PATCH", path, key=made["hostKey"], json={"locked": True})).status == 200


async def test_wrong_keys_of_rooms_do_not_shut_out_the_operator_but_wrong_admin_keys_do(clock: Clock) -> None:
    async with running(events_per_s=0, admin_key="the admin key", clock=clock) as server:
        await exhaust_tokens(server, await server.room())
        assert (await server.call("GET", "/api/admin/stats", key="the admin key")).status == 200
        for _ in range(TOKEN_FAILURES):
            assert (await server.call("GET", "/api/admin/stats", key="guess")).status == 403
        assert (await server.call("GET", "/api/admin/stats", key="the admin key")).status == 429


async def test_sixty_sockets_that_guess_at_once_get_no_more_guesses_than_one(server: Server) -> None:
    made = await server.room(password="s3cret")
    clients = [await server.connect() for _ in range(60)]
    codes: Counter[str] = Counter()
    for _ in range(PASSWORD_FAILURES):
        fields = {"roomId": made["roomId"], "password": "guess"}
        codes.update(await asyncio.gather(*(client.refused("join-room", **fields) for client in clients)))
    assert set(codes) == {"PASSWORD_INVALID", "RATE_LIMITED"}
    assert codes["PASSWORD_INVALID"] == PASSWORD_FAILURES


async def test_the_host_key_needs_no_password_and_no_guess(server: Server) -> None:
    made = await server.room(password="s3cret")
    client = await server.connect()
    for _ in range(PASSWORD_FAILURES + 1):
        await client.refused("join-room", roomId=made["roomId"], password="guess")
    assert await client.refused("join-room", roomId=made["roomId"], password="s3cret") == "RATE_LIMITED"
    await client.ok("join-room", roomId=made["roomId"], password="s3cret", hostKey=made["hostKey"])


async def test_the_right_password_costs_nothing_however_often_it_is_given(server: Server) -> None:
    made = await server.room(password="s3cret", capacity=50)
    for _ in range(PASSWORD_FAILURES + 2):
        await server.seated(made["roomId"], password="s3cret")


async def test_rooms_with_passwords_are_hashed_two_at_a_time_for_one_address() -> None:
    async with running(events_per_s=0, trusted_proxy_hops=1) as server:
        greedy = {"X-Forwarded-For": "203.0.113.7"}
        calls = [server.call("POST", "/api/rooms", json={"password": "x"}, headers=greedy) for _ in range(12)]
        others = server.call("POST", "/api/rooms", json={"password": "x"}, headers={"X-Forwarded-For": "203.0.113.8"})
        *answers, other = await asyncio.gather(*calls, others)
        refused = [one for one in answers if one.status != 201]
        assert {one.code for one in refused} == {"RATE_LIMITED"}
        assert len(answers) - len(refused) >= MAX_PASSWORD_CHECKS_PER_ADDRESS
        assert other.status == 201
