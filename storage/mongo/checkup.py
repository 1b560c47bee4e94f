"""Whether a database is fit for use, asked by an operator before anything runs on it."""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from typing import NamedTuple

from storage.mongo.client import Database, answering

COLLECTION = "checkups"


class Examined(NamedTuple):
    """How long it takes to write, and how far the server's clock is ahead of ours, in seconds."""

    write_s: float
    clock_ahead_s: float


async def examine(uri: str) -> Examined:
    """Write a document and take it away again.

    Raises `StoreUnavailable`, or `ValueError` where the URI is malformed.
    """
    database = Database(uri)
    database.connect()
    try:
        async with answering():
            asked_at = time.time()
            hello = await database.collection(COLLECTION).database.command("hello")
            middle = (asked_at + time.time()) / 2
            began, mark = time.monotonic(), secrets.token_hex(8)
            await database.collection(COLLECTION).insert_one({"_id": mark})
            write_s = time.monotonic() - began
            await database.collection(COLLECTION).delete_one({"_id": mark})
        told: datetime = hello["localTime"]
        return Examined(write_s, told.timestamp() - middle)
    finally:
        await database.close()
