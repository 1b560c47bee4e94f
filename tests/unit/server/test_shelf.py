"""Where files lie: the store follows what the rules have let go of, whatever comes in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from rooms.files import File, Files
from rooms.ports import StoreUnavailable
from rooms.records import FileRecord
from server.outbound import shelf as module
from server.outbound.shelf import Shelf
from storage.memory_files import MemoryFiles
from tests.support.pace import PACE

LIMIT_S = 10 * PACE


class Slow(MemoryFiles):
    """A store whose calls do something of the test's first, and may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.erased: list[str] = []
        self.updated: list[str] = []
        self.before: Callable[[], None] = lambda: None
        self.failures = 0

    async def erase(self, file_ids: Sequence[str]) -> None:
        await self._called()
        self.erased += file_ids

    async def update(self, record: FileRecord) -> None:
        await self._called()
        self.updated.append(record.id)

    async def _called(self) -> None:
        then, self.before = self.before, lambda: None
        then()
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable


@pytest.fixture
def store() -> Slow:
    return Slow()


@pytest.fixture
async def shelf(store: Slow) -> AsyncIterator[Shelf]:
    """A shelf that runs."""
    made = Shelf(store, Files(), lambda file: None)
    assert await made.start({}, 0.0, 0.0)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def done(shelf: Shelf) -> None:
    async with asyncio.timeout(LIMIT_S):
        while shelf.unwritten:
            await asyncio.sleep(0.01)


async def test_what_is_let_go_of_is_erased(store: Slow, shelf: Shelf) -> None:
    shelf.erase_ids(["f", "g"])
    await done(shelf)
    assert store.erased == ["f", "g"]
    assert shelf.erased == 2


async def test_what_comes_while_the_store_is_asked_is_not_forgotten(store: Slow, shelf: Shelf) -> None:
    store.before = lambda: shelf.erase_ids(["f"])
    shelf.changed([File("g", "r", "ada", 1)], 0.0)
    await done(shelf)
    assert (store.updated, store.erased) == (["g"], ["f"])


async def test_what_is_erased_is_not_changed_any_more(store: Slow, shelf: Shelf) -> None:
    file = File("f", "r", "ada", 1)
    shelf.changed([file], 0.0)
    shelf.erase([file])
    await done(shelf)
    assert (store.updated, store.erased) == ([], ["f"])


async def test_a_store_that_fails_is_asked_again(store: Slow, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_FIRST_S", 0.01)
    store.failures = 2
    shelf.erase_ids(["f"])
    await done(shelf)
    assert store.erased == ["f"]


async def test_what_is_left_is_erased_on_closing(store: Slow) -> None:
    shelf = Shelf(store, Files(), lambda file: None)
    await shelf.start({}, 0.0, 0.0)
    shelf.erase_ids(["f"])
    await shelf.close(1.0)
    assert store.erased == ["f"]


async def test_where_others_share_the_store_their_files_are_let_be_and_those_of_rooms_that_come_are_learnt() -> None:
    store, learnt = Slow(), asyncio.Queue[str]()
    for room_id in ("mine", "theirs"):
        await store.finish(FileRecord(f"of {room_id}", room_id, "ann", 3), 9e9)
    store.outlives_process = True
    shelf = Shelf(store, Files(), lambda file: learnt.put_nowait(file.id))
    here = set[str]()
    shelf.is_here = here.__contains__
    assert await shelf.start({}, 0.0, 0.0)
    task = asyncio.create_task(shelf.run())
    here.add("mine")
    shelf.took_in("mine", 0.0)
    async with asyncio.timeout(LIMIT_S):
        assert await learnt.get() == "of mine"
    assert [file.id for file in shelf.files.of_room("mine")] == ["of mine"]
    assert [file.id for file in shelf.gave_up("mine")] == ["of mine"]
    assert shelf.files.count == 0
    assert store.erased == [], "nothing that others have"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Halting(Slow):
    """A store that tells of its files one by one, when it is asked to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.outlives_process = True
        self.steps = asyncio.Semaphore(0)

    async def records(self) -> AsyncIterator[FileRecord | str]:
        async for record in super().records():
            await self.steps.acquire()
            yield record
        await self.steps.acquire()


@pytest.fixture
async def come() -> AsyncIterator[tuple[Halting, Shelf]]:
    """A shelf beside others, to which a room with two files has come."""
    store = Halting()
    for name in ("f", "g"):
        await store.finish(FileRecord(name, "r", "ann", 3), 9e9)
    shelf = Shelf(store, Files(), lambda file: None)
    shelf.is_here = lambda room_id: True
    assert await shelf.start({}, 0.0, 0.0)
    task = asyncio.create_task(shelf.run())
    shelf.took_in("r", 0.0)
    yield store, shelf
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def known(store: Halting, shelf: Shelf) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not shelf.knows("r"):
            store.steps.release()
            await asyncio.sleep(0)


async def test_what_happens_in_a_room_before_its_files_are_known_is_made_up_for(
    come: tuple[Halting, Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, shelf = come
    monkeypatch.setattr(module, "MAX_LATE", 1)
    found: list[list[str]] = []

    def look() -> None:
        found.append([file.id for file in shelf.files.of_room("r")])

    assert not shelf.knows("r")
    for always in (False, False, True):  # the second is above the bound
        shelf.once_known("r", look, always=always)
    store.steps.release()
    await asyncio.sleep(0.05)
    assert (shelf.knows("r"), found) == (False, []), "with half of the files"
    await known(store, shelf)
    assert found == [["f", "g"], ["f", "g"]]


async def test_a_room_that_goes_and_comes_again_while_its_files_are_looked_for_has_all_of_them(
    come: tuple[Halting, Shelf],
) -> None:
    store, shelf = come
    store.steps.release()
    await asyncio.sleep(0.05)
    assert [file.id for file in shelf.gave_up("r")] == ["f"]
    shelf.took_in("r", 0.0)
    await known(store, shelf)
    assert [file.id for file in shelf.files.of_room("r")] == ["f", "g"]
