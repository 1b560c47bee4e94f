"""The times of the servers here, as short as two busy cores allow."""

from __future__ import annotations

from tests.support.pace import PACE

GRACE_S = 2.0 * PACE
PING_INTERVAL_S = 1.0 * PACE
PING_TIMEOUT_S = 1.0 * PACE
LATE_S = 1.0 * PACE
"""How late a time-out may come on a machine with two busy cores."""

FAST = {
    "SEAT_GRACE_S": str(GRACE_S),
    "PING_INTERVAL_S": str(PING_INTERVAL_S),
    "PING_TIMEOUT_S": str(PING_TIMEOUT_S),
    "EVENTS_PER_S": "0",
    "LOG_LEVEL": "warning",
}
"""The environment of a server with these times."""
