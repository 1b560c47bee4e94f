"""What all routes share: errors, CORS, bodies, keys, addresses."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from aiohttp import web

from rooms.errors import Code, Refused
from rooms.room import Room
from server.addresses import client_address
from server.engine.origins import OriginPolicy
from server.payloads import Payload, parse
from server.quotas import Keys
from server.replies import error_object, status_of
from server.usecases.context import Context

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 65_536
MAX_ADDRESSES = 10_000
"""Addresses whose request rate is remembered; the least recent go first."""

CONTEXT: web.AppKey[Context] = web.AppKey("context", Context)
ORIGINS: web.AppKey[OriginPolicy] = web.AppKey("origins", OriginPolicy)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
P = TypeVar("P", bound=Payload)


def json_response(data: Any, status: int = 200, **headers: str) -> web.Response:
    """A JSON response. Nothing of a room is for caches."""
    response = web.Response(body=orjson.dumps(data), status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers)
    return response


def error_response(refused: Refused) -> web.Response:
    """The error object with its status."""
    response = json_response({"error": error_object(refused)}, status_of(refused))
    if refused.retry_after_ms is not None:
        response.headers["Retry-After"] = str(max(1, -(-refused.retry_after_ms // 1000)))
    if refused.code is Code.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal and every failure as an error object."""
    try:
        return await handler(request)
    except Refused as refused:
        return error_response(refused)
    except web.HTTPRequestEntityTooLarge:
        return error_response(Refused(Code.PAYLOAD_TOO_LARGE))
    except web.RequestPayloadError:
        return error_response(Refused(Code.INVALID_PAYLOAD, "The body cannot be read."))
    except web.HTTPException as answer:
        if answer.status < 400 or not request.path.startswith("/api/"):
            raise
        text = {404: "There is nothing here.", 405: "This method is not allowed here."}.get(answer.status, "")
        code = Code.ROOM_NOT_FOUND if answer.status == 404 else Code.INVALID_PAYLOAD
        response = json_response({"error": error_object(Refused(code, text or answer.reason))}, answer.status)
        if "Allow" in answer.headers:
            response.headers["Allow"] = answer.headers["Allow"]
        return response
    except Exception as error:
        log.error("%s %s raised %s", request.method, request.match_info.route.name, type(error).__name__)
        return error_response(Refused(Code.INTERNAL_ERROR))


@web.middleware
async def cors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """CORS for the API, by the same policy as for Socket.IO (Fetch standard, CORS protocol)."""
    if not request.path.startswith(("/api/", "/health", "/ready", "/openapi", "/asyncapi", "/events.d.ts")):
        return await handler(request)
    policy = request.app[ORIGINS]
    allowed = policy.allows(request)
    if request.method == "OPTIONS":
        response: web.StreamResponse = _preflight(allowed=allowed)
    else:
        response = await handler(request)
    origin = request.headers.get("Origin")
    if origin is not None and allowed:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    response.headers["Vary"] = "Origin"
    return response


def _preflight(*, allowed: bool) -> web.Response:
    if not allowed:
        return error_response(Refused(Code.FORBIDDEN, "This origin is not allowed."))
    response = web.Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, PATCH, DELETE, OPTIONS"
    response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Idempotency-Key"
    response.headers["Access-Control-Max-Age"] = "600"
    return response


async def body(request: web.Request, model: type[P]) -> P:
    """The JSON body as a payload; an empty body is an empty object."""
    raw = await request.read()
    if not raw.strip():
        return parse(model, {})
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(Code.INVALID_PAYLOAD, "The body is not JSON.") from None
    return parse(model, value)


def bearer(request: web.Request) -> str | None:
    """The secret of `Authorization: Bearer …`, if there is one."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def address(request: web.Request) -> str:
    """The network address of the caller."""
    hops = request.app[CONTEXT].settings.trusted_proxy_hops
    # A list may come in several lines (RFC 9110, section 5.3); the client's own is the first of them.
    return client_address(request.remote, ",".join(request.headers.getall("X-Forwarded-For", ())), hops)


def payer(request: web.Request) -> Keys:
    """What the caller is counted under by quotas; nothing where it is not counted."""
    forwarded_for = ",".join(request.headers.getall("X-Forwarded-For", ())) or None
    return request.app[CONTEXT].quotas.keys(request.remote, forwarded_for)


def find_room(request: web.Request) -> Room:
    """The live room that the path names."""
    return request.app[CONTEXT].find(request.match_info["room_id"])


def as_owner(request: web.Request) -> Room:
    """The room that the path names, for whoever has its host key; else UNAUTHORIZED or FORBIDDEN."""
    ctx = request.app[CONTEXT]
    room = find_room(request)
    key = bearer(request)
    if key is None:
        raise Refused(Code.UNAUTHORIZED, "Send the room's host key as a bearer token.")
    if not room.is_host_key(key):
        ctx.guard.failed("token", address(request))
        raise Refused(Code.FORBIDDEN, "This is not the room's host key.")
    return room
