"""What of a room's signals, negotiations and calls another process needs: fields beside those of `rooms.state`.

| field | what |
|---|---|
| `b:<participant>:<number>` | a signal that waits for somebody who is away |
| `l:<participant>` | from whom signals to them were lost |
| `q:<participant>:<participant>` | the negotiations of a pair |
| `o:<participant>`, `t:<participant>` | to whom they have offered; with whom they are in a call |
| `call` | the call that goes on, and records of those that have ended |

What may have changed is marked by whoever changes it; only that is looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from rooms.records import CallRecord
from signaling.calls import Calls, _Call, _RoomCalls
from signaling.negotiation import SUPERSEDED_REMEMBERED, Kind, Mark, _Pair
from signaling.relay import Relay, Signal, _Lines, _Mailbox


class SignalState:
    """Of all rooms that run here."""

    def __init__(self, relay: Relay, calls: Calls) -> None:
        self._relay = relay
        self._calls = calls
        self._marks: dict[str, set[Mark]] = {}
        self._written: dict[str, dict[Mark, dict[str, Any]]] = {}

    def mark(self, room_id: str, marks: Iterable[Mark]) -> None:
        """Look at these when the room is written next."""
        self._marks.setdefault(room_id, set()).update(marks)

    def forget(self, room_id: str) -> None:
        """The room is written no more."""
        self._marks.pop(room_id, None)
        self._written.pop(room_id, None)

    def changes(self, room_id: str) -> tuple[dict[str, Any], list[str]] | None:
        """Fields to put and to drop; None where nothing was marked. They are taken for written from now on."""
        marks = self._marks.pop(room_id, None)
        if marks is None:
            return None
        put: dict[str, Any] = {}
        drop: list[str] = []
        written = self._written.setdefault(room_id, {})
        for mark in marks:
            now, before = self._fields(room_id, mark), written.get(mark, {})
            put.update({name: _plain(value) for name, value in now.items() if before.get(name) != value})
            drop += before.keys() - now.keys()
            if now:
                written[mark] = now
            else:
                written.pop(mark, None)
        return put, drop

    def anew(self, room_id: str) -> dict[str, Any]:
        """All fields: nothing is written."""
        self.forget(room_id)
        self.mark(room_id, self._all(room_id))
        put, _ = self.changes(room_id) or ({}, [])
        return put

    def _all(self, room_id: str) -> Iterable[Mark]:
        lines, calls = self._relay._rooms.get(room_id), self._calls._rooms.get(room_id)
        if lines is not None:
            yield from (("q", *sorted(pair)) for pair in lines.negotiations._pairs)
            yield from (("b", who) for who in lines.mailboxes)
        if calls is not None:
            yield from (("o", who) for who in calls.offers)
            yield from (("t", who) for who in calls.partners)
            yield ("call",)

    def _fields(self, room_id: str, mark: Mark) -> dict[str, Any]:
        kind, *whose = mark
        if kind in ("q", "b"):
            lines = self._relay._rooms.get(room_id)
            if lines is None:
                return {}
            return _pair(lines, mark) if kind == "q" else _mailbox(lines, whose[0])
        calls = self._calls._rooms.get(room_id)
        if calls is None:
            return {}
        if kind == "call":
            current = calls.current
            now = None if current is None else (current.started_at, current.peak, current.connected)
            return {"call": (now, tuple((r.started_at, r.ended_at, r.peak, r.connected) for r in calls.ended))}
        found = (calls.offers if kind == "o" else calls.partners).get(whose[0])
        return {f"{kind}:{whose[0]}": tuple(sorted(found))} if found else {}

    # Back

    def read(self, room_id: str, fields: Mapping[str, Any], shift_s: float) -> bool:
        """Go on with what was written, also by another process, whose clock is `shift_s` behind the one here.

        False where that cannot be read: then nothing waits, and nobody is in a call.
        """
        lines, calls = _Lines(), _RoomCalls()
        try:
            newest = self._read(lines, calls, fields, shift_s)
        except (ValueError, TypeError, IndexError, KeyError, AttributeError):
            return False
        if lines.mailboxes or lines.negotiations._pairs:
            self._relay._rooms[room_id] = lines
        self._relay.count_from(newest)
        if calls.offers or calls.partners or calls.current or calls.ended:
            self._calls._rooms[room_id] = calls
        self.anew(room_id)
        return True

    def _read(self, lines: _Lines, calls: _RoomCalls, fields: Mapping[str, Any], shift_s: float) -> int:
        waiting: dict[str, list[Signal]] = {}
        for name, value in fields.items():
            kind, _, key = name.partition(":")
            match kind:
                case "b":
                    who, _, number = key.rpartition(":")
                    waiting.setdefault(who, []).append(_signal(int(number), value, shift_s))
                case "l":
                    box = lines.mailboxes.setdefault(key, _Mailbox(self._relay._ledger))
                    box.lost_from, box.broken = dict(value[0]), set(value[1])
                case "q":
                    opened, settled, superseded = value
                    pair = _Pair(dict(opened), settled, deque(superseded, maxlen=SUPERSEDED_REMEMBERED))
                    lines.negotiations._pairs[frozenset(key.split(":"))] = pair
                case "o":
                    calls.offers[key] = set(value)
                case "t":
                    calls.partners[key] = set(value)
                case "call":
                    _read_call(calls, value, shift_s)
        for who, signals in waiting.items():
            signals.sort(key=lambda one: one.number)
            lines.mailboxes.setdefault(who, _Mailbox(self._relay._ledger)).refill(signals)
        return max((one.number for kept in waiting.values() for one in kept), default=0)


def _pair(lines: _Lines, mark: Mark) -> dict[str, Any]:
    pair = lines.negotiations._pairs.get(frozenset(mark[1:]))
    if pair is None or not (pair.open or pair.settled or pair.superseded):
        return {}
    return {":".join(mark): (tuple(pair.open.items()), pair.settled, tuple(pair.superseded))}


def _mailbox(lines: _Lines, who: str) -> dict[str, Any]:
    box = lines.mailboxes.get(who)
    if box is None:
        return {}
    fields: dict[str, Any] = {f"b:{who}:{signal.number}": signal for signal in box.signals}
    if box.lost_from or box.broken:
        fields[f"l:{who}"] = (tuple(box.lost_from.items()), tuple(sorted(box.broken)))
    return fields


def _plain(value: Any) -> Any:
    return tuple(value)[:-1] if type(value) is Signal else value


def _signal(number: int, kept: Any, shift_s: float) -> Signal:
    kind, sender, body, negotiation_id, at, size = kept
    return Signal(Kind(kind), sender, body, negotiation_id, at + shift_s, size, number)


def _read_call(calls: _RoomCalls, kept: Any, shift_s: float) -> None:
    now, ended = kept
    if now is not None:
        calls.current = _Call(now[0] + shift_s, now[1], now[2])
    for started_at, ended_at, peak, connected in ended:
        calls.ended.append(CallRecord(started_at + shift_s, ended_at + shift_s, peak, connected))
