"""Webhooks that are written down behind: only what waits, in order, and gone when it was taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from rooms.ports import StoreUnavailable
from rooms.records import HookRecord
from server.outbound import hook_queue, kept_outbox, outbox
from server.outbound.hook_queue import MAX_QUEUED, Hook, HookQueue, NotTaken
from server.outbound.kept_outbox import KEEP_AFTER_S, KEEP_BATCH, KEEP_CLOSE_S, KeptOutbox
from server.outbound.outbox import CLOSE_KEPT_S
from tests.support.pace import PACE

assert KEEP_AFTER_S < CLOSE_KEPT_S < KEEP_CLOSE_S


class Kept:
    """A store that can be away, or say so after it has done what was asked."""

    def __init__(self) -> None:
        self.there: dict[str, HookRecord] = {}
        self.away = self.says_away = False
        self.writes: list[int] = []

    async def open(self) -> None:
        self._answer()

    async def close(self) -> None: ...

    async def load(self, address: str, limit: int) -> list[HookRecord]:
        self._answer()
        return sorted(self.there.values(), key=lambda one: one.number)[:limit]

    async def keep(self, hooks: Sequence[HookRecord]) -> None:
        if not self.away:
            self.writes.append(len(hooks))
            self.there.update((one.id, one) for one in hooks)
        self._answer()

    async def forget(self, address: str, hook_ids: Sequence[str]) -> None:
        self._answer()
        for one in hook_ids:
            self.there.pop(one, None)

    def _answer(self) -> None:
        if self.away or self.says_away:
            raise StoreUnavailable("away")


class Address:
    def __init__(self) -> None:
        self.down = False
        self.taken: list[str] = []

    async def __call__(self, hook: Hook) -> None:
        if self.down:
            raise NotTaken("down")
        self.taken.append(hook.id)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_queue, "RETRY_FIRST_S", 0.005)
    monkeypatch.setattr(hook_queue, "RETRY_LONGEST_S", 0.02)
    monkeypatch.setattr(kept_outbox, "KEEP_AFTER_S", 0.01)
    monkeypatch.setattr(kept_outbox, "KEEP_RETRY_S", 0.02)
    monkeypatch.setattr(outbox, "CLOSE_KEPT_S", 0.02)
    monkeypatch.setattr(kept_outbox, "CLOSE_KEPT_S", 0.02)


def box(store: Kept, address: Address) -> KeptOutbox:
    return KeptOutbox({"x": HookQueue(address, "x")}, store, time.time)


def hook(name: str) -> Hook:
    return Hook(name, name[0], b"{}", time.monotonic(), time.time())


async def until(so: object) -> None:
    assert callable(so)
    async with asyncio.timeout(5 * PACE):
        while not so():
            await asyncio.sleep(0.001)


async def test_what_is_taken_at_once_is_never_written() -> None:
    store, address = Kept(), Address()
    kept = box(store, address)
    await kept.start()
    for number in range(50):
        kept.put(hook(f"a{number}"))
    await until(lambda: len(address.taken) == 50)
    await asyncio.sleep(0.05)
    assert store.writes == []
    await kept.close()


async def test_what_waits_is_written_in_batches_and_erased_when_it_was_taken() -> None:
    store, address = Kept(), Address()
    kept = box(store, address)
    await kept.start()
    address.down = True
    names = [f"a{number}" for number in range(KEEP_BATCH + 7)]
    for name in names:
        kept.put(hook(name))
    await until(lambda: len(store.there) == len(names))
    assert store.writes == [KEEP_BATCH, 7]
    address.down = False
    await until(lambda: address.taken == names)
    await until(lambda: not store.there)
    await kept.close()


async def test_the_next_process_sends_it_before_what_is_new_and_waits_for_the_store() -> None:
    store, address = Kept(), Address()
    address.down = True
    kept = box(store, address)
    await kept.start()
    for name in ("a1", "a2", "b1"):
        kept.put(hook(name))
    await kept.close()
    assert sorted(store.there) == ["a1", "a2", "b1"]
    address.down, store.away = False, True
    after = box(store, address)
    with pytest.raises(StoreUnavailable):
        await after.start()
    after.put(hook("a3"))
    await asyncio.sleep(0.02)
    assert address.taken == [], "what is new has its turn after what is old"
    store.away = False
    await after.start()
    await until(lambda: len(address.taken) == 4)
    assert [name for name in address.taken if name[0] == "a"] == ["a1", "a2", "a3"]
    await until(lambda: not store.there)
    await after.close()


async def test_what_a_failed_write_may_have_kept_is_erased_as_well() -> None:
    store, address = Kept(), Address()
    kept = box(store, address)
    await kept.start()
    address.down = store.says_away = True
    kept.put(hook("a1"))
    await until(lambda: store.writes)
    address.down = False
    await until(lambda: address.taken)
    store.says_away = False
    await until(lambda: not store.there)
    await kept.close()


async def test_what_cannot_be_kept_at_a_stop_is_counted_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    store, address = Kept(), Address()
    kept = box(store, address)
    await kept.start()
    address.down = store.away = True
    for number in range(3):
        kept.put(hook(f"a{number}"))
    await kept.close()
    lines = [one.getMessage() for one in caplog.records if "Stopped" in one.getMessage()]
    assert lines == ["Stopped with 3 webhooks unsent; 0 were dropped before."]


async def test_before_the_store_was_read_no_more_waits_than_elsewhere() -> None:
    store, address = Kept(), Address()
    store.away = True
    kept = box(store, address)
    for number in range(MAX_QUEUED + 5):
        kept.put(hook(f"a{number}"))
    assert kept.queues[0].dropped == 5
    await kept.close()
