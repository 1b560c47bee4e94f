"""Logging: one line a record, for people or as JSON. Nothing that clients send is ever logged."""

from __future__ import annotations

import logging
import logging.config
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

MAX_FRAMES = 12

# These log what they carry, at levels that somebody may switch on; the stock engine does so even in its errors.
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


class JsonFormatter(logging.Formatter):
    """`{time, level, logger, message}` on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as JSON; an exception is named without its message, which may carry content."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        return orjson.dumps(line).decode()


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
                "json": {"()": JsonFormatter},
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
            "root": {"level": level.upper(), "handlers": ["stderr"]},
            "loggers": {name: {"level": least} for name, least in PAYLOAD_LOGGERS.items()},
        }
    )
