"""Runs the messages of one session, one at a time, in the order received.

A message handler that returns nothing costs no task. One that returns an awaitable is the session's running command:
further messages wait for it, in order, while heartbeats go on. Where more wait than the bound allows, the transport
is not read until half of them are done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Final, Protocol

from engineio import AsyncServer

from server.transport.engineio.complaints import logger
from server.transport.engineio.core import Core
from server.transport.engineio.frames import TRY_AGAIN_LATER

Reason: Final = AsyncServer.reason
Receiver = Callable[[str | bytes], Awaitable[Any] | None]


class Owner(Protocol):
    """Whose messages an inbox holds."""

    sid: str
    core: Core

    def hold_reading(self) -> None:
        """Too many messages wait for the running command."""

    def resume_reading(self) -> None:
        """There is room again."""

    def inbox_idle(self) -> None:
        """The last command is done."""

    def close(self, reason: str, code: int, text: str) -> None:
        """End the session."""


class Inbox:
    """The messages that a session has received and not yet handled."""

    __slots__ = (
        "_core",
        "_drained",
        "_session",
        "_waiting",
        "_waiting_bytes",
        "holding",
        "receiver",
        "started_at",
        "task",
    )

    def __init__(self, session: Owner) -> None:
        self._core = session.core
        self._session: Owner | None = session
        self._waiting: deque[str | bytes] | None = None
        self._waiting_bytes = 0
        self.holding = False
        """Whether the transport is not read because too much waits."""
        self._drained: asyncio.Future[None] | None = None
        self.receiver: Receiver | None = None
        """Takes the messages of this session, in the place of the engine's message handler."""
        self.task: asyncio.Task[Any] | None = None
        """The running command, if any."""
        self.started_at = 0.0
        """When the running command began, in loop time."""

    @property
    def idle(self) -> bool:
        """Whether no command runs."""
        return self.task is None

    def holds_reading_rightly(self) -> bool:
        """Whether the transport is not read because of a command that has not run for too long."""
        if not self.holding or self.task is None:
            return False
        running_s = asyncio.get_running_loop().time() - self.started_at
        return running_s < self._core.limits.stalled_command_s

    def put(self, message: str | bytes) -> None:
        """Handle a message, now or after those before it."""
        if self.task is None:
            command = self._call(message)
            if command is not None:
                self._begin(command)
            return
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(message)
        limits = self._core.limits
        self._count(self._waiting_bytes + len(message))
        if not self.holding and (
            len(self._waiting) >= limits.waiting_commands or self._waiting_bytes >= limits.waiting_bytes
        ):
            self.holding = True
            if self._session is not None:
                self._session.hold_reading()

    def _count(self, waiting_bytes: int) -> None:
        self._waiting_bytes = waiting_bytes
        self._core.input.note(self, waiting_bytes)

    def shed(self) -> None:
        """Close the session: all together have sent too much that waits, and this client the most."""
        self.drop()
        if self._session is not None:
            self._session.close(Reason.TRANSPORT_ERROR, TRY_AGAIN_LATER, "too much unfinished input")

    def _begin(self, command: Awaitable[Any]) -> None:
        self.started_at = asyncio.get_running_loop().time()
        self.task = self._core.spawn(self._run(command))

    def drop(self) -> None:
        """Forget the messages that wait; the running command goes on."""
        self._waiting = None
        self._count(0)

    def retire(self) -> None:
        """The session is gone: let go of it."""
        self._session = self.receiver = None

    def cancel(self) -> None:
        """Cancel the running command and forget the rest."""
        self.drop()
        if self.task is not None:
            logger.warning("a command was cancelled: it outlived its session")
            self.task.cancel()

    async def ready(self) -> None:
        """Return once the session may be read again."""
        while self.holding:
            if self._drained is None:
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)

    def _call(self, message: str | bytes) -> Awaitable[Any] | None:
        receiver = self.receiver
        try:
            return receiver(message) if receiver is not None else self._offer(message)
        except Exception as error:
            self._core.complaints.say("message handler", error)
            return None

    def _offer(self, message: str | bytes) -> Awaitable[Any] | None:
        session = self._session
        handler = self._core.handlers.get("message")
        result = handler(session.sid, message) if handler is not None and session is not None else None
        return result if result is not None and isawaitable(result) else None

    async def _run(self, command: Awaitable[Any] | None) -> None:
        loop = asyncio.get_running_loop()
        try:
            while command is not None:
                self.started_at = loop.time()
                try:
                    await command
                except Exception as error:
                    self._core.complaints.say("message handler", error)
                if self._waiting:
                    await self._core.turns.mine()
                command = self._next()
        finally:
            self.task = None
            self._release()
            if self._session is not None:
                self._session.inbox_idle()

    def _next(self) -> Awaitable[Any] | None:
        """Handle what waits up to the next message that takes time."""
        while self._waiting:
            message = self._waiting.popleft()
            self._count(self._waiting_bytes - len(message))
            limits = self._core.limits
            if self.holding and (
                len(self._waiting) <= limits.waiting_commands // 2 and self._waiting_bytes <= limits.waiting_bytes // 2
            ):
                self._release()
            command = self._call(message)
            if command is not None:
                return command
        self._waiting = None
        return None

    def _release(self) -> None:
        if not self.holding:
            return
        self.holding = False
        if self._drained is not None:
            self._drained.set_result(None)
            self._drained = None
        if self._session is not None:
            self._session.resume_reading()
