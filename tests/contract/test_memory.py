"""The memory store stays within its bounds: the oldest gives way to the newest."""

from __future__ import annotations

from rooms.records import LoggedMessage
from storage.memory import MemoryStore
from tests.contract.records import NOW, bare_room, message, session, tombstone


async def logged(store: MemoryStore, room_id: str) -> list[LoggedMessage]:
    return await store.messages(room_id, before=None, limit=1000, now=NOW)


async def test_the_oldest_tombstones_give_way() -> None:
    store = MemoryStore(max_tombstones=3)
    for number in range(5):
        await store.end_room(tombstone(f"r{number}"), None)
    assert [stone.room_id async for stone in store.tombstones(NOW)] == ["r2", "r3", "r4"]


async def test_tombstones_whose_time_has_come_are_let_go() -> None:
    store = MemoryStore()
    await store.end_room(tombstone("old", until=NOW - 1), None)
    await store.end_room(tombstone("new"), None)
    assert [stone.room_id async for stone in store.tombstones(NOW - 2)] == ["new"]


async def test_the_oldest_lines_of_the_session_log_give_way() -> None:
    store = MemoryStore(max_session_lines=2)
    for number in range(4):
        await store.end_room(tombstone(f"r{number}"), session(f"s{number}", ended_at=NOW + number))
    assert [line.id for line in await store.sessions(limit=10, now=NOW)] == ["s3", "s2"]


async def test_the_oldest_messages_of_a_room_give_way() -> None:
    store = MemoryStore(max_messages_per_room=3)
    await store.create_room(bare_room("a"))
    await store.append_messages([message(number, "a") for number in range(5)])
    assert [each.seq for each in await logged(store, "a")] == [4, 3, 2]


async def test_the_oldest_messages_of_all_rooms_give_way() -> None:
    store = MemoryStore(max_messages=4)
    await store.create_room(bare_room("a"))
    await store.create_room(bare_room("b"))
    await store.append_messages([message(number, "a") for number in range(3)])
    await store.append_messages([message(number, "b") for number in range(3)])
    assert [each.seq for each in await logged(store, "a")] == [2]
    assert [each.seq for each in await logged(store, "b")] == [2, 1, 0]
    await store.append_messages([message(9, "b")])
    assert await logged(store, "a") == []
    assert (await store.end_room(tombstone("b"), None)).messages == 4
