"""Headers that every response carries, and those of the page."""

from __future__ import annotations

import re

from aiohttp import web

from server.transport.engineio.origins import own_origins
from server.transport.http.routes import CONTEXT, scheme

SERVER = "mayfly"
"""All that `Server` tells: neither versions nor parts."""

HSTS = "max-age=31536000"
ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+")
PAGES = ("/web/", "/client/", "/client.tgz", "/vendor/", "/assets/")

WORKER_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Of the one script that may compile WebAssembly: a worker goes by the policy of its own answer, not by the page's."""


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """An `on_response_prepare` signal: the protective headers of every response."""
    headers = response.headers
    headers["Server"] = SERVER
    headers["X-Content-Type-Options"] = "nosniff"
    settings = request.app[CONTEXT].settings
    if settings.production and "https" in (scheme(request), settings.public_url.partition(":")[0]):
        headers["Strict-Transport-Security"] = HSTS
    if not request.path.startswith("/socket.io/"):
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.path.startswith(PAGES):
        for name, value in page_headers(request).items():
            headers.setdefault(name, value)


def page_headers(request: web.Request) -> dict[str, str]:
    """The headers of the page and of its files."""
    return {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
            f"media-src 'self' blob: mediastream:; connect-src {_connections(request)}; font-src 'self'; "
            "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
        "Cache-Control": "no-cache",
    }


def _connections(request: web.Request) -> str:
    """This server alone. To Safari before 15.4, `'self'` says nothing of WebSockets."""
    # A Host or X-Forwarded-Host that is no host could bring directives of its own.
    own = sorted(origin for origin in own_origins(request) if ORIGIN.fullmatch(origin))
    return " ".join(["'self'", *("ws" + origin.removeprefix("http") for origin in own)])
