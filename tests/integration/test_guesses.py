"""Room ids, invites, tokens and passwords, guessed by the thousand from many addresses: none is right, most are turned
away unread, and how long an answer takes tells nothing."""

from __future__ import annotations

import statistics
from collections.abc import AsyncIterator, Callable

import pytest

from server.security.guesses import (
    PASSWORD_FAILURES,
    PASSWORD_FAILURES_PER_S,
    TOKEN_FAILURES,
    TOKEN_FAILURES_PER_S,
)
from tests.support.guessing import Answers, Call, by_rest, by_sockets, delays_s, guess
from tests.support.processes import server_process
from tests.support.server import Server, talking_to

ADDRESSES = 10
EVENTS_PER_S = 50
BURST = 4 * EVENTS_PER_S
"""Calls that one address may make at once, by default."""

COUNTS = pytest.mark.parametrize(
    "count",
    [
        pytest.param(5_000, id="5,000"),
        pytest.param(100_000, id="100,000", marks=[pytest.mark.soak, pytest.mark.timeout(1_800)]),
    ],
)
ROUNDS = 400
ASIDE_S = 0.001
"""What a machine that does other things adds to a median."""

SETTINGS = {"TRUSTED_PROXY_HOPS": "1", "ENVIRONMENT": "production", "ROOM_CREATION": "open", "LOG_LEVEL": "error"}


@pytest.fixture
async def unpaced() -> AsyncIterator[tuple[Server, int]]:
    """A server where nothing but the count of wrong guesses stands in the way."""
    with server_process(**SETTINGS, EVENTS_PER_S="0") as process:
        async with talking_to(process.url) as server:
            yield server, process.port


def slowed(answers: Answers, looked_at: int, burst: float, per_s: float) -> None:
    """No more guesses were looked at than the count of each address allows."""
    print(f"{answers.codes} in {answers.took_s:.1f} s")
    assert looked_at <= ADDRESSES * (burst + per_s * answers.took_s + 1)
    assert answers.codes["RATE_LIMITED"] >= answers.codes.total() - looked_at


@COUNTS
async def test_no_room_is_found_by_its_id(count: int) -> None:
    with server_process(**SETTINGS, EVENTS_PER_S=str(EVENTS_PER_S)) as process:
        async with talking_to(process.url) as server:
            rooms = [(await server.room())["roomId"] for _ in range(20)]
            calls: Callable[[], Call] = lambda: ("GET", f"/api/rooms/{guess()}", "")  # noqa: E731
            answers = await by_rest(process.port, count, ADDRESSES, calls)
            assert answers.codes.keys() == {"ROOM_NOT_FOUND", "RATE_LIMITED"}
            assert answers.codes.total() == count
            slowed(answers, answers.codes["ROOM_NOT_FOUND"], BURST, EVENTS_PER_S)
            assert (await server.call("GET", f"/api/rooms/{rooms[0]}")).status == 200


@COUNTS
async def test_no_invite_is_guessed(unpaced: tuple[Server, int], count: int) -> None:
    server, port = unpaced
    made = await server.room(inviteOnly=True)
    path = f"/api/rooms/{made['roomId']}"
    right = (await server.call("POST", f"{path}/invites", key=made["hostKey"])).json["invite"]
    answers = await by_rest(port, count, ADDRESSES, lambda: ("GET", f"{path}/invite", guess()))
    assert answers.codes.keys() == {"INVITE_INVALID", "RATE_LIMITED"}
    slowed(answers, answers.codes["INVITE_INVALID"], TOKEN_FAILURES, TOKEN_FAILURES_PER_S)
    assert (await server.call("GET", f"{path}/invite", key=right)).status == 200


@COUNTS
async def test_no_token_is_guessed(unpaced: tuple[Server, int], count: int) -> None:
    server, port = unpaced
    made = await server.room()
    path = f"/api/rooms/{made['roomId']}"
    answers = await by_rest(port, count, ADDRESSES, lambda: ("DELETE", path, guess()))
    assert answers.codes.keys() == {"FORBIDDEN", "RATE_LIMITED"}
    slowed(answers, answers.codes["FORBIDDEN"], TOKEN_FAILURES, TOKEN_FAILURES_PER_S)
    assert (await server.call("GET", path)).status == 200
    assert (await server.call("DELETE", path, key=made["hostKey"])).status == 200


@COUNTS
async def test_no_password_is_guessed(unpaced: tuple[Server, int], count: int) -> None:
    server, port = unpaced
    made = await server.room(password="s3cret")
    answers = await by_sockets(port, count, ADDRESSES, made["roomId"])
    assert answers.codes.keys() <= {"PASSWORD_INVALID", "RATE_LIMITED", "UNAVAILABLE"}
    looked_at = answers.codes["PASSWORD_INVALID"]
    assert looked_at >= ADDRESSES
    slowed(answers, looked_at, PASSWORD_FAILURES, PASSWORD_FAILURES_PER_S)
    async with talking_to(server.url) as other:
        client = await other.connect(headers={"X-Forwarded-For": "203.0.113.9"})
        await client.ok("join-room", roomId=made["roomId"], password="s3cret")


async def test_what_is_not_there_takes_as_long_as_what_is_forbidden(unpaced: tuple[Server, int]) -> None:
    """Quartiles of calls asked in turns: a wrong key at a room that is there, at one that is not, and so on."""
    server, port = unpaced
    made = await server.room(inviteOnly=True)
    room = made["roomId"]
    kinds: dict[str, Callable[[], Call]] = {
        "a wrong key": lambda: ("DELETE", f"/api/rooms/{room}", guess()),
        "no such room": lambda: ("DELETE", f"/api/rooms/{guess()}", guess()),
        "a wrong invite": lambda: ("GET", f"/api/rooms/{room}/invite", guess()),
        "an invite of no room": lambda: ("GET", f"/api/rooms/{guess()}/invite", guess()),
    }
    quartiles = {name: statistics.quantiles(each) for name, each in (await delays_s(port, kinds, ROUNDS)).items()}
    print({name: [f"{one * 1_000:.2f} ms" for one in three] for name, three in quartiles.items()})
    for alike in zip(*quartiles.values(), strict=True):
        assert max(alike) < 2 * min(alike) + ASIDE_S
