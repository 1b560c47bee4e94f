"""`/api/rooms`: making, looking at, changing and ending rooms; their invites and messages."""

from __future__ import annotations

from aiohttp import web

from rooms.errors import Code, Refused
from rooms.records import InviteRecord
from rooms.room import Room
from server.cluster.ownership import Role
from server.protocol import views
from server.protocol.requests import CreateInvite, CreateRoom, OutsideMessage, RoomSettings
from server.security.actor import Actor
from server.transport.http.callers import ACTOR, bearer
from server.transport.http.routes import CONTEXT, P, body, find_room, json_response, page_limit, scheme
from server.usecases import endings, messages, moderation, owning, reading
from server.usecases.signaling import ice_for

routes = web.RouteTableDef()
IDEMPOTENCY: web.AppKey[owning.IdempotencyKeys] = web.AppKey("idempotency", owning.IdempotencyKeys)


def public_url(request: web.Request) -> str:
    """The base of links: as configured, or as the caller reached us."""
    settings = request.app[CONTEXT].settings
    if settings.public_url:
        return settings.public_url
    return f"{scheme(request)}://{request.host}"


@routes.post("/api/rooms")
async def create(request: web.Request) -> web.Response:
    """Make a room: 201 `{roomId, url, hostKey, room}`; a repetition with a short Idempotency-Key has no `hostKey`."""
    actor = request[ACTOR]
    owning.may_make(request.app[CONTEXT], actor)
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 0 < len(key) <= owning.MAX_IDEMPOTENCY_KEY_CHARS:
        raise Refused(Code.INVALID_PAYLOAD, details={"Idempotency-Key": "is empty or too long"})
    wish = await body(request, CreateRoom)
    made = await owning.create_room(request.app[CONTEXT], wish, request.app[IDEMPOTENCY], key, actor)
    url = f"{public_url(request)}/r/{made.room.id}"
    secret = {} if made.host_key is None else {"hostKey": made.host_key}
    answer = {"roomId": made.room.id, "url": url, **secret, "room": views.room(made.room.view())}
    return json_response(answer, 201, Location=f"/api/rooms/{made.room.id}")


@routes.get("/api/rooms")
async def made_by_site(request: web.Request) -> web.Response:
    """The rooms that the caller's API key has made, in the order of their ids: 200 `{rooms}`."""
    site = request[ACTOR].as_site()
    rooms = owning.rooms_of(
        request.app[CONTEXT], site, request.query.get("after", ""), page_limit(request, owning.ROOMS_PER_PAGE)
    )
    return json_response({"rooms": [views.room(room.view()) for room in rooms]})


@routes.get("/api/rooms/{room_id}")
async def look(request: web.Request) -> web.Response:
    """What anyone with the link may know. Looking spends nothing, and moves no room to this process."""
    ctx = request.app[CONTEXT]
    if ctx.ownership.role is Role.WAITING:
        return json_response({"room": views.room(await owning.look_from_outside(ctx, request.match_info["room_id"]))})
    return json_response({"room": views.room(find_room(request).view())})


@routes.get("/api/rooms/{room_id}/users")
async def users(request: web.Request) -> web.Response:
    """Who is in; for a closed room only with the host key."""
    room = find_room(request)
    by_token = request.app[CONTEXT].settings.takes_join_tokens == "required"
    if by_token or room.invite_only or room.locked or room.lobby or room.password_hash is not None:
        request[ACTOR].as_owner()
    attributes = views.Attributes()
    people = [attributes.fit(views.participant(seat.participant)) for seat in room.seats.values()]
    return json_response({"participants": people})


@routes.delete("/api/rooms/{room_id}")
async def end(request: web.Request) -> web.Response:
    """End the room for all: 200 `{erased: {messages, seats, invites}}`."""
    find_room(request)
    erased = await endings.end(request.app[CONTEXT], request[ACTOR].as_ender(), "room-ended")
    return json_response({"erased": {"messages": erased.messages, "seats": erased.seats, "invites": erased.invites}})


@routes.patch("/api/rooms/{room_id}")
async def change(request: web.Request) -> web.Response:
    """Change settings: 200 `{room}`."""
    actor, wish = await _owner_and_wish(request, RoomSettings)
    room = await moderation.change_settings(request.app[CONTEXT], actor, wish)
    return json_response({"room": views.room(room.view())})


async def _owner_and_wish(request: web.Request, model: type[P]) -> tuple[Actor, P]:
    """The owner and what the body asks for. A body may come slowly: the room is looked up again after it."""
    _owned(request)
    wish = await body(request, model)
    find_room(request)
    return request[ACTOR], wish


def _owned(request: web.Request) -> Room:
    """The live room that the path names, for its owner."""
    find_room(request)
    return request[ACTOR].as_owner()


def _invite_json(record: InviteRecord) -> dict[str, object]:
    return {
        "inviteId": record.id,
        "uses": record.uses,
        "used": record.used,
        "createdAt": views.iso(record.created_at),
        "expiresAt": views.iso(record.expires_at),
        "revoked": record.revoked,
    }


@routes.post("/api/rooms/{room_id}/invites")
async def invite(request: web.Request) -> web.Response:
    """Make an invite: 201 `{inviteId, invite, url, expiresAt}`. The token is told once."""
    actor, wish = await _owner_and_wish(request, CreateInvite)
    record, token = await owning.create_invite(request.app[CONTEXT], actor, wish)
    url = f"{public_url(request)}/r/{request.match_info['room_id']}#invite={token}"
    return json_response({**_invite_json(record), "invite": token, "url": url}, 201)


@routes.get("/api/rooms/{room_id}/invites")
async def invites(request: web.Request) -> web.Response:
    """All invites, without their tokens."""
    room = _owned(request)
    return json_response({"invites": [_invite_json(record) for record in room.invites.records()]})


@routes.delete("/api/rooms/{room_id}/invites/{invite_id}")
async def revoke(request: web.Request) -> web.Response:
    """Make an invite useless: 200 `{}`."""
    _owned(request)
    await owning.revoke_invite(request.app[CONTEXT], request[ACTOR], request.match_info["invite_id"])
    return json_response({})


@routes.get("/api/rooms/{room_id}/invite")
async def standing(request: web.Request) -> web.Response:
    """What the invite given as bearer token is worth now: `{usesLeft, expiresAt}`. Looking spends nothing."""
    room, token = find_room(request), bearer(request)
    if token is None:
        raise Refused(Code.UNAUTHORIZED, "Send the invite as a bearer token.")
    record = room.invites.check(token, request.app[CONTEXT].wall())
    return json_response({"usesLeft": record.uses - record.used, "expiresAt": views.iso(record.expires_at)})


@routes.get("/api/rooms/{room_id}/messages")
async def list_messages(request: web.Request) -> web.Response:
    """A page of messages, newest first: before the oldest one seen, or after the newest; with `q` a search."""
    room, reader = find_room(request), request[ACTOR].as_reader()
    query = request.query
    page = reading.Page(
        page_limit(request, reading.MESSAGES_PER_PAGE), query.get("before"), query.get("after"), query.get("q")
    )
    return json_response({"messages": await reading.messages(request.app[CONTEXT], room, reader, page)})


@routes.post("/api/rooms/{room_id}/messages")
async def say(request: web.Request) -> web.Response:
    """A message from outside, of the room's owner or of a seat: 201 `{id, seq, timestamp, deliveredTo}`."""
    _readable(request)
    wish = await body(request, OutsideMessage)
    return json_response(messages.post_from_outside(request.app[CONTEXT], _readable(request), wish), 201)


@routes.delete("/api/rooms/{room_id}/messages/{message_id}")
async def unsay(request: web.Request) -> web.Response:
    """Take a message away, as the room's owner or with a seat: 200 `{seq}`."""
    message_id = request.match_info["message_id"]
    return json_response(messages.delete_from_outside(request.app[CONTEXT], _readable(request), message_id))


def _readable(request: web.Request) -> Actor:
    """The room's owner, or who has a seat in it, while the room is there."""
    find_room(request)
    request[ACTOR].as_reader()
    return request[ACTOR]


@routes.get("/api/rooms/{room_id}/ice-servers")
async def ice_servers(request: web.Request) -> web.Response:
    """Fresh ICE servers: `{iceServers, expiresAt}`. TURN is for seats; the host key alone gets STUN."""
    find_room(request)
    return json_response(ice_for(request.app[CONTEXT], request[ACTOR].as_reader()))
