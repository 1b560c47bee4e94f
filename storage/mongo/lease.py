"""The lease of `storage.leases` as one document. Every change is one atomic update, and tells the time by `$$NOW`.

The generation is at least the milliseconds of the server's clock, so that it goes on growing where somebody deletes the
document. Pipelines in updates and `$$NOW` need MongoDB 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bson import Int64
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from storage.documents import Document
from storage.leases import HEIR_S, LEASE_S, Lease
from storage.mongo.client import Database, answering
from storage.mongo.fence import Fence

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorCollection

COLLECTION = "ownership"
ID = "rooms"

CALL_LIMIT_S = 1.0
"""Of one call here: a lease that hangs is asked for again within `LEASE_S`."""

NOW = "$$NOW"


def _in(seconds: float) -> Document:
    return {"$add": [NOW, round(seconds * 1000)]}


NEXT_VERSION: Document = {"$add": [{"$ifNull": ["$version", Int64(0)]}, 1]}
RENEWED: Document = {"version": NEXT_VERSION, "expiresAt": _in(LEASE_S), "clock": NOW}


class MongoLease:
    """`storage.leases.LeaseBook` in the database of a store, whose fence it sets."""

    def __init__(self, database: Database, fence: Fence) -> None:
        self._database = database
        self._fence = fence
        self._me = ""

    @property
    def on_refused(self) -> Callable[[], None]:
        """Called where a write of this process met a later owner."""
        return self._fence.on_refused

    @on_refused.setter
    def on_refused(self, call: Callable[[], None]) -> None:
        self._fence.on_refused = call

    async def look(self, me: str) -> Lease | None:
        self._database.connect()
        return _read(await self._change({}, {"waiting": {"by": me, "at": NOW}, "clock": NOW}))

    async def claim(self, me: str, seen: Lease | None) -> Lease | None:
        # Also where there is a lease: a renewal that was given up can bring back an old one after somebody deleted it.
        floor = await self._highest_generation() + 1
        grown = [{"$add": ["$generation", 1]}, Int64(floor), {"$toLong": NOW}]
        claimed = RENEWED | {
            "holder": me,
            "generation": {"$max": grown},
            "takenAt": NOW,
            "handed": {"$eq": ["$heir", me]},
            "heir": None,
            "asked": None,
            "refused": None,
            "waiting": {"$cond": [{"$eq": ["$waiting.by", me]}, None, {"$ifNull": ["$waiting", None]}]},
        }
        lease = _read(await self._change(_as_seen(seen), claimed, upsert=seen is None))
        if lease is not None:
            self._me, self._fence.generation = me, lease.generation
        return lease

    async def renew(self, me: str, generation: int) -> Lease | None:
        lease = _read(await self._change({"holder": me, "generation": generation}, RENEWED))
        if lease is None:
            # Somebody may have deleted it. The generation stays: nobody else has had the rooms meanwhile.
            anew = RENEWED | {"holder": me, "generation": Int64(generation), "takenAt": NOW, "handed": False}
            lease = _read(await self._change(_as_seen(None), anew, upsert=True))
        return lease

    async def ask(self, me: str, seen: Lease) -> None:
        await self._change({"holder": seen.holder, "generation": seen.generation}, {"asked": me, "refused": None})

    async def refuse(self, me: str, generation: int, asker: str) -> None:
        await self._change({"holder": me, "generation": generation}, {"asked": None, "refused": asker})

    async def release(self, me: str, generation: int, heir: str | None) -> None:
        free = {"holder": None, "heir": heir, "asked": None, "version": NEXT_VERSION, "expiresAt": _in(HEIR_S)}
        await self._change({"holder": me, "generation": generation}, free)

    async def confirm(self) -> bool:
        """Whether this process still has the lease; a write, so that no deposed primary can say so."""
        if self._fence.generation == 0:
            return True
        mine = {"holder": self._me, "generation": self._fence.generation}
        return await self._change(mine, {"clock": NOW}) is not None

    async def _change(self, where: Document, fields: Document, *, upsert: bool = False) -> Mapping[str, Any] | None:
        """Set fields, which may be expressions, in one step; the document afterwards, None where it did not match."""
        async with answering(CALL_LIMIT_S):
            try:
                return await self._leases.find_one_and_update(
                    {"_id": ID, **where}, [{"$set": fields}], upsert=upsert, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                return None  # there is one, and it does not match

    async def _highest_generation(self) -> int:
        async with answering(CALL_LIMIT_S):
            newest = await self._database.collection("rooms").find_one(
                {"generation": {"$exists": True}}, {"generation": True}, sort=[("generation", -1)]
            )
        return int(newest["generation"]) if newest else 0

    @property
    def _leases(self) -> AsyncIOMotorCollection[Document]:
        return self._database.collection(COLLECTION)


def _as_seen(seen: Lease | None) -> Document:
    return {"version": {"$exists": False}} if seen is None else {"version": seen.version}


def _read(document: Mapping[str, Any] | None) -> Lease | None:
    """None also for a document that holds no lease: somebody's hand, or a look before there was one."""
    if document is None or "version" not in document:
        return None
    clock = document["clock"]

    def until(moment: Any) -> float:
        return float((moment - clock).total_seconds()) if moment is not None else 0.0

    waiting = document.get("waiting")
    return Lease(
        holder=document.get("holder"),
        generation=int(document.get("generation", 0)),
        version=int(document["version"]),
        left_s=until(document.get("expiresAt")),
        held_s=-until(document.get("takenAt")),
        handed=bool(document.get("handed")),
        heir=document.get("heir"),
        asked_by=document.get("asked"),
        refused=document.get("refused"),
        accompanied=waiting is not None and waiting["by"] != document.get("holder") and -until(waiting["at"]) < LEASE_S,
    )
