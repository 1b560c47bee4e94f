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
    async with asyncio.timeout(2):
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
