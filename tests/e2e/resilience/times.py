"""The times of the servers here, as short as two busy cores allow."""

from __future__ import annotations

GRACE_S = 2.0
PING_INTERVAL_S = 1.0
PING_TIMEOUT_S = 1.0

FAST = {
    "SEAT_GRACE_S": str(GRACE_S),
    "PING_INTERVAL_S": str(PING_INTERVAL_S),
    "PING_TIMEOUT_S": str(PING_TIMEOUT_S),
    "EVENTS_PER_S": "0",
    "LOG_LEVEL": "warning",
}
"""The environment of a server with these times."""
