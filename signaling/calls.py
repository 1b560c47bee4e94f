"""Which calls there are, seen from the signals that pass: no content, only who is in and how long it lasted.

A call begins with the first answer between two participants of a room and ends when fewer than two of its
participants are left. All descriptions of a room belong to one call: several at once are one mesh.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rooms.errors import Code, Refused
from rooms.records import CallRecord
from signaling.negotiation import Kind

MESH_PARTICIPANTS = 8
"""People in one call. Each sends its media to each other one, so a call of n costs everybody n - 1 uplinks; a larger
one needs an SFU (docs/calls.md)."""

CALLS_RECORDED = 100
"""Calls of one room that its line of the session log tells of; later ones are counted with none of their own."""


@dataclass(slots=True)
class _Call:
    started_at: float
    members: set[str]
    peak: int = 2
    connected: bool = False


@dataclass(slots=True)
class _RoomCalls:
    current: _Call | None = None
    ended: list[CallRecord] = field(default_factory=list)

    def finish(self, now: float) -> None:
        if self.current is not None:
            call, self.current = self.current, None
            if len(self.ended) < CALLS_RECORDED:
                self.ended.append(CallRecord(call.started_at, now, call.peak, call.connected))


class Calls:
    """room id → its current call and those that have ended."""

    def __init__(self) -> None:
        self._rooms: dict[str, _RoomCalls] = {}

    @property
    def active(self) -> int:
        """Calls going on now."""
        return sum(1 for calls in self._rooms.values() if calls.current is not None)

    def admit(self, room_id: str, sender: str, target: str, kind: Kind, now: float) -> None:
        """Take note of a signal. Refused with ROOM_FULL where it would take a call above `MESH_PARTICIPANTS`."""
        calls = self._rooms.get(room_id)
        call = calls.current if calls else None
        if kind is Kind.CANDIDATE:
            return
        if call is not None and len(call.members | {sender, target}) > MESH_PARTICIPANTS:
            message = f"A call takes {MESH_PARTICIPANTS} participants."
            raise Refused(Code.ROOM_FULL, message, retry_after_ms=5_000)
        if kind is Kind.ANSWER:
            self._answered(room_id, sender, target, now)

    def _answered(self, room_id: str, sender: str, target: str, now: float) -> None:
        calls = self._rooms.setdefault(room_id, _RoomCalls())
        if calls.current is None:
            calls.current = _Call(now, {sender, target})
        calls.current.members |= {sender, target}
        calls.current.peak = max(calls.current.peak, len(calls.current.members))

    def reported(self, room_id: str, participant: str, state: str, now: float) -> None:
        """A participant says how its call goes: `connected`, `failed` or `ended` (it hung up, and stays)."""
        calls = self._rooms.get(room_id)
        call = calls.current if calls else None
        if call is None or participant not in call.members:
            return
        if state == "connected":
            call.connected = True
        elif state == "ended":
            self.left(room_id, participant, now)

    def left(self, room_id: str, participant: str, now: float) -> None:
        """A participant is out of the call, or of the room."""
        calls = self._rooms.get(room_id)
        if calls is None or calls.current is None:
            return
        calls.current.members.discard(participant)
        if len(calls.current.members) < 2:
            calls.finish(now)

    def end(self, room_id: str, now: float) -> tuple[CallRecord, ...]:
        """The room is over: the records of all its calls, and nothing kept."""
        calls = self._rooms.pop(room_id, None)
        if calls is None:
            return ()
        calls.finish(now)
        return tuple(calls.ended)
