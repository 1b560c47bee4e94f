"""A client of Mayfly servers for Python: rooms, chat and signaling over Socket.IO (docs/other-languages.md).

What is named here is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mayfly_client.channel import Refused, Unreachable
    from mayfly_client.link import LinkError, parse_link
    from mayfly_client.room import Event, Room

_WHERE = {
    "Event": "room",
    "LinkError": "link",
    "Refused": "channel",
    "Room": "room",
    "Unreachable": "channel",
    "parse_link": "link",
}

__all__ = ["Event", "LinkError", "Refused", "Room", "Unreachable", "parse_link"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
