"""The largest capacity and the longest life that a creator may ask for: what the operator has set is in the schemas."""

from __future__ import annotations

import json
from typing import Any

from server.settings import Settings

CEILINGS = {"capacity": "max_room_capacity", "expiresInS": "max_room_ttl_s"}
"""field → the setting that it must not be above"""

CEILED = ("CreateRoom", "CreateInvite", "RoomSettings", "UpdateRoom")
"""names of schemas that have such fields"""

Ceilings = tuple[float, ...]


def ceilings_of(settings: Settings) -> Ceilings:
    """What the operator has set, in the order of `CEILINGS`."""
    return tuple(getattr(settings, name) for name in CEILINGS.values())


DEFAULT: Ceilings = tuple(Settings.model_fields[name].default for name in CEILINGS.values())
"""What the committed documents say."""


def set_ceilings(schemas: dict[str, Any], ceilings: Ceilings = DEFAULT) -> None:
    """Write them into these schemas, as `maximum`."""
    for name in CEILED:
        fields = schemas[name]["properties"] if name in schemas else {}
        for field, most in zip(CEILINGS, ceilings, strict=True):
            for one in fields.get(field, {}).get("anyOf", []):
                if one["type"] != "null":
                    one["maximum"] = int(most) if most == int(most) else most


def with_ceilings(document: str, ceilings: Ceilings) -> str:
    """A document (OpenAPI, AsyncAPI) as this server means it."""
    if ceilings == DEFAULT:
        return document
    loaded = json.loads(document)
    set_ceilings(loaded["components"]["schemas"], ceilings)
    return json.dumps(loaded, indent=2, ensure_ascii=False) + "\n"
