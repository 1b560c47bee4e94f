"""What the tests of REST share: answers held against their models, and requests given as bytes."""

from __future__ import annotations

import asyncio
from typing import Any

from server.protocol.events import Sent
from tests.support.server import Answered, Server
from tests.support.shapes import fits

WORD = "xyzzyplugh"
SHOP, FORUM = "the-secret-of-the-shop", "the-secret-of-the-forum"
KEYS = f"shop:{SHOP},forum:{FORUM}"


def granted(answer: Answered, model: type[Sent], status: int = 200) -> Any:
    """The body of a granted call, held against its model."""
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    fits(model, answer.json)
    return answer.json


async def status_of(server: Server, request: bytes) -> int:
    """The status of a request that is given as bytes."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    status = int((await reader.readline()).split()[1])
    await reader.read()
    writer.close()
    await writer.wait_closed()
    return status


async def status_of_call(server: Server, call: bytes) -> int:
    return await status_of(server, call + b"\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
