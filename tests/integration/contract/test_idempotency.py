"""`Idempotency-Key`: a repeated `POST /api/rooms` makes one room."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rooms.ports import StoreUnavailable
from rooms.records import RoomRecord
from storage.memory import MemoryStore
from tests.support.server import Server, running

KEY = "a key of 22 characters"
SHOP, FORUM = "the-secret-of-the-shop", "the-secret-of-the-forum"


async def test_a_repeated_idempotency_key_gives_the_same_room(server: Server) -> None:
    once = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": KEY}, json={"capacity": 3})
    again = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": KEY}, json={"capacity": 3})
    assert again.status == once.status == 201
    assert again.json == once.json
    other = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k2"}, json={"capacity": 3})
    assert other.json["roomId"] != once.json["roomId"]
    wrong = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": KEY}, json={"capacity": 4})
    assert (wrong.status, wrong.code) == (400, "INVALID_PAYLOAD")


@pytest.mark.parametrize("wish", [{}, {"password": "a password takes time to hash"}])
async def test_repetitions_at_the_same_moment_make_one_room(server: Server, wish: dict[str, Any]) -> None:
    calls = [server.call("POST", "/api/rooms", headers={"Idempotency-Key": KEY}, json=wish) for _ in range(20)]
    answers = await asyncio.gather(*calls)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(server.context.directory.rooms) == 1


@pytest.mark.parametrize("key", ["k", "twenty-one characters"])
async def test_a_key_that_others_may_guess_does_not_tell_the_host_key_again(server: Server, key: str) -> None:
    headers = {"Idempotency-Key": key}
    once = await server.call("POST", "/api/rooms", headers=headers)
    again = await server.call("POST", "/api/rooms", headers=headers)
    assert once.json["hostKey"]
    assert again.json == {name: value for name, value in once.json.items() if name != "hostKey"}
    assert (again.status, again.headers["Location"]) == (201, once.headers["Location"])


async def test_of_guessable_repetitions_at_the_same_moment_one_is_told_the_host_key(server: Server) -> None:
    calls = [server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"}) for _ in range(20)]
    answers = await asyncio.gather(*calls)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["roomId"] for answer in answers}) == 1
    assert sum("hostKey" in answer.json for answer in answers) == 1


async def test_sites_share_no_keys_with_each_other_or_with_their_address() -> None:
    async with running(api_keys=f"shop:{SHOP},forum:{FORUM}", trusted_proxy_hops=1) as server:

        async def make(key: str | None, address: str = "203.0.113.1") -> Any:
            headers = {"Idempotency-Key": "order 17", "X-Forwarded-For": address}
            return (await server.call("POST", "/api/rooms", key=key, headers=headers)).json

        shop = await make(SHOP)
        assert await make(SHOP) == shop  # short, but nobody else can send it
        assert await make(SHOP, "203.0.113.2") == shop  # its servers may have many addresses
        rooms = {
            made["roomId"] for made in (shop, await make(FORUM), await make(None), await make(None, "203.0.113.2"))
        }
        assert len(rooms) == 4


class Halting(MemoryStore):
    """A store that outlives the process and takes its time to fail."""

    outlives_process = True

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.go_on = asyncio.Event()

    async def create_room(self, record: RoomRecord) -> None:
        self.asked += 1
        if self.asked == 1:
            await self.go_on.wait()
            raise StoreUnavailable
        await super().create_room(record)


async def test_a_repetition_waits_for_the_first_try_and_takes_its_place_if_it_fails() -> None:
    store = Halting()
    async with running(store=store) as server:
        headers = {"Idempotency-Key": KEY}
        calls = [asyncio.create_task(server.call("POST", "/api/rooms", headers=headers)) for _ in range(5)]
        while not store.asked:
            await asyncio.sleep(0)
        store.go_on.set()
        answers = await asyncio.gather(*calls)
        assert sorted(answer.status for answer in answers) == [201] * 4 + [503]
        made = {answer.text for answer in answers if answer.status == 201}
        assert len(made) == 1
        assert len(server.context.directory.rooms) == 1


@pytest.mark.parametrize("key", ["x" * 256, ""])
async def test_an_idempotency_key_that_is_empty_or_too_long_is_refused(server: Server, key: str) -> None:
    answer = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")
