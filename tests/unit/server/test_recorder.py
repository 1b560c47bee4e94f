"""One writer for each room: what a loop turn has changed goes in one step, and again where nobody knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from rooms import messages
from rooms.ports import StoreUnavailable
from rooms.records import Tombstone
from rooms.state.tracking import Tracker
from server.cluster import recorder
from server.cluster.gate import Gate
from server.cluster.recorder import DONE, NOT_MINE, NOT_THERE, Recorder
from tests.support.rooms import Stage


class Store:
    """Notes what is written; answers when it is told to."""

    def __init__(self) -> None:
        self.writes: list[tuple[str, dict[str, Any], list[str]]] = []
        self.ends: list[Tombstone] = []
        self.added = 0
        self.fence = "7"
        self.revived: list[dict[str, Any]] = []
        self.buried: list[tuple[Tombstone, str]] = []
        self.waiting: list[Callable[[Any], None]] = []

    def write(self, room_id: str, owner: str, fence: str, put: Any, drop: Any, until: Any, reply: Any) -> None:
        assert (owner, fence) == ("me#1", self.fence)
        self.writes.append((room_id, put, list(drop)))
        self.waiting.append(reply)

    def add(self, room_id: str, fence: str, lines: list[Any], drop: Any, reply: Any) -> None:
        self.added += 1
        put = dict(zip(lines[::2], lines[1::2], strict=True))
        self.write(room_id, "me#1", fence, put, drop, None, reply)

    def revive(self, room_id: str, owner: str, fence: str, put: Any, until: Any, reply: Any) -> None:
        self.fence = fence
        self.revived.append(put)
        self.waiting.append(reply)

    def end(self, room_id: str, owner: str, fence: str, tombstone: Tombstone, reply: Any) -> None:
        self.ends.append(tombstone)
        self.waiting.append(reply)

    def bury(self, tombstone: Tombstone, fence: str, reply: Any) -> None:
        self.buried.append((tombstone, fence))

    def answer(self, reply: Any) -> None:
        waiting, self.waiting = self.waiting, []
        for one in waiting:
            one(reply)


class Scene:
    def __init__(self) -> None:
        self.stage = Stage()
        self.room = self.stage.room
        self.ann = self.stage.sit("ann")
        self.store, self.gate = Store(), Gate()
        self.recorder = Recorder(self.store, self.gate, lambda value: value)
        self.recorder.adopt(self.room, "me#1", "7", Tracker.of_written(self.room))
        self.lost: list[str] = []
        self.recorder.on_lost = self.lost.append
        self.told: list[str] = []

    def say(self, text: str) -> None:
        messages.post(self.room, self.ann, text, self.stage.now)
        self.recorder.message(self.room)
        self.gate.pass_on(self.told.append, text)

    async def turn(self) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_the_changes_of_a_turn_are_one_write_and_told_after_it() -> None:
    scene = Scene()
    scene.say("one")
    scene.say("two")
    await scene.turn()
    ((room_id, put, drop),) = scene.store.writes
    assert room_id == "r"
    assert sorted(put) == ["e:2", "e:3", "n"]
    assert drop == []
    assert scene.store.added == 1, "by the short way"
    assert scene.told == []
    scene.store.answer(DONE)
    assert scene.told == ["one", "two"]


async def test_a_room_that_somebody_else_runs_is_lost_and_what_it_said_is_not_told() -> None:
    scene = Scene()
    scene.say("one")
    await scene.turn()
    scene.store.answer(NOT_MINE)
    assert (scene.told, scene.lost) == ([], ["r"])
    assert scene.recorder.rooms == {}
    scene.say("two")
    await scene.turn()
    assert len(scene.store.writes) == 1, "nothing more is written"


async def test_what_nobody_knows_is_written_again_with_what_came_since() -> None:
    scene = Scene()
    scene.say("one")
    await scene.turn()
    scene.store.answer(ConnectionError())
    scene.say("two")
    await scene.turn()
    assert scene.recorder.is_unsure
    assert len(scene.store.writes) == 1
    scene.recorder.send_again()
    assert scene.store.added == 1, "the short way must not be repeated"
    _, put, _ = scene.store.writes[1]
    assert sorted(put) == ["e:2", "e:3", "n"]
    assert put["n"][0] == 3, "the newest"
    scene.store.answer(DONE)
    assert scene.told == ["one", "two"]


async def test_while_there_is_no_connection_nothing_is_tried() -> None:
    scene = Scene()
    scene.recorder.up = lambda: False
    scene.say("one")
    await scene.turn()
    assert scene.store.writes == []
    scene.recorder.up = lambda: True
    scene.recorder.send_again()
    scene.store.answer(DONE)
    assert scene.told == ["one"]


async def reviving(scene: Scene, monkeypatch: pytest.MonkeyPatch, born: bytes | None) -> None:
    """Redis has lost the room, and all data or not."""

    async def may_revive(_: Any) -> bytes | None:
        return born

    monkeypatch.setattr(recorder, "REVIVAL_S", 0.0)
    scene.recorder.may_revive = may_revive
    scene.say("one")
    await scene.turn()
    scene.store.answer(NOT_THERE)
    await scene.turn()


async def test_a_room_that_is_not_there_is_lost_where_the_data_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    await reviving(scene, monkeypatch, None)
    assert (scene.told, scene.lost, scene.store.revived) == ([], ["r"], [])


@pytest.mark.parametrize("outbid", [False, True])
async def test_where_all_data_is_gone_it_is_made_anew_and_told_once_nobody_had_it_later(
    monkeypatch: pytest.MonkeyPatch, outbid: bool
) -> None:
    scene = Scene()
    await reviving(scene, monkeypatch, b"new")
    (put,) = scene.store.revived
    assert {"room", "n", "s:ann", "e:1", "e:2"} <= put.keys(), "all of it"
    assert scene.told == []
    scene.store.answer(DONE)
    await scene.turn()
    assert scene.told == [], "somebody who had it later may come back to the data later, too"
    await scene.turn()
    scene.store.answer(NOT_MINE if outbid else DONE)
    await scene.turn()
    assert (scene.told, scene.lost) == (([], ["r"]) if outbid else (["one"], []))


async def test_what_comes_while_it_is_made_anew_goes_by_the_new_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    await reviving(scene, monkeypatch, b"new")
    added = scene.store.added
    scene.say("two")
    await scene.turn()
    assert scene.store.added == added, "not the short way: until it is made anew its fence may be another's"
    assert scene.store.fence == "8"
    assert scene.store.writes[-1][1]["n"][0] == 3


async def test_the_end_of_a_room_is_all_that_is_written_of_it() -> None:
    scene = Scene()
    scene.say("one")
    tombstone = Tombstone("r", "room-ended", 0.0, 60.0)
    scene.recorder.end(tombstone)
    await scene.turn()
    assert scene.store.writes == []
    assert scene.store.ends == [tombstone]
    scene.store.answer(DONE)
    assert scene.recorder.rooms == {}
    assert scene.told == ["one"]


async def test_what_a_history_let_go_of_by_itself_is_dropped() -> None:
    scene = Scene()
    scene.say("one")
    await scene.turn()
    scene.store.answer(DONE)
    scene.recorder.catch_up()
    await scene.turn()
    assert len(scene.store.writes) == 1, "nothing is new"
    scene.room.history.age(scene.stage.now + 10_000)
    scene.recorder.catch_up()
    await scene.turn()
    _, put, drop = scene.store.writes[1]
    assert drop == ["e:1"], "an event"
    assert put["n"][6] == 2, "the floor; the message stays, for newcomers"


async def ended(scene: Scene) -> None:
    tombstone = Tombstone("r", "room-ended", 1.0, 2.0)
    scene.recorder.end(tombstone)
    await scene.turn()
    scene.store.answer(DONE)


async def test_rooms_that_have_ended_end_again_where_older_data_is_back_with_them() -> None:
    scene = Scene()
    await ended(scene)
    scene.recorder.write_anew(b"older")
    assert scene.store.buried == [(Tombstone("r", "room-ended", 1.0, 2.0), "7")]


async def test_so_many_ends_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "ENDS_KNOWN", 0)
    scene = Scene()
    await ended(scene)
    scene.recorder.write_anew(b"older")
    assert scene.store.buried == []


async def test_where_older_data_is_back_all_of_a_room_is_written_before_anything_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def may_revive(_: Any) -> bytes | None:
        return b"older"

    monkeypatch.setattr(recorder, "REVIVAL_S", 0.0)
    scene = Scene()
    scene.recorder.may_revive = may_revive
    scene.recorder.write_anew(b"older")
    scene.say("one")
    await scene.turn()
    await scene.turn()
    assert scene.store.writes == [], "a change alone would leave a hole"
    (put,) = scene.store.revived
    assert {"room", "n", "s:ann", "e:1", "e:2", "born"} <= put.keys()
    scene.store.answer(DONE)
    await scene.turn()
    await scene.turn()
    scene.store.answer(DONE)
    await scene.turn()
    assert scene.told == ["one"]


async def test_a_room_is_not_given_up_where_it_cannot_be_asked_whether_it_may_be_written_anew() -> None:
    async def may_revive(_: Any) -> bytes | None:
        raise StoreUnavailable("it broke again")

    scene = Scene()
    scene.recorder.may_revive = may_revive
    scene.say("one")
    await scene.turn()
    scene.store.answer(NOT_THERE)
    await scene.turn()
    assert (scene.lost, scene.recorder.is_unsure) == ([], True)


async def test_what_was_to_be_written_before_a_room_was_kept_anew_is_not_written_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def may_revive(_: Any) -> bytes | None:
        return b"another"

    monkeypatch.setattr(recorder, "REVIVAL_S", 0.0)
    scene = Scene()
    scene.recorder.may_revive = may_revive
    scene.say("one")
    await scene.turn()
    scene.store.fence = "8"
    scene.store.answer(NOT_THERE)
    await scene.turn()
    scene.store.answer(DONE)  # it is kept anew
    await scene.turn()
    await scene.turn()
    scene.store.answer(ConnectionError())  # and nobody knows whether it still is
    await scene.turn()
    scene.recorder.send_again()
    _, put, drop = scene.store.writes[-1]
    assert (put, drop) == ({}, []), "a counter of before would hide what was said since"
    scene.store.answer(DONE)
    assert scene.told == ["one"]
