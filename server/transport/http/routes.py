"""What all routes share: errors, CORS, bodies, keys, addresses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from aiohttp import hdrs, web

from rooms.errors import Code, Refused
from rooms.room import Room
from server.protocol.acknowledgements import error_object, status_of
from server.protocol.checks import parse
from server.protocol.fields import MAX_LIMIT
from server.protocol.requests import Payload
from server.protocol.unknown_fields import known_fields, refuse_unknown
from server.security.addresses import client_address
from server.transport.engineio.origins import OriginPolicy
from server.usecases.context import Context

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 65_536
BODY_TIMEOUT_S = 10.0
"""How long a body may take to arrive, in all: as long as over polling (`EngineLimits.body_timeout_s`)."""

BROKEN_BODY = "The body cannot be read."
"""Also where whoever sends it goes away meanwhile: no fault of ours, and no line in the log."""

MAX_ADDRESSES = 10_000
"""Addresses whose request rate is remembered; the least recent go first."""

CONTEXT: web.AppKey[Context] = web.AppKey("context", Context)
ORIGINS: web.AppKey[OriginPolicy] = web.AppKey("origins", OriginPolicy)

EXPOSED = "Retry-After, ETag, Accept-Ranges, Content-Range, Content-Disposition"
"""What pages of allowed origins may read of an answer, besides its body and what they always may."""

ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Range, X-File-Name, X-Requested-With"
"""What they may send."""

MACHINES = ("/api", "/metrics", "/health", "/ready", "/openapi", "/asyncapi", "/events.d.ts")
"""Paths that programs call: errors are JSON there, and pages of allowed origins may read the answers."""

HTTP_CODES = {404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
P = TypeVar("P", bound=Payload)

NOT_FOUND: web.AppKey[Handler] = web.AppKey("not_found")
"""Answers people whose address leads nowhere."""


def page_limit(request: web.Request, most: int) -> int:
    """How many things on one page: as asked for, and at most so many."""
    limit = request.query.get("limit", str(most))
    # Not `isdecimal` alone, which has room for the digits of all scripts.
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= len(str(MAX_LIMIT)) and int(limit) >= 1):
        raise Refused(Code.INVALID_PAYLOAD, details={"limit": f"must be a whole number from 1 to {MAX_LIMIT}"})
    return min(int(limit), most)


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
    if refused.code is Code.TIMEOUT:
        response.force_close()  # the rest of what is so late is not waited for
    return response


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal and every failure as an error object."""
    response = await _answered(request, handler)
    if response.status >= 400 and hdrs.CONTENT_ENCODING in request.headers and not response.prepared:
        response.force_close()  # it ends where the rest cannot be decoded: nobody should send a next request on it
    return response


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return error_response(refused)
    except web.HTTPRequestEntityTooLarge:
        return error_response(Refused(Code.PAYLOAD_TOO_LARGE))
    except web.RequestPayloadError:
        return error_response(Refused(Code.INVALID_PAYLOAD, BROKEN_BODY))
    except web.HTTPException as answer:
        if answer.status < 400 or not request.path.startswith(MACHINES):
            if answer.status == 404 and "text/html" in request.headers.get("Accept", ""):
                return await request.app[NOT_FOUND](request)
            raise
        code = HTTP_CODES.get(answer.status, Code.INVALID_PAYLOAD)
        response = json_response({"error": error_object(Refused(code))}, answer.status)
        if "Allow" in answer.headers:
            response.headers["Allow"] = answer.headers["Allow"]
        return response
    except Exception as error:
        log.error("%s %s raised %s", request.method, request.match_info.route.name, type(error).__name__)
        return error_response(Refused(Code.INTERNAL_ERROR))


@web.middleware
async def cors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """CORS for the API, by the same policy as for Socket.IO (Fetch standard, CORS protocol)."""
    if not request.path.startswith(MACHINES):
        return await handler(request)
    if request.method == "OPTIONS":
        response: web.StreamResponse = _preflight(allowed=request.app[ORIGINS].allows(request))
    else:
        response = await handler(request)
    if not response.prepared:
        response.headers.update(cors_headers(request))
    return response


def cors_headers(request: web.Request) -> dict[str, str]:
    """What a response says of origins. Whoever sends one piece by piece says it before the first."""
    headers, origin = {"Vary": "Origin"}, request.headers.get("Origin")
    if origin is not None and request.app[ORIGINS].allows(request):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Access-Control-Expose-Headers"] = EXPOSED
    return headers


def _preflight(*, allowed: bool) -> web.Response:
    if not allowed:
        return error_response(Refused(Code.FORBIDDEN, "This origin is not allowed."))
    response = web.Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
    response.headers["Access-Control-Allow-Headers"] = ALLOWED
    response.headers["Access-Control-Max-Age"] = "600"
    return response


async def body(request: web.Request, model: type[P]) -> P:
    """The JSON body as a payload; an empty body is an empty object.

    Refused with INVALID_PAYLOAD where it is not of the model's shape or has a field that the model does not know, and
    with TIMEOUT where it does not arrive in time.
    """
    raw = await _read(request)
    if not raw.strip():
        return parse(model, {})
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(Code.INVALID_PAYLOAD, "The body is not JSON.") from None
    refuse_unknown(value, known_fields(model))
    return parse(model, value)


class _Arriving:
    """A body on its way, among the unfinished input of all."""

    def __init__(self, request: web.Request) -> None:
        self._request = request

    def shed(self) -> None:
        """All together have announced more than there is place for, and this one the most."""
        if self._request.transport is not None:
            self._request.transport.abort()


async def _read(request: web.Request) -> bytes:
    """The body. What it may become counts from the beginning, not what has come of it."""
    unfinished, arriving = request.app[CONTEXT].memory.input, _Arriving(request)
    if unfinished is not None and not request.content.is_eof():
        unfinished.note(arriving, min(request.content_length or MAX_BODY_BYTES, MAX_BODY_BYTES))
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.read()
    except TimeoutError:
        raise Refused(Code.TIMEOUT) from None
    except ConnectionError:
        raise Refused(Code.INVALID_PAYLOAD, BROKEN_BODY) from None
    finally:
        if unfinished is not None:
            unfinished.note(arriving, 0)


def scheme(request: web.Request) -> str:
    """`http` or `https`, as the caller used it, also where a proxy stands between."""
    named = request.headers.get("X-Forwarded-Proto", request.scheme).split(",")[0].strip()
    return "https" if named == "https" else "http"


def address(request: web.Request) -> str:
    """The network address of the caller."""
    hops = request.app[CONTEXT].settings.trusted_proxy_hops
    # A list may come in several lines (RFC 9110, section 5.3); the client's own is the first of them.
    return client_address(request.remote, ",".join(request.headers.getall("X-Forwarded-For", ())), hops)


def find_room(request: web.Request) -> Room:
    """The live room that the path names."""
    return request.app[CONTEXT].find(request.match_info["room_id"])
