"""Every bound of the rules, with its unit."""

from __future__ import annotations

MAX_NAME_CHARS = 64
MAX_MESSAGE_CHARS = 4_000
MAX_SEALED_CHARS = 10_000
"""A text that its sender has sealed: 4,000 characters of any script fit, as base16384 (docs/encryption.md)."""

MAX_ROOMS_PER_CONNECTION = 8
MAX_ROOMS = 100_000
MAX_TOMBSTONES = 100_000

BACKLOG_MESSAGES = 50
"""Messages that a newcomer sees of what was said before."""

BACKLOG_BYTES = 262_144
"""Bytes of them as they are sent (JSON, UTF-8), whichever ends first: the newest are kept. A page over REST, too."""

MISSED_BYTES = 327_680
"""Bytes that are sent again to one who comes back, in one room or over all; beyond, it gets a full picture instead."""

HISTORY_EVENTS = 1_000
HISTORY_BYTES = 1_048_576
HISTORY_AGE_S = 600.0
"""How far back a resumed seat can catch up, whichever of the three ends first."""

EVENT_OVERHEAD_BYTES = 300
"""What an event weighs in the history besides its text."""

CHAR_BYTES = 4
"""What a character of its text weighs there: the widest that a Python string takes."""

SENDS_REMEMBERED = 256
"""Acknowledged `clientMessageId`s kept for each seat: at least so many, and at most twice as many."""

GONE_SEATS = 256
"""Seats per room whose end is remembered, to tell an expired token from a guessed one."""

JOIN_REGRET_S = 10.0
"""How long after joining a seat that is left keeps its invite for the same join: a join that was given up."""

JOINS_REGRETTED = 256
"""Joins per room that may be repeated with the invite that they gave up; the oldest go first."""

MAX_INVITES = 500
MAX_INVITE_USES = 1_000
KNOCK_INVITE_TTL_S = 300.0
MAX_KNOCKS = 50
MAX_KNOCKS_PER_ORIGIN = 10
"""Open knocks in a room from one network address, so that one alone cannot fill the door."""

MAX_BANS = 500

EXPIRY_WARNINGS_S = (60.0, 10.0)
"""How long before its expiry the members of a room are warned."""
