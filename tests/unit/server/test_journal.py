"""Writing behind: the newest state is saved, an outage delays and loses nothing, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest

from rooms import joining, snapshots
from rooms.directory import Directory
from rooms.message import Message
from rooms.model import RoomOptions
from rooms.ports import StoreUnavailable
from rooms.records import LoggedMessage, Purged, RoomRecord, SessionRecord, Tombstone, logged
from rooms.room import Room
from rooms.runtime import Runtime
from server.outbound import journal as journal_module
from server.outbound import message_log
from server.outbound.journal import Journal
from server.outbound.message_log import MAX_QUEUED_MESSAGES
from storage.memory import MemoryStore
from tests.support.messages import message as said
from tests.support.pace import PACE

NOW = 1_000.0
SOON_S = 5.0 * PACE


class DurableStore(MemoryStore):
    """The memory store, held to be durable, that goes down, hangs or breaks when told to."""

    name = "mongodb"
    outlives_process = True

    def __init__(self) -> None:
        super().__init__()
        self.failure: Exception | None = None
        self.open_gate = asyncio.Event()
        self.open_gate.set()
        self.calls: list[str] = []

    async def _call(self, name: str) -> None:
        self.calls.append(name)
        await self.open_gate.wait()
        if self.failure is not None:
            raise self.failure

    async def open(self) -> None:
        await self._call("open")

    async def ping(self) -> None:
        await self._call("ping")

    async def save_room(self, record: RoomRecord) -> None:
        await self._call("save")
        await super().save_room(record)

    async def end_room(self, tombstone: Tombstone, session: SessionRecord | None) -> Purged:
        await self._call("end")
        return await super().end_room(tombstone, session)

    async def append_messages(self, messages: Sequence[LoggedMessage]) -> None:
        await self._call("append")
        await super().append_messages(messages)

    async def kept(self, room: Room) -> RoomRecord | None:
        """What a restart would find."""
        return {record.id: record async for record in self.live_rooms(NOW)}.get(room.id)


@pytest.fixture
def store() -> DurableStore:
    return DurableStore()


@pytest.fixture
async def journal(store: DurableStore) -> AsyncIterator[Journal]:
    journal = Journal(store)
    yield journal
    store.failure = None
    store.open_gate.set()
    await journal.close(SOON_S)


def directory() -> Directory:
    return Directory(Runtime(30, 300), tombstone_ttl_s=60)


async def stored_room(journal: Journal, name: str = "r", *, log: bool = False) -> Room:
    room = directory().create(name, "epoch", "key", RoomOptions(100, 3_600, log=log), NOW)
    await journal.create(room)
    return room


def sit(room: Room, who: str) -> None:
    granted = joining.admit(room, joining.Admission(who, "token", who), NOW)
    joining.seat(room, granted, NOW)


def touched(room: Room) -> Room:
    """The room, with something to be saved."""
    room.came += 1
    return room


def end(room: Room) -> tuple[Tombstone, SessionRecord]:
    tombstone, _ = directory().end(room, "room-ended", NOW)
    return tombstone, snapshots.session_of(room, tombstone)


def message(room: Room, number: int) -> Message:
    made = said(number, "text", at=NOW)
    made.room_id = room.id
    return made


async def until_idle(journal: Journal) -> None:
    """Wait for all that is under way."""
    async with asyncio.timeout(SOON_S):
        while journal.calls.tasks:
            await asyncio.wait(set(journal.calls.tasks))


async def test_many_changes_are_saved_as_the_newest_state(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal)
    for number in range(100):
        sit(room, f"guest {number}")
        journal.changed(room)
    assert await journal.saved(room)
    kept = await store.kept(room)
    assert kept is not None
    assert len(kept.seats) == 100
    assert store.calls.count("save") <= 2


async def test_what_the_store_has_already_is_not_written_again(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal)
    sit(room, "ada")
    assert await journal.saved(room)
    assert await journal.saved(room)
    store.failure = StoreUnavailable()
    sit(room, "bob")
    assert not await journal.saved(room)
    store.failure = None
    await until_idle(journal)
    assert store.calls.count("save") == 3, "one that failed is made again"
    assert await journal.saved(room)
    assert store.calls.count("save") == 3


async def test_a_restored_room_is_written_only_once_it_is_another(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal)
    sit(room, "ada")
    again = snapshots.room_from(snapshots.record_of(room), Runtime(30, 300), "epoch 2", NOW)
    journal.known(again, snapshots.record_of(room))
    assert await journal.saved(again)
    assert "save" not in store.calls
    other = snapshots.room_from(replace(snapshots.record_of(room), id="other"), Runtime(30, 300), "epoch 2", NOW)
    journal.known(other, snapshots.record_of(room))
    assert await journal.saved(other)
    assert store.calls.count("save") == 1


async def test_a_room_is_saved_by_one_call_at_a_time(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal)
    store.open_gate.clear()
    first = asyncio.create_task(journal.saved(touched(room)))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(journal.saved(touched(room)))
    await asyncio.sleep(0.01)
    assert store.calls == ["save"]
    store.open_gate.set()
    assert list(await asyncio.gather(first, second)) == [True, True]
    assert store.calls == ["save", "save"], "what changed during the first call is saved by another"


async def test_a_failure_is_told_at_once_and_made_good_later(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal)
    store.failure = StoreUnavailable("down")
    sit(room, "ada")
    assert not await journal.saved(touched(room))
    assert not journal.health.answers
    store.failure = None
    await until_idle(journal)
    kept = await store.kept(room)
    assert kept is not None
    assert [seat.id for seat in kept.seats] == ["ada"]
    assert journal.healthy


async def test_while_the_store_is_down_nobody_is_kept_waiting(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal)
    store.failure = StoreUnavailable("down")
    await journal.check()
    store.open_gate.clear()
    async with asyncio.timeout(SOON_S):
        assert not await journal.saved(touched(room))


async def test_who_insists_has_the_store_asked_once_more(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal)
    store.failure = StoreUnavailable("down")
    await journal.check()
    async with asyncio.timeout(SOON_S):
        assert not await journal.saved(touched(room), insist=True)
    store.failure = None
    async with asyncio.timeout(SOON_S):
        assert await journal.saved(touched(room), insist=True)


async def test_an_answer_of_the_store_ends_every_pause(
    journal: Journal, store: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "RETRY_FIRST_S", 600.0)
    room = await stored_room(journal)
    store.failure = StoreUnavailable("down")
    journal.changed(touched(room))
    async with asyncio.timeout(SOON_S):
        while not store.calls.count("save"):
            await asyncio.sleep(0.01)
    store.failure = None
    await journal.check()
    async with asyncio.timeout(SOON_S):
        assert await journal.saved(touched(room))


async def test_a_save_that_breaks_leaves_nobody_waiting(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal)
    store.failure = RuntimeError("not foreseen")
    async with asyncio.timeout(SOON_S):
        assert not await journal.saved(touched(room))
    store.failure = None
    async with asyncio.timeout(SOON_S):
        assert await journal.saved(touched(room), insist=True), "and the next save works"


async def test_who_waits_while_the_room_ends_is_told_no(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal)
    store.open_gate.clear()
    first = asyncio.create_task(journal.saved(touched(room)))
    await asyncio.sleep(0)
    second = asyncio.create_task(journal.saved(touched(room)))
    await asyncio.sleep(0.01)
    end(room)
    store.open_gate.set()
    async with asyncio.timeout(SOON_S):
        assert list(await asyncio.gather(first, second)) == [True, False]


async def test_an_ended_room_is_erased_once_the_store_is_back(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal)
    store.failure = StoreUnavailable("down")
    assert await journal.ended(*end(room)) == Purged()
    assert await store.kept(room) is not None
    store.failure = None
    await until_idle(journal)
    assert await store.kept(room) is None
    assert [line.reason for line in await store.sessions(limit=10, now=NOW)] == ["room-ended"]


async def test_a_hundred_ends_during_an_outage_keep_nobody_waiting(journal: Journal, store: DurableStore) -> None:
    ended = [await stored_room(journal, f"ended {number}") for number in range(100)]
    store.failure = StoreUnavailable("down")
    await journal.check()
    store.open_gate.clear()  # every call hangs from here on
    async with asyncio.timeout(SOON_S):
        for room in ended:
            await journal.ended(*end(room))
    store.failure = None
    store.open_gate.set()
    await until_idle(journal)
    assert [await store.kept(room) for room in ended] == [None] * 100


async def test_messages_of_an_ended_room_are_forgotten_at_once(journal: Journal, store: DurableStore) -> None:
    room, other = await stored_room(journal, "ends", log=True), await stored_room(journal, "stays", log=True)
    store.failure = StoreUnavailable("down")
    await journal.check()
    for number in range(10):
        journal.log_message(message(room, number))
        journal.log_message(message(other, 100 + number))
    journal.end_behind(*end(room))
    assert {each.room_id for each in journal.messages.waiting} == {other.id}
    store.failure = None
    await until_idle(journal)
    assert await store.messages(room.id, before=None, limit=50, now=NOW) == []
    assert len(await store.messages(other.id, before=None, limit=50, now=NOW)) == 10


async def test_a_batch_under_way_is_erased_with_its_room(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal, "ends", log=True)
    store.open_gate.clear()
    journal.log_message(message(room, 1))
    await asyncio.sleep(0.01)
    ending = asyncio.create_task(journal.ended(*end(room)))
    await asyncio.sleep(0.01)
    assert store.calls == ["append"], "the purge waits for the batch"
    store.open_gate.set()
    assert (await ending).messages == 1
    assert await store.messages(room.id, before=None, limit=50, now=NOW) == []


async def test_the_queue_of_messages_is_bounded(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal, log=True)
    store.failure = StoreUnavailable("down")
    for number in range(MAX_QUEUED_MESSAGES + 7):
        journal.log_message(message(room, number))
    assert journal.messages.dropped == 7
    assert journal.messages.waiting[0].message_id == message(room, 7).id


async def test_what_erases_a_message_is_bounded_too_and_goes_before_no_message(
    journal: Journal, store: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_log, "MAX_QUEUED_ENTRIES", 5)
    room = await stored_room(journal, log=True)
    store.failure = StoreUnavailable("down")
    journal.log_message(message(room, 0))
    for number in range(1, 8):
        journal.erase_message(room.id, message(room, number).id)
    assert len(journal.messages.waiting) == 5
    assert journal.messages.dropped == 3
    assert {entry.message for entry in journal.messages.waiting} == {None}, "the message made way first"


async def test_closing_is_bounded_while_the_store_hangs(store: DurableStore) -> None:
    journal = Journal(store)
    room = await stored_room(journal)
    store.open_gate.clear()
    journal.changed(touched(room))
    async with asyncio.timeout(SOON_S):
        await journal.close(0.1)
    with suppress(asyncio.CancelledError):
        assert not journal.calls.tasks


async def test_stopping_tells_in_one_line_what_could_not_be_written(
    store: DurableStore, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(store)
    changed, ended = [await stored_room(journal, name, log=True) for name in ("changed", "ended")]
    store.failure = StoreUnavailable("down")
    journal.changed(touched(changed))
    journal.end_behind(*end(ended))
    for number in range(3):
        journal.log_message(message(changed, number))
    await asyncio.sleep(0)
    caplog.clear()
    await journal.close(0.05)
    assert [one.message for one in caplog.records if "could not be written" in one.message] == [
        "Stopped with the store behind: 1 rooms, 1 ends of rooms and 3 messages could not be written."
    ]


async def test_what_hangs_in_a_call_counts_as_unwritten_too(store: DurableStore) -> None:
    journal = Journal(store)
    room = await stored_room(journal, log=True)
    store.open_gate.clear()
    journal.changed(touched(room))
    for number in range(3):
        journal.log_message(message(room, number))
    await asyncio.sleep(0.01)
    assert store.calls == ["save", "append"]
    assert journal.unwritten() == (1, 0, 3)
    store.open_gate.set()
    await journal.close(SOON_S)
    assert journal.unwritten() == (0, 0, 0)


async def test_stopping_says_nothing_where_all_is_written(
    journal: Journal, store: DurableStore, caplog: pytest.LogCaptureFixture
) -> None:
    room = await stored_room(journal, log=True)
    journal.changed(touched(room))
    journal.log_message(message(room, 1))
    await journal.close(SOON_S)
    assert caplog.records == []
    assert await store.messages(room.id, before=None, limit=10, now=NOW)


async def test_what_is_erased_before_it_is_written_is_never_written(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal, log=True)
    store.failure = StoreUnavailable("down")
    gone, stays = message(room, 1), message(room, 2)
    journal.log_message(gone)
    journal.log_message(stays)
    journal.erase_message(room.id, gone.id)
    gone.erase()
    assert not [
        entry
        for entry in journal.messages.waiting
        if entry.message is not None and entry.message.text not in ("", "text")
    ]
    store.failure = None
    await journal.check()
    await until_idle(journal)
    assert [each.id for each in await store.messages(room.id, before=None, limit=50, now=NOW)] == [stays.id]


async def test_the_log_has_a_message_as_it_is_now(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal, log=True)
    changed = message(room, 1)
    journal.log_message(changed)
    await until_idle(journal)
    changed.text = "again"
    journal.log_message(changed, again=True)
    await until_idle(journal)
    assert [each.text for each in await store.messages(room.id, before=None, limit=50, now=NOW)] == ["again"]
    journal.erase_message(room.id, changed.id)
    await until_idle(journal)
    assert await store.messages(room.id, before=None, limit=50, now=NOW) == []


async def test_a_change_of_what_seemed_not_to_be_written_is_written(journal: Journal, store: DurableStore) -> None:
    room = await stored_room(journal, log=True)
    changed = message(room, 1)
    await store.append_messages([logged(changed)])  # by a call that failed after it had its effect
    changed.text = "again"
    journal.log_message(changed)
    journal.log_message(changed, again=True)
    await until_idle(journal)
    assert [each.text for each in await store.messages(room.id, before=None, limit=50, now=NOW)] == ["again"]


async def test_what_erases_messages_is_kept_longer_than_they_are_and_bounded_too(
    journal: Journal, store: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert message_log.MAX_QUEUED_ENTRIES == 10 * MAX_QUEUED_MESSAGES
    monkeypatch.setattr(message_log, "MAX_QUEUED_MESSAGES", 10)
    monkeypatch.setattr(message_log, "MAX_QUEUED_ENTRIES", 25)
    room = await stored_room(journal, log=True)
    store.failure = StoreUnavailable("down")
    for number in range(10):
        journal.log_message(message(room, number))
    for number in range(15):
        journal.erase_message(room.id, f"{number}")
    assert (len(journal.messages.waiting), journal.messages.dropped) == (25, 0)
    for number in range(15, 40):
        journal.erase_message(room.id, f"{number}")
    assert len(journal.messages.waiting) == 25
    assert [entry.message_id for entry in journal.messages.waiting] == [f"{number}" for number in range(25)]
    assert journal.messages.dropped == 25


async def test_what_a_failed_call_writes_late_is_erased_once_more(
    journal: Journal, store: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_log, "ERASE_AGAIN_S", 0.0)
    room = await stored_room(journal, log=True)
    late = message(room, 1)
    record = logged(late)
    store.failure = StoreUnavailable("down")
    journal.log_message(late)
    await asyncio.sleep(0.01)
    late.erase()
    journal.erase_message(room.id, record.id)
    store.failure = None
    await journal.check()
    await until_idle(journal)
    await store.append_messages([record])  # as the store carries out, late, what was given up
    await journal.check()
    await until_idle(journal)
    assert await store.messages(room.id, before=None, limit=9, now=NOW) == []
