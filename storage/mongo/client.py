"""The connection to one MongoDB database, and how calls to it are bounded and fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from rooms.ports import StoreUnavailable
from storage.documents import Document

if TYPE_CHECKING:
    from motor.motor_asyncio import (
        AsyncIOMotorCollection,
        AsyncIOMotorCommandCursor,
        AsyncIOMotorCursor,
        AsyncIOMotorDatabase,
    )

    Cursor = AsyncIOMotorCursor[Document] | AsyncIOMotorCommandCursor[Document]

DEFAULT_DATABASE = "mayfly"

# A server that is paused or gone costs a caller at most this much (pymongo's own default is 30 s).
SERVER_TIMEOUT_MS = 2_000
# The whole of one call, with the wait for one of motor's threads, which pymongo's time-outs do not see.
CALL_LIMIT_S = 2.5
GOODBYE_LIMIT_S = 1.0
MAX_CONNECTIONS = 20
BATCH_DOCUMENTS = 200


class Database:
    """One MongoDB database: the one in the URI's path, else `mayfly`.

    Raises `ValueError`, which never shows the URI, where the URI is malformed.
    """

    def __init__(
        self, uri: str, *, max_connections: int = MAX_CONNECTIONS, server_timeout_ms: int = SERVER_TIMEOUT_MS
    ) -> None:
        _check(uri)
        self._uri = uri
        self._max_connections = max_connections
        self._server_timeout_ms = server_timeout_ms
        self._client: AsyncIOMotorClient[Document] | None = None

    def connect(self) -> None:
        """Make the client, unless there is one. It connects with its first command."""
        if self._client is None:
            self._client = _client(self._uri, self._max_connections, self._server_timeout_ms)

    async def close(self) -> None:
        """Let go of every connection; bounded, even if the server is paused."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(_disconnect, client)

    async def ping(self) -> None:
        """Return only if the server answers."""
        async with answering():
            await self._open().admin.command("ping")

    def collection(self, name: str) -> AsyncIOMotorCollection[Document]:
        """A collection. Raises `StoreUnavailable` before `connect`."""
        return self.database()[name]

    def database(self) -> AsyncIOMotorDatabase[Document]:
        """The database itself. Raises `StoreUnavailable` before `connect`."""
        return self._open().get_default_database(DEFAULT_DATABASE)

    def _open(self) -> AsyncIOMotorClient[Document]:
        if self._client is None:
            raise StoreUnavailable("not connected")
        return self._client


@asynccontextmanager
async def answering(limit_s: float = CALL_LIMIT_S) -> AsyncIterator[None]:
    """Turn whatever the driver says, and silence beyond `limit_s`, into `StoreUnavailable`.

    Only the kind and code of an error are passed on: its text can hold parts of documents.
    """
    try:
        async with asyncio.timeout(limit_s):
            yield
    except OperationFailure as error:
        raise StoreUnavailable(f"{type(error).__name__} {error.code}") from None
    except (PyMongoError, TimeoutError, OSError) as error:
        raise StoreUnavailable(type(error).__name__) from None


async def each(cursor: Cursor, limit_s: float = CALL_LIMIT_S) -> AsyncIterator[Document]:
    """The documents of a cursor, read in batches: each batch is one bounded call."""
    try:
        while True:
            async with answering(limit_s):
                batch = await cursor.to_list(BATCH_DOCUMENTS)
            for document in batch:
                yield document
            if len(batch) < BATCH_DOCUMENTS:
                return
    finally:
        with suppress(StoreUnavailable):
            async with answering():
                await cursor.close()


def _client(uri: str, max_connections: int, server_timeout_ms: int) -> AsyncIOMotorClient[Document]:
    """A client of the running event loop. It connects, and asks the DNS, with its first command."""
    return AsyncIOMotorClient(
        uri,
        io_loop=asyncio.get_running_loop(),
        appname="mayfly",
        tz_aware=True,
        w="majority",
        journal=True,  # an acknowledged seat or spent invite survives a crash of the database, too
        retryWrites=True,
        maxPoolSize=max_connections,
        timeoutMS=server_timeout_ms,
        serverSelectionTimeoutMS=server_timeout_ms,
        connectTimeoutMS=server_timeout_ms,
    )


def _disconnect(client: AsyncIOMotorClient[Document]) -> None:
    # pymongo says goodbye to the server first, which has no time-out of its own: 12 s where the server is paused.
    with pymongo.timeout(GOODBYE_LIMIT_S):
        client.close()


def _check(uri: str) -> None:
    if uri.startswith("mongodb+srv://"):
        return  # parsing one asks the DNS; the first command does, where waiting is allowed
    try:
        parse_uri(uri)
    except (PyMongoError, ValueError):
        raise ValueError("MONGODB_URI is not a MongoDB connection string") from None
