"""`/playground`: two scripts of people side by side, each in a frame without an origin. In development alone."""

from __future__ import annotations

from aiohttp import web

from server.transport.engineio.origins import own_origins
from server.transport.http.bundle import ROOT
from server.transport.http.headers import ORIGIN, page_headers
from server.transport.http.pages import html

PAGE = ROOT / "web" / "playground.html"
FRAME = ROOT / "web" / "playground" / "frame.html"
POLICY = "Content-Security-Policy"


def add_playground(app: web.Application) -> None:
    """Its two pages. What they load is with the files of the page."""
    app.router.add_get("/playground", page)
    app.router.add_get("/playground/frame", frame)


async def page(request: web.Request) -> web.StreamResponse:
    """The page around the frames: as strict as any, but for the frames."""
    headers = page_headers(request)
    return html(request, PAGE.read_text(), 200, {**headers, POLICY: f"{headers[POLICY]}; frame-src 'self'"})


async def frame(request: web.Request) -> web.StreamResponse:
    """Where a script runs, whatever it is: by itself it reaches no storage, no page and no host."""
    own = " ".join(sorted(origin for origin in own_origins(request) if ORIGIN.fullmatch(origin)))
    policy = (
        f"sandbox allow-scripts; default-src 'none'; script-src {own} 'unsafe-inline'; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors {own}"
    )
    return html(request, FRAME.read_text(), 200, {**page_headers(request), POLICY: policy})
