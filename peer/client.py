"""A participant: takes a seat in one room, keeps it over reconnects, and holds a call with everybody else there."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from peer.call import Call, CallContext, SignalRefused
from peer.channel import Channel, Refused, Unreachable
from peer.connection import ConnectionSettings
from peer.credentials import Credentials
from peer.keys import sealed_name
from peer.link import Link
from peer.rest import check_key
from peer.vouch import Voucher

KNOCK_WAIT_S = 60.0
LEAVE_TIMEOUT_S = 3.0
ICE_MARGIN_S = 60.0
"""TURN credentials with less life than this are renewed before a new connection is made with them."""
MAX_CALLS, MAX_PAST_CALLS = 64, 1000
SIGNALS = ("offer-received", "answer-received", "ice-candidate-received")


class RoomClient:
    """One seat in the room of `link`. `wants` says with whom to hold a call; by default with everybody."""

    def __init__(
        self,
        link: Link,
        credentials: Credentials,
        settings: ConnectionSettings,
        tag: int,
        wants: Callable[[str], bool] = lambda participant_id: True,
    ) -> None:
        self.channel = Channel(link)
        self.calls: dict[str, Call] = {}
        self.past: deque[Call] = deque(maxlen=MAX_PAST_CALLS)
        self.self_id: str | None = None
        self.joined_after_s: float | None = None
        self.transport: str | None = None
        self.ice_servers: list[dict[str, Any]] = []
        self.ended = asyncio.Event()
        self.end_reason: str | None = None
        self.breach: str | None = None
        """The first event of the server's that did not fit the contract."""
        self._link = link
        self._room_id = link.room_id
        # In an encrypted room the server learns no name either.
        if link.e2e and link.room_id:
            credentials = replace(credentials, name=sealed_name(link.e2e, link.room_id, credentials.name))
        self._credentials = credentials
        self._wants = wants
        self._context = CallContext(
            settings,
            tag,
            self._signal,
            self._fresh_ice_servers,
            lambda: self.self_id,
            Voucher(link.e2e, link.room_id) if link.e2e and link.room_id else None,
        )
        self._ice_expires_at: float | None = None
        self._polite: dict[str, bool] = {}
        self._leaving = False
        self._resume: dict[str, Any] = {}
        self._knock_answer: asyncio.Future[dict[str, Any]] | None = None
        self._dispatcher: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, join, and call whoever is there. Raises `Unreachable` or `Refused`."""
        began = time.monotonic()
        await check_key(self._link)
        await self.channel.open()
        self._dispatcher = asyncio.create_task(self._dispatch())
        try:
            await self._join(self._credentials)
        except Refused as refused:
            if refused.code != "LOBBY_WAITING":
                raise
            await self._join(await self._knock())
        self.joined_after_s = time.monotonic() - began
        self.transport = self.channel.transport

    async def close(self) -> None:
        """Give the seat back, end every call, disconnect."""
        self._leaving = True
        if self.self_id is not None and not self.ended.is_set():
            with contextlib.suppress(Refused, Unreachable, TimeoutError):
                async with asyncio.timeout(LEAVE_TIMEOUT_S):
                    await self._request("leave-room", {})
        if self._dispatcher is not None:
            self._dispatcher.cancel()
            await asyncio.wait({self._dispatcher})
        for call in self.every_call():
            await call.close(None)
        await self.channel.close()

    def every_call(self) -> list[Call]:
        """All calls of this seat, ended ones first."""
        return [*self.past, *self.calls.values()]

    async def _request(self, event: str, fields: dict[str, Any], *, when_ready: bool = True) -> dict[str, Any]:
        return await self.channel.request(event, {"roomId": self._room_id, **fields}, when_ready=when_ready)

    async def _signal(self, event: str, fields: dict[str, Any]) -> None:
        try:
            await self._request(event, fields)
        except Refused as refused:
            raise SignalRefused(refused.code, str(refused)) from refused
        except Unreachable as unreachable:
            raise SignalRefused("UNAVAILABLE", str(unreachable)) from unreachable

    async def _fresh_ice_servers(self) -> list[dict[str, Any]]:
        if self._ice_expires_at is not None and self._ice_expires_at - time.time() < ICE_MARGIN_S:
            with contextlib.suppress(Refused, Unreachable):
                self._take_ice_servers(await self._request("get-ice-servers", {}), "expiresAt")
        return self.ice_servers

    async def _join(self, credentials: Credentials) -> None:
        snapshot = await self._request("join-room", credentials.fields(), when_ready=False)
        await self._take_snapshot(snapshot, newcomer=True)

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
        return Credentials(self._credentials.name, invite=answer.get("invite"))

    async def _dispatch(self) -> None:
        while True:
            event, payload = await self.channel.events.get()
            try:
                if event == "connect":
                    await self._come_back()
                elif payload.get("roomId", self._room_id) == self._room_id:
                    await self._handle(event, payload)
            except (KeyError, TypeError, ValueError):
                self.breach = self.breach or event

    async def _handle(self, event: str, payload: dict[str, Any]) -> None:
        if isinstance(payload.get("seq"), int):
            self._resume["lastSeq"] = max(payload["seq"], self._resume.get("lastSeq", 0))
        if event in SIGNALS and isinstance(payload.get("from"), str):
            call = self._call_with(payload["from"])
            if call is not None:
                call.signal(event, payload)
        elif event == "user-joined":
            self._call_with(self._note(payload["participant"] | {"polite": payload.get("polite")}))
        elif event == "user-updated" and payload["participant"]["connected"]:
            call = self.calls.get(payload["participant"]["id"])
            if call is not None:
                call.check_offer()
        elif event == "user-left":
            self._polite.pop(payload["participantId"], None)
            await self._end_call(payload["participantId"], str(payload.get("reason")))
        elif event == "room-left":
            await self._on_left(payload)
        elif event == "knock-answered" and self._knock_answer is not None and not self._knock_answer.done():
            self._knock_answer.set_result(payload)

    async def _come_back(self) -> None:
        if self.self_id is None:
            return  # lost before there was a seat: `open` tells
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
            for missed in snapshot.get("missed") or ():
                await self._handle(missed["event"], missed["payload"])

    async def _join_afresh(self) -> None:
        try:
            await self._join(self._credentials)
        except Refused as refused:
            self._end(refused.code)
        except Unreachable:
            return  # as above

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
        self._take_ice_servers(snapshot, "iceExpiresAt")
        self.channel.ready.set()
        present = {participant["id"]: participant for participant in snapshot["participants"]}
        self._polite.clear()
        # All of it before anything is awaited: the dispatcher, which runs beside this, is told of who comes meanwhile.
        ended = [self.calls.pop(one) for one in tuple(self.calls) if newcomer or one not in present]
        self.past.extend(ended)
        for participant in present.values():
            call = self._call_with(self._note(participant))
            if call is None:
                continue
            if newcomer or (participant.get("needsIceRestart") and call.state != "connected"):
                call.start_offer()
            else:
                call.check_offer()
        for call in ended:
            await call.close("not-in-snapshot")
        with contextlib.suppress(Refused, Unreachable):  # an older server: an offer or answer says the same
            await self._request("call-state", {"state": "joined"})

    def _take_ice_servers(self, source: dict[str, Any], expiry: str) -> None:
        self.ice_servers = list(source.get("iceServers") or ())
        stated = source.get(expiry)
        self._ice_expires_at = datetime.fromisoformat(stated).timestamp() if stated else None

    def _note(self, participant: dict[str, Any]) -> str:
        participant_id = str(participant["id"])
        self._polite[participant_id] = bool(participant.get("polite"))
        return participant_id

    def _call_with(self, participant_id: str) -> Call | None:
        if participant_id == self.self_id or not self._wants(participant_id):
            return None
        call = self.calls.get(participant_id)
        if call is None:
            if len(self.calls) >= MAX_CALLS:
                return None
            polite = self._polite.get(participant_id, True)
            call = Call(participant_id, polite=polite, context=self._context)
            self.calls[participant_id] = call
        return call

    async def _end_call(self, participant_id: str, reason: str | None) -> None:
        call = self.calls.pop(participant_id, None)
        if call is not None:
            self.past.append(call)
            await call.close(reason)

    def _end(self, reason: str) -> None:
        if not self._leaving:
            self.end_reason = reason
            self.ended.set()
