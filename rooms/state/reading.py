"""Fields of plain values back to a room."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from rooms.history import History, _weight
from rooms.invites import Invites
from rooms.limits import HISTORY_AGE_S, MESSAGES_KNOWN, RETRACTION_BYTES
from rooms.message import Message, Shown
from rooms.model import GoneSeat, Knock
from rooms.polls import _weight as _poll_weight
from rooms.recent_sends import SendResult
from rooms.records import Retraction
from rooms.room import Room
from rooms.runtime import Runtime
from rooms.schedule import Task
from rooms.state.events import MESSAGE, TRACE, decode_extras, decode_message, decode_other
from rooms.state.people import decode_invite, decode_poll, decode_seat
from rooms.state.sends import sends_of


class _Counters(NamedTuple):
    seq: int
    position: int
    ordinals: int
    came: int
    peak: int
    message_count: int
    floor: int
    floor_position: int
    older: int
    empty_since: float | None
    ahead_s: float


class BrokenState(Exception):
    """The fields do not make a room."""


def room_of(room_id: str, fields: Mapping[str, Any], runtime: Runtime) -> Room:
    """The room that was written, also by another process: times go by the clock here. Raises `BrokenState`."""
    try:
        return _Reading(room_id, fields, runtime).room()
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as broken:
        raise BrokenState(type(broken).__name__) from None


def shift_of(fields: Mapping[str, Any], runtime: Runtime) -> float:
    """How far the clock here is ahead of the one of who wrote the fields, in seconds."""
    return float(_Counters(*fields["n"]).ahead_s - runtime.ahead_s)


def newest_at(room: Room) -> float:
    """When by the rules' clock the newest event of a room happened that is known: nothing later may be earlier."""
    return room.history.quiet_since


class _Reading:
    def __init__(self, room_id: str, fields: Mapping[str, Any], runtime: Runtime) -> None:
        self._id = room_id
        self._runtime = runtime
        self._parts: dict[str, dict[str, Any]] = defaultdict(dict)
        for name, value in fields.items():
            kind, _, key = name.partition(":")
            self._parts[kind][key] = value
        self._n = _Counters(*self._parts["n"][""])
        # By the wall both clocks say the same, so they differ by how far the wall is ahead of either.
        self._shift_s = shift_of(fields, runtime)

    def room(self) -> Room:
        parts, shift_s = self._parts, self._shift_s
        epoch, created_at, expires_at, capacity, host_key_digest, *rest = parts["room"][""]
        room = Room(self._runtime, self._id, epoch, created_at, expires_at, capacity, host_key_digest)
        (room.invite_only, room.locked, room.lobby, room.log, room.encrypted, *rest) = rest
        room.key_check, room.password_hash, room.host_id, room.made_by, *rest = rest
        room.keeps_receipts, room.message_ttl_s, room.pinned_id = rest
        ids, origins, subjects = parts["bans"][""]
        room.banned_ids = frozenset(ids)
        room.banned_origins, room.banned_subjects = frozenset(origins), frozenset(subjects)
        room.regretted = dict(parts["regretted"][""])
        room.retractions = tuple(Retraction(*one) for one in parts["retracted"].get("", ()))
        n = self._n
        room.seq, room.position, room.ordinals = n.seq, n.position, n.ordinals
        room.came, room.peak, room.message_count = n.came, n.peak, n.message_count
        room.empty_since = None if n.empty_since is None else n.empty_since + shift_s
        invites = sorted(parts["i"].items(), key=lambda one: one[1][3])
        room.invites = Invites.of(tuple(decode_invite(invite_id, kept) for invite_id, kept in invites))
        for participant_id, (_, digest, reason) in sorted(parts["g"].items(), key=lambda one: one[1][0]):
            room.gone[participant_id] = GoneSeat(digest, reason)
        for knock_id, (name, origin) in parts["k"].items():
            room.knocks[knock_id] = Knock(knock_id, name, origin)
        polls = sorted(parts["p"].items(), key=lambda one: one[1][0])
        room.polls = {poll_id: decode_poll(poll_id, kept, shift_s) for poll_id, kept in polls}
        self._seat(room)
        self._remember(room)
        self._plan(room)
        return room

    def _seat(self, room: Room) -> None:
        sent: dict[str, list[tuple[str, SendResult]]] = defaultdict(list)
        for key, (mark, at, timestamp, reached) in self._parts["d"].items():
            participant_id, _, seq = key.rpartition(":")
            sent[participant_id].append((mark, (int(seq), at, timestamp, reached)))
        seats = (
            decode_seat(who, kept, self._shift_s, sends_of(sent.get(who, ()))) for who, kept in self._parts["s"].items()
        )
        for seat, pending in sorted(seats, key=lambda one: one[0].ordinal):
            (room.pending if pending else room.seats)[seat.id] = seat
            if seat.connected:
                room.connected.add(seat.id)

    def _remember(self, room: Room) -> None:
        """The history, what expires, what is seen once, and what is shown a second time."""
        kept = sorted((int(seq), value) for seq, value in self._parts["e"].items())
        messages = {
            seq: decode_message(room.id, room.epoch, seq, value, self._shift_s)
            for seq, value in kept
            if value[0] == MESSAGE
        }
        due = [(m.more.due_at, seq) for seq, m in messages.items() if m.more is not None and m.more.due_at is not None]
        due += [(value[4] + self._shift_s, seq) for seq, value in kept if value[0] == TRACE and value[4] is not None]
        heapq.heapify(due)
        room.expiring = due
        room.once = {seq: None for seq, m in messages.items() if m.once is not None and m.once.waiting}
        self._fill(room.history, kept, messages, room)
        for key, (text, extras, encrypted, weight, viewed, until) in sorted(self._parts["v"].items()):
            seen = {who: at + self._shift_s for who, at in viewed.items()}
            room.shown[int(key)] = Shown(text, decode_extras(extras), encrypted, weight, seen, until + self._shift_s)
        beside = sum(_poll_weight(poll) for poll in room.polls.values()) + RETRACTION_BYTES * len(room.retractions)
        room.history.weigh(beside + sum(shown.weight for shown in room.shown.values()))

    def _fill(self, history: History, kept: list[tuple[int, Any]], messages: dict[int, Message], room: Room) -> None:
        n = self._n
        history.floor, history.floor_position = n.floor, n.floor_position
        by_seq = dict(kept)
        for seq in range(n.floor + 1, n.seq + 1):
            value = by_seq.get(seq)
            if value is None:
                raise BrokenState("gap")
            event = messages.get(seq) or decode_other(room.id, seq, value, messages, room.polls)
            history._events.append(event)
        earlier = [m for seq, m in messages.items() if seq <= n.floor]
        older, referred = earlier[len(earlier) - n.older :], earlier[: len(earlier) - n.older]
        history._older = deque(older) or None
        history._referred = {m.seq: m for m in referred} or None
        traces = [(seq, value[1], value[2], value[3]) for seq, value in kept if value[0] == TRACE]
        history._traces._known = deque(traces, maxlen=MESSAGES_KNOWN) if traces else None
        history._messages = sum(type(event) is Message for event in history._events)
        history._bytes = sum(
            event.weight if type(event) is Message else _weight(event) for event in history._events
        ) + sum(message.weight for message in referred)
        history._older_bytes = sum(message.weight for message in older)
        if history._events:
            history._age_checked_until = history._events[0].at + HISTORY_AGE_S
        history._ledger.add(history, history.held_bytes)

    def _plan(self, room: Room) -> None:
        """What becomes due; the end and its warnings are planned by the directory."""
        schedule, runtime = self._runtime.schedule, self._runtime
        for seat in room.seats.values():
            if not seat.connected and seat.away_since is not None:
                schedule.add(seat.away_since + runtime.grace_s, room.id, Task.GRACE, seat.id)
        if room.empty_since is not None:
            schedule.add(room.empty_since + runtime.empty_ttl_s, room.id, Task.EMPTY)
        if room.expiring:
            schedule.add(room.expiring[0][0], room.id, Task.MESSAGES)
        for seq, shown in room.shown.items():
            schedule.add(shown.until, room.id, Task.SHOWN, str(seq))
        for poll in room.polls.values():
            if poll.due_at is not None and not poll.closed:
                schedule.add(poll.due_at, room.id, Task.POLL, poll.id)
