"""How a change is acknowledged: with its `seq`, and then everybody who may know of it is told, its author too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rooms.events import Durable, Event
from rooms.room import Room
from server.protocol.acknowledgements import Reply
from server.usecases.aftermath import Happened


def seq_of(room: Room, events: Sequence[Event]) -> int:
    """The `seq` of what happened first; where nothing did, the room's newest, in which it is so already."""
    return next((event.seq for event in events if isinstance(event, Durable)), room.seq)


def changed(room: Room, events: Sequence[Event], **more: Any) -> Reply:
    """The acknowledgement of a change, and the events that follow it."""
    return Reply({**more, "seq": seq_of(room, events)}, (Happened(room, events),))
