"""What the owner of a room does over REST: making it, inviting to it, reading it, ending it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from rooms import moderation, snapshots
from rooms.directory import Directory
from rooms.errors import Code, Refused
from rooms.events import RoomCreated
from rooms.model import RoomOptions, RoomView
from rooms.ports import RoomExists, StoreUnavailable
from rooms.records import InviteRecord, Tombstone
from rooms.room import Room
from rooms.runtime import Runtime
from server.protocol.requests import CreateInvite, CreateRoom
from server.security.actor import Actor
from server.usecases.context import PARTICIPANT_ID_BYTES, ROOM_ID_BYTES, TOKEN_BYTES, Context
from server.usecases.moderation import check_ceilings

MAX_IDEMPOTENCY_KEYS = 10_000
MAX_IDEMPOTENCY_KEY_CHARS = 255
UNGUESSABLE_CHARS = 22
"""From so many characters on an Idempotency-Key is taken for one that nobody else knows: 128 random bits in base64."""

ROOMS_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Created:
    """A new room and its host key, which is told once, and again to whoever has an unguessable Idempotency-Key."""

    room: Room
    host_key: str | None


def may_make(ctx: Context, actor: Actor) -> None:
    """Whether somebody may make a room (`ROOM_CREATION`); else UNAUTHORIZED or FORBIDDEN.

    A foreign page has been refused before: what is left without a key is our own page, a page of `CORS_ORIGINS`, or a
    script, which could call itself either.
    """
    if ctx.settings.who_makes_rooms == "key" or (ctx.settings.api_keys and actor.showed):
        actor.as_site()


def _scoped(actor: Actor, key: str) -> str:
    """An Idempotency-Key that no other maker shares: a site's servers may have many addresses."""
    return f"key {actor.site} {key}" if actor.site is not None else f"{actor.address} {key}"


def _owns(actor: Actor, key: str) -> bool:
    """Whether repeating the key proves who repeats it. Behind one address there may be others."""
    return actor.site is not None or len(key) >= UNGUESSABLE_CHARS


@dataclass(slots=True)
class IdempotencyKeys:
    """Repeated `POST /api/rooms` with one `Idempotency-Key`: the same room, the same answer.

    Room id and host key are derived from the key and a secret of this process, so that no host key is kept.
    """

    secret: str
    """Where several processes share rooms, they share this, too (`share`)."""
    _seen: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _under_way: dict[str, asyncio.Event] = field(default_factory=dict)

    def share(self, secret: str) -> None:
        """Derive from what all processes know, from now on."""
        self.secret = secret

    def derive(self, purpose: str, key: str) -> str:
        """A value that only this process can make of this key."""
        # Headers that are not UTF-8 come with surrogates in place of their bytes.
        text = f"{purpose}:{key}".encode("utf-8", "surrogateescape")
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()

    def first(self, key: str, body: CreateRoom) -> bool:
        """Whether the key is new. Refused where it was used with another body."""
        content = json.dumps(body.model_dump(), sort_keys=True)
        fingerprint = bytes.fromhex(self.derive("body", content))
        scope = self.derive("scope", key)
        if scope in self._seen:
            if self._seen[scope] != fingerprint:
                raise Refused(Code.INVALID_PAYLOAD, details={"Idempotency-Key": "was used with another body"})
            return False
        self._seen[scope] = fingerprint
        if len(self._seen) > MAX_IDEMPOTENCY_KEYS:
            self._seen.popitem(last=False)
        return True

    @contextmanager
    def under_way(self, key: str) -> Iterator[None]:
        """While the first request is carried out. If it fails, the key is as good as new."""
        scope = self.derive("scope", key)
        done = self._under_way[scope] = asyncio.Event()
        try:
            yield
        except BaseException:
            self._seen.pop(scope, None)
            raise
        finally:
            del self._under_way[scope]
            done.set()

    async def waited(self, key: str) -> bool:
        """Wait for the first request of this key; False where it was over already."""
        done = self._under_way.get(self.derive("scope", key))
        if done is None:
            return False
        await done.wait()
        return True


async def create_room(
    ctx: Context, request: CreateRoom, keys: IdempotencyKeys, key: str | None, maker: Actor
) -> Created:
    """Make a room. `key` is the Idempotency-Key; see `_owns` for whom its repetition tells the host key again."""
    if ctx.draining:
        raise Refused(Code.SERVER_DRAINING, retry_after_ms=2_000)
    if not ctx.restored:
        raise Refused(Code.UNAVAILABLE, "Rooms are being restored.", retry_after_ms=1_000)
    check_ceilings(ctx, request.capacity, request.expires_in_s)
    if key is None:
        return await _create(ctx, request, ctx.new_id(ROOM_ID_BYTES), ctx.new_id(TOKEN_BYTES), maker)
    owned, key = _owns(maker, key), _scoped(maker, key)
    room_id, host_key = keys.derive("room", key)[:32], keys.derive("host", key)
    while not keys.first(key, request):
        if not await keys.waited(key):
            return Created(ctx.find(room_id), host_key if owned else None)
    with keys.under_way(key):
        if ctx.rooms is not None:
            with suppress(Refused):
                await ctx.rooms.place_here(room_id)
        if room_id in ctx.directory.rooms:
            # Made long ago, and the key forgotten since.
            return Created(ctx.find(room_id), host_key if owned else None)
        return await _create(ctx, request, room_id, host_key, maker)


async def _create(ctx: Context, request: CreateRoom, room_id: str, host_key: str, maker: Actor) -> Created:
    if not request.password:
        return await _made(ctx, request, room_id, host_key, None, maker)
    kept = await ctx.passwords.hash(request.password, maker.address)
    try:
        return await _made(ctx, request, room_id, host_key, kept, maker)
    except BaseException:
        ctx.passwords.forget(kept)
        raise


async def _made(
    ctx: Context, request: CreateRoom, room_id: str, host_key: str, password_hash: str | None, maker: Actor
) -> Created:
    settings = ctx.settings
    options = RoomOptions(
        capacity=request.capacity or min(settings.room_capacity, settings.max_room_capacity),
        expires_in_s=request.expires_in_s or min(settings.room_ttl_s, settings.max_room_ttl_s),
        invite_only=request.invite_only,
        lobby=request.lobby,
        log=request.log and settings.message_log == "on",
        encrypted=request.encrypted,
        key_check=request.key_check if request.encrypted else None,
        password_hash=password_hash,
        made_by=maker.site,
        receipts=request.receipts,
        message_ttl_s=request.message_ttl_s,
    )
    ctx.memory.check()
    ctx.quotas.room_made(room_id, maker.payer)
    try:
        return Created(await _registered(ctx, room_id, host_key, options), host_key)
    except BaseException:
        ctx.quotas.room_over(room_id)
        raise


async def _registered(ctx: Context, room_id: str, host_key: str, options: RoomOptions) -> Room:
    room = ctx.directory.create(room_id, ctx.new_id(8), host_key, options, ctx.clock())
    try:
        await _store(ctx, room)
    except (StoreUnavailable, RoomExists):
        ctx.directory.discard(room)
        raise Refused(Code.UNAVAILABLE, "The room could not be stored.", retry_after_ms=2_000) from None
    except BaseException:
        ctx.directory.discard(room)
        raise
    ctx.publisher.commit(room, [RoomCreated(room.id)])
    return room


async def _store(ctx: Context, room: Room) -> None:
    try:
        await ctx.journal.create(room)
    except RoomExists:
        # Ids are random: this is the same room, of an earlier try that was answered with UNAVAILABLE but came through.
        if not await ctx.journal.saved(room, insist=True):
            raise


async def look_from_outside(ctx: Context, room_id: str) -> RoomView:
    """A room that another process owns, as the store has it; refused like `Context.find` where it is not live."""
    try:
        kept = await ctx.store.find_room(room_id)
    except StoreUnavailable:
        raise ctx.elsewhere() from None
    now, runtime = ctx.clock(), Runtime(ctx.settings.seat_grace_s, ctx.settings.empty_room_ttl_s, ctx.clocks.ahead())
    directory = Directory(runtime, tombstone_ttl_s=ctx.settings.tombstone_ttl_s)
    if isinstance(kept, Tombstone):
        directory.keep_tombstone(kept)
    elif kept is not None:
        directory.add(snapshots.room_from(kept, runtime, "", now), now)
    return directory.find(room_id, now).view()


def rooms_of(ctx: Context, site: str, after: str, limit: int) -> list[Room]:
    """A page of the live rooms that an API key of this name has made, in the order of their ids, from above `after`."""
    if not ctx.restored:
        raise Refused(Code.UNAVAILABLE, "Rooms are being restored.", retry_after_ms=1_000)
    return [ctx.directory.rooms[room_id] for room_id in ctx.directory.makers.page(site, after, limit)]


async def create_invite(ctx: Context, actor: Actor, request: CreateInvite) -> tuple[InviteRecord, str]:
    """Make an invite, stored before it is told. Returns the record and the token."""
    room = actor.as_inviter()
    check_ceilings(ctx, None, request.expires_in_s)
    invite_id, token = ctx.new_id(PARTICIPANT_ID_BYTES), ctx.new_id(TOKEN_BYTES)
    record, events = moderation.invite(
        room, invite_id, token, ctx.clock(), uses=request.uses, expires_in_s=request.expires_in_s
    )
    kept = await ctx.publisher.settle(room, events)
    if room.ended:
        raise Refused(Code.ROOM_ENDED)
    if not kept:
        ctx.publisher.commit(room, moderation.revoke(room, record.id))
        raise Refused(Code.UNAVAILABLE, "The invite could not be stored.", retry_after_ms=2_000)
    return record, token


async def revoke_invite(ctx: Context, actor: Actor, invite_id: str) -> None:
    """Make an invite useless."""
    room = actor.as_keeper()
    await ctx.publisher.settle(room, moderation.revoke(room, invite_id))
