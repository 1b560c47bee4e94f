"""The call with one other participant: negotiation as this contract and perfect negotiation ask for it.

aiortc has neither rollback nor ICE restart. Where a browser would roll back its own offer, or restart ICE,
this peer begins again with a new connection; the other side sees an ICE restart with a new DTLS fingerprint.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiortc import RTCSessionDescription
from aiortc.sdp import SessionDescription

from peer.candidates import RemoteCandidates, description_ufrags
from peer.connection import Connection, ConnectionSettings
from peer.sdp import Unverified, fingerprints_in
from peer.stats import Measurements
from peer.vouch import Voucher

MAX_SIGNALS_WAITING = 512
MAX_OFFERS = 3
"""How often a connection that failed is offered anew."""
RESEND_AFTER_S = 1.0

Send = Callable[[str, dict[str, Any]], Awaitable[Any]]
IceServers = Callable[[], Awaitable[list[dict[str, Any]]]]


class SignalRefused(Exception):
    """The server did not pass a signal on. `code` is the protocol's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class CallContext:
    """What every call of one peer shares. `send` raises `SignalRefused`."""

    settings: ConnectionSettings
    tag: int
    send: Send
    ice_servers: IceServers
    self_id: Callable[[], str | None] = lambda: None
    voucher: Voucher | None = None


class Call:
    """Signals go in through `start_offer` and `signal`, in order; one task works through them."""

    def __init__(self, participant_id: str, *, polite: bool, context: CallContext) -> None:
        self.participant_id = participant_id
        self.polite = polite
        self.measured = Measurements(context.tag, time.monotonic())
        self.offers_sent = 0
        self.answered = False  # whether offer and answer have met, in either direction
        self.left_reason: str | None = None
        self.problem: str | None = None
        self._final_state: str | None = None
        self.collisions = 0
        self._context = context
        self._connection: Connection | None = None
        self._negotiation_id: str | None = None
        self._ignored: set[str | None] = set()
        self._last_offer: dict[str, Any] | None = None
        self._last_answer: dict[str, Any] | None = None
        self._candidates = RemoteCandidates()
        self._inbox: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue(MAX_SIGNALS_WAITING)
        self._worker = asyncio.create_task(self._work())

    @property
    def state(self) -> str:
        """The connection's state, `new` before there is one; after `close`, what it was before that."""
        if self._final_state is not None:
            return self._final_state
        return "new" if self._connection is None else self._connection.state

    def start_offer(self) -> None:
        """Call the other one: what a newcomer does (protocol, rule 7)."""
        self.signal("start-offer", {})

    def check_offer(self) -> None:
        """After a gap in signaling: an offer of ours that is not answered in a moment is sent again."""
        asyncio.get_running_loop().call_later(RESEND_AFTER_S, self.signal, "resend-offer", {})

    def signal(self, event: str, payload: dict[str, Any]) -> None:
        """Take in `offer-received`, `answer-received` or `ice-candidate-received`. Too many are dropped."""
        if self._final_state is not None:
            return
        with contextlib.suppress(asyncio.QueueFull):
            self._inbox.put_nowait((event, payload))

    async def close(self, reason: str | None) -> None:
        """End the call, keeping what was measured. `reason` is why the other one left, `None` if we did.

        May be called again: what a cancelled call of it left undone is then done.
        """
        if self._final_state is None:
            self._final_state, self.left_reason = self.state, reason
        self._worker.cancel()
        await asyncio.wait({self._worker})
        await self._candidates.close()
        if self._connection is not None:
            await self._connection.close()

    async def _work(self) -> None:
        steps = {
            "start-offer": self._offer,
            "resend-offer": self._resend_offer,
            "tell-state": self._tell_state,
            "offer-received": self._on_offer,
            "answer-received": self._on_answer,
            "ice-candidate-received": self._on_candidate,
        }
        while self._final_state is None:
            event, payload = await self._inbox.get()
            try:
                await steps[event](payload)
            except SignalRefused as refused:
                if refused.code == "STALE_NEGOTIATION":
                    continue  # the other side's newer offer is on its way to us
                self.problem = f"{event}: the server answered {refused.code}"
            except Unverified as unverified:
                self.problem = f"{event}: {unverified}"
            except Exception as error:
                # Whatever a remote sends must not end the call: a later offer may be better.
                self.problem = f"{event}: {type(error).__name__}"

    async def _offer(self, _: dict[str, Any]) -> None:
        connection = await self._begin_anew()
        self._negotiation_id = secrets.token_urlsafe(9)
        description = await connection.offer()
        self.offers_sent += 1
        await self._send_description("offer", description)

    async def _resend_offer(self, _: dict[str, Any]) -> None:
        # With its old id: it is the same negotiation, which may have reached the other side after all.
        if self._last_offer and self._connection is not None and self._connection.awaits_answer:
            await self._context.send("offer", self._last_offer)

    async def _tell_state(self, state: dict[str, Any]) -> None:
        with contextlib.suppress(SignalRefused):  # only for the server's record of the call
            await self._context.send("call-state", state)

    async def _on_offer(self, payload: dict[str, Any]) -> None:
        negotiation_id = payload.get("negotiationId")
        description = self._received("offer", payload)
        if negotiation_id is not None and negotiation_id == self._negotiation_id and self._last_answer:
            await self._context.send("answer", self._last_answer)  # ours, or its acknowledgement, was lost
            return
        connection = self._connection
        if connection is not None and connection.awaits_answer:
            self.collisions += 1
            if not self.polite:
                self._ignored = {negotiation_id}
                return
        if connection is None or self._is_spent(connection, description.sdp):
            connection = await self._begin_anew()
        self._negotiation_id = negotiation_id
        answer = await connection.answer(description)
        self.answered = True
        await self._candidates.release(connection.pc)
        await self._send_description("answer", answer)

    async def _on_answer(self, payload: dict[str, Any]) -> None:
        connection = self._connection
        if connection is None or not connection.awaits_answer or self._is_stale(payload):
            return
        await connection.accept_answer(self._received("answer", payload))
        self._ignored = set()
        self.answered = True
        await self._candidates.release(connection.pc)

    async def _on_candidate(self, payload: dict[str, Any]) -> None:
        if payload.get("negotiationId") in self._ignored or self._is_stale(payload):
            return
        connection = self._connection
        if connection is None or connection.remote_sdp is None:
            self._candidates.hold(payload["candidate"])
        else:
            await self._candidates.add(connection.pc, payload["candidate"])

    def _received(self, kind: str, payload: dict[str, Any]) -> RTCSessionDescription:
        sdp, voucher = payload["description"]["sdp"], self._context.voucher
        if voucher is not None:
            sdp = voucher.verify(sdp, kind, self.participant_id, self._own_id, payload.get("negotiationId"))
            if _as_parsed(sdp) != fingerprints_in(sdp):
                raise Unverified("other fingerprints would be used than those vouched for")
        return RTCSessionDescription(sdp, kind)

    @property
    def _own_id(self) -> str:
        return self._context.self_id() or ""

    def _is_stale(self, payload: dict[str, Any]) -> bool:
        stated = payload.get("negotiationId")
        return stated is not None and self._negotiation_id is not None and stated != self._negotiation_id

    def _is_spent(self, connection: Connection, offered_sdp: str) -> bool:
        if connection.awaits_answer or connection.state in ("failed", "closed"):
            return True
        known = connection.remote_sdp
        return known is not None and not description_ufrags(known) & description_ufrags(offered_sdp)

    async def _begin_anew(self) -> Connection:
        if self._connection is not None:
            await self._connection.close()
        self._candidates.forget()
        self._ignored = set()
        self._last_offer = self._last_answer = None
        servers = await self._context.ice_servers()
        connection = Connection(self._context.settings, servers, self.measured, self._on_change)
        self._connection = connection
        return connection

    async def _send_description(self, kind: str, description: RTCSessionDescription) -> None:
        common: dict[str, Any] = {"to": self.participant_id}
        if self._negotiation_id is not None:
            common["negotiationId"] = self._negotiation_id
        sdp, voucher = description.sdp, self._context.voucher
        if voucher is not None:
            sdp = voucher.sign(sdp, kind, self._own_id, self.participant_id, self._negotiation_id)
        message = common | {"description": {"type": kind, "sdp": sdp}}
        if kind == "answer":
            self._last_answer = message
        else:
            self._last_offer = message
        await self._context.send(kind, message)
        # Every candidate of ours is in the SDP: all that is left to trickle is their end.
        await self._context.send("ice-candidate", common | {"candidate": None})

    def _on_change(self) -> None:
        state = None if self._connection is None else self._connection.state
        if state in ("connected", "failed"):
            self.signal("tell-state", {"state": state})
        if state == "failed" and self._final_state is None and 0 < self.offers_sent < MAX_OFFERS:
            self.start_offer()


def _as_parsed(sdp: str) -> list[str]:
    """The fingerprints as aiortc, which will act on them, has parsed them."""
    transports = [media.dtls for media in SessionDescription.parse(sdp).media if media.dtls is not None]
    found = {f"{one.algorithm} {one.value}".lower() for dtls in transports for one in dtls.fingerprints}
    return sorted(found)
