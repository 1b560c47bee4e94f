"""Logging: one line a record, for people or as JSON (structlog). Nothing that clients send is ever logged."""

from __future__ import annotations

import logging
import logging.config
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor

MAX_FRAMES = 12

# These log what they carry, at levels that somebody may switch on; python-engineio does so even in its errors.
PAYLOAD_LOGGERS = {
    "engineio": "CRITICAL",
    "engineio.server": "CRITICAL",
    "socketio": "CRITICAL",
    "socketio.server": "CRITICAL",
    "aiohttp.access": "ERROR",
    "aiohttp.server": "ERROR",
    "pymongo": "ERROR",
}


class ConsoleFormatter(logging.Formatter):
    """For people. An exception is shown as its type and its place, without its message, which may carry content."""

    def formatException(self, ei: Any) -> str:
        """The type and the frames of an exception, outermost first."""
        frames = traceback.extract_tb(ei[2], limit=-MAX_FRAMES)
        places = "".join(f"\n  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        return f"{ei[0].__name__}{places}"


REQUEST_FIELDS = ("method", "route", "status", "ms")
"""What a line about a request says besides its message (`server.transport.http.request_log`)."""


def _as_line(_: Any, __: str, event: EventDict) -> EventDict:
    """`{time, level, logger, message}`, what a request adds, and an exception by its name alone."""
    record: logging.LogRecord = event["_record"]
    line: EventDict = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": event["event"],
    }
    raised = event.get("exc_info")
    if raised and raised[0] is not None:
        # Its message may carry content.
        line["exception"] = raised[0].__name__
    line.update((name, event[name]) for name in (*REQUEST_FIELDS, "request_id") if name in event)
    return line


def _dumps(line: Any, **_: Any) -> str:
    return orjson.dumps(line).decode()


JSON: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.ExtraAdder(allow=REQUEST_FIELDS),
    _as_line,
    structlog.processors.JSONRenderer(serializer=_dumps),
)


def configure(level: str, form: str) -> None:
    """Send all logs to standard error, in the chosen form."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "console": {
                    "()": ConsoleFormatter,
                    "format": "%(asctime)s %(levelname)-7s %(message)s",
                    "datefmt": "%H:%M:%S",
                },
                "json": {"()": structlog.stdlib.ProcessorFormatter, "processors": JSON},
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
            "root": {"level": level.upper(), "handlers": ["stderr"]},
            "loggers": {name: {"level": least} for name, least in PAYLOAD_LOGGERS.items()},
        }
    )
