"""The engine behind a gate: whatever is sent waits until what was changed before is kept (decision 0060)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Protocol

from server.cluster.gate import HELD_OVERHEAD, Gate


class Engine(Protocol):
    """What is sent through the gate (`server.transport.socketio.ports.Engine`)."""

    def send_text(self, sid: str, text: str | bytes) -> None: ...
    def send_answer(self, sid: str, text: str | bytes) -> None: ...
    def broadcast(self, sids: Iterable[str], text: str | bytes, but: str | None = None) -> None: ...
    def close_session(self, sid: str, code: int, reason: str = "") -> None: ...
    def recall(self, sids: Iterable[str]) -> None: ...
    def generate_id(self) -> str: ...
    def is_behind(self, sid: str) -> bool: ...
    def caught_up(self, sid: str) -> Coroutine[Any, Any, None]: ...
    def open_session(self, sid: str) -> Any: ...
    def mark_connected(self, sid: str) -> None: ...
    def set_receiver(self, sid: str, receiver: Callable[[str | bytes], Awaitable[Any] | None] | None) -> None: ...


class GatedEngine:
    """An engine behind a gate: for `DefaultNamespace` the engine itself."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate
        self._send_text, self._broadcast = engine.send_text, engine.broadcast
        self._queue = gate.queue
        self.generate_id = engine.generate_id
        self.open_session = engine.open_session
        self.mark_connected = engine.mark_connected
        self.set_receiver = engine.set_receiver

    def send_text(self, sid: str, text: str | bytes) -> None:
        """Send one message. As `Gate.hold_back`, in place: this and `broadcast` run for each message."""
        if not self._queue:
            self._send_text(sid, text)
            return
        gate, batch = self._gate, self._queue[-1]
        batch.held.append((gate.room_id, self._send_text, (sid, text), False))
        size = HELD_OVERHEAD + len(text)
        batch.held_bytes += size
        gate.held_bytes += size

    def send_answer(self, sid: str, text: str | bytes) -> None:
        """Send a part of an answer."""
        self._gate.pass_answer(self._engine.send_answer, sid, text)

    def is_behind(self, sid: str) -> bool:
        """Whether a part of an answer may not have left."""
        return self._gate.holds_answer(sid) or self._engine.is_behind(sid)

    async def caught_up(self, sid: str) -> None:
        """Return once what a session was sent has left, or the session is gone."""
        await self._gate.passed()
        if self._engine.is_behind(sid):
            await self._engine.caught_up(sid)

    def broadcast(self, sids: Iterable[str], text: str | bytes, but: str | None = None) -> None:
        """Send one message to those who are there now, whenever it leaves."""
        if not self._queue:
            self._broadcast(sids, text, but)
            return
        gate, batch, there = self._gate, self._queue[-1], list(sids)
        batch.held.append((gate.room_id, self._broadcast, (there, text, but), False))
        size = HELD_OVERHEAD + len(text) + 8 * len(there)
        batch.held_bytes += size
        gate.held_bytes += size

    def recall(self, sids: Iterable[str]) -> None:
        """What these were sent before is taken back, once that is kept."""
        if self._gate.holds:
            there = list(sids)
            self._gate.hold_back(self._engine.recall, (there,), 8 * len(there))
        else:
            self._engine.recall(sids)

    def close_session(self, sid: str, code: int, reason: str = "") -> None:
        """Close a transport, after what was sent before."""
        self._gate.pass_on(self._engine.close_session, sid, code, reason)
