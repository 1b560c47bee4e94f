"""Which web sites may use the engine, and the headers that tell their browsers so (Fetch standard, CORS protocol)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from aiohttp import hdrs

from server.transport.engineio.handshake import lines
from server.transport.engineio.ports import RequestHead

OriginCheck = Callable[[str, RequestHead], bool]

PREFLIGHT_MAX_AGE_S = 600
MAX_ORIGINS = 64
"""Origins whose headers are remembered as they are written: most clients come from the same one."""


class OriginPolicy:
    """Allows the server's own origin always, and those that the setting names.

    The setting is `None` or an empty list (no other), `"*"` (any), one or more origins in which `*` stands for letters,
    digits and hyphens of one label (`https://*.example.com`, `http://localhost:*`), or `allowed(origin, request)`.
    A request without an Origin is not a browser's cross-site request: it is allowed. `on_refused` is told of each
    origin that is refused, as often as it asks.
    """

    def __init__(
        self,
        allowed: str | Iterable[str] | OriginCheck | None,
        *,
        credentials: bool = True,
        on_refused: Callable[[str], None] | None = None,
    ) -> None:
        self._credentials = credentials
        self._on_refused = on_refused
        self._check: OriginCheck | None = None
        self._any = False
        self._pattern: re.Pattern[str] | None = None
        self.lines = lru_cache(MAX_ORIGINS)(lambda origin: lines(self._headers(origin)))
        """By origin: `headers`, but of a preflight, as they are written."""
        if allowed is None:
            return
        if callable(allowed):
            self._check = allowed
            return
        origins = [allowed] if isinstance(allowed, str) else list(allowed)
        self._any = "*" in origins
        if origins:
            alternatives = (re.escape(o.rstrip("/")).replace(r"\*", "[A-Za-z0-9-]+") for o in origins)
            self._pattern = re.compile("|".join(alternatives), re.IGNORECASE)

    def allows(self, request: RequestHead) -> bool:
        """Whether the request's Origin, if it has one, may use the engine; one that may not is told of."""
        if self.permits(request):
            return True
        if self._on_refused is not None:
            self._on_refused(request.headers["Origin"])
        return False

    def permits(self, request: RequestHead) -> bool:
        """The same, and nobody is told."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None:
            return True
        if not origin.isascii():
            return False  # no browser says that (RFC 6454, section 6.2), and no header of ours could repeat it
        if self._any:
            return True
        if self._check is not None and self._check(origin, request):
            return True
        if self._pattern is not None and self._pattern.fullmatch(origin):
            return True
        return origin == f"{request.scheme}://{request.host}" or origin in own_origins(request)

    def headers(self, request: RequestHead) -> dict[str, str]:
        """The CORS headers of the response to an allowed request."""
        origin = request.headers.get(hdrs.ORIGIN)
        headers = self._headers(origin)
        if request.method == "OPTIONS" and len(headers) > 1:
            headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            headers["Access-Control-Max-Age"] = str(PREFLIGHT_MAX_AGE_S)
            asked = request.headers.get("Access-Control-Request-Headers")
            if asked:
                headers["Access-Control-Allow-Headers"] = asked
        return headers

    def _headers(self, origin: str | None) -> dict[str, str]:
        if origin is None or "\n" in origin or "\r" in origin:
            return {"Vary": "Origin"}
        headers = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        if self._credentials:
            headers["Access-Control-Allow-Credentials"] = "true"
        return headers


def own_origins(request: RequestHead) -> set[str]:
    """The origins under which the client may have reached us, also through a proxy that names what it forwards."""
    headers = request.headers
    schemes = {request.scheme, headers.get("X-Forwarded-Proto", request.scheme).split(",")[0].strip()}
    hosts = {request.host, headers.get("X-Forwarded-Host", request.host).split(",")[0].strip()}
    if headers.get("Sec-Fetch-Site") == "same-origin":
        schemes.add("https")  # a proxy may end TLS without saying so, but no page can make its browser say this
    return {f"{scheme}://{host}" for scheme in schemes for host in hosts}
