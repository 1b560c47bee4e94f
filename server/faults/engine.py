"""An engine that loses, holds up and cuts what one connection or another has asked for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import orjson

from server.faults.plan import Plan, Receiver
from server.transport.engineio import EngineServer


class FaultyEngine:
    """For `DefaultNamespace` the engine itself."""

    def __init__(self, engine: EngineServer, plans: dict[str, Plan]) -> None:
        self._engine = engine
        self._plans = plans
        self.generate_id = engine.generate_id
        self.open_session = engine.open_session
        self.mark_connected = engine.mark_connected
        self.is_behind = engine.is_behind
        self.caught_up: Callable[[str], Coroutine[Any, Any, None]] = engine.caught_up

    def send_text(self, sid: str, text: str | bytes) -> None:
        """Send one message."""
        self._send(sid, len(text), self._engine.send_text, sid, text)

    def send_answer(self, sid: str, text: str | bytes) -> None:
        """Send a part of an answer."""
        self._send(sid, len(text), self._engine.send_answer, sid, text)

    def broadcast(self, sids: Iterable[str], text: str | bytes, but: str | None = None) -> None:
        """Send one message to many."""
        spared = []
        for sid in sids:
            if sid not in self._plans:
                spared.append(sid)
            elif sid != but:
                self.send_text(sid, text)
        self._engine.broadcast(spared, text, but)

    def recall(self, sids: Iterable[str]) -> None:
        """What these were sent is taken back, in order with what they are sent."""
        for sid in sids:
            self._send(sid, 0, self._engine.recall, (sid,))

    def close_session(self, sid: str, code: int, reason: str = "") -> None:
        """Close a transport, after what was sent before."""
        plan = self._plans.get(sid)
        if plan is None or plan.silent:
            self._engine.close_session(sid, code, reason)
        else:
            plan.send(0, self._engine.close_session, sid, code, reason)

    def refuse(self, sid: str, why: str) -> None:
        """Answer a CONNECT with CONNECT_ERROR (Socket.IO protocol v5, type 4)."""
        self._engine.send_text(sid, b"4" + orjson.dumps({"message": why}))

    def set_receiver(self, sid: str, receiver: Receiver | None) -> None:
        """Have the messages of a session come to `receiver`, or to the namespace."""
        plan = self._plans.get(sid)
        if plan is not None:
            plan.receiver = receiver
        self._engine.set_receiver(sid, receiver if plan is None or receiver is None else plan.receive)

    def _send(self, sid: str, size: int, act: Callable[..., None], *arguments: Any) -> None:
        plan = self._plans.get(sid)
        if plan is None:
            act(*arguments)
        else:
            plan.send(size, act, *arguments)
