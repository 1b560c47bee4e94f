"""What is kept of the request that opened a session.

python-socketio keeps this dictionary for the life of the connection; the request itself would hold on to a parser,
two tasks and every header.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from multidict import istr

from server.transport.engineio.ports import RequestHead

FORWARDED_FOR = istr("X-Forwarded-For")
MAX_SHARED_VALUES = 4_096


@lru_cache(maxsize=64)
def _environ_name(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


KEPT_HEADERS = {
    istr(name): _environ_name(name) for name in ("Host", "Origin", "User-Agent", "X-Forwarded-Proto", "X-Real-IP")
}


def make_environ(request: RequestHead, extra_headers: Iterable[str] = ()) -> dict[str, str]:
    """WSGI names for the peer's address, the query string and a few headers (`HTTP_ORIGIN`, …)."""
    environ = {
        "REQUEST_METHOD": _shared(request.method),
        "PATH_INFO": _shared(request.path),
        "QUERY_STRING": _shared(request.query_string),
        "REMOTE_ADDR": request.remote or "",
        "wsgi.url_scheme": _shared(request.scheme),
    }
    headers = request.headers
    for kept, environ_name in KEPT_HEADERS.items():
        value = headers.get(kept)
        if value is not None:
            environ[environ_name] = _shared(value)
    for name in extra_headers:
        value = headers.get(name)
        if value is not None:
            environ[_environ_name(name)] = _shared(value)
    if FORWARDED_FOR in headers:
        # A list may come in several lines (RFC 9110, section 5.3), and the trusted entries are the last ones.
        environ[_environ_name("X-Forwarded-For")] = _shared(",".join(headers.getall(FORWARDED_FOR)))
    return environ


@lru_cache(maxsize=MAX_SHARED_VALUES)
def _shared(value: str) -> str:
    """One object for equal strings: thousands of connections share a few user agents and query strings."""
    return value
