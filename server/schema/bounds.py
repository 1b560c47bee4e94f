"""The table of `docs/limits.md`: every bound, with its name, unit, value, place and test."""

from __future__ import annotations

from importlib import import_module
from typing import Final, NamedTuple

from server.settings import Settings
from server.transport.engineio.limits import EngineLimits


class Bound(NamedTuple):
    """One row. `name` is of a constant in `module`, of a field of `EngineLimits`, or of a setting."""

    module: str
    name: str
    unit: str
    meaning: str
    test: str


ENGINE: Final = "server.transport.engineio.limits"
HOST: Final = "server.transport.socketio.host"
PACKETS: Final = "server.transport.socketio.packets"
SETTING: Final = "server.settings"
LONG: Final = "tests/integration/contract/test_long_messages.py"
QUOTAS: Final = "tests/integration/contract/test_quotas.py"
BUDGETS: Final = "tests/unit/server/test_memory.py"
ATTACKS: Final = "tests/integration/test_attacks.py"
ERRORS: Final = "tests/integration/contract/test_errors.py"
LARGEST: Final = "tests/integration/contract/test_largest_state.py"
ENCRYPTED: Final = "tests/integration/contract/test_encrypted_rooms.py"
RECOVERY: Final = "tests/unit/server/test_recovery.py"
JOINING: Final = "tests/unit/rooms/test_joining.py"
BINARY: Final = "tests/integration/contract/test_binary.py"
HOSTED: Final = "tests/integration/socketio/test_hosted_namespaces.py"
GUARD: Final = "tests/integration/contract/test_guessing.py"
HARDENING: Final = "tests/integration/contract/test_hardening.py"
API_KEYS: Final = "tests/integration/contract/test_api_keys.py"
REST_MESSAGES: Final = "tests/integration/contract/test_rest_messages.py"
OPERATOR: Final = "tests/integration/contract/test_admin.py"
MESSAGES: Final = "tests/integration/contract/test_messages.py"
RULES_OF_MESSAGES: Final = "tests/unit/rooms/test_messages.py"
REACTIONS: Final = "tests/integration/contract/test_reactions.py"
DISAPPEARING: Final = "tests/integration/contract/test_disappearing.py"
POLLS: Final = "tests/integration/contract/test_polls.py"
PEOPLE: Final = "tests/integration/contract/test_people.py"
JOURNAL: Final = "tests/unit/server/test_journal.py"
GATE: Final = "tests/unit/server/test_gate.py"
NODES: Final = "tests/integration/test_redis_nodes.py"
GATHERED: Final = "tests/integration/cluster/test_gathered.py"
OUTAGE: Final = "tests/integration/test_redis_outage.py"
WENT_BACK: Final = "tests/integration/test_redis_went_back.py"
RECORDER: Final = "tests/unit/server/test_recorder.py"
REDIS_PIPELINE: Final = "tests/contract/test_redis_pipeline.py"
REDIS_KEEPER: Final = "tests/contract/test_redis_keeper.py"
SPARING: Final = "tests/unit/server/test_sparing.py"
FILES: Final = "tests/integration/contract/test_files.py"
FILE_QUOTAS: Final = "tests/unit/server/test_file_quotas.py"
FILE_RULES: Final = "tests/unit/rooms/test_files.py"
SHELF: Final = "tests/unit/server/test_shelf.py"
RESTARTS: Final = "tests/integration/test_files_restart.py"
FILE_STORES: Final = "tests/contract/test_file_store.py"
RETRACTIONS: Final = "tests/unit/rooms/test_retractions.py"
HISTORY: Final = "tests/unit/rooms/test_history.py"
LEDGER: Final = "tests/unit/rooms/test_ledger.py"
TOKENS: Final = "tests/integration/contract/test_join_tokens.py"
CLAIMS: Final = "tests/unit/server/test_claims.py"
KEY_SETS: Final = "tests/unit/server/test_join_tokens.py"
REQUESTS: Final = "tests/integration/contract/test_request_log.py"
HOOKS: Final = "tests/unit/server/test_hook_queue.py"
WEBHOOKS: Final = "tests/integration/contract/test_webhooks.py"
KEPT_HOOKS: Final = "tests/unit/server/test_kept_outbox.py"
SHARED_HOOKS: Final = "tests/unit/server/test_shared_outbox.py"
HANDSHAKE: Final = "tests/integration/engine/test_handshake.py"
CLOSING: Final = "tests/integration/engine/test_closing.py"
RECALLS: Final = "tests/integration/engine/test_recall.py"
POLLING: Final = "tests/integration/engine/test_polling.py"
DESCRIPTORS: Final = "tests/unit/server/test_descriptors.py"
DIRECTORY: Final = "tests/unit/rooms/test_directory.py"
LEAVING: Final = "tests/unit/rooms/test_leaving.py"
MODERATION: Final = "tests/unit/rooms/test_moderation.py"
SCHEDULE: Final = "tests/unit/rooms/test_schedule.py"
INVITES: Final = "tests/unit/rooms/test_invites.py"
UNREAD: Final = "tests/integration/contract/test_unread_responses.py"
WEBSOCKET: Final = "tests/integration/engine/test_websocket.py"
TURNS: Final = "tests/unit/engine/test_turns.py"
SESSIONS: Final = "tests/integration/contract/test_session_log.py"
OWNERS: Final = "tests/integration/test_two_owners.py"
WORKERS: Final = "tests/integration/test_workers.py"
OWNERSHIP: Final = "tests/unit/server/test_ownership.py"
FRAMES: Final = "tests/unit/cluster/test_frames.py"
LINKS: Final = "tests/unit/cluster/test_links.py"
EDGES: Final = "tests/unit/cluster/test_edge_and_owner.py"
INBOXES: Final = "tests/contract/test_redis_inboxes.py"
RELAYED: Final = "tests/unit/cluster/test_relay.py"
FAULTS: Final = "tests/integration/contract/test_faults.py"
SPELLING: Final = "server.faults.spelling"
RESTART: Final = "server.faults.restart"

BOUNDS: Final = (
    Bound(SETTING, "memory_budget_mb", "MiB", "Resident memory of the process.", ATTACKS),
    Bound(SETTING, "max_connections", "connections", "Of the process.", QUOTAS),
    Bound(SETTING, "max_connections_per_address", "connections", "Of one address.", QUOTAS),
    Bound(SETTING, "max_unseated_per_address", "connections", "Of one address, in no room.", QUOTAS),
    Bound(SETTING, "max_rooms_per_address", "rooms", "Made by one address, with nobody in them.", QUOTAS),
    Bound(SETTING, "max_seats_per_address", "seats", "Of one address, in all rooms.", QUOTAS),
    Bound("server.security.memory", "ROOMS_SHARE", "of what is left", "Histories, backlogs and mailboxes.", BUDGETS),
    Bound("server.security.memory", "OUTPUT_SHARE", "of what is left", "What waits for slow readers.", BUDGETS),
    Bound("server.security.memory", "INPUT_SHARE", "of what is left", "Unfinished input.", BUDGETS),
    Bound("server.security.descriptors", "RESERVE", "descriptors", "That no socket gets, at least.", DESCRIPTORS),
    Bound("server.security.descriptors", "RESERVE_SHARE", "of the limit", "That no socket gets.", DESCRIPTORS),
    Bound(
        "server.transport.http.listener",
        "HEAD_TIMEOUT_S",
        "s",
        "Until the head of a first request is complete.",
        "tests/unit/server/test_door.py",
    ),
    Bound(
        "server.transport.http.listener",
        "MAX_SILENT_PER_ADDRESS",
        "connections",
        "Of one peer, without a request.",
        "tests/unit/server/test_door.py",
    ),
    Bound(
        "server.observability.errors",
        "EVENTS_AT_ONCE",
        "reports",
        "Of errors, to SENTRY_DSN; then one a second.",
        "tests/integration/test_error_reports.py",
    ),
    Bound(
        "server.usecases.connections",
        "REFUSED_AT_ONCE",
        "requests",
        "That come too early, before their connection is closed.",
        "tests/integration/test_hurried.py",
    ),
    Bound(
        "server.transport.http.listener",
        "SILENT_S",
        "s",
        "Before one of too many silent connections goes.",
        "tests/unit/server/test_door.py",
    ),
    Bound(
        "server.transport.http.listener",
        "MAX_YOUNG_PER_ADDRESS",
        "connections",
        "Of one peer, without a request, that came in one moment.",
        "tests/unit/server/test_door.py",
    ),
    Bound(
        "server.transport.engineio.direct",
        "MAX_QUERIES",
        "queries",
        "Of handshakes, whose meaning is remembered; each of 1,024 characters at most.",
        "tests/integration/engine/test_direct.py",
    ),
    Bound(
        "server.transport.engineio.origins",
        "MAX_ORIGINS",
        "origins",
        "Whose headers are remembered as they are written; each as long as a line of a request may be.",
        "tests/integration/engine/test_direct.py",
    ),
    Bound(
        "server.usecases.snapshot_parts",
        "KEPT_FROM_SEATS",
        "seats",
        "That a room has before what its snapshots say of each is kept, once.",
        "tests/unit/server/test_snapshot_parts.py",
    ),
    Bound(HOST, "MAX_UNCONNECTED_BYTES", "bytes", "A message before CONNECT.", LONG),
    Bound(PACKETS, "MAX_PACKET_BYTES", "bytes", "A request that is kept and read.", LONG),
    Bound(HOST, "MAX_FRAME_BYTES", "bytes", "A message that does not close its connection.", LONG),
    Bound(
        ENGINE, "outbox_bytes", "bytes", "That wait for one reader.", "tests/integration/engine/test_slow_readers.py"
    ),
    Bound(ENGINE, "outbox_packets", "packets", "That wait for one reader.", "tests/unit/engine/test_outbox.py"),
    Bound(
        ENGINE,
        "waiting_commands",
        "messages",
        "That wait for a running command.",
        "tests/integration/engine/test_commands.py",
    ),
    Bound(ENGINE, "waiting_bytes", "characters", "Of these messages.", "tests/integration/engine/test_commands.py"),
    Bound(
        ENGINE,
        "answer_bytes_per_write",
        "bytes",
        "Of an answer, before it leaves at once.",
        "tests/integration/engine/test_slow_readers.py",
    ),
    Bound(ENGINE, "packets_per_payload", "packets", "In one polling body.", POLLING),
    Bound(ENGINE, "sessions", "sessions", "Of one engine, whatever the quotas.", HANDSHAKE),
    Bound(ENGINE, "recall_look_s", "s", "Between two looks at who does not take what was taken back.", RECALLS),
    Bound(ENGINE, "recall_looks", "looks", "At one who takes next to nothing, before it is cut.", RECALLS),
    Bound(ENGINE, "recall_least_bytes", "bytes", "Taken in these, by one that reads.", RECALLS),
    Bound(ENGINE, "linger_s", "s", "For the last packets of a closed polling session.", CLOSING),
    Bound(ENGINE, "body_timeout_s", "s", "For a polling body.", POLLING),
    Bound(
        "server.transport.http.routes",
        "MAX_BODY_BYTES",
        "bytes",
        "A REST body.",
        "tests/integration/contract/test_rest.py",
    ),
    Bound("rooms.limits", "HISTORY_EVENTS", "events", "In one history.", HISTORY),
    Bound("rooms.limits", "HISTORY_BYTES", "bytes", "In one history.", HISTORY),
    Bound("rooms.limits", "HISTORY_AGE_S", "s", "Age of an event, also in an idle room.", LEDGER),
    Bound("rooms.limits", "MESSAGES_KNOWN", "messages", "Of one room, that are known by id.", HISTORY),
    Bound(
        "rooms.limits", "RETRACTIONS_KNOWN", "messages", "Of one room, taken back, told after a restart.", RETRACTIONS
    ),
    Bound("rooms.limits", "RETRACTION_BYTES", "bytes", "That each of them weighs.", RETRACTIONS),
    Bound("rooms.limits", "BACKLOG_MESSAGES", "messages", "That a newcomer sees.", HISTORY),
    Bound("rooms.limits", "MAX_ROOMS", "rooms", "Of the process.", DIRECTORY),
    Bound("rooms.limits", "MAX_TOMBSTONES", "ended rooms", "That are remembered.", DIRECTORY),
    Bound("rooms.limits", "GONE_SEATS", "ended seats", "Of one room, that are remembered.", LEAVING),
    Bound("rooms.limits", "MAX_BANS", "bans", "Of one room.", MODERATION),
    Bound("rooms.schedule", "TIDY_FROM", "plans", "That no longer hold, before they are let go of.", SCHEDULE),
    Bound("rooms.limits", "MAX_ROOMS_PER_CONNECTION", "seats", "Of one connection.", ERRORS),
    Bound(
        "rooms.limits", "MAX_MESSAGE_CHARS", "characters", "A message.", "tests/integration/contract/test_bad_input.py"
    ),
    Bound("rooms.limits", "MAX_NAME_CHARS", "characters", "A name.", "tests/integration/contract/test_bad_input.py"),
    Bound("rooms.limits", "MAX_INVITES", "invites", "Of one room.", INVITES),
    Bound("rooms.limits", "MAX_KNOCKS", "knocks", "At one door.", "tests/unit/rooms/test_lobby.py"),
    Bound(
        "rooms.limits",
        "MAX_KNOCKS_PER_ORIGIN",
        "knocks",
        "Of one address at one door.",
        "tests/unit/rooms/test_lobby.py",
    ),
    Bound("signaling.relay", "MAILBOX_SIGNALS", "signals", "In one mailbox.", "tests/unit/signaling/test_relay.py"),
    Bound("signaling.relay", "MAILBOX_BYTES", "bytes", "In one mailbox.", "tests/unit/signaling/test_relay.py"),
    Bound("signaling.relay", "MAILBOX_AGE_S", "s", "Age of a signal in one.", "tests/unit/signaling/test_relay.py"),
    Bound("signaling.calls", "MESH_PARTICIPANTS", "people", "In one call.", "tests/unit/signaling/test_calls.py"),
    Bound("rooms.limits", "BACKLOG_BYTES", "bytes", "Messages in one snapshot, and in one page.", LARGEST),
    Bound("rooms.limits", "MISSED_BYTES", "bytes", "Events that one seat catches up on.", LARGEST),
    Bound("rooms.limits", "MAX_SEALED_CHARS", "characters", "A sealed message.", ENCRYPTED),
    Bound("rooms.limits", "JOIN_REGRET_S", "s", "In which a join can be taken back.", JOINING),
    Bound("rooms.limits", "JOINS_REGRETTED", "joins", "Taken back and remembered, in one room.", JOINING),
    Bound("server.protocol.offsets", "MAX_OFFSET_CHARS", "characters", "An offset that is read.", RECOVERY),
    Bound(PACKETS, "MAX_ATTACHMENTS", "attachments", "Of one packet, before they are refused.", BINARY),
    Bound(PACKETS, "MAX_ATTACHMENT_BYTES", "bytes", "Of these attachments.", BINARY),
    Bound(HOST, "MAX_HOSTED_ATTACHMENTS", "attachments", "Of one packet to another namespace.", HOSTED),
    Bound(
        "server.security.hashing", "MAX_WAITING", "hashes", "Waiting in one queue.", "tests/unit/server/test_hashing.py"
    ),
    Bound("server.security.hashing", "MAX_WAIT_S", "s", "For a hash.", "tests/unit/server/test_hashing.py"),
    Bound(
        "server.security.passwords", "MAX_PASSWORD_CHECKS_PER_ADDRESS", "hashes", "Of one address in one queue.", GUARD
    ),
    Bound(
        "server.security.password_doors",
        "MAX_DOORS",
        "rooms",
        "Whose wrong guesses are counted.",
        "tests/unit/server/test_doors.py",
    ),
    Bound(
        "server.security.password_doors",
        "MAX_GUESSERS",
        "addresses",
        "That guess at one room.",
        "tests/unit/server/test_doors.py",
    ),
    Bound("server.protocol.fields", "MAX_TOKEN_CHARS", "characters", "A join token.", TOKENS),
    Bound("server.security.claims", "MAX_SUBJECT_CHARS", "characters", "`sub` and `jti` of a join token.", CLAIMS),
    Bound("server.security.claims", "MAX_USER_ID_CHARS", "characters", "A `sub` that others are told.", CLAIMS),
    Bound("server.security.claims", "MAX_ATTRIBUTES", "keys", "Of the attributes in a join token.", CLAIMS),
    Bound("server.security.claims", "MAX_ATTRIBUTES_BYTES", "bytes", "Of the attributes in a join token.", CLAIMS),
    Bound("server.security.claims", "CLOCKS_APART_S", "s", "That an issuer's clock may be ahead.", CLAIMS),
    Bound("server.security.key_sets", "MAX_KEYS", "keys", "Of a key set that are looked at.", KEY_SETS),
    Bound("server.security.key_sets", "FETCHES", "fetches", "At once, for tokens by unknown keys.", KEY_SETS),
    Bound("server.security.key_sets", "KEPT_S", "s", "That keys are used which cannot be fetched again.", KEY_SETS),
    Bound("server.transport.client.fetching", "MAX_DOCUMENT_BYTES", "bytes", "A key set.", TOKENS),
    Bound("server.transport.client.fetching", "FETCH_TIMEOUT_S", "s", "For a key set.", TOKENS),
    Bound("storage.memory", "MAX_SPENT", "tokens", "Used once and remembered, without MongoDB.", TOKENS),
    Bound(
        "server.transport.http.request_log", "LINES_PER_S", "log lines", "About requests, for each second.", REQUESTS
    ),
    Bound("server.transport.http.request_log", "LINES_AT_ONCE", "log lines", "About requests, at once.", REQUESTS),
    Bound("server.outbound.hook_queue", "MAX_QUEUED", "webhooks", "That wait for one address.", HOOKS),
    Bound("server.outbound.hook_queue", "AT_ONCE", "requests", "Of webhooks to one address, under way.", HOOKS),
    Bound("server.outbound.hook_queue", "KEPT_S", "s", "That a webhook is tried to be sent.", HOOKS),
    Bound("server.transport.client.hooks", "POST_TIMEOUT_S", "s", "For one try of a webhook.", WEBHOOKS),
    Bound("server.outbound.outbox", "CLOSE_S", "s", "For webhooks that are left at a stop.", WEBHOOKS),
    Bound("server.outbound.outbox", "CLOSE_KEPT_S", "s", "The same, where what is left is kept.", KEPT_HOOKS),
    Bound("server.outbound.kept_outbox", "KEEP_AFTER_S", "s", "That a webhook waits before it is kept.", KEPT_HOOKS),
    Bound("server.outbound.kept_outbox", "KEEP_BATCH", "webhooks", "Kept, or erased, in one write.", KEPT_HOOKS),
    Bound("server.outbound.kept_outbox", "KEEP_CLOSE_S", "s", "For keeping what is left at a stop.", KEPT_HOOKS),
    Bound("server.outbound.shared_outbox", "SENDER_S", "s", "That a node sends for all, unrenewed.", SHARED_HOOKS),
    Bound("server.outbound.shared_outbox", "READ_AT_ONCE", "webhooks", "Read, or erased, at once.", SHARED_HOOKS),
    Bound("server.outbound.shared_outbox", "CLOSE_SHARED_S", "s", "For what Redis has not yet.", SHARED_HOOKS),
    Bound("server.transport.http.routes", "BODY_TIMEOUT_S", "s", "For a REST body.", HARDENING),
    Bound("server.transport.http.runner", "UNREAD_ABOVE_BYTES", "bytes", "Unread over HTTP, uncounted.", UNREAD),
    Bound("server.transport.http.runner", "UNREAD_S", "s", "In which a client reads some of its answers.", UNREAD),
    Bound("server.transport.http.runner", "MAX_IDLE", "connections", "Between two requests, over HTTP.", UNREAD),
    Bound("server.transport.engineio.turns", "TURN_S", "s", "Of one loop turn, for who has sent much.", TURNS),
    Bound("server.transport.engineio.turns", "STEPS_PER_TURN", "steps", "In one loop turn, of those.", TURNS),
    Bound(ENGINE, "messages_at_once", "messages", "Of one read, without waiting for a turn.", WEBSOCKET),
    Bound(ENGINE, "messages_per_turn", "messages", "Of one session, in one step.", WEBSOCKET),
    Bound(ENGINE, "fragments_per_turn", "frames", "Of one session, in one step.", WEBSOCKET),
    Bound("server.usecases.owning", "ROOMS_PER_PAGE", "rooms", "In one answer.", API_KEYS),
    Bound("server.transport.http.admin", "ROOMS_PER_PAGE", "rooms", "In one answer to the operator.", OPERATOR),
    Bound("server.usecases.operating", "SESSIONS_PER_PAGE", "lines", "Of the session log, in one answer.", SESSIONS),
    Bound("server.usecases.reading", "MESSAGES_PER_PAGE", "messages", "In one answer.", REST_MESSAGES),
    Bound("rooms.limits", "MAX_DATA_BYTES", "bytes", "The data of a message.", MESSAGES),
    Bound("rooms.limits", "MAX_BROADCAST_BYTES", "bytes", "The data of a broadcast.", PEOPLE),
    Bound("rooms.limits", "MAX_TYPE_CHARS", "characters", "The type of a broadcast.", PEOPLE),
    Bound("rooms.limits", "MAX_EMOJI_CHARS", "characters", "A reaction.", REACTIONS),
    Bound("rooms.limits", "MAX_REACTION_KINDS", "reactions", "Different ones to one message.", RULES_OF_MESSAGES),
    Bound("rooms.limits", "REACTORS_SHOWN", "participants", "Named for one reaction.", REACTIONS),
    Bound("rooms.limits", "MAX_MESSAGE_TTL_S", "s", "The life of a message that disappears.", DISAPPEARING),
    Bound("rooms.limits", "VIEW_AGAIN_S", "s", "What is seen once is shown again.", DISAPPEARING),
    Bound("rooms.expiry", "EXPIRED_AT_ONCE", "messages", "Taken away in one go.", "tests/unit/rooms/test_expiry.py"),
    Bound("rooms.expiry", "TIDY_ABOVE", "expiries", "Planned in one room.", "tests/unit/rooms/test_expiry.py"),
    Bound("rooms.limits", "MAX_POLLS", "polls", "Of one room.", POLLS),
    Bound("rooms.limits", "POLLS_BYTES", "bytes", "Questions and options of one room's polls.", POLLS),
    Bound("rooms.limits", "MAX_OPTIONS", "options", "Of one poll.", POLLS),
    Bound("rooms.limits", "MAX_QUESTION_CHARS", "characters", "A question.", POLLS),
    Bound("rooms.limits", "MAX_OPTION_CHARS", "characters", "An option.", POLLS),
    Bound("rooms.limits", "RECEIPTS_CAPACITY", "seats", "Of a room that shows who read and voted.", REACTIONS),
    Bound("rooms.limits", "MAX_ATTRIBUTES", "attributes", "Of one participant.", PEOPLE),
    Bound("rooms.limits", "MAX_ATTRIBUTES_BYTES", "bytes", "Of one participant's attributes.", PEOPLE),
    Bound("rooms.limits", "SNAPSHOT_ATTRIBUTES_BYTES", "bytes", "Of attributes in one list.", PEOPLE),
    Bound("rooms.limits", "SEARCHED_MESSAGES", "messages", "That one search looks at.", REST_MESSAGES),
    Bound("storage.redis.pipeline", "MAX_IN_FLIGHT", "commands", "To Redis without a reply.", REDIS_PIPELINE),
    Bound("storage.redis.keeper", "KEPT_AFTER_S", "s", "That a room stays in Redis after its end.", REDIS_KEEPER),
    Bound("storage.redis.keeper", "YOUNG_S", "s", "Nobody claims a room after older data is back.", WENT_BACK),
    Bound("server.cluster.recorder", "ENDS_KNOWN", "rooms", "That are ended again in older data.", RECORDER),
    Bound("server.cluster.gate", "SILENT_S", "s", "That an answer waits for Redis to keep a change.", GATE),
    Bound("server.cluster.gate", "LINGER_S", "s", "That what is kept waits for what was written just after it.", GATE),
    Bound("server.cluster.gate", "MAX_HELD_BYTES", "bytes", "That wait for changes; then requests are refused.", GATE),
    Bound("server.cluster.redis_rooms", "LONE_S", "s", "Without Redis until a lone node goes on.", OUTAGE),
    Bound("server.cluster.redis_rooms", "ALIVE_S", "s", "Without a heartbeat until a node counts as gone.", NODES),
    Bound("server.cluster.redis_rooms", "HOLD_S", "s", "That a request waits for a room of another node.", NODES),
    Bound("server.outbound.message_log", "MAX_QUEUED_MESSAGES", "messages", "On their way to the log.", JOURNAL),
    Bound("server.outbound.message_log", "MAX_QUEUED_ENTRIES", "entries", "These, and what erases some.", JOURNAL),
    Bound("server.cluster.ownership", "HOLD_S", "s", "A request's wait for rooms of another process.", OWNERS),
    Bound("server.cluster.frames", "MAX_FRAME_BYTES", "bytes", "What one node tells another at once.", FRAMES),
    Bound("server.cluster.frames", "MAX_BATCH_BYTES", "bytes", "Of one loop turn.", FRAMES),
    Bound("server.cluster.frames", "MAX_FRAMES", "frames", "Of one loop turn.", FRAMES),
    Bound("server.cluster.links", "MAX_UNREAD_BYTES", "bytes", "That another node has not taken yet.", LINKS),
    Bound("server.cluster.links", "MAX_PEERS", "nodes", "That one node knows.", LINKS),
    Bound("server.cluster.commands", "HOLD_S", "s", "A request's wait for a room that moves.", EDGES),
    Bound("server.cluster.commands", "ANSWER_S", "s", "A request's wait for a room on another node.", EDGES),
    Bound("server.cluster.commands", "MAX_REPEATS", "times", "A request is sent anew since its node is gone.", EDGES),
    Bound("server.cluster.commands", "MAX_FLIGHTS", "requests", "Of one connection, under way to other nodes.", EDGES),
    Bound("server.cluster.commands", "MAX_HELD_BYTES", "bytes", "Of requests under way to other nodes.", EDGES),
    Bound("server.cluster.commands", "MAX_ROUTES", "rooms", "Of which a node knows where they run.", EDGES),
    Bound("server.cluster.owner", "MAX_VISITORS", "connections", "Of other nodes, with seats here.", EDGES),
    Bound("server.cluster.owner", "MAX_BOUNCED", "rooms", "That one of them asked for and were not here.", EDGES),
    Bound("server.transport.http.gathering", "GATHER_S", "s", "That other nodes may take to add theirs.", GATHERED),
    Bound("storage.redis.inboxes", "MAX_ENTRIES", "batches", "That wait for one node, about.", INBOXES),
    Bound("storage.redis.inboxes", "INBOX_TTL_S", "s", "What waits for a node that does not come.", INBOXES),
    Bound("server.transport.http.relay", "MAX_RELAYED", "requests", "That wait for other nodes.", RELAYED),
    Bound(
        "server.transport.http.relay", "MAX_RELAYED_BYTES", "bytes", "Of one node's share of an answer of all.", RELAYED
    ),
    Bound(
        "server.transport.http.unconnected", "WHOLE_BYTES", "bytes", "Of a body, or an answer, not in parts.", RELAYED
    ),
    Bound("server.cluster.flows", "PART_BYTES", "bytes", "Of a body, from node to node at a time.", RELAYED),
    Bound("server.cluster.flows", "WINDOW_BYTES", "bytes", "Of a body, until more of it is asked for.", RELAYED),
    Bound(
        "server.cluster.links", "PLACE_BYTES", "bytes", "Not taken yet, below which parts of bodies are sent.", LINKS
    ),
    Bound("server.transport.http.asking", "BEGIN_S", "s", "For a body to come whole, or else in parts.", RELAYED),
    Bound("server.transport.http.asking", "ANSWER_S", "s", "For another node's answer, and each part.", RELAYED),
    Bound("server.cluster.leased", "TAKE_BACK_S", "s", "Before rooms that were handed over are again.", OWNERSHIP),
    Bound("storage.leases", "LEASE_S", "s", "Without a renewal, until others may take the rooms.", OWNERSHIP),
    Bound(SETTING, "max_file_mb", "MiB", "One file.", FILES),
    Bound(SETTING, "max_files_mb", "MiB", "Files of the process, and no more than a quarter of memory.", FILES),
    Bound(SETTING, "max_files_mb_per_room", "MiB", "Files of one room.", FILES),
    Bound(SETTING, "max_files_mb_per_address", "MiB", "Files that one address has laid down.", FILES),
    Bound("server.security.memory", "FILES_SHARE", "of the budget", "Files, where they are in memory.", FILES),
    Bound("rooms.limits", "MAX_FILES", "files", "Of the process.", FILE_QUOTAS),
    Bound("rooms.limits", "MAX_FILES_PER_ROOM", "files", "In one room.", FILE_QUOTAS),
    Bound("rooms.limits", "MAX_ATTACHED_FILES", "files", "Of one message.", FILE_RULES),
    Bound("rooms.limits", "MAX_FILE_NAME_CHARS", "characters", "The name of a file.", FILE_RULES),
    Bound("rooms.limits", "MAX_CONTENT_TYPE_CHARS", "characters", "The media type of a file.", FILE_RULES),
    Bound("rooms.limits", "UNATTACHED_S", "s", "That a file waits for its message.", FILE_RULES),
    Bound("rooms.ports", "FILE_CHUNK_BYTES", "bytes", "Of a file in memory at a time, on its way.", FILE_STORES),
    Bound("server.security.file_quotas", "MAX_TRANSFERS", "transfers", "Each way, at once.", FILE_QUOTAS),
    Bound(
        "server.security.file_quotas",
        "MAX_TRANSFERS_PER_ADDRESS",
        "transfers",
        "Each way, of one address at once.",
        FILE_QUOTAS,
    ),
    Bound("server.transport.http.files", "SILENCE_S", "s", "That an upload may stand still.", FILES),
    Bound("server.transport.http.files", "CHUNK_S", "s", "For a chunk of an upload.", FILES),
    Bound("server.outbound.shelf", "PURGE_AFTER_S", "s", "After a room's end, with no process there.", RESTARTS),
    Bound("server.outbound.shelf", "MAX_LATE", "events", "Of a room whose files are not known yet.", SHELF),
    Bound("storage.mongo.files", "WRITES_AT_ONCE", "chunks", "On their way to MongoDB, of all uploads.", FILE_STORES),
    Bound("storage.mongo.files", "NOTED_EVERY_S", "s", "Until an upload whose chunks come is noted anew.", FILE_STORES),
    Bound("storage.mongo.files", "ABANDONED_S", "s", "Without a chunk, until an upload is given up.", FILE_STORES),
    Bound("server.observability.sparing", "MAX_LINES", "log lines", "Of one kind in an hour.", SPARING),
    Bound("server.supervisor", "READY_WITHIN_S", "s", "Until a process serves, else it is ended.", WORKERS),
    Bound("server.supervisor", "DRAIN_WITHIN_S", "s", "Until a process has drained, else it is killed.", WORKERS),
    Bound("server.supervisor", "RESTART_LONGEST_S", "s", "Before a process that died is started again.", WORKERS),
    Bound(SPELLING, "MAX_FAULTS", "faults", "That one connection may ask for, with `FAULTS=on`.", FAULTS),
    Bound(SPELLING, "MAX_AFTER_S", "s", "Until a fault that has a time.", FAULTS),
    Bound(SPELLING, "MAX_DELAY_S", "s", "The delay each way that a fault may ask for.", FAULTS),
    Bound(SPELLING, "MAX_TIMES", "times", "That a fault may be counted to.", FAULTS),
    Bound(SPELLING, "MAX_RUN_CHARS", "characters", "The name of a run of faults.", FAULTS),
    Bound("server.faults.plan", "MAX_RUNS", "runs", "Whose faults are counted; the oldest goes first.", FAULTS),
    Bound("server.faults.line", "MAX_HELD_BYTES", "bytes", "Held up by a delay, each way; then it is cut.", FAULTS),
    Bound(RESTART, "CLOSE_S", "s", "Until a room is made anew without those who do not close.", FAULTS),
)


def value_of(bound: Bound) -> object:
    """The value as the code has it."""
    if bound.module == SETTING:
        return Settings.model_fields[bound.name].default
    if bound.module == ENGINE:
        return getattr(EngineLimits(), bound.name)
    return getattr(import_module(bound.module), bound.name)


def table() -> str:
    """The rows, as the page has them."""
    lines = ["| bound | value | unit | what it bounds | set in | test |", "| --- | --- | --- | --- | --- | --- |"]
    for bound in BOUNDS:
        name = bound.name.upper() if bound.module == SETTING else bound.name
        place = "the environment" if bound.module == SETTING else f"`{bound.module.replace('.', '/')}.py`"
        value = value_of(bound)
        shown = f"{value:,}" if isinstance(value, int) else value
        lines.append(f"| `{name}` | {shown} | {bound.unit} | {bound.meaning} | {place} | `{bound.test}` |")
    return "\n".join(lines)
