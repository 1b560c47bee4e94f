"""`/openapi.json`, `/asyncapi.json`, `/events.d.ts`: the contract for machines."""

from __future__ import annotations

from aiohttp import web

from server.schema.files import published

routes = web.RouteTableDef()


@routes.get("/openapi.json")
@routes.get("/asyncapi.json")
@routes.get("/events.d.ts")
async def schema(request: web.Request) -> web.Response:
    """One of the published files, as the running code has it."""
    file = next(one for one in published() if one.name == request.path.removeprefix("/"))
    return web.Response(text=file.text, content_type=file.media_type, charset="utf-8")
