"""Validators and indexes: what MongoDB itself holds documents to.

The schemas are made of the records. They say types and what must be there, and leave the rest open, so that processes
of neighbouring versions can share one database; documents that were there before are not touched (`moderate`).
"""

from __future__ import annotations

import logging
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import pymongo
from pymongo.errors import CollectionInvalid, OperationFailure

from rooms.records import LoggedMessage, RoomRecord, SessionRecord, Tombstone
from storage.documents import ENDED, LIVE, Document, is_record, plan_of
from storage.sealed import SEALED, WRITTEN

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

log = logging.getLogger(__name__)

NAMESPACE_EXISTS_CODE = 48
FORBIDDEN_CODES = frozenset({13, 8_000})
"""Unauthorized, and Atlas's word for it."""

_TYPES: dict[Any, str] = {str: "string", bytes: "binData", float: "number", int: "number", bool: "bool"}
_PURGED: Document = {"purgeAt": {"bsonType": "date"}, "generation": {"bsonType": "number"}}


def _of(hint: Any) -> Document:
    """The schema of one field."""
    if get_origin(hint) in (Union, UnionType):
        (inner,) = (_of(option) for option in get_args(hint) if option is not type(None))
        kinds = inner["bsonType"]
        return inner | {"bsonType": [kinds, "null"]}
    if get_origin(hint) is tuple:
        items = get_args(hint)
        # A list of any length, or a pair.
        return {"bsonType": "array"} | ({"items": _of(items[0])} if items[-1] is Ellipsis else {})
    if is_record(hint):
        return _object(hint)
    return {"bsonType": _TYPES.get(hint, "string")}  # what is left are literals


def _object(kind: type, more: Document | None = None, *, optional: tuple[str, ...] = ()) -> Document:
    plan = plan_of(kind)
    needed = [*(key for _, key, _, required in plan if required and key not in optional), *(more or {})]
    properties = {key: _of(hint) for _, key, hint, _ in plan} | (more or {})
    found: Document = {"bsonType": "object", "properties": properties}
    return found | {"required": needed} if needed else found  # MongoDB takes no empty list


def _state(state: str) -> Document:
    return {"state": {"enum": [state]}, "purgeAt": {"bsonType": "date"}}


def _rooms() -> Document:
    live, ended = _object(RoomRecord, _state(LIVE)), _object(Tombstone, _state(ENDED))
    live["properties"] |= {SEALED: {"bsonType": "binData"}, "generation": {"bsonType": "number"}}
    return {"oneOf": [live, ended]}


def _messages() -> Document:
    found = _object(LoggedMessage, {"purgeAt": {"bsonType": "date"}}, optional=WRITTEN)
    found["properties"] |= {SEALED: {"bsonType": "binData"}} | _PURGED
    return found


VALIDATORS: dict[str, Document] = {
    "rooms": _rooms(),
    "messages": _messages(),
    "sessions": _object(SessionRecord, {"purgeAt": {"bsonType": "date"}}),
    "spent": {
        "bsonType": "object",
        "required": ["_id", "by", "purgeAt"],
        "properties": {"_id": {"bsonType": "string"}, "by": {"bsonType": "string"}} | _PURGED,
    },
}

_PURGE = pymongo.IndexModel("purgeAt", expireAfterSeconds=0)
INDEXES: dict[str, list[pymongo.IndexModel]] = {
    "rooms": [
        _PURGE,
        pymongo.IndexModel([("state", 1), ("until", 1)]),
        pymongo.IndexModel([("generation", -1)], sparse=True),  # the highest is looked up at each hand-over
        pymongo.IndexModel("unfinished", sparse=True),  # ends that a crash interrupted, among many tombstones
    ],
    "messages": [_PURGE, pymongo.IndexModel([("roomId", 1), ("_id", -1)], unique=True)],
    "spent": [_PURGE],
    "sessions": [_PURGE, pymongo.IndexModel([("endedAt", -1), ("_id", -1)])],
}


async def apply_schema(database: AsyncIOMotorDatabase[Document]) -> None:
    """Make the collections, their validators and their indexes, where they are not as they should be."""
    there = {found["name"]: found.get("options", {}) async for found in await database.list_collections()}
    for name, schema in VALIDATORS.items():
        if there.get(name, {}).get("validator") != {"$jsonSchema": schema}:
            await _validate(database, name, {"$jsonSchema": schema}, new=name not in there)
    for name, indexes in INDEXES.items():
        await database[name].create_indexes(indexes)


async def _validate(database: AsyncIOMotorDatabase[Document], name: str, validator: Document, *, new: bool) -> None:
    if new:
        try:
            await database.create_collection(name, validator=validator, validationLevel="moderate")
            return
        except CollectionInvalid:
            pass  # another process was first
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS_CODE:
                raise
    try:
        await database.command("collMod", name, validator=validator, validationLevel="moderate")
    except OperationFailure as error:
        if error.code not in FORBIDDEN_CODES:
            raise
        log.warning("The database user may not set validators (collMod): the collection %s goes without.", name)
