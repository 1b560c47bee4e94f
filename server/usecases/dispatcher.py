"""One way in: look the request up, limit, validate, run, map errors, answer. Knows nothing of Socket.IO.

Every request gets exactly one answer: a reply, or a refusal. A handler that fails is answered with INTERNAL_ERROR,
and what it failed on stays out of the log.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError

from rooms.errors import Code, Refused
from server.cluster.local import LocalOwnership
from server.cluster.ownership import Ownership
from server.protocol.acknowledgements import GRANTED, Granted, Outcome, Refusal, refusal
from server.protocol.checks import not_of_the_shape
from server.protocol.decoding import Decoded
from server.security.throttles import too_many
from server.usecases.commands import COMMANDS, Command
from server.usecases.connections import Connection
from server.usecases.context import Context

log = logging.getLogger(__name__)


class Dispatcher:
    """Answers the requests of connections."""

    def __init__(
        self,
        context: Context,
        ownership: Ownership | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._ownership: Ownership = ownership or LocalOwnership()
        self.now = monotonic
        self.not_run: Counter[str] = Counter()
        """By error code: requests that were not even read. Whoever calls `handle` knows what became of all others."""
        self.events: tuple[str, ...] = tuple(COMMANDS)
        """The names of all requests."""

    def handle(self, connection: Connection, event: str, args: list[Any] | Decoded) -> Outcome | Awaitable[Outcome]:
        """Answer one request; an awaitable only where the answer has to wait for something."""
        try:
            now = self.now()
            wait_s = connection.bucket.take(now)
            if wait_s:
                return self._too_early(connection, wait_s, now)
            if now > self._ownership.valid_until:
                # A process that was stopped for a while does not know yet whether the rooms are still its own.
                self._ownership.want()
                raise self._context.elsewhere()
            command = COMMANDS.get(event)
            if command is None:
                raise Refused(Code.UNKNOWN_EVENT)
            payload = args[1] if isinstance(args, tuple) else _checked(command, args)
            reply = command.run(self._context, connection, payload)
        except Refused as refused:
            return refusal(refused)
        except Exception as error:
            return _failed(event, error)
        if type(reply) is dict or isinstance(reply, GRANTED):  # nearly all are data alone
            return reply
        return self._later(event, reply)

    def too_large(self, connection: Connection) -> Outcome:
        """The answer to a request that was not even read."""
        return self._not_run(connection, Refused(Code.PAYLOAD_TOO_LARGE))

    def unreadable(self, connection: Connection) -> Outcome:
        """The answer to a request that is JSON, but not to be taken in (nested too deep)."""
        return self._not_run(connection, Refused(Code.INVALID_PAYLOAD, "The request cannot be read."))

    def binary(self, connection: Connection) -> Outcome:
        """The answer to a request with binary attachments."""
        return self._not_run(connection, Refused(Code.INVALID_PAYLOAD, "This protocol has no binary attachments."))

    def limited(self, connection: Connection) -> Outcome | None:
        """Count a request that is run elsewhere; the refusal of one that comes too early."""
        wait_s = connection.bucket.take(self.now())
        return self.refuse(too_many(wait_s)) if wait_s else None

    def refuse(self, refused: Refused) -> Outcome:
        """The answer to a request that was to be run elsewhere, and was not."""
        self.not_run[refused.code.value] += 1
        return refusal(refused)

    def _not_run(self, connection: Connection, refused: Refused) -> Outcome:
        # It counts like any other.
        now = self.now()
        wait_s = connection.bucket.take(now)
        answer = self._too_early(connection, wait_s, now) if wait_s else refusal(refused)
        self.not_run[answer.error["code"]] += 1
        return answer

    def _too_early(self, connection: Connection, wait_s: float, now: float) -> Refusal:
        """RATE_LIMITED. It is the last answer of a connection whose patience is used up: then it is closed."""
        return refusal(too_many(wait_s))._replace(final=connection.transport.tires(now))

    async def _later(self, event: str, reply: Awaitable[Granted]) -> Outcome:
        try:
            granted = await reply
        except Refused as refused:
            return refusal(refused)
        except Exception as error:
            return _failed(event, error)
        return granted


def _failed(event: str, error: Exception) -> Outcome:
    log.error("A request failed: %s raised %s at %s", event, type(error).__name__, _place(error))
    return refusal(Refused(Code.INTERNAL_ERROR))


def _checked(command: Command[Any], args: list[Any]) -> Any:
    if len(args) != 1:
        raise Refused(Code.INVALID_PAYLOAD, "A request carries one JSON object.")
    try:
        return command.validate(args[0])
    except ValidationError as error:
        raise not_of_the_shape(args[0], error) from None


def _place(error: BaseException) -> str:
    # The message of an exception may repeat what was said; where it was raised never does.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"


__all__ = ["COMMANDS", "Command", "Dispatcher"]
