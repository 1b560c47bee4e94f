"""Whatever people do, in whatever order, the rules of a room hold (a hypothesis state machine)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rooms import joining, leaving, lobby, messages, moderation, people, returning, snapshots
from rooms.directory import Directory
from rooms.errors import Code, Refused
from rooms.events import Durable, MemberJoined, MemberLeft, SeatTakenOver
from rooms.leaving import leave
from rooms.lifetime import warn
from rooms.model import HOST, Media, RoomOptions, Seat
from rooms.room import Room
from rooms.runtime import Runtime
from rooms.schedule import Task

GRACE_S = 30.0
EMPTY_TTL_S = 300.0
CONNECTIONS = [f"connection {n}" for n in range(6)]
SECRET = "xyzzy"

connections = st.sampled_from(CONNECTIONS)
pick = st.integers(min_value=0, max_value=99)


class Life(RuleBasedStateMachine):
    """Six connections and one room at a time; a room that has ended is followed by another."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Directory(Runtime(GRACE_S, EMPTY_TTL_S), tombstone_ttl_s=60)
        self.now = 1_000.0
        self.rooms_made = 0
        self.ids = 0
        self.open_room(capacity=3)

    # What the rules work with

    def open_room(self, capacity: int, *, invite_only: bool = False, has_lobby: bool = False) -> None:
        self.rooms_made += 1
        options = RoomOptions(capacity, 3_600.0, invite_only=invite_only, lobby=has_lobby)
        self.room: Room = self.directory.create(f"room {self.rooms_made}", "epoch", "host key", options, self.now)
        self.events: list[Durable] = []
        self.granted: list[Seat] = []
        self.tokens: dict[str, str] = {}
        self.members: set[str] = set()
        self.holders: dict[str, str] = {}  # by participant id, as a server keeps them
        self.uses: dict[str, int] = {}
        self.entered_by: Counter[str] = Counter()
        self.restarts = 0

    def new_id(self) -> str:
        self.ids += 1
        return f"id {self.ids}"

    def seen(self, events: Iterable[Any]) -> None:
        """What an observer who misses nothing would be told."""
        for event in events:
            if isinstance(event, Durable):
                self.events.append(event)
            if isinstance(event, MemberJoined):
                assert event.participant.id not in self.members, "joined twice"
                self.members.add(event.participant.id)
            elif isinstance(event, MemberLeft):
                self.members.remove(event.participant_id)  # leaves once, and only who has joined
                self.holders.pop(event.participant_id, None)

    def held(self, connection: str) -> Seat | None:
        found = [self.room.seats[who] for who, holder in self.holders.items() if holder == connection]
        return found[0] if found else None

    def seat(self, number: int) -> Seat:
        return list(self.room.seats.values())[number % len(self.room.seats)]

    def host(self) -> Seat:
        assert self.room.host_id is not None
        return self.room.seats[self.room.host_id]

    def anybody_in(self) -> bool:
        return bool(self.room.seats)

    # Coming

    @rule(key=st.sampled_from([None, "host key", "wrong"]), number=pick, with_invite=st.booleans())
    def ask_for_a_seat(self, key: str | None, number: int, with_invite: bool) -> None:
        invites = sorted(self.uses)
        invite = invites[number % len(invites)] if with_invite and invites else None
        token, participant = self.new_id(), self.new_id()
        before = len(self.room.seats) + len(self.room.pending)
        wish = joining.Admission(participant, token, SECRET, host_key=key, invite=invite)
        try:
            granted = joining.admit(self.room, wish, self.now)
        except Refused as refused:
            if refused.code is Code.ROOM_FULL and before < self.room.capacity:
                raise
            return
        assert before < self.room.capacity, "one too many"
        assert key != "wrong"
        if invite is not None and key is None:
            self.entered_by[invite] += 1
        self.granted.append(granted)
        self.tokens[participant] = token

    @precondition(lambda self: self.granted)
    @rule(connection=connections, number=pick)
    def take_the_seat(self, connection: str, number: int) -> None:
        if self.held(connection) is None:
            granted = self.granted.pop(number % len(self.granted))
            self.seen(joining.seat(self.room, granted, self.now))
            self.holders[granted.id] = connection

    @precondition(lambda self: self.granted)
    @rule(number=pick)
    def give_up_the_seat(self, number: int) -> None:
        granted = self.granted.pop(number % len(self.granted))
        leaving.withdraw(self.room, granted, self.now)
        leaving.withdraw(self.room, granted, self.now)  # twice is once
        self.given_back(granted)

    def given_back(self, seat: Seat) -> None:
        for token in self.uses:
            if seat.invite_id == f"invite {token}":
                self.entered_by[token] -= 1

    @rule(uses=st.integers(min_value=1, max_value=2))
    def invite(self, uses: int) -> None:
        token = self.new_id()
        self.room.invites.add(f"invite {token}", token, uses=uses, now=self.now, expires_at=self.room.expires_at)
        self.uses[token] = uses

    @precondition(anybody_in)
    @rule(connection=connections, number=pick, honest=st.booleans())
    def resume(self, connection: str, number: int, honest: bool) -> None:
        seat = self.seat(number)
        token = self.tokens[seat.id] if honest else "guessed"
        if self.held(connection) not in (None, seat):
            return
        try:
            found = returning.reclaim(self.room, seat.id, token)
        except Refused:
            assert not honest
            return
        assert honest
        old = self.holders.get(seat.id)
        events = self.room.take(found, self.now)
        replaced = [event for event in events if isinstance(event, SeatTakenOver)]
        assert bool(replaced) == (old is not None)
        self.seen(events)
        self.holders[seat.id] = connection

    # Going

    @rule(connection=connections)
    def vanish(self, connection: str) -> None:
        seat = self.held(connection)
        if seat is not None:
            del self.holders[seat.id]
            self.seen(self.room.drop(seat, self.now))

    @precondition(anybody_in)
    @rule(number=pick)
    def who_is_away_vanishes_once_more(self, number: int) -> None:
        seat = self.seat(number)
        if not seat.connected:
            assert self.room.drop(seat, self.now) == []

    @rule(connection=connections)
    def leave(self, connection: str) -> None:
        seat = self.held(connection)
        if seat is not None:
            self.seen(leave(self.room, seat, "left", self.now))

    @precondition(anybody_in)
    @rule(number=pick, ban=st.booleans())
    def kick(self, number: int, ban: bool) -> None:
        seat, host = self.seat(number), self.host()
        if seat is not host:
            self.seen(moderation.kick(self.room, host, seat.id, self.now, ban=ban))
            if seat.provisional:
                self.given_back(seat)
            with pytest.raises(Refused) as refused:
                returning.reclaim(self.room, seat.id, self.tokens[seat.id])
            assert refused.value.code is (Code.BANNED if ban else Code.RESUME_INVALID)

    # Hosting and talking

    @precondition(anybody_in)
    @rule(number=pick)
    def hand_over(self, number: int) -> None:
        self.seen(moderation.transfer(self.room, self.host(), self.seat(number).id, self.now))

    @rule(capacity=st.integers(min_value=1, max_value=4), locked=st.booleans(), ends_in=st.floats(1, 4_000))
    def change(self, capacity: int, locked: bool, ends_in: float) -> None:
        self.seen(moderation.update(self.room, self.now, capacity=capacity, locked=locked, expires_in_s=ends_in))

    @rule(connection=connections, admit=st.booleans())
    def knock_and_be_answered(self, connection: str, admit: bool) -> None:
        if not self.room.lobby or self.room.locked or self.held(connection) is not None:
            return
        lobby.knock(self.room, knock := self.new_id(), SECRET, None)
        if knock in self.room.knocks:
            token = self.new_id()
            lobby.answer(self.room, knock, admit=admit, invite_id=f"invite {token}", token=token, now=self.now)
            if admit:
                self.uses[token] = 1

    @rule(connection=connections, number=pick, repeated=st.booleans())
    def say(self, connection: str, number: int, repeated: bool) -> None:
        seat = self.held(connection)
        if seat is None:
            return
        mark = f"mark {number % 5}" if repeated else None
        known = seat.sent.get(mark) if mark else None
        send_result, message, more = messages.post(self.room, seat, SECRET, self.now, client_message_id=mark)
        assert (message is None) == (known is not None)
        if message is None:
            assert not more
            assert send_result == known
        else:
            self.seen([message, *more])

    @rule(connection=connections, on=st.booleans())
    def show_media_and_type(self, connection: str, on: bool) -> None:
        seat = self.held(connection)
        if seat is not None:
            self.seen(people.set_media(self.room, seat, self.now, audio=on, hand_raised=not on))
            assert seat.media == Media(audio=on, hand_raised=not on, video=seat.media.video, screen=seat.media.screen)
            self.seen(people.set_typing(self.room, seat, is_typing=on))

    # Time

    @rule(seconds=st.sampled_from([0.5, 5.0, GRACE_S, EMPTY_TTL_S, 3_600.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        for room, due in self.directory.due(self.now):
            match due.task:
                case Task.GRACE:
                    seat = room.seats[due.key]
                    assert not seat.connected
                    assert seat.away_since is not None
                    assert seat.away_since + GRACE_S <= self.now, "before the end of its grace period"
                    if seat.provisional:
                        self.given_back(seat)
                    self.seen(leave(room, seat, "timeout", self.now))
                case Task.EXPIRY:
                    assert room.expires_at <= self.now
                    self.end()
                    self.open_room(capacity=3)
                case Task.EMPTY:
                    assert not room.seats
                    assert not room.pending
                    self.end()
                    self.open_room(capacity=3)
                case Task.WARNING:
                    assert warn(room, due.key), "of an end that was moved"

    @precondition(lambda self: self.room.came > 0)
    @rule()
    def the_process_dies_and_comes_back(self) -> None:
        record = snapshots.record_of(self.room)
        self.directory = Directory(Runtime(GRACE_S, EMPTY_TTL_S), tombstone_ttl_s=60)
        self.restarts += 1
        self.room = snapshots.room_from(record, self.directory.runtime, f"epoch {self.restarts}", self.now)
        self.directory.restore([self.room], [], self.now)
        # A seat that was granted and not taken is there now, and waits for whoever has its token.
        self.members, self.holders = set(self.room.seats), {}
        self.granted, self.events = [], []

    @rule(capacity=st.integers(min_value=1, max_value=4), invite_only=st.booleans(), has_lobby=st.booleans())
    def end_and_open_another(self, capacity: int, invite_only: bool, has_lobby: bool) -> None:
        self.end()
        self.open_room(capacity, invite_only=invite_only, has_lobby=has_lobby)

    def end(self) -> None:
        room = self.room
        _, events = self.directory.end(room, "room-ended", self.now)
        (ended,) = events
        assert not any((room.seats, room.pending, room.connected, room.knocks, room.gone, room.host_id))
        assert len(room.invites) == len(room.history) == room.history.message_count() == 0
        assert SECRET not in repr(room), "nothing that was said, and nobody's name"
        assert SECRET not in repr(ended)
        with pytest.raises(Refused) as refused:
            self.directory.find(room.id, self.now)
        assert refused.value.code is Code.ROOM_ENDED

    # What always holds

    @invariant()
    def those_count_as_connected_whose_seat_somebody_holds(self) -> None:
        assert self.room.connected == {seat.id for seat in self.room.seats.values() if seat.connected}
        assert self.room.connected == self.holders.keys()

    @invariant()
    def exactly_one_host_while_anyone_is_in(self) -> None:
        hosts = [seat.id for seat in self.room.seats.values() if seat.role == HOST]
        assert hosts == ([self.room.host_id] if self.room.seats else [])
        if not self.room.seats:
            assert self.room.host_id is None

    @invariant()
    def seq_is_contiguous(self) -> None:
        assert [event.seq for event in self.events] == list(range(1, self.room.seq + 1))
        positions = [event.position for event in self.events]
        assert positions == sorted(set(positions))

    @invariant()
    def the_people_are_those_who_came_and_have_not_left(self) -> None:
        assert set(self.room.seats) == self.members

    @invariant()
    def no_invite_admits_more_than_it_may(self) -> None:
        used = {record.id: record.used for record in self.room.invites.records()}
        for token, uses in self.uses.items():
            assert 0 <= self.entered_by[token] <= uses
            assert used[f"invite {token}"] == self.entered_by[token]

    @invariant()
    def who_is_away_and_what_is_empty_has_an_end_ahead(self) -> None:
        away = [seat for seat in self.room.seats.values() if not seat.connected]
        assert all(seat.away_since is not None and seat.away_since <= self.now for seat in away)
        if self.room.came and not self.room.seats and not self.room.pending:
            assert self.room.empty_since is not None

    @invariant()
    def the_history_has_no_hole(self) -> None:
        history = self.room.history
        history.since(self.room.seq, self.now)  # lets go of what is too old
        kept = history.since(history.floor, self.now)
        assert kept is not None
        assert [event.seq for event in kept] == list(range(history.floor + 1, self.room.seq + 1))


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=60, deadline=None, derandomize=True)
