"""The engine where rooms are shared out over several nodes: connections of this one, and visitors from others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from server.cluster.frames import Kind
from server.cluster.owner import MARK, Owner, is_visitor
from server.transport.socketio.ports import Engine

Receiver = Callable[[str | bytes], Awaitable[Any] | None]


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


class Everywhere:
    """`server.transport.socketio.ports.Engine` for both."""

    def __init__(self, local: Engine) -> None:
        self.local = local
        self.owner: Owner | None = None
        """Set once this node is one of several."""
        self.generate_id = local.generate_id
        self.mark_connected = local.mark_connected
        self.set_receiver = local.set_receiver
        self.caught_up = local.caught_up
        self.is_behind = local.is_behind

    def send_text(self, sid: str, text: str | bytes) -> None:
        """Send one message."""
        if sid[:1] == MARK:  # as `is_visitor`, in place: this runs for each message
            if self.owner is not None:
                self.owner.send_text(sid, _bytes(text))
        else:
            self.local.send_text(sid, text)

    def send_answer(self, sid: str, text: str | bytes) -> None:
        """The same, for what does not count as unread. Of a visitor, its own node waits until it has taken it."""
        if is_visitor(sid):
            if self.owner is not None:
                self.owner.send_text(sid, _bytes(text), Kind.LONG)
        else:
            self.local.send_answer(sid, text)

    def broadcast(self, sids: Iterable[str], text: str | bytes, but: str | None = None) -> None:
        """Send one message to many."""
        owner = self.owner
        if owner is None or not owner.visitors:
            self.local.broadcast(sids, text, but)
            return
        here: list[str] = []
        visitors: list[str] = []
        for sid in sids:
            (visitors if sid[:1] == MARK else here).append(sid)
        self.local.broadcast(here, text, but)
        owner.broadcast(visitors, _bytes(text), but)

    def recall(self, sids: Iterable[str]) -> None:
        """Something that these were sent is taken back. Of visitors, their own node sees it in what they are told."""
        self.local.recall([sid for sid in sids if not is_visitor(sid)])

    def open_session(self, sid: str) -> Any:
        """The session of this id that is open, or None."""
        if is_visitor(sid):
            return sid if self.owner is not None and self.owner.knows(sid) else None
        return self.local.open_session(sid)

    def close_session(self, sid: str, code: int, reason: str = "") -> None:
        """Close the transport with this code."""
        if is_visitor(sid):
            if self.owner is not None:
                self.owner.close_session(sid, code)
        else:
            self.local.close_session(sid, code, reason)
