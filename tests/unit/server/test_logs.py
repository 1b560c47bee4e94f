"""Logging: forms, levels, and what never gets through."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from server.observability import logs

WORD = "xyzzyplugh"
LOGGERS = ["", *logs.PAYLOAD_LOGGERS]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = [(name, logging.getLogger(name).level) for name in LOGGERS]
    handlers = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = handlers
    for name, level in before:
        logging.getLogger(name).setLevel(level)


def log_a_failure() -> None:
    try:
        raise ValueError(WORD)
    except ValueError:
        logging.getLogger("server.somewhere").exception("It failed.")


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_exception_is_named_without_its_message(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", form)
    log_a_failure()
    said = capsys.readouterr().err
    assert "It failed." in said
    assert "ValueError" in said
    assert WORD not in said


def test_the_console_says_where_it_failed(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "console")
    log_a_failure()
    assert "test_logs.py" in capsys.readouterr().err


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    logging.getLogger("server.somewhere").warning("Two\nlines and %d", 7)
    (line,) = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert set(record) == {"time", "level", "logger", "message"}
    assert (record["level"], record["logger"], record["message"]) == ("warning", "server.somewhere", "Two\nlines and 7")


def test_the_level_decides(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", "console")
    logging.getLogger("server").info("quiet")
    logging.getLogger("server").warning("loud")
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["loud"]


@pytest.mark.parametrize("name", [*logs.PAYLOAD_LOGGERS, "pymongo.command"])
def test_what_logs_its_payload_stays_silent_at_debug(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "console")
    logging.getLogger(name).debug(WORD)
    logging.getLogger(name).info(WORD)
    assert capsys.readouterr().err == ""
