"""Every metric that `/metrics` shows: its name, its kind, what it says and its labels.

The one place where they are named: `docs/metrics.md` is made of it, the dashboard and the alerts are held against it.
The values of a label come from a list in the code, never from a client, so the number of series is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from server.observability.histogram import Histogram

Key = str | tuple[str, ...]
K = TypeVar("K", bound=Key)


class Family(NamedTuple):
    """One metric. A counter's `name` is without the `_total` that the exposition adds."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    says: str
    labels: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The name as queries have it; of a histogram, what `_bucket`, `_sum` and `_count` follow."""
        return f"{self.name}_total" if self.kind == "counter" else self.name

    def of(self, value: float) -> Metric:
        """The metric, which has no labels, with its value."""
        return self._plain(((), value))

    def by(self, values: Mapping[K, float]) -> Metric:
        """The metric with a value for each value of its label, or of its labels."""
        return self._plain(*((_parts(key), value) for key, value in values.items()))

    def histograms(self, values: Mapping[str, Histogram]) -> Metric:
        """The histogram for each value of its label; of one without labels, under `""`."""
        made = HistogramMetricFamily(self.name, self.says, labels=self.labels)
        for key, histogram in values.items():
            made.add_metric(_parts(key) if self.labels else (), histogram.buckets(), histogram.total_s)
        return made

    def _plain(self, *samples: tuple[tuple[str, ...], float]) -> Metric:
        kind = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        made = kind(self.name, self.says, labels=self.labels)
        for labels, value in samples:
            made.add_metric(labels, value)
        return made


def _parts(key: Key) -> tuple[str, ...]:
    return (key,) if isinstance(key, str) else key


LABELS = {
    "outcome": "`ok`, or the error code in lower case",
    "result": "`ok`, or the error code in lower case; of a recovery `ok` or `not_recovered`",
    "event": "the requests of the protocol, and `unknown`",
    "by": "`token` (the resume token in `join-room`) or `recovery` (Socket.IO connection state recovery)",
    "kind": "`offer`, `answer`, `ice-candidate`; of files `upload`, `download`",
    "method": "the methods of HTTP, and `other`",
    "route": "the route as the code has it (`/api/rooms/{room_id}`), and `none`",
    "status": "the status of the answer; 499 where the client went away before there was one",
    "share": "`rooms` (histories and mailboxes), `output` (slow readers), `input` (unfinished messages)",
    "quota": "the quotas of `.env.example`, `memory`, `file_descriptors`",
    "queue": "`log` (messages on their way to the store), `hash_making`, `hash_checking` (passwords), `recovery` "
    "(vanished connections that may be recovered), `turns` (connections that have sent much at once)",
    "what": "`rooms` (with changes), `ends` (of rooms), `messages` (of the log)",
    "address": "the place of an address in `WEBHOOK_URLS`, from 1",
    "call": "the calls of the store",
    "how": "`taken` (the lease was free), `received`, `handed_over`, `lost`, `refused` (somebody asked too soon)",
}
"""label → where its values come from."""

LEFT_REASONS = "`left`, `timeout`, `kicked`, `banned`"
REASONS = {
    "mayfly_disconnects": "`client_disconnect`, `server_disconnect`, `transport_close`, `transport_error`, "
    "`ping_timeout`",
    "mayfly_drops": "`slow_reader`, `unfinished_input` (connections), `unread` (sessions that did not read what was "
    "taken back), `history` (histories and mailboxes, for memory), `log_message`, `recovery` (vanished connections of "
    "which too many were remembered)",
    "mayfly_seats_left": LEFT_REASONS,
    "mayfly_rooms_ended": "`room-ended`, `room-expired`",
}
"""metric → the values of its label `reason`."""

ROOMS = Family("mayfly_rooms", "gauge", "Rooms now.")
TOMBSTONES = Family("mayfly_tombstones", "gauge", "Ended rooms that are remembered.")
SEATS = Family("mayfly_seats", "gauge", "Seats now, held or not.")
SEATS_AWAY = Family("mayfly_seats_away", "gauge", "Seats that wait for their holder.")
KNOCKING = Family("mayfly_knocking", "gauge", "People who wait at the door of a room.")
ROOMS_ENDED = Family("mayfly_rooms_ended", "counter", "Rooms that ended.", ("reason",))
SEATS_TAKEN = Family("mayfly_seats_taken", "counter", "Seats taken for the first time.")
SEATS_LEFT = Family("mayfly_seats_left", "counter", "Seats that are gone for good.", ("reason",))

SOCKETS = Family("mayfly_sockets", "gauge", "Connections in the default namespace.")
TRANSPORTS = Family("mayfly_transports", "gauge", "Engine.IO sessions, connected to a namespace or not.")
WEBSOCKETS = Family("mayfly_websockets", "gauge", "Engine.IO sessions that a WebSocket carries.")
SESSIONS_OPENED = Family("mayfly_sessions_opened", "counter", "Engine.IO sessions opened.")
UPGRADES = Family("mayfly_upgrades", "counter", "Sessions that went from polling to a WebSocket.")
PACKETS_IN = Family("mayfly_packets_in", "counter", "Engine.IO messages received.")
DISCONNECTS = Family("mayfly_disconnects", "counter", "Engine.IO sessions that ended.", ("reason",))
DROPS = Family("mayfly_drops", "counter", "What was given up because there was too much of it.", ("reason",))

REQUESTS = Family("mayfly_requests", "counter", "Socket.IO requests answered.", ("outcome",))
EVENTS = Family("mayfly_events", "counter", "Socket.IO requests that could be read, by event.", ("event", "outcome"))
REQUEST_SECONDS = Family("mayfly_request_seconds", "histogram", "From a request to its answer.", ("event",))
JOINS = Family("mayfly_joins", "counter", "Joins (`join-room`, resumes aside).", ("result",))
RESUMES = Family("mayfly_resumes", "counter", "Seats taken back, or not.", ("by", "result"))
MESSAGES = Family("mayfly_messages", "counter", "Messages sent, over Socket.IO and REST.")
SIGNALS = Family("mayfly_signals", "counter", "Signals relayed.", ("kind",))
CALLS = Family("mayfly_calls", "gauge", "Rooms in which a call goes on.")
CALLS_STARTED = Family("mayfly_calls_started", "counter", "Calls that began.")
CALL_PARTICIPANTS = Family("mayfly_call_participants", "gauge", "Participants who are in a call.")

HTTP_REQUESTS = Family("mayfly_http_requests", "counter", "HTTP requests answered.", ("method", "route", "status"))
HTTP_SECONDS = Family(
    "mayfly_http_seconds", "histogram", "From an HTTP request to its answer, Engine.IO aside.", ("route",)
)

LOOP_LAG = Family("mayfly_loop_lag_seconds", "histogram", "How late a timer of the event loop ran; ten a second.")
TASKS = Family("mayfly_tasks", "gauge", "Tasks of the event loop.")
UPTIME = Family("mayfly_uptime_seconds", "gauge", "Since the process started.")
DRAINING = Family("mayfly_draining", "gauge", "1 while the process is about to stop.")

RESIDENT = Family("mayfly_resident_bytes", "gauge", "Resident memory.")
BUDGET = Family("mayfly_memory_budget_bytes", "gauge", "Its bound; 0: none.")
SHARE_USED = Family("mayfly_budget_used_bytes", "gauge", "Bytes held of a share of the budget.", ("share",))
SHARE_LIMIT = Family("mayfly_budget_limit_bytes", "gauge", "Bytes of a share; 0: no bound.", ("share",))
QUOTA_LIMIT = Family("mayfly_quota_limit", "gauge", "What a quota allows; 0: it is off.", ("quota",))
QUOTA_REFUSALS = Family("mayfly_quota_refusals", "counter", "Refusals by quota.", ("quota",))
DESCRIPTORS = Family("mayfly_file_descriptors", "gauge", "File descriptors in use.")
DESCRIPTORS_LIMIT = Family("mayfly_file_descriptors_limit", "gauge", "File descriptors at most; 0: nobody looks.")
QUEUE_LENGTH = Family("mayfly_queue_length", "gauge", "What waits in a queue.", ("queue",))
QUEUE_LIMIT = Family("mayfly_queue_limit", "gauge", "What may wait in it; not there where it has no bound.", ("queue",))

STORE_HEALTHY = Family("mayfly_store_healthy", "gauge", "1 where the store counts as there.")
STORE_FAILURES = Family("mayfly_store_failures", "counter", "Calls of the store that failed.")
STORE_CHANGES = Family("mayfly_store_changes", "counter", "How often its health has changed.")
STORE_SECONDS = Family("mayfly_store_seconds", "histogram", "Calls of the store that were answered.", ("call",))
UNWRITTEN = Family("mayfly_unwritten", "gauge", "What the store does not have yet.", ("what",))

FILES = Family("mayfly_files", "gauge", "Files that lie in rooms.")
FILE_BYTES = Family("mayfly_file_bytes", "gauge", "Their bytes, with what uploads have claimed.")
FILE_BYTES_LIMIT = Family("mayfly_file_bytes_limit", "gauge", "The bound of these; 0: none.")
FILE_TRANSFERS = Family("mayfly_file_transfers", "gauge", "Files on their way.", ("kind",))
FILES_UNWRITTEN = Family("mayfly_files_unwritten", "gauge", "Files that the store has yet to follow.")
FILES_ERASED = Family("mayfly_files_erased", "counter", "Files erased, and broken uploads.")
FILE_REFUSALS = Family("mayfly_file_refusals", "counter", "Uploads and downloads refused, by quota.", ("quota",))

WEBHOOKS_WAITING = Family("mayfly_webhooks_waiting", "gauge", "Webhooks that wait.", ("address",))
WEBHOOKS_SENT = Family("mayfly_webhooks_sent", "counter", "Webhooks that were taken.", ("address",))
WEBHOOKS_FAILED = Family("mayfly_webhooks_failed", "counter", "Tries that were not taken.", ("address",))
WEBHOOKS_DROPPED = Family("mayfly_webhooks_dropped", "counter", "Webhooks given up.", ("address",))

OWNER = Family("mayfly_owner", "gauge", "1 where this process owns the rooms.")
OWNERSHIP_MOVES = Family("mayfly_ownership_moves", "counter", "What became of the rooms' ownership here.", ("how",))


def families() -> Iterator[Family]:
    """All of them, in the order of this file."""
    return (value for value in globals().values() if isinstance(value, Family))
