"""Files over REST, for tests."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from multidict import CIMultiDictProxy
from pymongo import MongoClient

from server.transport.http.routes import CONTEXT
from server.usecases.context import Context
from tests.support.documented import check_status
from tests.support.pace import PACE
from tests.support.server import Answered, Server

WAIT_S = 3.0 * PACE


@dataclass(frozen=True, slots=True)
class Got:
    """A file as it was sent, or the part of it."""

    status: int
    headers: CIMultiDictProxy[str]
    data: bytes


async def lay_down(server: Server, room: str, key: str | None, data: Any = b"x", **headers: str) -> Answered:
    """`POST …/files`; headers as keywords, with `_` for `-`."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    data = io.BytesIO(data) if isinstance(data, bytes) else data
    return await server.call("POST", f"/api/rooms/{room}/files", key=key, data=data, headers=given)


async def file_id(server: Server, room: str, key: str, data: Any = b"x", **headers: str) -> str:
    """The id of a file that must be taken."""
    answer = await lay_down(server, room, key, data, **headers)
    assert answer.status == 201, answer.text
    return str(answer.json["fileId"])


async def fetch(server: Server, room: str, key: str, file: str, method: str = "GET", **headers: str) -> Got:
    """`GET …/files/{fileId}`."""
    path = f"/api/rooms/{room}/files/{file}"
    given: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
    options = {"headers": {**given, "Authorization": f"Bearer {key}"}}
    async with server.http.request(method, server.url + path, **options) as response:
        check_status(method, path, response.status)
        return Got(response.status, response.headers, await response.read())


async def slowly(data: bytes, pieces: int = 4, pause_s: float = 0.0) -> AsyncIterator[bytes]:
    """A body without a length, in so many chunks."""
    step = -(-len(data) // pieces) or 1
    for at in range(0, len(data), step):
        yield data[at : at + step]
        await asyncio.sleep(pause_s)


async def nothing_kept(server: Server) -> None:
    """Return once no file, no claim and no unwritten change is left."""
    ctx: Context = server.runner.app[CONTEXT]
    assert ctx.shelf is not None
    async with asyncio.timeout(WAIT_S):
        while (
            ctx.shelf.unwritten or ctx.file_quotas.bytes or ctx.files.count or sum(ctx.file_quotas.under_way.values())
        ):
            await asyncio.sleep(0.01)


def left_in(uri: str) -> dict[str, int]:
    """How many documents lie in the collections of files; those that are empty are left out."""
    with MongoClient[dict[str, Any]](uri) as client:
        database = client.get_default_database()
        names = [name for name in database.list_collection_names() if name.startswith("files.")]
        return {name: count for name in names if (count := database[name].count_documents({}))}


async def all_gone(uri: str, limit_s: float = WAIT_S) -> None:
    """Return once nothing of a file is in the database."""
    async with asyncio.timeout(limit_s):
        while left_in(uri):
            await asyncio.sleep(0.05)
