"""What a client writes into the query of its connection, read: `fault=drop-after:5s,refuse:join-room:ROOM_FULL*2`."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qs

from rooms.errors import Code

MAX_FAULTS = 8
"""That one connection may ask for."""

MAX_AFTER_S = 3_600.0
MAX_DELAY_S = 10.0
MAX_TIMES = 1_000
MAX_RUN_CHARS = 64

_TIME = re.compile(r"(\d{1,7})(ms|s)")
_RUN = re.compile(rf"[\w-]{{1,{MAX_RUN_CHARS}}}")


class Kind(StrEnum):
    """What can go wrong."""

    DELAY = "delay"
    DROP_AFTER = "drop-after"
    SILENT_AFTER = "silent-after"
    RESTART_AFTER = "restart-after"
    DROP_ANSWER = "drop-answer"
    REFUSE = "refuse"
    REFUSE_CONNECT = "refuse-connect"


FORMS = {
    Kind.DELAY: "delay:TIME",
    Kind.DROP_AFTER: "drop-after:TIME",
    Kind.SILENT_AFTER: "silent-after:TIME",
    Kind.RESTART_AFTER: "restart-after:TIME",
    Kind.DROP_ANSWER: "drop-answer:EVENT",
    Kind.REFUSE: "refuse:EVENT:CODE",
    Kind.REFUSE_CONNECT: "refuse-connect",
}
"""How each is written. TIME is a whole number of `ms` or `s`."""


class Fault(NamedTuple):
    """One of those that a client asks for; what it does not need is zero or empty."""

    text: str
    kind: Kind
    seconds: float = 0.0
    event: str = ""
    code: Code | None = None
    times: int = 0
    """How often at most; 0: always."""


class Wish(NamedTuple):
    """What a client asks for. `run` is the name under which it counts, over all its connections."""

    faults: tuple[Fault, ...]
    run: str = ""


NOTHING = Wish(())


class Misspelt(ValueError):
    """What is written cannot be read; the message says why, and is for the client."""


def read_wish(query: str, events: Collection[str]) -> Wish:
    """The wish in a query string. Raises `Misspelt`. `events` are the names of all requests."""
    if "fault" not in query:
        return NOTHING
    asked = parse_qs(query)
    texts = [text.strip() for value in asked.get("fault", ()) for text in value.split(",") if text.strip()]
    if len(texts) > MAX_FAULTS:
        raise Misspelt(f"A connection may ask for {MAX_FAULTS} faults.")
    run = asked.get("faultRun", [""])[-1]
    if run and not _RUN.fullmatch(run):
        raise Misspelt(f"faultRun is up to {MAX_RUN_CHARS} letters, digits, _ and -.")
    return Wish(tuple(_read(text, events) for text in texts), run)


def _read(text: str, events: Collection[str]) -> Fault:
    written, star, count = text.partition("*")
    name, *parts = written.split(":")
    try:
        kind = Kind(name)
    except ValueError:
        raise Misspelt(f"There is no such fault. There are {', '.join(FORMS.values())}.") from None
    if len(parts) != FORMS[kind].count(":"):
        raise Misspelt(f"It is written {FORMS[kind]}.")
    fault = Fault(text, kind, times=_times(count) if star else 0)
    match kind:
        case Kind.DELAY:
            return fault._replace(seconds=_seconds(parts[0], MAX_DELAY_S))
        case Kind.DROP_AFTER | Kind.SILENT_AFTER | Kind.RESTART_AFTER:
            return fault._replace(seconds=_seconds(parts[0], MAX_AFTER_S))
        case Kind.DROP_ANSWER:
            return fault._replace(event=_event(parts[0], events))
        case Kind.REFUSE:
            return fault._replace(event=_event(parts[0], events), code=_code(parts[1]))
        case Kind.REFUSE_CONNECT:
            return fault


def _times(count: str) -> int:
    if not (count.isascii() and count.isdigit() and 0 < int(count[:9]) <= MAX_TIMES):
        raise Misspelt(f"*N is a number from 1 to {MAX_TIMES}.")
    return int(count)


def _seconds(text: str, most: float) -> float:
    found = _TIME.fullmatch(text)
    seconds = int(found[1]) / (1_000 if found[2] == "ms" else 1) if found is not None else -1.0
    if not 0 <= seconds <= most:
        raise Misspelt(f"TIME is a whole number of ms or s, up to {most:g} s: 200ms, 5s.")
    return seconds


def _event(name: str, events: Collection[str]) -> str:
    if name not in events:
        raise Misspelt("There is no request of that name.")
    return name


def _code(name: str) -> Code:
    try:
        return Code(name)
    except ValueError:
        raise Misspelt("There is no such error code.") from None
