"""The states of a session, and what may follow.

    OPENING → OPEN → CLOSING → CLOSED
       └───────────────┘

OPENING: the connect handler runs. OPEN: packets flow. CLOSING: nothing is sent or taken any more; commands that were
received finish, then the disconnect event runs. CLOSED: the event is over and the engine has forgotten the session.
"""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """Where a session is in its life. It only ever moves forward."""

    OPENING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3
