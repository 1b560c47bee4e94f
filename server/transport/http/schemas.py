"""`/openapi.json`, `/asyncapi.json`, `/events.d.ts`: the contract for machines."""

from __future__ import annotations

from functools import cache

from aiohttp import web

from server.schema.files import published

routes = web.RouteTableDef()


@cache
def bodies() -> dict[str, tuple[bytes, str]]:
    """path → contents and media type. Made once, before anybody is served: it takes a tenth of a second."""
    return {f"/{file.name}": (file.text.encode(), file.media_type) for file in published()}


@routes.get("/openapi.json")
@routes.get("/asyncapi.json")
@routes.get("/events.d.ts")
async def schema(request: web.Request) -> web.Response:
    """One of the published files, as the running code has it."""
    body, media_type = bodies()[request.path]
    return web.Response(body=body, content_type=media_type, charset="utf-8")
