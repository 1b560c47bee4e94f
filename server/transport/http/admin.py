"""`/admin` and `/api/admin`: what the operator sees and may end, with `ADMIN_KEY`. Rooms are shown without content."""

from __future__ import annotations

from heapq import nsmallest

from aiohttp import web

from rooms.room import Room
from server.observability.metrics import METRICS
from server.protocol import views
from server.transport.http.bundle import ROOT
from server.transport.http.callers import ACTOR, ADMIN_KEY
from server.transport.http.headers import page_headers
from server.transport.http.pages import BUNDLE, html
from server.transport.http.routes import CONTEXT, find_room, json_response, page_limit
from server.usecases import endings, operating

routes = web.RouteTableDef()

ROOMS_PER_PAGE = 100
PAGE = ROOT / "web" / "admin.html"


def as_operator(request: web.Request) -> None:
    """Refuse whoever does not have the admin key; 404 where there is none."""
    if not request.app[ADMIN_KEY].is_set:
        raise web.HTTPNotFound
    request[ACTOR].as_admin()


@routes.get("/admin")
async def page(request: web.Request) -> web.StreamResponse:
    """The operator's page. It holds nothing but a field for the key."""
    if not request.app[ADMIN_KEY].is_set:
        raise web.HTTPNotFound
    build = request.app[BUNDLE].current()
    text = build.admin if build and build.admin else PAGE.read_text()
    return html(request, text, 200, {**page_headers(request), "Cache-Control": "no-store"})


@routes.get("/api/admin/stats")
async def stats(request: web.Request) -> web.Response:
    """Figures for people; where there are several processes, of all that answer."""
    as_operator(request)
    return json_response(request.app[METRICS].as_json())


@routes.get("/api/admin/rooms")
async def rooms(request: web.Request) -> web.Response:
    """Rooms in the order of their ids: 200 `{rooms, total}`. None where another process has them."""
    as_operator(request)
    ctx = request.app[CONTEXT]
    limit, after = page_limit(request, ROOMS_PER_PAGE), request.query.get("after", "")
    here = ctx.directory.rooms if ctx.serving else {}
    ids = nsmallest(limit, (room_id for room_id in here if room_id > after))
    return json_response({"rooms": [_room(here[room_id]) for room_id in ids], "total": len(here)})


@routes.delete("/api/admin/rooms/{room_id}")
async def end(request: web.Request) -> web.Response:
    """End a room for all: 200 `{erased: {messages, seats, invites}}`."""
    as_operator(request)
    erased = await endings.end(request.app[CONTEXT], find_room(request), "room-ended")
    return json_response({"erased": {"messages": erased.messages, "seats": erased.seats, "invites": erased.invites}})


@routes.get("/api/admin/sessions")
async def session_log(request: web.Request) -> web.Response:
    """The content-free log of rooms that have ended, newest first: 200 `{sessions}`."""
    as_operator(request)
    limit = page_limit(request, operating.SESSIONS_PER_PAGE)
    lines = await operating.sessions(request.app[CONTEXT], limit, request.query.get("before"))
    return json_response({"sessions": [views.session(line) for line in lines]})


def _room(room: Room) -> dict[str, object]:
    """`server.protocol.answers.AdminRoom`: no name, no text, nothing that opens the room but its id."""
    return {
        "id": room.id,
        "status": room.view().status,
        "capacity": room.capacity,
        "participantCount": len(room.seats),
        "awayCount": len(room.seats) - len(room.connected),
        "inCallCount": sum(seat.in_call for seat in room.seats.values()),
        "messageCount": room.message_count,
        "createdAt": views.iso(room.created_at),
        "expiresAt": views.iso(room.expires_at),
        "encrypted": room.encrypted,
        "inviteOnly": room.invite_only,
        "passwordRequired": room.password_hash is not None,
        "lobby": room.lobby,
        "log": room.log,
        **({"madeBy": room.made_by} if room.made_by is not None else {}),
    }
