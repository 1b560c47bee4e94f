"""Webhooks that wait for longer, in MongoDB: sealed, since a site may have asked for names in them.

The key is made of the secret that signs them, so that nothing else has to be set. Who replaces the secret gives both
for a while, and what was sealed under either is read. A client of its own: no room waits behind them, nor they behind
rooms.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import bson
import pymongo
from cryptography.exceptions import InvalidTag

from rooms.records import HookRecord
from storage.documents import Document
from storage.keys import NONCE_BYTES, cipher_for
from storage.mongo.client import Database, answering, each

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorCollection

log = logging.getLogger(__name__)

COLLECTION = "webhooks"
CONNECTIONS = 2


class MongoHooks:
    """`rooms.ports.HookStore` in one MongoDB database: the one in the URI's path, else `mayfly`.

    Raises `ValueError`, which never shows the URI, where the URI is malformed.
    """

    def __init__(self, uri: str, secrets: Sequence[str]) -> None:
        """What is kept is sealed under the first of `secrets`."""
        self._database = Database(uri, max_connections=CONNECTIONS)
        self._ciphers = [cipher_for(secret.encode(), b"mayfly webhooks") for secret in secrets]

    async def open(self) -> None:
        self._database.connect()
        purge = pymongo.IndexModel("purgeAt", expireAfterSeconds=0)
        in_order = pymongo.IndexModel([("address", 1), ("number", 1)])
        async with answering():
            await self._hooks.create_indexes([purge, in_order, pymongo.IndexModel("room")])

    async def close(self) -> None:
        await self._database.close()

    async def load(self, address: str, limit: int) -> list[HookRecord]:
        in_order = self._hooks.find({"address": address}).sort("number", 1).limit(limit)
        found = [self._read(document) async for document in each(in_order)]
        readable = [record for record in found if record is not None]
        if len(readable) < len(found):
            log.warning("%d webhooks cannot be read: WEBHOOK_SECRET was another.", len(found) - len(readable))
        return readable

    async def keep(self, hooks: Sequence[HookRecord]) -> None:
        replacements = [
            pymongo.ReplaceOne({"_id": document["_id"]}, document, upsert=True)
            for document in map(self._document, hooks)
        ]
        if replacements:
            async with answering():
                await self._hooks.bulk_write(replacements, ordered=False)

    async def forget(self, address: str, hook_ids: Sequence[str]) -> None:
        async with answering():
            await self._hooks.delete_many({"_id": {"$in": [_key(address, one) for one in hook_ids]}})

    def _document(self, hook: HookRecord) -> Document:
        key, nonce = _key(hook.address, hook.id), os.urandom(NONCE_BYTES)
        inside = {"roomId": hook.room_id, "body": hook.body, "queuedAt": hook.queued_at}
        return {
            "_id": key,
            "address": hook.address,
            "number": hook.number,
            "room": hooks_of(hook.room_id),
            "sealed": nonce + self._ciphers[0].encrypt(nonce, bson.encode(inside), key.encode()),
            "purgeAt": datetime.fromtimestamp(hook.purge_at, UTC),
        }

    def _read(self, document: Document) -> HookRecord | None:
        sealed = document["sealed"]
        for cipher in self._ciphers:
            try:
                opened = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], document["_id"].encode())
            except (InvalidTag, ValueError):
                continue
            inside = bson.decode(opened)
            return HookRecord(
                document["address"],
                document["number"],
                document["_id"].partition("/")[2],
                inside["roomId"],
                inside["body"],
                inside["queuedAt"],
                document["purgeAt"].timestamp(),
            )
        return None

    @property
    def _hooks(self) -> AsyncIOMotorCollection[Document]:
        return self._database.collection(COLLECTION)


def hooks_of(room_id: str) -> str:
    """By what the webhooks of a room are found, from which nobody finds the room."""
    return hashlib.sha256(b"webhooks:" + room_id.encode()).hexdigest()[:32]


def _key(address: str, hook_id: str) -> str:
    return f"{address}/{hook_id}"
