"""A room as fields, and back: what another process reads is the room, whatever was done in whatever order."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import rooms.history
import rooms.recent_sends
import rooms.room
import rooms.state.reading
import rooms.state.tracking
import rooms.traces
from rooms import expiry, joining, lobby, messages, moderation, people, polls, returning, viewing
from rooms.directory import Directory
from rooms.errors import Refused
from rooms.events import Event, SeatGranted
from rooms.extras import Attachment
from rooms.leaving import leave, withdraw
from rooms.message import Extras, Message
from rooms.model import Media, RoomOptions, Seat, Voucher
from rooms.replay import replayable
from rooms.room import Room
from rooms.runtime import Runtime
from rooms.schedule import Task
from rooms.state.events import decode_extras, encode_extras
from rooms.state.reading import BrokenState, room_of
from rooms.state.said import said
from rooms.state.tracking import Tracker
from tests.support.rooms import Stage

GRACE_S, EMPTY_TTL_S = 30.0, 3_000.0
PEOPLE = ["ann", "bob", "cat", "dan"]
SMALL = {
    (rooms.history, "HISTORY_EVENTS"): 9,
    (rooms.history, "BACKLOG_MESSAGES"): 3,
    (rooms.traces, "MESSAGES_KNOWN"): 5,
    (rooms.state.reading, "MESSAGES_KNOWN"): 5,
    (rooms.recent_sends, "SENDS_REMEMBERED"): 2,
}
"""Bounds that are crossed after a few steps."""


def plain(value: Any) -> Any:
    """What is left of a value after a way through a store."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value), strict=False)


def everything(room: Room) -> dict[str, Any]:
    return without_order({name: plain(value) for name, value in Tracker(room).changes().put.items()})


def without_order(fields: dict[str, Any]) -> dict[str, Any]:
    """But for the numbers by which seats that have ended are put into their order."""
    gone = sorted((value[0], name) for name, value in fields.items() if name.startswith("g:"))
    numbers = {name: place for place, (_, name) in enumerate(gone)}
    return {name: [numbers[name], *value[1:]] if name in numbers else value for name, value in fields.items()}


class Kept(RuleBasedStateMachine):
    """Four people do whatever they like; each step is written as the fields that changed."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = pytest.MonkeyPatch()
        for (module, name), value in SMALL.items():
            self.patches.setattr(module, name, value)
        self.directory = Directory(Runtime(GRACE_S, EMPTY_TTL_S), tombstone_ttl_s=60)
        self.now = 1_000.0
        self.ids = 0
        self.room = self.directory.create("r", "epoch", "key", RoomOptions(4, 1e9), self.now)
        self.tracker = Tracker(self.room)
        self.store: dict[str, Any] = {}
        self.said: list[str] = []

    def teardown(self) -> None:
        self.patches.undo()

    def seen(self, events: Iterable[Event]) -> None:
        for event in events:
            if not isinstance(event, Message):
                self.tracker.note(event)

    def new_id(self) -> str:
        self.ids += 1
        return f"id{self.ids}"

    def try_(self, act: Callable[..., Iterable[Event]], *args: Any, **kwargs: Any) -> None:
        with contextlib.suppress(Refused):
            self.seen(act(self.room, *args, **kwargs))

    def seat(self, number: int) -> Seat:
        return list(self.room.seats.values())[number % len(self.room.seats)]

    def anybody(self) -> bool:
        return bool(self.room.seats)

    pick = st.integers(min_value=0, max_value=20)

    @rule(vouched=st.booleans(), invited=st.booleans(), taken=st.booleans())
    def come(self, vouched: bool, invited: bool, taken: bool) -> None:
        voucher = Voucher(b"subject", "Name", attributes={"team": "red"}) if vouched else None
        token = self.new_id()
        invite = None
        if invited:
            self.seen(moderation.invite(self.room, f"i{token}", token, self.now, uses=1, expires_in_s=None)[1])
            invite = token
        who = self.new_id()
        wish = joining.Admission(who, token, who, invite=invite, voucher=voucher, origin=b"o", join_id=who)
        try:
            granted = joining.admit(self.room, wish, self.now)
        except Refused:
            return
        self.seen([SeatGranted(self.room.id, granted.id, spent=granted.invite_id is not None)])
        if taken:
            self.seen(joining.seat(self.room, granted, self.now))

    @rule(back=st.booleans())
    def settle_who_is_pending(self, back: bool) -> None:
        for granted in list(self.room.pending.values()):
            act = withdraw if back else joining.seat
            self.seen(act(self.room, granted, self.now))

    @precondition(anybody)
    @rule(number=pick, how=st.sampled_from(["drop", "take", "left", "kick", "ban", "host", "token"]))
    def somebody(self, number: int, how: str) -> None:
        seat = self.seat(number)
        host = self.room.seats[self.room.host_id or ""]
        if how == "drop":
            self.seen(self.room.drop(seat, self.now))
        elif how == "take":
            self.seen(self.room.take(seat, self.now))
        elif how == "left":
            self.seen(leave(self.room, seat, "left", self.now))
        elif how in ("kick", "ban"):
            self.try_(moderation.kick, host, seat.id, self.now, ban=how == "ban")
        elif how == "host":
            self.seen(moderation.transfer(self.room, host, seat.id, self.now))
        else:
            self.seen(returning.renew_token(self.room, seat, self.new_id()))

    @precondition(anybody)
    @rule(number=pick, audio=st.booleans(), in_call=st.booleans())
    def devices(self, number: int, audio: bool, in_call: bool) -> None:
        seat = self.seat(number)
        self.seen(people.set_media(self.room, seat, self.now, audio=audio))
        self.seen(people.set_in_call(self.room, seat, self.now, in_call=in_call))
        assert seat.media == Media(audio=audio)

    @precondition(anybody)
    @rule(
        number=pick,
        mark=st.sampled_from([None, "a", "b", "c"]),
        ttl_s=st.sampled_from([None, 5, 50]),
        once=st.booleans(),
        private=st.booleans(),
        many=st.sampled_from([1, 1, 4, 12]),
    )
    def say(self, number: int, mark: str | None, ttl_s: int | None, once: bool, private: bool, many: int) -> None:
        seat = self.seat(number)
        other = next((one for one in self.room.seats if one != seat.id), None)
        extras = Extras(kind="k", data="{}") if number % 3 == 0 else Extras()
        options = messages.Options(extras, ttl_s, once) if ttl_s or once or extras.kind else None
        for n in range(many):
            text = f"text {self.new_id()}."
            _, message, more = messages.post(
                self.room,
                seat,
                text,
                self.now,
                f"{mark}{n}" if mark else None,
                to=other if private else None,
                options=options,
            )
            if message is not None:
                self.said.append(text)
                self.seen(more)

    @precondition(anybody)
    @rule(number=pick, back=pick, how=st.sampled_from(["edit", "delete", "react", "unreact", "view", "pin", "read"]))
    def about(self, number: int, back: int, how: str) -> None:
        seat = self.seat(number)
        seq = self.room.seq - back
        message, trace = self.room.history.find(seq), self.room.history.trace(seq)
        if message is not None:
            message_id = message.id
        elif trace is not None:
            message_id = rooms.message.message_id(seq, trace[1], self.room.epoch)
        else:
            return
        if how == "edit":
            self.try_(messages.edit, seat, message_id, f"text {self.new_id()}.", self.now)
        elif how == "delete":
            self.try_(messages.delete, seat, message_id, self.now)
        elif how in ("react", "unreact"):
            self.try_(messages.react, seat, message_id, "+1", self.now, on=how == "react")
        elif how == "view":
            self.try_(lambda room, *rest: viewing.view(room, *rest)[1], seat, message_id, self.now)
            self.tracker.note_seat(seat.id)
        elif how == "pin":
            self.try_(moderation.pin, seat, message_id, self.now)
        else:
            self.try_(people.read, seat, seq)

    @precondition(anybody)
    @rule(number=pick, how=st.sampled_from(["create", "vote", "close", "delete"]), closes=st.booleans())
    def ask(self, number: int, how: str, closes: bool) -> None:
        seat = self.seat(number)
        if how == "create":
            self.try_(
                polls.create, seat, self.new_id(), "q?", ["x", "y"], self.now, closes_in_s=40.0 if closes else None
            )
        elif self.room.polls:
            poll_id = list(self.room.polls)[number % len(self.room.polls)]
            if how == "vote":
                self.try_(polls.vote, seat, poll_id, [number % 2], self.now)
            else:
                self.try_(polls.close if how == "close" else polls.delete, seat, poll_id, self.now)

    @rule(locked=st.booleans(), ttl=st.sampled_from([None, 30.0]))
    def change(self, locked: bool, ttl: float | None) -> None:
        self.seen(moderation.update(self.room, self.now, locked=locked, message_ttl_s=ttl))

    @rule(number=pick, how=st.sampled_from(["knock", "admit", "turn away", "go"]))
    def at_the_door(self, number: int, how: str) -> None:
        waiting = list(self.room.knocks)
        if how == "knock":
            self.seen(moderation.update(self.room, self.now, lobby=True))
            self.try_(lobby.knock, self.new_id(), "guest", b"an address")
            self.seen(moderation.update(self.room, self.now, lobby=False))
        elif waiting and how == "go":
            lobby.walk_away(self.room, waiting[number % len(waiting)])
            self.tracker.note_seat("")  # as a commit without events does
        elif waiting:
            token = self.new_id()
            knock = waiting[number % len(waiting)]
            self.try_(lobby.answer, knock, admit=how == "admit", invite_id=token, token=token, now=self.now)

    @rule(seconds=st.sampled_from([0.5, 7.0, 70.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        for room, due in self.directory.due(self.now):
            match due.task:
                case Task.GRACE:
                    self.seen(leave(room, room.seats[due.key], "timeout", self.now))
                case Task.MESSAGES:
                    self.seen(expiry.expire(room, self.now))
                case Task.SHOWN:
                    viewing.hide(room, int(due.key))
                case Task.POLL:
                    self.seen(polls.is_over(room, due.key, self.now))
                case _:
                    pass
        self.room.history.age(self.now)

    @rule()
    def the_history_is_given_up(self) -> None:
        self.room.history.give_up()

    @rule()
    def another_process_goes_on(self) -> None:
        self.write()
        runtime = Runtime(GRACE_S, EMPTY_TTL_S)
        room = room_of("r", self.store, runtime)
        self.directory = Directory(runtime, tombstone_ttl_s=60)
        self.directory.add(room, self.now)
        before, self.room = self.room, room
        self.tracker = Tracker.of_written(room)
        assert room.history.held_bytes == before.history.held_bytes
        assert runtime.ledger.used_bytes == room.history.held_bytes
        for who in [*before.seats, ""]:
            for seq in range(before.seq + 1):
                assert missed(room, seq, who, self.now) == missed(before, seq, who, self.now)
            assert shown(room.history.backlog(who)) == shown(before.history.backlog(who))
        assert room.view() == before.view()
        assert {who: seat.participant for who, seat in room.seats.items()} == {
            who: seat.participant for who, seat in before.seats.items()
        }
        assert room.connected == before.connected
        assert room.knocks == before.knocks
        assert list(room.gone.items()) == list(before.gone.items())

    def write(self) -> None:
        only = said(self.tracker, lambda value: value)
        if only is not None:
            lines, drop = only
            put = dict(zip(lines[::2], lines[1::2], strict=True))
            assert len(lines) == 2 * len(put)
        else:
            put, drop, _ = self.tracker.changes()
        assert not put.keys() & set(drop)
        for name in drop:
            self.store.pop(name, None)
        self.store.update({name: plain(value) for name, value in put.items()})

    @invariant()
    def what_is_written_is_the_room_and_reads_as_it(self) -> None:
        self.write()
        held = everything(self.room)
        assert differing(without_order(self.store), held) == {}
        assert differing(everything(room_of("r", self.store, Runtime(GRACE_S, EMPTY_TTL_S))), held) == {}
        written = str(self.store)
        assert sum(text in written for text in self.said) == len([t for t in self.said if t in contents(self.room)])


def differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {
        name: (one.get(name), other.get(name)) for name in one.keys() | other.keys() if one.get(name) != other.get(name)
    }


def contents(room: Room) -> set[str]:
    """Every text that the room holds."""
    history = room.history
    held = [*history._events, *(history._older or ()), *(history._referred or {}).values()]
    return {m.text for m in held if isinstance(m, Message)} | {one.text for one in room.shown.values()}


def missed(room: Room, seq: int, who: str, now: float) -> Any:
    events = room.history.since(seq, now)
    return None if events is None else shown(replayable(events, who))


def shown(events: Iterable[Any]) -> list[Any]:
    return [plain(rooms.state.events.encode(event)) for event in events]


TestKept = Kept.TestCase
TestKept.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)


def test_a_message_costs_few_fields_however_much_there_is() -> None:
    stage = Stage()
    ann = stage.sit("ann")
    for n in range(3_000):
        messages.post(stage.room, ann, "hello", stage.now, f"mark {n}")
    tracker = Tracker.of_written(stage.room)
    messages.post(stage.room, ann, "hello", stage.now, "the last")
    put, drop, only_messages = tracker.changes()
    seq = stage.room.seq
    assert put.keys() == {"n", f"e:{seq}", f"d:ann:{seq}", f"e:{seq - 1_000}"}
    assert len(drop) == 1
    assert only_messages


def test_what_was_said_is_written_in_few_steps_as_in_many() -> None:
    stage = Stage()
    ann, bob = stage.sit("ann"), stage.sit("bob")
    quick, slow = Tracker.of_written(stage.room), Tracker.of_written(stage.room)
    for n in range(4_000):
        messages.post(stage.room, (ann, bob)[n % 3 == 0], "hello", stage.now, f"mark {n}" if n % 5 else None)
        if n % 7 == 0:
            found, (put, drop, only_messages) = said(quick, lambda value: value), slow.changes()
            assert found is not None
            assert only_messages
            assert (dict(zip(found[0][::2], found[0][1::2], strict=True)), found[1]) == (put, drop)
    assert len(stage.room.history._traces) > 2_000 - 1


def test_what_is_more_than_said_is_left_to_whoever_looks_at_all() -> None:
    stage = Stage()
    ann = stage.sit("ann")
    tracker = Tracker.of_written(stage.room)
    _, message, _ = messages.post(stage.room, ann, "hello", stage.now, "a mark")
    assert message is not None
    for event in messages.react(stage.room, ann, message.id, "+1", stage.now, on=True):
        tracker.note(event)
    assert said(tracker, lambda value: value) is None
    assert {"e:2", "e:3", "d:ann:2"} <= tracker.changes().put.keys()


def test_what_is_new_is_found_at_the_end_of_a_history() -> None:
    class FromTheEnd(deque[Any]):
        def __iter__(self) -> Any:
            raise AssertionError("walked from the beginning")

    stage = Stage()
    ann = stage.sit("ann")
    for n in range(100):
        messages.post(stage.room, ann, "hello", stage.now, f"mark {n}")
    tracker = Tracker.of_written(stage.room)
    stage.room.history._events = FromTheEnd(stage.room.history._events)
    for n in range(3):
        messages.post(stage.room, ann, "hello", stage.now, f"later {n}")
    put, _, _ = tracker.changes()
    newest = range(stage.room.seq - 2, stage.room.seq + 1)
    assert [name for name in put if name.startswith("e:")] == [f"e:{seq}" for seq in newest]


def test_whatever_a_message_may_carry_comes_back() -> None:
    made: dict[str, Any] = {field.name: f"some {field.name}" for field in dataclasses.fields(Extras)}
    extras = Extras(**made | {"attachments": (Attachment("file", 7, "text/plain", "notes.txt"),)})
    assert decode_extras(encode_extras(extras)) == extras, "a new field is to be kept: rooms/state/events.py"


def test_times_go_by_the_clock_of_who_reads() -> None:
    stage = Stage()
    ann = stage.sit("ann")
    messages.post(stage.room, ann, "soon gone", stage.now, options=messages.Options(ttl_s=60))
    stage.room.drop(ann, stage.now)
    fields = everything(stage.room)
    behind = Runtime(30, 300, ahead_s=100.0)  # its `now` is 100 s less
    room = room_of("r", fields, behind)
    assert room.seats["ann"].away_since == stage.now - 100
    assert room.expiring[0][0] == stage.now + 60 - 100


def test_a_gap_is_no_room() -> None:
    stage = Stage()
    ann = stage.sit("ann")
    messages.post(stage.room, ann, "hello", stage.now)
    fields = everything(stage.room)
    del fields[f"e:{stage.room.seq}"]
    with pytest.raises(BrokenState):
        room_of("r", fields, Runtime(30, 300))
