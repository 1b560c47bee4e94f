"""`docs/protocol.md` says what the code does."""

from __future__ import annotations

import re

import pytest

from rooms import limits
from rooms.errors import Code
from server.protocol.events import EVENTS
from server.schema.markdown import TABLES, filled
from server.schema.operations import OPERATIONS
from server.security import guesses
from server.settings import Settings
from server.transport.http.routes import MAX_BODY_BYTES
from server.transport.socketio import host, packets
from server.transport.socketio import namespace as sockets
from server.usecases import owning, reading
from server.usecases.commands import COMMANDS
from signaling import relay
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "protocol.md").read_text()
FLOWING = " ".join(PAGE.split())


def test_the_tables_are_what_the_code_says() -> None:
    assert filled(PAGE) == PAGE, "run `make schemas`"
    assert set(re.findall(r"<!-- table: (\w+) -->", PAGE)) == set(TABLES) - {"bounds", "metrics", "labels"}


def test_everything_has_its_row() -> None:
    rows = {cell for line in PAGE.splitlines() if line.startswith("| `") for cell in re.findall(r"`([^`]+)`", line)}
    assert set(COMMANDS) <= rows
    assert set(EVENTS) <= rows
    assert {code.value for code in Code} <= rows
    assert {f"{one.method.upper()} {one.path}" for one in OPERATIONS} <= rows
    assert {name.upper() for name in Settings.model_fields} <= rows


@pytest.mark.parametrize(
    ("sentence", "holds"),
    [
        ("A request of more than 256 KiB", packets.MAX_PACKET_BYTES == 256 * 1024),
        ("of more than 16 KiB before CONNECT", host.MAX_UNCONNECTED_BYTES == 16 * 1024),
        ("a transport message of more than 4 MiB", host.MAX_FRAME_BYTES == 4 * 1024 * 1024),
        ("One connection holds up to 8 seats", limits.MAX_ROOMS_PER_CONNECTION == 8),
        ("(the last 256 are remembered)", limits.SENDS_REMEMBERED == 256),
        (
            "at most 256 signals, 512 KiB and 60 s",
            (relay.MAILBOX_SIGNALS, relay.MAILBOX_BYTES, relay.MAILBOX_AGE_S) == (256, 512 * 1024, 60),
        ),
        ("one join within five minutes", limits.KNOCK_INVITE_TTL_S == 300),
        ("is closed a second later", sockets.LINGER_S == 1),
        ("`room-expiring` 60 s and 10 s ahead", limits.EXPIRY_WARNINGS_S == (60, 10)),
        ("Bodies are JSON of at most 64 KiB", MAX_BODY_BYTES == 64 * 1024),
        ("(1 to 255 characters) on `POST /api/rooms`", owning.MAX_IDEMPOTENCY_KEY_CHARS == 255),
        ("(the last 10,000 keys)", owning.MAX_IDEMPOTENCY_KEYS == 10_000),
        ("others through the last 50", limits.BACKLOG_MESSAGES == reading.MESSAGES_PER_PAGE == 50),
        ("any JSON of at most 4 KiB", limits.MAX_DATA_BYTES == 4 * 1024),
        ("The same seat gets the same answer for 60 s", limits.VIEW_AGAIN_S == 60),
        ("for newcomers' 50 messages", limits.BACKLOG_MESSAGES == 50),
        ("for the last 2,000 of the room", limits.MESSAGES_KNOWN == 2_000),
        ("any string of at most 32 characters", limits.MAX_EMOJI_CHARS == 32),
        ("at most 20 different ones a message", limits.MAX_REACTION_KINDS == 20),
        ("each names at most 20 participants", limits.REACTORS_SHOWN == 20),
        ("A room that may have more than 50 people has none", limits.RECEIPTS_CAPACITY == 50),
        (
            "a question of at most 300 characters and 2 to 12 options of at most 100",
            (limits.MAX_QUESTION_CHARS, limits.MIN_OPTIONS, limits.MAX_OPTIONS, limits.MAX_OPTION_CHARS)
            == (300, 2, 12, 100),
        ),
        ("at most 20 polls, and 128 KiB of", (limits.MAX_POLLS, limits.POLLS_BYTES) == (20, 128 * 1024)),
        ("at most 16 strings and 2 KiB", (limits.MAX_ATTRIBUTES, limits.MAX_ATTRIBUTES_BYTES) == (16, 2 * 1024)),
        ("at most 64 KiB of attributes", limits.SNAPSHOT_ATTRIBUTES_BYTES == 64 * 1024),
        ("any JSON of at most 16 KiB", limits.MAX_BROADCAST_BYTES == 16 * 1024),
        ("a `type` of 1 to 64 characters", limits.MAX_TYPE_CHARS == 64),
        ("among its newest 10,000", limits.SEARCHED_MESSAGES == 10_000),
        ("At most 500 are open at once", limits.MAX_INVITES == 500),
        (
            "after 100 wrong tokens, or 10 wrong passwords",
            (guesses.TOKEN_FAILURES, guesses.PASSWORD_FAILURES) == (100, 10),
        ),
    ],
)
def test_every_number_in_the_prose_is_the_one_in_the_code(sentence: str, holds: bool) -> None:
    assert sentence in FLOWING
    assert holds


def test_every_name_in_the_prose_exists() -> None:
    known = {*COMMANDS, *EVENTS, *(code.value for code in Code), *(name.upper() for name in Settings.model_fields)}
    known |= {"public-url", "socket-io", "user-agent"}
    prose = re.sub(r"<!-- table.*?<!-- /table -->|```.*?```", "", PAGE, flags=re.DOTALL)
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+|[A-Z]+(?:_[A-Z]+)+)`", prose))
    assert named - known == set()


def test_the_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target


def test_lists_of_numbers_are_told_as_such() -> None:
    """A vote with `["1"]` is refused."""
    assert "`choices: [number]`" in PAGE
    assert "`counts: [number]`" in PAGE
