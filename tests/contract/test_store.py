"""What every store promises (`rooms.ports.Store`), checked on each of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from rooms.extras import Attachment, Extras
from rooms.ports import RoomExists, Store, StoreUnavailable
from rooms.records import LoggedMessage, Purged, RoomRecord, Tombstone
from storage.memory import MemoryStore
from tests.contract.records import HOUR_S, NOW, bare_room, full_room, message, session, tombstone

ATTEMPTS = 200


async def live(store: Store, now: float = NOW) -> list[RoomRecord]:
    return sorted([room async for room in store.live_rooms(now)], key=lambda room: room.id)


async def buried(store: Store, now: float = NOW) -> list[Tombstone]:
    return sorted([stone async for stone in store.tombstones(now)], key=lambda stone: stone.room_id)


async def logged(store: Store, room_id: str) -> list[LoggedMessage]:
    return await store.messages(room_id, before=None, limit=10_000, now=NOW)


async def test_an_open_store_answers_and_says_what_it_is(store: Store) -> None:
    await store.ping()
    assert (store.name, store.outlives_process) in [("memory", False), ("mongodb", True)]


async def test_its_name_stays(store: Store) -> None:
    named = set(await asyncio.gather(*(store.identity() for _ in range(20))))
    await store.open()
    named.add(await store.identity())
    (name,) = named
    assert bool(name) is store.outlives_process, "only what outlives a process is anybody else's"


async def test_opening_twice_changes_nothing(store: Store) -> None:
    await store.create_room(full_room("a"))
    await store.append_messages([message(1, "a")])
    await store.open()
    assert await live(store) == [full_room("a")]
    assert await logged(store, "a") == [message(1, "a")]


@pytest.mark.parametrize("record", [bare_room("a"), full_room("a")], ids=["bare", "full"])
async def test_a_room_is_read_as_it_was_written(store: Store, record: RoomRecord) -> None:
    await store.create_room(record)
    assert await live(store) == [record]


async def test_an_id_is_taken_once(store: Store) -> None:
    await store.create_room(bare_room("a"))
    with pytest.raises(RoomExists):
        await store.create_room(full_room("a"))
    assert await live(store) == [bare_room("a")]


async def test_of_many_creations_at_once_exactly_one_wins(store: Store) -> None:
    records = [replace(bare_room("a"), capacity=2 + attempt) for attempt in range(ATTEMPTS)]
    outcomes = await asyncio.gather(*map(store.create_room, records), return_exceptions=True)
    winners = [record for record, outcome in zip(records, outcomes, strict=True) if outcome is None]
    assert len(winners) == 1
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [RoomExists] * (ATTEMPTS - 1)
    assert await live(store) == winners


async def test_saving_replaces_the_whole_room(store: Store) -> None:
    await store.create_room(full_room("a"))
    await store.create_room(full_room("b"))
    await store.save_room(bare_room("a"))
    assert await live(store) == [bare_room("a"), full_room("b")]


async def test_saving_an_unknown_room_does_not_make_one(store: Store) -> None:
    await store.save_room(bare_room("a"))
    assert await live(store) == []


async def test_an_ended_room_is_no_longer_live_and_has_a_tombstone(store: Store) -> None:
    await store.create_room(full_room("a"))
    await store.end_room(tombstone("a"), session("s"))
    assert await live(store) == []
    assert await buried(store) == [tombstone("a")]
    assert await store.sessions(limit=10, now=NOW) == [session("s")]


async def test_ending_says_what_was_erased(store: Store) -> None:
    await store.create_room(full_room("a"))
    await store.create_room(full_room("b"))
    await store.append_messages([message(number, "a") for number in range(3)] + [message(9, "b")])
    assert await store.end_room(tombstone("a"), None) == Purged(messages=3, seats=2, invites=2)
    assert await logged(store, "b") == [message(9, "b")]
    assert await store.sessions(limit=10, now=NOW) == []


async def test_ending_twice_changes_nothing(store: Store) -> None:
    await store.create_room(full_room("a"))
    await store.end_room(tombstone("a"), session("s"))
    again = replace(tombstone("a"), reason="room-expired", until=NOW + 2 * HOUR_S)
    assert await store.end_room(again, session("s", ended_at=NOW + 60)) == Purged()
    assert await buried(store) == [tombstone("a")]
    assert await store.sessions(limit=10, now=NOW) == [session("s")]


async def test_a_room_that_the_store_never_had_gets_its_tombstone_too(store: Store) -> None:
    assert await store.end_room(tombstone("a"), session("s")) == Purged()
    assert await buried(store) == [tombstone("a")]
    with pytest.raises(RoomExists):
        await store.create_room(bare_room("a"))


async def test_an_ended_room_never_comes_back(store: Store) -> None:
    await store.create_room(bare_room("a"))
    await store.end_room(tombstone("a"), None)
    await store.save_room(full_room("a"))
    with pytest.raises(RoomExists):
        await store.create_room(bare_room("a"))
    assert await live(store) == []
    assert await buried(store) == [tombstone("a")]


async def test_a_save_that_meets_the_end_never_revives_the_room(store: Store) -> None:
    for round_number in range(20):
        room_id = f"r{round_number}"
        await store.create_room(bare_room(room_id))
        saves = [store.save_room(full_room(room_id)) for _ in range(5)]
        await asyncio.gather(*saves, store.end_room(tombstone(room_id), None))
    assert await live(store) == []
    assert len(await buried(store)) == 20


async def test_a_room_past_its_expiry_is_still_listed_for_the_caller_to_end(store: Store) -> None:
    overdue = replace(bare_room("a"), expires_at=NOW - HOUR_S)
    await store.create_room(overdue)
    assert await live(store) == [overdue]


async def test_a_tombstone_is_listed_until_its_time_has_come(store: Store) -> None:
    await store.end_room(tombstone("a", until=NOW + 10), None)
    await store.end_room(tombstone("b", until=NOW + 20), None)
    assert [stone.room_id for stone in await buried(store, NOW + 9.9)] == ["a", "b"]
    assert [stone.room_id for stone in await buried(store, NOW + 10)] == ["b"]
    assert await buried(store, NOW + 20) == []


async def test_many_rooms_are_all_listed(store: Store) -> None:
    names = [f"r{number:04}" for number in range(450)]
    await asyncio.gather(*(store.create_room(bare_room(name)) for name in names))
    assert [room.id for room in await live(store)] == names


async def test_messages_come_newest_first_in_pages(store: Store) -> None:
    sent = [message(number, "a") for number in range(7)]
    await store.create_room(full_room("a"))
    await store.append_messages(sent[:4])
    await store.append_messages(sent[4:])
    first = await store.messages("a", before=None, limit=3, now=NOW)
    second = await store.messages("a", before=first[-1].id, limit=3, now=NOW)
    third = await store.messages("a", before=second[-1].id, limit=3, now=NOW)
    assert first + second + third == sent[::-1]
    assert await store.messages("a", before=sent[0].id, limit=3, now=NOW) == []
    assert await store.messages("a", before=None, limit=0, now=NOW) == []


async def test_messages_appended_out_of_order_are_read_in_order(store: Store) -> None:
    await store.create_room(full_room("a"))
    await store.append_messages([message(number, "a") for number in (3, 1, 2)])
    assert [each.seq for each in await logged(store, "a")] == [3, 2, 1]


async def test_a_message_appended_again_is_left_as_it_is(store: Store) -> None:
    await store.create_room(full_room("a"))
    await store.append_messages([message(1, "a", text="first")])
    await store.append_messages([message(1, "a", text="second"), message(2, "a")])
    assert await logged(store, "a") == [message(2, "a"), message(1, "a", text="first")]


async def test_messages_stay_in_their_room(store: Store) -> None:
    await store.create_room(full_room("a"))
    await store.create_room(full_room("b"))
    await store.append_messages([message(1, "a"), message(2, "b")])
    assert await logged(store, "a") == [message(1, "a")]
    assert await logged(store, "b") == [message(2, "b")]


async def test_messages_of_rooms_that_are_not_live_are_not_kept(store: Store) -> None:
    await store.create_room(full_room("a"))
    await store.end_room(tombstone("a"), None)
    await store.append_messages([message(1, "a"), message(2, "never")])
    assert await logged(store, "a") == await logged(store, "never") == []
    assert await store.end_room(tombstone("a"), None) == Purged()
    assert await store.end_room(tombstone("never"), None) == Purged()


async def test_messages_that_meet_the_end_are_not_kept(store: Store) -> None:
    for round_number in range(20):
        room_id = f"r{round_number}"
        await store.create_room(full_room(room_id))
        appends = [store.append_messages([message(number, room_id)]) for number in range(5)]
        await asyncio.gather(*appends[:3], store.end_room(tombstone(room_id), None), *appends[3:])
        assert (await store.end_room(tombstone(room_id), None)).messages == 0


async def test_appending_nothing_is_fine(store: Store) -> None:
    await store.append_messages([])


async def test_text_of_any_kind_is_kept(store: Store) -> None:
    text = "🦋 \x00 ‮ $where {$gt: ''} \n" + "ß" * 4000
    await store.create_room(full_room("a", word="$set"))
    await store.append_messages([message(1, "a", text=text)])
    assert await logged(store, "a") == [message(1, "a", text=text)]
    assert await live(store) == [full_room("a", word="$set")]


async def test_the_newest_lines_of_the_session_log_come_first(store: Store) -> None:
    for number in (2, 0, 3, 1):
        await store.end_room(tombstone(f"r{number}"), session(f"s{number}", ended_at=NOW + number))
    assert [line.id for line in await store.sessions(limit=3, now=NOW)] == ["s3", "s2", "s1"]
    assert await store.sessions(limit=0, now=NOW) == []


async def test_the_newest_id_of_all_messages_is_told(store: Store) -> None:
    assert await store.newest_message_id() is None
    for room_id in ("a", "b"):
        await store.create_room(bare_room(room_id))
        await store.append_messages([message(number, room_id) for number in (1, 3, 2)])
    assert await store.newest_message_id() == message(3, "b").id
    await store.end_room(tombstone("b"), None)
    assert await store.newest_message_id() == message(3, "a").id


async def test_a_message_is_replaced_and_none_is_made(store: Store) -> None:
    await store.create_room(full_room("a"))
    await store.append_messages([message(1, "a"), message(2, "a")])
    extras = Extras("custom", '{"a":[1,null]}', "r1", (Attachment("f1", 3, "text/plain", "n"), Attachment("f2", 4)))
    changed = replace(message(1, "a", text="again"), extras=extras, edited_at=NOW + 5)
    await store.replace_messages([changed, message(3, "a"), message(4, "never")])
    assert await logged(store, "a") == [message(2, "a"), changed]
    await store.replace_messages([])


async def test_messages_are_erased_one_by_one_in_their_room(store: Store) -> None:
    for room in ("a", "b"):
        await store.create_room(full_room(room))
        await store.append_messages([message(number, room) for number in (1, 2, 3)])
    await store.erase_messages([("a", message(2, "a").id), ("b", message(1, "b").id), ("b", message(3, "b").id)])
    await store.erase_messages([("a", message(2, "a").id), ("a", message(2, "b").id), ("c", "nothing")])
    await store.erase_messages([])
    assert await logged(store, "a") == [message(3, "a"), message(1, "a")]
    assert await logged(store, "b") == [message(2, "b")]


async def test_those_that_follow_a_message_come_directly_after_it_and_newest_first(store: Store) -> None:
    sent = [message(number, "a") for number in range(7)]
    await store.create_room(full_room("a"))
    await store.append_messages(sent)

    async def after(number: int, limit: int, before: str | None = None) -> list[LoggedMessage]:
        return await store.messages("a", before=before, after=sent[number].id, limit=limit, now=NOW)

    assert await after(1, 3) == sent[2:5][::-1]
    assert await after(4, 3) == sent[5:][::-1]
    assert await after(6, 3) == []
    assert await after(0, 10, before=sent[3].id) == sent[1:3][::-1]


async def test_what_has_expired_is_not_read(store: Store) -> None:
    await store.create_room(full_room("a"))
    short, long = (replace(message(n, "a"), expires_at=NOW + 60 * n) for n in (1, 2))
    await store.append_messages([short, long, message(3, "a")])
    assert await logged(store, "a") == [message(3, "a"), long, short]
    assert await store.messages("a", before=None, limit=9, now=NOW + 60) == [message(3, "a"), long]
    assert await store.messages("a", before=None, limit=9, now=NOW + 120) == [message(3, "a")]


async def test_a_voucher_is_spent_once_and_repeating_the_call_that_spent_it_is_safe(store: Store) -> None:
    until = NOW + HOUR_S
    outcomes = await asyncio.gather(*(store.spend("v", f"seat-{n}", until, NOW) for n in range(ATTEMPTS)))
    assert outcomes.count(True) == 1
    winner = f"seat-{outcomes.index(True)}"
    assert await store.spend("v", winner, until, NOW)
    assert await store.spend("another", "seat-x", until, NOW)
    await store.unspend("v", "seat-x")
    assert not await store.spend("v", "seat-x", until, NOW)
    await store.unspend("v", winner)
    await store.unspend("v", winner)
    assert await store.spend("v", "seat-x", until, NOW)


async def test_in_memory_vouchers_are_forgotten_when_they_could_no_longer_be_used() -> None:
    store = MemoryStore(max_spent=2)
    assert await store.spend("a", "s", NOW + 1, NOW)
    assert await store.spend("b", "s", NOW + 9, NOW)
    with pytest.raises(StoreUnavailable):
        await store.spend("c", "s", NOW + 9, NOW)
    assert not await store.spend("a", "other", NOW + 1, NOW)
    assert await store.spend("c", "s", NOW + 9, NOW + 1)
    assert not await store.spend("b", "other", NOW + 9, NOW + 1)
