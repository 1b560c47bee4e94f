"""The published files and their contents."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from server.schema.asyncapi import asyncapi
from server.schema.openapi import openapi
from server.schema.typescript import typescript

DOCS = Path(__file__).resolve().parents[2] / "docs"


class Published(NamedTuple):
    """A file: its name, which is also its path on the server, its media type and its text."""

    name: str
    media_type: str
    text: str


@cache
def published() -> tuple[Published, ...]:
    """Every file, generated from the models."""
    return (
        Published("openapi.json", "application/json", _json(openapi())),
        Published("asyncapi.json", "application/json", _json(asyncapi())),
        Published("events.d.ts", "application/typescript", typescript()),
    )


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
