"""The page that people open, and the files it is made of: as `web/build` bundled them, else as their sources."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from aiohttp import web

from rooms.errors import Refused
from server.protocol.acknowledgements import CODE_INFO
from server.transport.http.bundle import BUILD, ROOT, BuiltFile, Bundle
from server.transport.http.headers import ORIGIN, WORKER_POLICY, page_headers
from server.transport.http.routes import CONTEXT, NOT_FOUND, scheme
from server.transport.http.sending import content

VENDOR = {
    "socket.io-client": ROOT / "client" / "node_modules" / "socket.io-client" / "dist",
    "qrcode-generator": ROOT / "web" / "node_modules" / "qrcode-generator" / "dist",
    "video-processors": ROOT / "web" / "node_modules" / "@twilio" / "video-processors" / "dist" / "build",
    "eb-garamond": ROOT / "web" / "node_modules" / "@fontsource" / "eb-garamond" / "files",
}
"""Packages that the page uses, as npm installed them."""

PAGE = ROOT / "web" / "index.html"
LOST_PAGE = ROOT / "web" / "404.html"
BUNDLE: web.AppKey[Bundle] = web.AppKey("bundle", Bundle)

FOREVER = "public, max-age=31536000, immutable"
"""For what has a hash in its name (RFC 8246)."""

MAX_ORIGINS = 16
"""Origins under which the server is reached, for which the page is kept ready."""

PICTURE = re.compile(r'(<meta property="og:image" content=")(?=/)')


async def page(request: web.Request) -> web.StreamResponse:
    """The one page."""
    return _page(request, 200, page_headers(request))


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
        status = CODE_INFO[refused.code].status
    return _page(request, status, {**page_headers(request), "Cache-Control": "no-store"})


async def lost(request: web.Request) -> web.StreamResponse:
    """What people see under an address that leads nowhere."""
    return html(request, LOST_PAGE.read_text(), 404, {**page_headers(request), "Cache-Control": "no-store"})


def _page(request: web.Request, status: int, headers: Mapping[str, str]) -> web.StreamResponse:
    build = request.app[BUNDLE].current()
    return html(request, build.page if build else PAGE.read_text(), status, headers)


def html(request: web.Request, text: str, status: int, headers: Mapping[str, str]) -> web.StreamResponse:
    """A page, compressed where the browser takes it so."""
    variants, tag = _ready(text, _base(request))
    return content(request, variants, tag, "text/html", headers, status)


@lru_cache(maxsize=MAX_ORIGINS)
def _ready(text: str, base: str) -> tuple[Mapping[str, bytes], str]:
    """The page for those who reach the server under this address: whoever previews a link wants whole addresses."""
    plain = PICTURE.sub(lambda found: found[1] + base, text).encode()
    return {"": plain, "gzip": gzip.compress(plain, mtime=0)}, hashlib.sha256(plain).hexdigest()[:32]


def _base(request: web.Request) -> str:
    """Where the server is, as far as it knows; empty where what the client says is no origin."""
    named = request.headers.get("X-Forwarded-Host", request.host).split(",")[0].strip()
    origin = f"{scheme(request)}://{named}"
    return request.app[CONTEXT].settings.public_url or (origin if ORIGIN.fullmatch(origin) else "")


def add_pages(app: web.Application) -> None:
    """Routes for the page and its files. What npm has not installed is simply not there (404)."""
    # An edit is seen without a restart where people edit; elsewhere sources change with a deploy.
    app[BUNDLE] = Bundle(watch=app[CONTEXT].settings.development)
    app[NOT_FOUND] = lost
    app.router.add_get("/", page)
    app.router.add_get("/check", page)
    app.router.add_get("/r/{room_id}", room_page)
    app.router.add_get("/assets/{path:.+}", built)
    app.router.add_get("/client.tgz", built)
    app.router.add_get("/{area:web|client}/{path:.+}", asset)
    app.router.add_get(f"/vendor/{{package:{'|'.join(VENDOR)}}}/{{path:[^/]+}}", vendor_asset)


SERVED = frozenset(
    {".js", ".css", ".svg", ".png", ".ico", ".woff2", ".webmanifest", ".map", ".mjs", ".wasm", ".tflite"}
)
HIDDEN = frozenset({"node_modules", "test", "build"})
WORKER = ROOT / "web" / "app" / "blur-worker.js"


async def built(request: web.Request) -> web.StreamResponse:
    """A file that was built; 404 with what to do where it was not."""
    found = request.app[BUNDLE].file(request.path)
    if found is None:
        raise web.HTTPNotFound(text=f"Not found. What is built is there after {BUILD}.")
    return _built(request, found)


async def asset(request: web.Request) -> web.StreamResponse:
    """A file of the page or of the client, or one that was built of them."""
    found = request.app[BUNDLE].file(request.path) if request.match_info["area"] == "client" else None
    if found is not None:
        return _built(request, found)
    return _file(ROOT / request.match_info["area"], request.match_info["path"])


async def vendor_asset(request: web.Request) -> web.StreamResponse:
    """A file of a package, as npm installed it."""
    return _file(VENDOR[request.match_info["package"]], request.match_info["path"])


def _built(request: web.Request, found: BuiltFile) -> web.StreamResponse:
    headers = {"Cache-Control": FOREVER if found.immutable else "no-cache"}
    if found.worker:
        headers["Content-Security-Policy"] = WORKER_POLICY
    if found.shared:
        headers["Access-Control-Allow-Origin"] = "*"
    return content(request, found.variants, found.tag, found.media_type, headers)


def _file(folder: Path, path: str) -> web.StreamResponse:
    hidden = any(part.startswith(".") or part in HIDDEN for part in Path(path).parts)
    try:
        wanted = (folder / path).resolve()
        there = wanted.is_relative_to(folder) and wanted.suffix in SERVED and wanted.is_file()
    except (OSError, ValueError):
        there = False  # a name that no file can have: too long, or with a NUL in it
    if hidden or not there:
        raise web.HTTPNotFound
    return web.FileResponse(wanted, headers={"Content-Security-Policy": WORKER_POLICY} if wanted == WORKER else None)
