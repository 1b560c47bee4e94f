"""What the database holds of one room: kinds, numbers, sizes and dates. Never content, nor anything secret."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import bson

from rooms.records import FileRecord
from storage.documents import ENDED, Document
from storage.mongo.client import Database, answering, each
from storage.mongo.files import GridFiles
from storage.mongo.hooks import hooks_of
from storage.sealed import SEALED, WRITTEN
from storage.sealing import Sealer

READ_LIMIT_S = 20.0


async def holdings(uri: str, room_id: str, secret: str = "") -> dict[str, Any]:
    """What is held of a room, by collection. Raises `StoreUnavailable`, and `ValueError` for what is no URI.

    Which room a file lies in is known only with the `STORAGE_SECRET` that it was sealed under.

    Only reads: it may be asked while a server runs.
    """
    database = Database(uri)
    database.connect()
    try:
        async with answering(READ_LIMIT_S):
            room = await database.collection("rooms").find_one({"_id": room_id})
            line = await database.collection("sessions").find_one({"_id": session_id(room_id)})
        messages = _Heap()
        async for message in each(database.collection("messages").find({"roomId": room_id}), READ_LIMIT_S):
            messages.add(message)
        seats = [seat["id"] for seat in (room or {}).get("seats", ())]
        spent = _Heap()
        async for note in each(database.collection("spent").find({"by": {"$in": seats}}), READ_LIMIT_S):
            spent.add(note)
        hooks = _Heap()
        async for hook in each(database.collection("webhooks").find({"room": hooks_of(room_id)}), READ_LIMIT_S):
            hooks.add(hook)
    finally:
        await database.close()
    return {
        "room": None if room is None else _room(room),
        "messages": messages.told() | {"sealed": messages.sealed, "readable": messages.count - messages.sealed},
        "spentTokens": spent.told(),
        "webhooks": hooks.told(),
        "files": await _files(uri, room_id, secret),
        "sessionLog": None if line is None else _document(line),
    }


async def _files(uri: str, room_id: str, secret: str) -> dict[str, Any]:
    store = GridFiles(uri, Sealer(secret or "none"))
    await store.open()
    try:
        records = [record async for record in store.records()]
    finally:
        await store.close()
    mine = [record for record in records if isinstance(record, FileRecord) and record.room_id == room_id]
    unknown = sum(isinstance(record, str) for record in records)
    told = {"documents": len(mine), "bytes": sum(record.bytes for record in mine)}
    return told | ({"ofWhicheverRoom": unknown} if unknown else {})


def session_id(room_id: str) -> str:
    """The id of a room's line in the session log, from which nobody finds the room (`rooms.snapshots`)."""
    return hashlib.sha256(b"session:" + room_id.encode()).hexdigest()[:32]


class _Heap:
    """Documents of one kind, counted."""

    def __init__(self) -> None:
        self.count = self.bytes = self.sealed = 0
        self._times: list[float] = []
        self._purge: list[datetime] = []

    def add(self, document: Document) -> None:
        self.count += 1
        self.bytes += len(bson.encode(document))
        # Sealed, and with nothing beside it that should have been.
        self.sealed += SEALED in document and not any(field in document for field in WRITTEN)
        if "timestamp" in document:
            self._times.append(document["timestamp"])
        self._purge.append(document["purgeAt"])

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = {"documents": self.count, "bytes": self.bytes}
        if self._times:
            found |= {"oldest": _iso(min(self._times)), "newest": _iso(max(self._times))}
        return found | ({"goneBy": max(self._purge).isoformat()} if self._purge else {})


def _document(document: Mapping[str, Any]) -> dict[str, Any]:
    fields = sorted(key for key, value in document.items() if value not in (None, [], ""))
    return {"bytes": len(bson.encode(document)), "fields": fields, "goneBy": document["purgeAt"].isoformat()}


def _room(room: Document) -> dict[str, Any]:
    found = {"state": room["state"], **_document(room)}
    if room["state"] == ENDED:
        return found | {"endedAt": _iso(room["endedAt"]), "unfinished": "unfinished" in room}
    seats = room.get("seats", ())
    return found | {
        "createdAt": _iso(room["createdAt"]),
        "expiresAt": _iso(room["expiresAt"]),
        "seats": len(seats),
        "namesSealed": sum(seat.get("sealed") is not None for seat in seats),
        "namesReadable": sum(bool(seat.get("name")) for seat in seats),
        "invites": len(room.get("invites", ())),
        "bannedSeats": len(room.get("bannedIds", ())),
        "digestsReadable": sum(len(room.get(key, ())) for key in ("bannedOrigins", "bannedSubjects"))
        + sum(bool(seat.get("subject")) for seat in seats),
        "digestsSealed": SEALED in room,
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
