"""Log lines about failures that clients can cause at will: without their text, and not without end."""

from __future__ import annotations

import logging
from pathlib import PurePath
from time import monotonic
from typing import Final

logger = logging.getLogger("server.transport.engineio")

REPEAT_AFTER_S: Final = 10.0
MAX_KINDS: Final = 256
PLACES: Final = 3


class Complaints:
    """Logs each kind of failure at most once in `REPEAT_AFTER_S`, with the number that was left out."""

    __slots__ = ("_said",)

    def __init__(self) -> None:
        self._said: dict[str, tuple[float, int]] = {}

    def say(self, what: str, error: BaseException) -> None:
        """`what` failed with `error`."""
        line = f"{what} failed: {describe(error)}"
        now = monotonic()
        said_at, left_out = self._said.get(line, (now - REPEAT_AFTER_S, 0))
        if now - said_at < REPEAT_AFTER_S:
            self._said[line] = (said_at, left_out + 1)
            return
        if len(self._said) >= MAX_KINDS:
            self._said.clear()
        self._said[line] = (now, 0)
        logger.error("%s (%d more like it since the last line)", line, left_out) if left_out else logger.error(line)


def describe(error: BaseException) -> str:
    """Type and place of an error, without its text: messages of exceptions may carry what a client sent."""
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{PurePath(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' < '.join(reversed(places[-PLACES:]))}"
