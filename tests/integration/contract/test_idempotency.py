"""`Idempotency-Key`: a repeated `POST /api/rooms` makes one room."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rooms.ports import StoreUnavailable
from rooms.records import RoomRecord
from storage.memory import MemoryStore
from tests.integration.contract.wire import Server, running


async def test_a_repeated_idempotency_key_gives_the_same_room(server: Server) -> None:
    once = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"}, json={"capacity": 3})
    again = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"}, json={"capacity": 3})
    assert again.status == once.status == 201
    assert again.json == once.json
    other = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k2"}, json={"capacity": 3})
    assert other.json["roomId"] != once.json["roomId"]
    wrong = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"}, json={"capacity": 4})
    assert (wrong.status, wrong.code) == (400, "INVALID_PAYLOAD")


@pytest.mark.parametrize("wish", [{}, {"password": "a password takes time to hash"}])
async def test_repetitions_at_the_same_moment_make_one_room(server: Server, wish: dict[str, Any]) -> None:
    calls = [server.call("POST", "/api/rooms", headers={"Idempotency-Key": "k1"}, json=wish) for _ in range(20)]
    answers = await asyncio.gather(*calls)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(server.context.registry.rooms) == 1


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
        headers = {"Idempotency-Key": "k1"}
        calls = [asyncio.create_task(server.call("POST", "/api/rooms", headers=headers)) for _ in range(5)]
        while not store.asked:
            await asyncio.sleep(0)
        store.go_on.set()
        answers = await asyncio.gather(*calls)
        assert sorted(answer.status for answer in answers) == [201] * 4 + [503]
        made = {answer.text for answer in answers if answer.status == 201}
        assert len(made) == 1
        assert len(server.context.registry.rooms) == 1


@pytest.mark.parametrize("key", ["x" * 256, ""])
async def test_an_idempotency_key_that_is_empty_or_too_long_is_refused(server: Server, key: str) -> None:
    answer = await server.call("POST", "/api/rooms", headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")
