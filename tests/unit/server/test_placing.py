"""Requests come by where their room is, before anything is done about them."""

from __future__ import annotations

from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any

import pytest

from rooms.errors import Code, Refused
from server.cluster.gate import SILENT_S, Gate
from server.protocol.acknowledgements import Refusal, Reply
from server.protocol.decoding import decode
from server.security.throttles import bucket
from server.usecases.aftermath import Happened
from server.usecases.placing import Placing
from tests.support.rooms import Stage

pytestmark = pytest.mark.pure  # compiled code asks for a context that is whole


class Rooms:
    """Says where a room is, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses: Code | None = None

    async def place_here(self, room_id: str) -> None:
        self.asked.append(room_id)
        if self.refuses is not None:
            raise Refused(self.refuses)


class Scene:
    def __init__(self, rate: float = 0) -> None:
        self.stage, self.rooms, self.clock = Stage(), Rooms(), SimpleNamespace(now=100.0)
        self.gate = Gate(lambda: float(self.clock.now))
        self.noted: list[str] = []
        self.run: list[str] = []
        self.answer: Any = {}
        ctx: Any = SimpleNamespace(directory=self.stage.directory, rooms=self.rooms)
        self.placing = Placing(ctx, self.gate, self, self._inner)  # type: ignore[arg-type]
        self.connection: Any = SimpleNamespace(bucket=bucket(rate, max(rate, 1), 0.0))

    def _inner(self, connection: Any, event: str, args: Any) -> Any:
        self.run.append(event)
        return self.answer

    def note(self, room: Any, events: Any) -> None:
        self.noted.append(room.id)

    async def ask(self, event: str, **payload: Any) -> Any:
        outcome = self.placing.request(self.connection, event, [payload])
        return await outcome if isinstance(outcome, Awaitable) else outcome


async def test_a_room_that_is_here_is_asked_for_nowhere() -> None:
    scene = Scene()
    assert await scene.ask("join-room", roomId="r") == {}
    assert scene.rooms.asked == []


async def test_whoever_joins_a_room_that_is_not_here_has_it_brought() -> None:
    scene = Scene()
    await scene.ask("join-room", roomId="elsewhere")
    assert (scene.rooms.asked, scene.run) == (["elsewhere"], ["join-room"])
    await scene.ask("typing", roomId="elsewhere")
    assert scene.rooms.asked == ["elsewhere"], "who does not sit in it is refused by the use case"


async def test_a_join_that_was_checked_on_the_way_has_its_room_brought_too() -> None:
    scene = Scene()
    decoded = decode('["join-room",{"roomId":"elsewhere","name":"Ann"}]')
    assert decoded is not None
    outcome = scene.placing.request(scene.connection, "join-room", decoded)
    assert isinstance(outcome, Awaitable)
    await outcome
    assert (scene.rooms.asked, scene.run) == (["elsewhere"], ["join-room"])


@pytest.mark.parametrize(("code", "asks"), [(Code.ROOM_NOT_FOUND, True), (Code.UNAVAILABLE, False)])
async def test_of_a_room_that_is_nowhere_the_use_case_tells(code: Code, asks: bool) -> None:
    scene = Scene()
    scene.rooms.refuses = code
    answer = await scene.ask("join-room", roomId="elsewhere")
    assert bool(scene.run) is asks
    assert isinstance(answer, Refusal) is not asks


async def test_whoever_guesses_at_rooms_is_limited_before_anybody_looks() -> None:
    scene = Scene(rate=0.001)
    answers = [await scene.ask("join-room", roomId=f"guess {n}") for n in range(3)]
    assert len(scene.rooms.asked) == 1
    assert [one.error["code"] for one in answers[1:]] == ["RATE_LIMITED", "RATE_LIMITED"]


async def test_an_answer_waits_for_what_follows_it() -> None:
    scene = Scene()
    scene.answer = Reply({}, (Happened(scene.stage.room, ()),))
    await scene.ask("react", roomId="r")
    assert scene.noted == ["r"]


async def test_while_nothing_can_be_kept_nothing_is_begun() -> None:
    scene = Scene()
    scene.gate.hold("r")
    scene.gate.close(1)
    assert await scene.ask("send-message", roomId="r") == {}
    scene.clock.now += SILENT_S + 0.1
    answer = await scene.ask("send-message", roomId="r")
    assert answer.error["code"] == "UNAVAILABLE"
    assert len(scene.run) == 1
