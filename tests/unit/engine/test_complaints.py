"""Failures are logged by place, not by what a client sent, and not without end."""

from __future__ import annotations

import logging

import pytest

from server.transport.engineio import complaints as module
from server.transport.engineio.complaints import MAX_KINDS, Complaints, describe


def failure(text: str = "secret") -> Exception:
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


def test_an_error_is_described_by_type_and_place() -> None:
    said = describe(failure())
    assert said.startswith("ValueError at test_complaints.py:")
    assert said.endswith(" failure")


def test_the_same_failure_is_logged_once_and_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    complaints = Complaints()
    with caplog.at_level(logging.ERROR):
        for number in range(100):
            complaints.say("handler", failure(f"secret {number}"))
        assert len(caplog.records) == 1
        now[0] += module.REPEAT_AFTER_S
        complaints.say("handler", failure())
    assert len(caplog.records) == 2
    assert "99 more" in caplog.text
    assert "secret" not in caplog.text


def test_what_is_remembered_of_failures_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    with caplog.at_level(logging.CRITICAL):
        for number in range(MAX_KINDS * 3):
            complaints.say(f"handler {number}", failure())
    assert len(complaints._said) <= MAX_KINDS
