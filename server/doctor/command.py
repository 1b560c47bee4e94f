"""The command itself: `python -m server doctor [--json]`."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Sequence

from pydantic import ValidationError

from server.doctor.checks import examine
from server.doctor.findings import Finding, as_json, as_text, error, exit_code
from server.settings import Settings

BAD_SETTINGS = 2


def run(arguments: Sequence[str]) -> int:
    """Print what was found; the exit code is 0, 1 where something does not work, 2 where the environment makes no
    sense.
    """
    parser = argparse.ArgumentParser(
        "python -m server doctor", description="Look at a deployment: what is wrong with it?"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # what is found is told once
    tell = as_json if options.json else as_text
    try:
        settings = Settings()
    except ValidationError as wrong:
        print(tell(_of(wrong)))  # noqa: T201 - this is a command
        return BAD_SETTINGS
    findings = asyncio.run(_all(settings))
    print(tell(findings))  # noqa: T201
    return exit_code(findings)


async def _all(settings: Settings) -> list[Finding]:
    return [finding async for finding in examine(settings)]


def _of(wrong: ValidationError) -> list[Finding]:
    found = wrong.errors(include_input=False, include_url=False)
    return [
        error("settings", f"{str(one['loc'][0]).upper()} {one['msg'].removeprefix('Value error, ')}", "Change it.")
        for one in found
    ]
