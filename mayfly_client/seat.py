"""A seat in one room: taken, kept over reconnects and restarts of the server, and given back."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

from mayfly_client.channel import Channel, Refused, Unreachable
from mayfly_client.credentials import Credentials
from mayfly_client.keys import sealed_name
from mayfly_client.link import Link
from mayfly_client.rest import check_key

KNOCK_WAIT_S = 60.0
LEAVE_TIMEOUT_S = 3.0
JOIN_TRIES = 3
"""How often a join is sent whose reply was lost with the connection."""

RECONNECT_WAIT_S = 20.0


class Seat:
    """Joins, knocks, comes back. What it is told goes to `_arrived` and `_told`, one after the other.

    `query` is added to the query of each connection, such as a server's fault mode reads (docs/faults.md).
    """

    def __init__(self, link: Link, credentials: Credentials, *, query: str = "") -> None:
        self.channel = Channel(link, query)
        self.self_id: str | None = None
        """Our participant id, once inside."""
        self.ended = asyncio.Event()
        """Set when the seat is gone for good; `end_reason` says why."""
        self.end_reason: str | None = None
        self.breach: str | None = None
        """The first event of the server's that did not fit the contract."""
        self._link = link
        self._room_id = link.room_id
        # In an encrypted room the server learns no name either.
        if link.e2e and link.room_id:
            credentials = replace(credentials, name=sealed_name(link.e2e, link.room_id, credentials.name))
        self._credentials = credentials
        self._leaving = False
        self._resume: dict[str, Any] = {}
        self._knock_answer: asyncio.Future[dict[str, Any]] | None = None
        self._dispatcher: asyncio.Task[None] | None = None
        self._back = asyncio.Event()

    async def open(self) -> None:
        """Connect and join; where there is a lobby, knock and wait. Raises `Unreachable` or `Refused`."""
        await check_key(self._link)
        await self.channel.open()
        self._dispatcher = asyncio.create_task(self._dispatch())
        try:
            await self._join(self._credentials)
        except Refused as refused:
            if refused.code != "LOBBY_WAITING":
                raise
            await self._join(await self._knock())

    async def close(self) -> None:
        """Give the seat back and disconnect."""
        self._leaving = True
        if self.self_id is not None and not self.ended.is_set():
            with contextlib.suppress(Refused, Unreachable, TimeoutError):
                async with asyncio.timeout(LEAVE_TIMEOUT_S):
                    await self._request("leave-room", {})
        if self._dispatcher is not None:
            self._dispatcher.cancel()
            await asyncio.wait({self._dispatcher})
        await self.channel.close()

    async def _arrived(self, snapshot: dict[str, Any], *, newcomer: bool) -> None:
        """The full picture of the room. `newcomer`: the seat is another one than before."""

    async def _told(self, event: str, payload: dict[str, Any]) -> None:
        """An event of the room."""

    async def _request(self, event: str, fields: dict[str, Any], *, when_ready: bool = True) -> dict[str, Any]:
        return await self.channel.request(event, {"roomId": self._room_id, **fields}, when_ready=when_ready)

    async def _join(self, credentials: Credentials) -> None:
        for tries_left in reversed(range(JOIN_TRIES)):
            self._back.clear()
            try:
                snapshot = await self._request("join-room", credentials.fields(), when_ready=False)
                break
            except Unreachable:
                if not tries_left or not await self._is_back():
                    raise
        await self._take_snapshot(snapshot, newcomer=True)

    async def _is_back(self) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECONNECT_WAIT_S):
                return await self._back.wait()
        return False

    async def _knock(self) -> Credentials:
        self._knock_answer = asyncio.get_running_loop().create_future()
        await self._request("knock", {"name": self._credentials.name}, when_ready=False)
        try:
            async with asyncio.timeout(KNOCK_WAIT_S):
                answer = await self._knock_answer
        except TimeoutError:
            raise Refused("LOBBY_WAITING", "nobody answered the knock") from None
        if not answer.get("admitted"):
            raise Refused("LOBBY_WAITING", "a host turned the knock away")
        return Credentials(self._credentials.name, invite=answer.get("invite"), media=self._credentials.media)

    async def _dispatch(self) -> None:
        while True:
            event, payload = await self.channel.events.get()
            try:
                if event == "connect":
                    self._back.set()
                    await self._come_back()
                elif payload.get("roomId", self._room_id) == self._room_id:
                    await self._handle(event, payload)
            except (KeyError, TypeError, ValueError):
                self.breach = self.breach or event

    async def _handle(self, event: str, payload: dict[str, Any]) -> None:
        if isinstance(payload.get("seq"), int):
            self._resume["lastSeq"] = max(payload["seq"], self._resume.get("lastSeq", 0))
        await self._told(event, payload)
        if event == "room-left":
            await self._on_left(payload)
        elif event == "knock-answered" and self._knock_answer is not None and not self._knock_answer.done():
            self._knock_answer.set_result(payload)

    async def _come_back(self) -> None:
        if self.self_id is None:
            return  # lost before there was a seat: `open` goes on
        resume = {name: value for name, value in self._resume.items() if value is not None}
        try:
            snapshot = await self._request("join-room", {"resume": resume, "snapshot": "ack"}, when_ready=False)
        except Refused as refused:
            if refused.code in ("RESUME_INVALID", "RESUME_EXPIRED"):
                await self._join_afresh()
            else:
                self._end(refused.code)
        except Unreachable:
            return  # lost again before the answer: the next connection begins again
        else:
            await self._take_snapshot(snapshot, newcomer=False)

    async def _join_afresh(self) -> None:
        credentials = replace(self._credentials, join_id=Credentials("").join_id)
        try:
            snapshot = await self._request("join-room", credentials.fields(), when_ready=False)
        except Refused as refused:
            self._end(refused.code)
        except Unreachable:
            return  # as above
        else:
            await self._take_snapshot(snapshot, newcomer=True)

    async def _on_left(self, payload: dict[str, Any]) -> None:
        action = payload.get("action")
        if action == "rejoin":
            await self._join_afresh()
        elif action != "resume":  # that one happens by itself, once the connection is back
            self._end(str(payload.get("reason")))

    async def _take_snapshot(self, snapshot: dict[str, Any], *, newcomer: bool) -> None:
        self.self_id = snapshot["self"]["id"]
        self._resume = {
            "participantId": self.self_id,
            "resumeToken": snapshot["resumeToken"],
            "epoch": snapshot.get("epoch"),
            "lastSeq": snapshot.get("seq"),
        }
        self.channel.ready.set()
        await self._arrived(snapshot, newcomer=newcomer)
        # Also to a new seat: what was taken back before a restart may be known from the one before.
        for missed in snapshot.get("missed") or ():
            await self._handle(missed["event"], missed["payload"])

    def _end(self, reason: str) -> None:
        if not self._leaving:
            self.end_reason = reason
            self.ended.set()
