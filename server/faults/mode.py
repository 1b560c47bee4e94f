"""Between the engine and the default namespace: connections for which something is to go wrong, others as they are.

Both see what they would see of each other. What a client may ask for: docs/faults.md.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from inspect import isawaitable
from typing import Any

from aiohttp import web

from rooms.errors import Refused
from server.faults.engine import FaultyEngine
from server.faults.plan import Counts, Plan, happens
from server.faults.restart import restart_room
from server.faults.spelling import Kind, Misspelt, read_wish
from server.protocol.acknowledgements import Outcome, refusal
from server.protocol.decoding import Decoded
from server.transport.engineio import EngineServer
from server.transport.engineio.ports import RequestHead
from server.transport.engineio.refusals import Refusal
from server.transport.engineio.refusals import Refused as NotTaken
from server.transport.engineio.sending import Reason
from server.transport.engineio.session import Session
from server.transport.socketio.host import OwnNamespace, SocketHost
from server.usecases.commands import COMMANDS
from server.usecases.context import Context

ASKED_FOR = "A fault that the client has asked for."
RETRY_AFTER_MS = 500
"""What a refusal by a fault says, where its code is one that may pass."""

Handle = Callable[[Any, str, list[Any] | Decoded], Outcome | Awaitable[Outcome]]


class FaultMode:
    """Which connections have asked for faults. Made before the namespace, and wired once all others are there."""

    def __init__(self, host: SocketHost) -> None:
        self._host = host
        self._engine: EngineServer = host.eio
        self._plans: dict[str, Plan] = {}
        self._counts = Counts()
        self._tasks: set[asyncio.Task[None]] = set()
        self._context: Context
        self._namespace: OwnNamespace
        self.engine = FaultyEngine(self._engine, self._plans)

    def stand_before(self, namespace: OwnNamespace) -> None:
        """Hear of each packet and of each end before the namespace does."""
        self._namespace = namespace
        self._host.serve_default(self)

    def wire(self, context: Context, handle: Handle) -> Handle:
        """Ask before a handshake is taken; returns what answers requests in place of `handle`."""
        self._context = context
        self._engine.admission = partial(self._admit, self._engine.admission)
        return partial(self._answer, handle)

    async def alive(self, _: web.Application) -> AsyncIterator[None]:
        """While the application runs."""
        yield
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # What the host asks of a namespace.

    def message(self, eio_sid: str, data: str | bytes) -> Awaitable[Any] | None:
        """A packet that no receiver has taken; the first one is a CONNECT."""
        plan = self._plans.get(eio_sid)
        if plan is None and data[:1] == "0":
            try:
                plan = self._begin(eio_sid)
            except Misspelt as misspelt:
                self.engine.refuse(eio_sid, f"fault: {misspelt}")
                return None
        return self._namespace.message(eio_sid, data) if plan is None else plan.receive(data)

    def admits(self, eio_sid: str) -> bool:
        """See `OwnNamespace`."""
        return self._namespace.admits(eio_sid)

    def gone(self, eio_sid: str) -> None:
        """See `OwnNamespace`."""
        plan = self._plans.pop(eio_sid, None)
        if plan is not None:
            plan.end()
        self._namespace.gone(eio_sid)

    # The faults.

    def _begin(self, sid: str) -> Plan | None:
        wish = read_wish(self._host.environ.get(sid, {}).get("QUERY_STRING", ""), COMMANDS)
        if not wish.faults:
            return None
        plan = self._plans[sid] = Plan(wish, self._counts.of(wish.run), partial(self._cut, sid))
        plan.namespace = partial(self._namespace.message, sid)
        plan.begin(
            {
                Kind.DROP_AFTER: partial(self._cut, sid),
                Kind.SILENT_AFTER: partial(self._silence, sid),
                Kind.RESTART_AFTER: partial(self._restart, sid),
            }
        )
        return plan

    def _admit(self, admission: Callable[[str, RequestHead], None] | None, sid: str, request: RequestHead) -> None:
        try:
            wish = read_wish(request.query_string, COMMANDS)
        except Misspelt:
            wish = None  # told at CONNECT, where a client hears words
        for fault in wish.faults if wish is not None else ():
            if fault.kind is Kind.REFUSE_CONNECT and wish is not None and happens(fault, self._counts.of(wish.run)):
                raise NotTaken(Refusal.UNAVAILABLE, ASKED_FOR)
        if admission is not None:
            admission(sid, request)

    def _answer(
        self, handle: Handle, connection: Any, event: str, args: list[Any] | Decoded
    ) -> Outcome | Awaitable[Outcome]:
        plan = self._plans.get(connection.id)
        if plan is None:
            return handle(connection, event, args)
        code = plan.refuses(event)
        if code is not None:
            return refusal(Refused(code, ASKED_FOR, retry_after_ms=RETRY_AFTER_MS))
        outcome = handle(connection, event, args)
        if not plan.drops_answer(event):
            return outcome
        if isawaitable(outcome):
            return self._answer_nobody(connection.id, outcome)
        self._cut(connection.id)
        return outcome

    async def _answer_nobody(self, sid: str, waiting: Awaitable[Outcome]) -> Outcome:
        outcome = await waiting
        self._cut(sid)
        return outcome

    def _cut(self, sid: str) -> None:
        """As a network that goes away: nobody says goodbye."""
        session = self._engine.open_session(sid)
        if session is not None:
            session.abort(Reason.TRANSPORT_CLOSE)

    def _silence(self, sid: str) -> None:
        """As a network that swallows everything: no heartbeat either, until the server gives the client up."""
        session, plan = self._engine.open_session(sid), self._plans.get(sid)
        if session is None or plan is None:
            return
        plan.silent = True
        session.hold_reading()
        self._no_heartbeat(session)
        # With polling, the answer to a ping of before may still come, which would have the next one sent.
        plan.later(self._engine.ping_interval / 2, partial(self._no_heartbeat, session))
        plan.later(self._engine.ping_interval + self._engine.ping_timeout, partial(self._cut, sid))

    @staticmethod
    def _no_heartbeat(session: Session) -> None:
        session.core.pings.discard(session)
        session.core.pongs.discard(session)

    def _restart(self, sid: str) -> None:
        for room, _ in self._context.presence.seats_of(sid):
            restart = restart_room(self._context, room, self._engine.close_session)
            task = asyncio.get_running_loop().create_task(restart)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
