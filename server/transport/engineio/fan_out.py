"""One message to one session or to many: the part of the engine that runs for each."""

from __future__ import annotations

from collections.abc import Iterable

from server.transport.engineio.packets import message_frame
from server.transport.engineio.session import Session


class FanOut:
    """Sends to the sessions of an engine, by their ids. Unknown ids are ignored."""

    __slots__ = ("_sessions",)

    def __init__(self, sessions: dict[str, Session]) -> None:
        self._sessions = sessions

    def send_text(self, sid: str, text: str | bytes) -> None:
        """Send one message, given without the leading 4 (bytes must be UTF-8)."""
        session = self._sessions.get(sid)
        if session is not None:
            session.send_frame(message_frame(text))

    def recall(self, sids: Iterable[str]) -> None:
        """Something that these were sent is taken back: see `Sender.recall`."""
        find = self._sessions.get
        for sid in sids:
            session = find(sid)
            if session is not None:
                session.recall()

    def broadcast(self, sids: Iterable[str], text: str | bytes, but: str | None = None) -> None:
        """Send one message to many, leaving one out; encoded and framed once."""
        frame = message_frame(text)
        find = self._sessions.get
        for sid in sids:
            if sid != but:
                session = find(sid)
                if session is not None:
                    session.send_frame(frame)
