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

MAX_DATA_BYTES = 4_096
"""The `data` of a message, as JSON in UTF-8 without spaces."""

MAX_BROADCAST_BYTES = 16_384
"""The `data` of a broadcast, in the same way."""

MAX_TYPE_CHARS = 64
MAX_EMOJI_CHARS = 32
MAX_REACTION_KINDS = 20
"""Different reactions to one message."""

REACTORS_SHOWN = 20
"""Participants who are named for each reaction; all are counted."""

REACTION_BYTES = 100
"""What one participant's reaction weighs, and one who may see what is seen once."""

MIN_MESSAGE_TTL_S, MAX_MESSAGE_TTL_S = 5, 604_800
VIEW_AGAIN_S = 60.0
"""How long what is seen once is shown again to a seat that has seen it: its answer may have been lost."""

MAX_POLLS = 20
MAX_QUESTION_CHARS = 300
MAX_OPTION_CHARS = 100
MIN_OPTIONS, MAX_OPTIONS = 2, 12
POLLS_BYTES = 131_072
"""Questions and options of a room's polls, as JSON in UTF-8: they are in each snapshot."""

VOTE_BYTES = 200
"""What one participant's vote weighs."""

RECEIPTS_CAPACITY = 50
"""Rooms that may have more people neither say who has read what, nor who has voted for what."""

MAX_ATTRIBUTES = 16
MAX_ATTRIBUTES_BYTES = 2_048
"""A participant's attributes, as JSON in UTF-8 without spaces."""

SNAPSHOT_ATTRIBUTES_BYTES = 65_536
"""Attributes in one list of participants; those that fit no more are left out, and said to be."""

SEARCHED_MESSAGES = 10_000
"""Messages of a log that one search looks at, the newest."""

MESSAGES_KNOWN = 2_000
"""Messages of a room that can be deleted: their ids, authors and recipients are known, whether or not their content is
held."""

TRACE_BYTES = 160
"""What a message weighs whose content is held no more."""

RETRACTIONS_KNOWN = 200
"""Messages of a room that were deleted, seen or edited, and of which those are told who come back after a restart; the
oldest go first. They are part of the room's document, which is written as a whole."""

RETRACTION_BYTES = 200
"""What each of them weighs."""

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

UNATTACHED_S = 600.0
"""How long a file waits to be attached to a message before it is erased."""

MAX_ATTACHED_FILES = 10
MAX_FILE_NAME_CHARS = 255
MAX_CONTENT_TYPE_CHARS = 255

MAX_FILES_PER_ROOM = 1_000
"""Files that lie in one room at once, however small they are, uploads under way included."""

MAX_FILES = 100_000
"""Files of the process, however small they are."""
