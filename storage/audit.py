"""`python -m storage.audit ROOM`: what MongoDB holds of a room, as text or (`--json`) as JSON. Never content.

`MONGODB_URI` and `STORAGE_SECRET` come from the environment or `.env`, as for the server. Exit code 1: the database
does not answer; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from dotenv import dotenv_values

from rooms.ports import StoreUnavailable
from storage.mongo.holdings import holdings


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is held; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m storage.audit", description="What MongoDB holds of a room.")
    parser.add_argument("room", help="the id of the room, the last part of its link")
    parser.add_argument("--json", action="store_true", help="for machines")
    wish = parser.parse_args(arguments)
    settings = {**dotenv_values(".env"), **{name: value for name, value in os.environ.items() if value}}
    uri = settings.get("MONGODB_URI")
    if not uri:
        return _complain("MONGODB_URI is empty: without a database everything is in the memory of the server.", 2)
    try:
        found = asyncio.run(holdings(uri, wish.room, settings.get("STORAGE_SECRET") or ""))
    except ValueError as error:
        return _complain(str(error), 2)
    except StoreUnavailable as error:
        return _complain(f"The database does not answer ({error}).", 1)
    print(json.dumps(found, indent=2) if wish.json else as_text(wish.room, found))  # noqa: T201 - what was asked for
    return 0


def as_text(room_id: str, found: dict[str, Any]) -> str:
    """One line for each thing that is held."""
    lines = [f"Room {room_id}"]
    for name, part in found.items():
        if not part or not any(part.values()):
            lines.append(f"  {name}: nothing")
            continue
        told = ", ".join(f"{key} {_told(value)}" for key, value in part.items())
        lines.append(f"  {name}: {told}")
    return "\n".join(lines)


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"({' '.join(value)})" if isinstance(value, list) else str(value)


def _complain(reason: str, code: int) -> int:
    print(reason, file=sys.stderr)  # noqa: T201 - the one who asked is to read this
    return code


if __name__ == "__main__":
    sys.exit(main())
