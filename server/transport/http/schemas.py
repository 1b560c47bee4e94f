"""`/openapi.json`, `/asyncapi.json`, `/events.d.ts`: the contract for machines."""

from __future__ import annotations

from functools import cache

from aiohttp import web

from server.schema.ceilings import DEFAULT, Ceilings, ceilings_of, with_ceilings
from server.schema.files import published
from server.transport.http.routes import CONTEXT

JSON = "application/json"

routes = web.RouteTableDef()


@cache
def bodies(ceilings: Ceilings = DEFAULT) -> dict[str, tuple[bytes, str]]:
    """path → contents and media type. Made once, before anybody is served: it takes a tenth of a second."""
    texts = {file: with_ceilings(file.text, ceilings) if file.media_type == JSON else file.text for file in published()}
    return {f"/{file.name}": (text.encode(), file.media_type) for file, text in texts.items()}


@routes.get("/openapi.json")
@routes.get("/asyncapi.json")
@routes.get("/events.d.ts")
async def schema(request: web.Request) -> web.Response:
    """One of the published files, as the running code has it."""
    body, media_type = bodies(ceilings_of(request.app[CONTEXT].settings))[request.path]
    return web.Response(body=body, content_type=media_type, charset="utf-8")
