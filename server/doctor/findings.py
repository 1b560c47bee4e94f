"""What a check found, and how it is told: as text for people, as JSON for machines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import orjson


class Status(StrEnum):
    """`ok`; `warning`: it works, but hardly as meant; `error`: something does not work; `skipped`: not looked at."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


MARKS = {Status.OK: "ok  ", Status.WARNING: "warn", Status.ERROR: "FAIL", Status.SKIPPED: "skip"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` is what to do about it; empty where there is nothing to do."""

    check: str
    status: Status
    message: str
    remedy: str = ""


def ok(check: str, message: str) -> Finding:
    """It is as it should be."""
    return Finding(check, Status.OK, message)


def warning(check: str, message: str, remedy: str) -> Finding:
    """It works, but hardly as meant."""
    return Finding(check, Status.WARNING, message, remedy)


def error(check: str, message: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(check, Status.ERROR, message, remedy)


def skipped(check: str, why: str) -> Finding:
    """It was not looked at."""
    return Finding(check, Status.SKIPPED, why)


def exit_code(findings: Iterable[Finding]) -> int:
    """1 where something does not work, else 0."""
    return int(any(one.status is Status.ERROR for one in findings))


def as_text(findings: Iterable[Finding]) -> str:
    """A line for each, and one below it for what to do."""
    lines = []
    for one in findings:
        lines.append(f"{MARKS[one.status]}  {one.check}: {one.message}")
        if one.remedy:
            lines.append(f"      → {one.remedy}")
    return "\n".join(lines)


def as_json(findings: Iterable[Finding]) -> str:
    """`{ok, checks: [{check, status, message, remedy?}]}`."""
    found = list(findings)
    checks = [
        {"check": one.check, "status": one.status.value, "message": one.message}
        | ({"remedy": one.remedy} if one.remedy else {})
        for one in found
    ]
    return orjson.dumps({"ok": exit_code(found) == 0, "checks": checks}, option=orjson.OPT_INDENT_2).decode()
