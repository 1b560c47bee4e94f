"""`/api/rooms/{id}/files`: a file is the body of its upload, streamed both ways."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from urllib.parse import quote, unquote

from aiohttp import web

from rooms.errors import Code, Refused
from rooms.files import File
from rooms.ports import FileLost, StoreUnavailable
from rooms.rights import require_voice
from rooms.room import Room
from server.protocol import views
from server.protocol.acknowledgements import error_object
from server.transport.http.callers import ACTOR
from server.transport.http.ranges import Part, part_of
from server.transport.http.routes import BROKEN_BODY, CONTEXT, cors_headers, find_room, json_response
from server.usecases import files

routes = web.RouteTableDef()

SILENCE_S = 30.0
"""How long an upload may stand still. While it is we who take no more, its time does not run."""

CHUNK_S = 120.0
"""How long a chunk of an upload may take: 2 KiB a second at least, or a place is held with next to nothing."""

OCTETS = "application/octet-stream"
ENCODED_NAME_CHARS = 4 * 3 * files.MAX_FILE_NAME_CHARS
"""Of `X-File-Name` before it is decoded: `%` and two digits for each of up to four bytes of a character."""

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
HEADERS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "no-store",
    "Content-Security-Policy": SANDBOX,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@routes.post("/api/rooms/{room_id}/files")
async def lay_down(request: web.Request) -> web.Response:
    """Lay a file down: 201 `{fileId, bytes, expiresAt}`. It is one's own until it is attached to a message."""
    ctx = request.app[CONTEXT]
    room, owner = _room_and_reader(request)
    _, seat = request[ACTOR].as_speaker()
    if seat is not None:
        require_voice(seat)
    declared, keys = _declared(request), request[ACTOR].payer
    with ctx.file_quotas.transfer("upload", keys):
        upload = files.begin(ctx, room, owner, keys, declared)
        try:
            await _receive(request, upload)
            file = await upload.finish()
        finally:
            upload.abandon()
    expires_at = ctx.runtime.wall(file.due_at or 0.0)
    return json_response({"fileId": file.id, "bytes": file.bytes, "expiresAt": views.iso(expires_at)}, 201)


def _declared(request: web.Request) -> files.Declared:
    headers = request.headers
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused(Code.INVALID_PAYLOAD, details={"Content-Encoding": "is not understood; send the file as it is"})
    name = headers.get("X-File-Name")
    if name is not None and len(name) > ENCODED_NAME_CHARS:
        raise Refused(Code.INVALID_PAYLOAD, details={"X-File-Name": "is too long"})
    return files.Declared(request.content_length, headers.get("Content-Type"), unquote(name or "") or None)


async def _receive(request: web.Request, upload: files.Upload) -> None:
    """The body, no faster than the store takes it: while it does not, nothing is read, and TCP tells the sender."""
    clock = asyncio.get_running_loop().time
    chunk_until = clock() + CHUNK_S
    while True:
        wanted = upload.wants
        try:
            async with asyncio.timeout(min(SILENCE_S, chunk_until - clock())):
                data = await request.content.read(wanted)
        except TimeoutError:
            raise Refused(Code.TIMEOUT) from None
        except ConnectionError:
            raise Refused(Code.INVALID_PAYLOAD, BROKEN_BODY) from None
        if not data:
            break
        await upload.write(data)
        if len(data) == wanted:
            chunk_until = clock() + CHUNK_S
    if request.content.exception() is not None or not request.content.at_eof():
        raise Refused(Code.INVALID_PAYLOAD, BROKEN_BODY)


@routes.get("/api/rooms/{room_id}/files/{file_id}")
async def read(request: web.Request) -> web.StreamResponse:
    """A file, or the part of it that `Range` asks for."""
    ctx = request.app[CONTEXT]
    room, reader = _room_and_reader(request)
    file = files.opened(ctx, room, reader, request.match_info["file_id"])
    etag = f'"{file.id}"'
    part = part_of(file.bytes, etag, request.headers)
    if part.status == 416:
        return _no_such_part(file)
    response = _head(file, etag, part)
    response.headers.update(cors_headers(request))
    if request.method == "HEAD" or part.status == 304:
        await response.prepare(request)
        return response
    with (
        ctx.file_quotas.transfer("download", request[ACTOR].payer),
        files.sending(ctx, file, partial(_cut, request)),
    ):
        await _send(request, response, file, part)
    return response


async def _send(request: web.Request, response: web.StreamResponse, file: File, part: Part) -> None:
    """The bytes, one piece after the other as the client takes them. What breaks off is cut, so that nobody takes it
    for the whole."""
    try:
        async with aclosing(files.pieces(request.app[CONTEXT], file, part.start, part.stop)) as pieces:
            async for piece in pieces:
                if not response.prepared:
                    await response.prepare(request)
                await response.write(piece)
        if not response.prepared:
            await response.prepare(request)
        await response.write_eof()
    except (FileLost, StoreUnavailable, ConnectionError) as error:
        if response.prepared:
            _cut(request)
        elif isinstance(error, StoreUnavailable):
            raise Refused(Code.UNAVAILABLE, "The file cannot be read now.", retry_after_ms=files.NOT_NOW_MS) from None
        elif isinstance(error, FileLost):
            raise Refused(Code.NOT_FOUND, "There is no such file.") from None


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


@routes.delete("/api/rooms/{room_id}/files/{file_id}")
async def take_away(request: web.Request) -> web.Response:
    """Take a file away: 200 `{}`."""
    room, actor = _room_and_reader(request)
    files.delete(request.app[CONTEXT], room, actor, request.match_info["file_id"])
    return json_response({})


def _room_and_reader(request: web.Request) -> tuple[Room, str]:
    """The room, and who calls: a participant, or its owner. NOT_FOUND first where there are no files at all."""
    files.shelf_of(request.app[CONTEXT])
    room, seat = find_room(request), request[ACTOR].as_reader()
    return room, files.OWNER if seat is None else seat.id


def _head(file: File, etag: str, part: Part) -> web.StreamResponse:
    response = web.StreamResponse(status=part.status, headers={**HEADERS, "ETag": etag})
    if part.status != 304:
        response.headers["Content-Type"] = file.content_type or OCTETS
        response.headers["Content-Disposition"] = disposition(file.name)
        response.content_length = part.stop - part.start
    if part.status == 206:
        response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.bytes}"
    return response


def _no_such_part(file: File) -> web.Response:
    refused = Refused(Code.INVALID_PAYLOAD, "There is no such part.", details={"Range": "begins behind the file's end"})
    return json_response({"error": error_object(refused)}, 416, **{"Content-Range": f"bytes */{file.bytes}"})


def disposition(name: str | None) -> str:
    """`Content-Disposition` (RFC 6266): never shown in place; the name in ASCII, and as it is."""
    if name is None:
        return "attachment"
    plain = "".join(one if one.isascii() and one.isprintable() and one not in '"\\%' else "_" for one in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
