"""Every bound of the engine, with its unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What one session, or one engine, may hold or take. Crossing a bound closes the session, never the process."""

    outbox_bytes: int = 1_048_576
    """Bytes that may wait for a reader. One packet alone is always taken, however long it is."""
    outbox_packets: int = 4_096
    """Packets that may wait for a reader."""
    answer_bytes_per_write: int = 16_384
    """Bytes of an answer that may wait for the end of the loop turn, to leave in one write with what follows."""
    unconnected_bytes: int | None = None
    """The longest message before `mark_connected`; None: as after it."""
    kept_bytes: int | None = None
    """The longest message that is kept; of a longer one the receiver gets the `Head`. None: all are kept."""
    input_bytes: int = 0
    """Bytes of unfinished messages of all sessions, and of those that wait for a command; 0: without end."""
    output_bytes: int = 0
    """Bytes that wait for the slow readers among all sessions; 0: without end."""
    waiting_bytes: int = 262_144
    """Characters of waiting messages beyond which the transport of a session is not read."""
    waiting_commands: int = 64
    """Messages of one session that may wait for its running command; beyond that its transport is not read."""
    packets_per_payload: int = 4_096
    """Packets in one polling POST."""
    messages_at_once: int = 4
    """Messages of one read that are handled at once where nobody stands in line, as if each had come alone."""
    messages_per_turn: int = 16
    """Messages of one session handled before other sessions have their turn."""
    fragments_per_turn: int = 128
    """The same for frames that are not the end of a message."""
    sessions: int = 100_000
    """Sessions of one engine; further handshakes are answered with 503."""
    compressed_body_bytes: int = 262_144
    """Polling responses and messages above this are sent as they are: compressing them would hold up everybody."""
    deflate_from_bytes: int = 1_024
    """Messages below this are sent as they are also where permessage-deflate was agreed on, as in JavaScript's ws."""
    deflated_bytes_per_turn: int = 1_048_576
    """Bytes of messages that are compressed, and kept compressed, in one loop turn; beyond that they go plain."""
    inflated_bytes_per_turn: int = 1_048_576
    """Inflated bytes of one session after which other sessions have their turn."""
    body_timeout_s: float = 10.0
    """How long the body of a POST may take to arrive."""
    upgrade_timeout_s: float = 10.0
    """How long an upgrade may take from the WebSocket handshake to the upgrade packet."""
    probe_poll_s: float = 0.1
    """How long a poll is kept while an upgrade is under way, before a NOOP answers it."""
    close_timeout_s: float = 1.5
    """How long a WebSocket may take to answer a close frame before its connection is cut."""
    linger_s: float = 1.5
    """How long the last packets of a polling session that was closed between two polls are kept for the next one: no
    longer than what was taken back may lie anywhere."""
    command_grace_s: float = 5.0
    """How long a command that runs when its session ends may still take before it is cancelled."""
    stalled_command_s: float = 60.0
    """How long one command may keep its session from being read before the heartbeat counts again."""
    disconnect_timeout_s: float = 30.0
    """How long the disconnect handler may take."""
    recall_look_s: float = 0.25
    """Where something is taken back that waits for a client: how often it is looked whether that has left."""
    recall_looks: int = 6
    """Looks in a row in which the client took next to nothing; then its connection is cut."""
    recall_least_bytes: int = 4_096
    """What a client takes at least in these looks, where it reads at all."""
    drain_timeout_s: float = 5.0
    """How long `drain` waits for the sessions to end."""
