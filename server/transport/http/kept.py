"""Where rooms are kept in Redis: calls come to their room, and are answered once what they changed is kept."""

from __future__ import annotations

from aiohttp import web

from rooms.errors import Refused
from server.transport.http.callers import ACTOR, actor_of, site_of
from server.transport.http.here import ROOMS
from server.transport.http.routes import CONTEXT, Handler

MAX_ROOM_ID_CHARS = 64
"""Nobody is asked about a longer one."""


@web.middleware
async def rooms_kept(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refused with UNAVAILABLE where a room cannot be had, or a change cannot be kept in time."""
    ctx = request.app[CONTEXT]
    rooms, room_id = ctx.rooms, request.match_info.get("room_id")
    if rooms is None:
        return await handler(request)
    if room_id is not None and not rooms.is_here(room_id) and len(room_id) <= MAX_ROOM_ID_CHARS:
        about_room = request.path.startswith(f"{ROOMS}/")
        try:
            await rooms.place_here(room_id)
            # What the caller's secret proves about a room could not be told before the room was here.
            if about_room:
                request[ACTOR] = await actor_of(request, site_of(request))
        except Refused:
            if about_room:
                raise
    response = await handler(request)
    await rooms.settled()
    return response
