"""The page that people open, and the files it is made of."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from rooms.errors import Refused
from server.protocol.acknowledgements import MEANINGS
from server.transport.http.headers import page_headers
from server.transport.http.routes import CONTEXT

ROOT = Path(__file__).resolve().parents[3]
VENDOR = {
    "socket.io-client": ROOT / "client" / "node_modules" / "socket.io-client" / "dist",
    "qrcode-generator": ROOT / "web" / "node_modules" / "qrcode-generator" / "dist",
}
"""Packages that the page uses, as npm installed them."""

PAGE = ROOT / "web" / "index.html"


async def page(request: web.Request) -> web.StreamResponse:
    """The one page."""
    return web.FileResponse(PAGE, headers=page_headers(request))


async def room_page(request: web.Request) -> web.StreamResponse:
    """The same page for a room's link, with 410 or 404 where the room is over or unknown. It spends nothing.

    Which room it is about, and what to say of one that is over, the page finds out by itself.
    """
    status, ctx = 200, request.app[CONTEXT]
    try:
        # A preview of the link is no reason to ask for the rooms, where another process has them.
        if ctx.serving:
            ctx.find(request.match_info["room_id"])
    except Refused as refused:
        status = MEANINGS[refused.code].status
    return web.FileResponse(PAGE, status=status, headers={**page_headers(request), "Cache-Control": "no-store"})


def add_pages(app: web.Application) -> None:
    """Routes for the page and its files. What npm has not installed is simply not there (404)."""
    app.router.add_get("/", page)
    app.router.add_get("/r/{room_id}", room_page)
    app.router.add_get("/{area:web|client}/{path:.+}", asset)
    app.router.add_get(f"/vendor/{{package:{'|'.join(VENDOR)}}}/{{path:[^/]+}}", vendor_asset)


SERVED = frozenset({".js", ".css", ".svg", ".png", ".ico", ".woff2", ".webmanifest", ".map", ".mjs"})


async def asset(request: web.Request) -> web.StreamResponse:
    """A file of the page or of the client."""
    return _file(ROOT / request.match_info["area"], request.match_info["path"])


async def vendor_asset(request: web.Request) -> web.StreamResponse:
    """A file of a package, as npm installed it."""
    return _file(VENDOR[request.match_info["package"]], request.match_info["path"])


def _file(folder: Path, path: str) -> web.StreamResponse:
    hidden = any(part.startswith(".") or part in ("node_modules", "test") for part in Path(path).parts)
    try:
        wanted = (folder / path).resolve()
        there = wanted.is_relative_to(folder) and wanted.suffix in SERVED and wanted.is_file()
    except (OSError, ValueError):
        there = False  # a name that no file can have: too long, or with a NUL in it
    if hidden or not there:
        raise web.HTTPNotFound
    return web.FileResponse(wanted)
