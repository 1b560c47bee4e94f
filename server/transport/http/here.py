"""Where several processes share a store: calls about rooms wait until the rooms are here."""

from __future__ import annotations

from aiohttp import web

from server.cluster.ownership import Role
from server.transport.http.callers import ACTOR, actor_of, site_of
from server.transport.http.rooms import look
from server.transport.http.routes import CONTEXT, Handler

ROOMS = "/api/rooms"


@web.middleware
async def rooms_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whoever wants to do something with rooms asks for them, and waits for a bounded time.

    Refused with UNAVAILABLE or SERVER_DRAINING where they do not come. Health checks, pages, previews of links, and
    whoever merely looks at a room, move nothing.
    """
    ctx = request.app[CONTEXT]
    if not ctx.serving and _needs_rooms(request):
        if not await ctx.opened():
            raise ctx.elsewhere()
        # What the caller's secret proves about a room could not be told before the room was here.
        request[ACTOR] = await actor_of(request, site_of(request))
    return await handler(request)


def _needs_rooms(request: web.Request) -> bool:
    found = request.match_info
    about_rooms = request.path == ROOMS or request.path.startswith(f"{ROOMS}/")
    from_outside = found.handler is look and request.app[CONTEXT].ownership.role is Role.WAITING
    return about_rooms and found.http_exception is None and not from_outside
