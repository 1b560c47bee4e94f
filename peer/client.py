"""A participant: takes a seat in one room, keeps it over reconnects, and holds a call with everybody else there."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from mayfly_client.channel import Refused, Unreachable
from mayfly_client.credentials import Credentials
from mayfly_client.link import Link
from mayfly_client.seat import Seat
from peer.call import Call, CallContext, SignalRefused
from peer.connection import ConnectionSettings
from peer.vouch import Voucher

ICE_MARGIN_S = 60.0
"""TURN credentials with less life than this are renewed before a new connection is made with them."""
MAX_CALLS, MAX_PAST_CALLS = 64, 1000
SIGNALS = ("offer-received", "answer-received", "ice-candidate-received")


class RoomClient(Seat):
    """One seat in the room of `link`. `wants` says with whom to hold a call; by default with everybody."""

    def __init__(
        self,
        link: Link,
        credentials: Credentials,
        settings: ConnectionSettings,
        tag: int,
        wants: Callable[[str], bool] = lambda participant_id: True,
    ) -> None:
        super().__init__(link, credentials)
        self.calls: dict[str, Call] = {}
        self.past: deque[Call] = deque(maxlen=MAX_PAST_CALLS)
        self.joined_after_s: float | None = None
        self.transport: str | None = None
        self.ice_servers: list[dict[str, Any]] = []
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

    async def open(self) -> None:
        """Connect, join, and call whoever is there. Raises `Unreachable` or `Refused`."""
        began = time.monotonic()
        await super().open()
        self.joined_after_s = time.monotonic() - began
        self.transport = self.channel.transport

    async def close(self) -> None:
        """Give the seat back, end every call, disconnect."""
        await super().close()
        for call in self.every_call():
            await call.close(None)

    def every_call(self) -> list[Call]:
        """All calls of this seat, ended ones first."""
        return [*self.past, *self.calls.values()]

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

    async def _told(self, event: str, payload: dict[str, Any]) -> None:
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

    async def _arrived(self, snapshot: dict[str, Any], *, newcomer: bool) -> None:
        self._take_ice_servers(snapshot, "iceExpiresAt")
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
