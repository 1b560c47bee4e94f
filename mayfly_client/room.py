"""A room as a program sees it: who is there, what is said, and what happens, one after the other."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from mayfly_client.credentials import Credentials
from mayfly_client.link import LinkError, parse_link
from mayfly_client.seals import Keyring, Unreadable
from mayfly_client.seat import Seat

MAX_EVENTS_HELD = 4_096
"""That nobody has read yet; the oldest go first."""

CLIENT_ID_BYTES = 18
MAX_SEEN = 5_000
"""Ids of messages that are remembered, so that none is told twice."""


@dataclass(frozen=True, slots=True)
class Event:
    """What the server told, names and texts opened. A text that does not open is "", and says `unreadable`."""

    name: str
    payload: dict[str, Any]


class Room(Seat):
    """One seat in the room of a link, as `async with Room(link, name="Bot") as room:`.

    Raises `LinkError` for what is no link of a room. `async for event in room` ends when the seat is gone
    (`end_reason`). A lost connection comes back by itself, and what was missed is told.
    """

    def __init__(
        self,
        link: str,
        *,
        name: str = "",
        password: str | None = None,
        token: str | None = None,
        media: dict[str, bool] | None = None,
        query: str = "",
    ) -> None:
        parsed = parse_link(link)
        if parsed.room_id is None:
            raise LinkError("this is the address of a server, and of no room")
        self.name = name or "Guest"
        shown = Credentials(self.name, parsed.invite, password, parsed.host_key, token, media)
        super().__init__(parsed, shown, query=query)
        self.participants: dict[str, dict[str, Any]] = {}
        """id → participant, of the others."""
        self.info: dict[str, Any] = {}
        """The `Room` object of the protocol."""
        self._keyring = Keyring(parsed.e2e, parsed.room_id) if parsed.e2e else None
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(MAX_EVENTS_HELD)
        self._seen: dict[str, None] = {}

    async def __aenter__(self) -> Room:
        """Join. Raises `Unreachable` or `Refused`."""
        try:
            await self.open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Events as they come: those of the protocol, and `joined` with each full picture."""
        while True:
            event = await self._events.get()
            if event is None:
                return
            yield event

    async def send_message(self, text: str, *, to: str | None = None, reply_to: str | None = None) -> dict[str, Any]:
        """Say something; repeated until it is acknowledged, and said once. Returns `{id, seq, timestamp, …}`."""
        client_id = secrets.token_urlsafe(CLIENT_ID_BYTES)
        said: dict[str, Any] = {"text": text, "clientMessageId": client_id, "to": to, "replyTo": reply_to}
        if self._keyring is not None:
            content = {"id": client_id, "name": self.name, "text": text, "to": to, "replyTo": reply_to}
            present = {name: value for name, value in content.items() if value is not None}
            said |= {"text": self._keyring.seal_message(self.self_id or "", present), "encrypted": True}
        return await self.request("send-message", **said)

    async def signal(self, event: str, to: str, **fields: Any) -> dict[str, Any]:
        """An `offer`, `answer` or `ice-candidate` for somebody: `description` or `candidate`, and `negotiationId`."""
        return await self.request(event, to=to, **fields)

    async def request(self, event: str, **fields: Any) -> dict[str, Any]:
        """Any request of the protocol about this room; returns its data. Raises `Refused` or `Unreachable`."""
        return await self._request(event, {name: value for name, value in fields.items() if value is not None})

    async def leave(self) -> None:
        """Give the seat back and disconnect."""
        await self.close()
        self._tell(None)

    # What the seat is told

    async def _arrived(self, snapshot: dict[str, Any], *, newcomer: bool) -> None:
        self.info = snapshot["room"]
        self.participants = {one["id"]: self._readable(one) for one in snapshot["participants"]}
        self._tell(Event("joined", {**snapshot, "newcomer": newcomer}))
        for message in snapshot.get("messages") or ():
            await self._told("message-received", message)

    async def _told(self, event: str, payload: dict[str, Any]) -> None:
        if "participant" in payload:
            payload = {**payload, "participant": self._readable(payload["participant"])}
        if event in ("user-joined", "user-updated"):
            participant = payload["participant"]
            if participant["id"] != self.self_id:
                self.participants[participant["id"]] = participant
        elif event == "user-left":
            self.participants.pop(payload["participantId"], None)
        elif event == "room-updated":
            self.info = payload["room"]
        elif event == "message-received":
            if payload["id"] in self._seen:
                return
            self._seen[payload["id"]] = None
            if len(self._seen) > MAX_SEEN:
                del self._seen[next(iter(self._seen))]
            payload = self._opened(payload)
        self._tell(Event(event, payload))

    def _end(self, reason: str) -> None:
        super()._end(reason)
        self._tell(None)

    def _tell(self, event: Event | None) -> None:
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(event)

    def _readable(self, participant: dict[str, Any]) -> dict[str, Any]:
        name = self._keyring.open_name(participant["name"]) if self._keyring is not None else None
        return participant if name is None else {**participant, "name": name}

    def _opened(self, message: dict[str, Any]) -> dict[str, Any]:
        if not message.get("encrypted") or self._keyring is None:
            return message
        try:
            content = self._keyring.open_message(message["sender"], message["text"], message.get("to"))
        except (Unreadable, ValueError):
            return {**message, "text": "", "unreadable": True}
        return {**message, "text": content["text"], "senderName": str(content.get("name", "Guest"))}
