"""Coming in costs a task only where something has to be waited for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from server.transport.engineio.core import Core
from storage.memory import MemoryStore
from tests.support.server import Server, running

pytestmark = pytest.mark.pure


class Durable(MemoryStore):
    """What it keeps would be there after a restart, if there were one: joins wait for it."""

    outlives_process = True


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The tasks that the engine makes, by the name of their coroutine."""
    made: list[str] = []
    spawn = Core.spawn

    def counted(self: Core, coroutine: Any) -> Any:
        made.append(coroutine.__qualname__)
        return spawn(self, coroutine)

    monkeypatch.setattr(Core, "spawn", counted)
    yield made
    monkeypatch.undo()


async def test_a_connect_and_a_join_make_none(server: Server, tasks: list[str]) -> None:
    made = await server.room()
    client, _ = await server.seated(made["roomId"], name="Ada")
    await client.ok("send-message", roomId=made["roomId"], text="hello")
    assert tasks == []


async def test_whoever_is_refused_makes_none(server: Server, tasks: list[str]) -> None:
    client = await server.connect()
    ack = await client.request("join-room", {"roomId": "nowhere"})
    assert ack["error"]["code"] == "ROOM_NOT_FOUND"
    assert tasks == []


async def test_a_password_is_waited_for(server: Server, tasks: list[str]) -> None:
    made = await server.room(password="a word of ours")
    await server.seated(made["roomId"], password="a word of ours")
    assert len(tasks) == 1


async def test_a_store_that_outlives_the_process_is_waited_for_and_not_by_who_comes_back(tasks: list[str]) -> None:
    async with running(store=Durable(), events_per_s=0) as server:
        made = await server.room()
        first, picture = await server.seated(made["roomId"], name="Ada")
        assert len(tasks) == 1
        await first.leave()
        tasks.clear()
        resume = {"participantId": picture["self"]["id"], "resumeToken": picture["resumeToken"]}
        _, again = await server.seated(made["roomId"], resume=resume)
        assert again["self"]["id"] == picture["self"]["id"]
        assert tasks == []
