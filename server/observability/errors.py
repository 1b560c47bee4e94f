"""Errors of the server, to Sentry or whatever speaks its protocol, where `SENTRY_DSN` says so: what failed and where.

An event is made anew of what may be told, so that nothing new of a library gets in: the type of an exception, and file,
function and line of its frames. Never a message of an exception, a value, a request, a name of a host, or an address.
"""

from __future__ import annotations

import logging
import time
from types import ModuleType
from typing import Any

from server.security.throttles import bucket

log = logging.getLogger(__name__)

EVENTS_PER_S, EVENTS_AT_ONCE = 1.0, 20.0
"""Reports; those beyond are dropped: whoever can cause an error can cause many."""

FLUSH_S = 2.0
"""How long a stop waits for the last of them to leave."""

OURS = ("server", "rooms", "storage", "signaling")
"""Loggers whose templates are ours. Those of libraries may carry content: only their names are told."""

TOLD = ("event_id", "timestamp", "platform", "level", "logger", "environment")
FRAME = ("filename", "function", "lineno", "module", "in_app")
MISSING = (
    "SENTRY_DSN is set without sentry-sdk: no error is reported. `pip install -r requirements-sentry.lock` brings it."
)

Event = dict[str, Any]


class Reports:
    """What may leave, and how much of it."""

    def __init__(self) -> None:
        self._allowance = bucket(EVENTS_PER_S, EVENTS_AT_ONCE, time.monotonic())

    def allowed(self, event: Event, hint: Event) -> Event | None:
        """The event that is sent in place of this one; None where there were too many of late."""
        return None if self._allowance.take(time.monotonic()) else scrubbed(event)


def scrubbed(event: Event) -> Event:
    """An event with nothing in it but what may be told."""
    made: Event = {name: event[name] for name in TOLD if name in event}
    logger = str(event.get("logger") or "")
    template = (event.get("logentry") or {}).get("message", "")
    ours = logger.partition(".")[0] in OURS
    made["logentry"] = {"message": template if ours else f"An error of {logger or 'the process'}"}
    raised = (event.get("exception") or {}).get("values") or []
    if raised:
        made["exception"] = {"values": [_exception(one) for one in raised]}
    return made


def _exception(raised: Event) -> Event:
    frames = (raised.get("stacktrace") or {}).get("frames") or []
    told = [{name: frame[name] for name in FRAME if name in frame} for frame in frames]
    return {"type": raised.get("type"), "module": raised.get("module"), "stacktrace": {"frames": told}}


def report_to(dsn: str, environment: str) -> ModuleType | None:
    """Begin to report whatever is logged as an error. None, and a line, where the library is not there."""
    try:
        import sentry_sdk
        from sentry_sdk.integrations.logging import LoggingIntegration
    except ImportError:
        log.warning(MISSING)
        return None
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release="",  # else it asks git
        server_name="",
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(level=None, event_level=logging.ERROR)],
        before_send=Reports().allowed,  # type: ignore[arg-type]  # their events are dictionaries, too
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
    )
    return sentry_sdk


def finish(reporting: ModuleType | None) -> None:
    """Let the last reports leave; waits for `FLUSH_S` at most."""
    if reporting is not None:
        reporting.flush(timeout=FLUSH_S)
