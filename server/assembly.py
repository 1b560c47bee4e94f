"""What the use cases work with, put together from the settings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rooms.directory import Directory
from rooms.events import MemberLeft, RoomEnded
from rooms.files import File
from rooms.ports import FileStore, Store
from rooms.runtime import Runtime
from server.clocks import Clocks
from server.cluster.gate import Gate
from server.outbound.delivery import Delivery
from server.outbound.journal import Journal
from server.outbound.presence import Presence
from server.outbound.publisher import Publisher
from server.outbound.shelf import Shelf
from server.security.file_quotas import FileBounds, FileQuotas
from server.security.guesses import Guesses
from server.security.join_tokens import JoinTokens
from server.security.memory import FILES_SHARE, MIB, Memory
from server.security.passwords import Passwords
from server.security.quotas import Bounds, Quotas
from server.settings import Settings
from server.stores import make_ownership
from server.transport.socketio import DefaultNamespace
from server.usecases import files
from server.usecases.context import Context, NewId
from server.usecases.recovery import Recovery
from server.usecases.visits import SharedPresence
from signaling.calls import Calls
from signaling.ice import IceSettings
from signaling.relay import Relay

if TYPE_CHECKING:
    from server.cluster.redis_rooms import RedisRooms


def make_context(
    settings: Settings,
    clocks: Clocks,
    new_id: NewId,
    store: Store,
    sockets: DefaultNamespace,
    gate: Gate | None = None,
) -> Context:
    """Rules, stores and the way out, subscribed to each other. `gate` is given where rooms are kept in Redis."""
    runtime = Runtime(settings.seat_grace_s, settings.empty_room_ttl_s)
    directory = Directory(runtime, tombstone_ttl_s=settings.tombstone_ttl_s)
    guesses = Guesses(clocks.now)
    presence = Presence() if gate is None else SharedPresence()
    delivery = Delivery(sockets, presence)
    rooms, journal, publisher = _keeping(settings, gate, store, directory, clocks, new_id, delivery, presence)
    context = Context(
        settings=settings,
        quotas=_quotas(settings),
        memory=Memory(settings.memory_budget_mb, runtime.ledger),
        clock=clocks.now,
        clocks=clocks,
        new_id=new_id,
        runtime=runtime,
        directory=directory,
        relay=Relay(runtime.ledger),
        calls=Calls(),
        delivery=delivery,
        presence=presence,
        publisher=publisher,
        rooms=rooms,
        ownership=make_ownership(store),
        is_open=sockets.is_open,
        store=store,
        journal=journal,
        guesses=guesses,
        passwords=Passwords(clocks.now, guesses),
        tokens=_tokens(settings),
        recovery=Recovery(directory, presence, settings.seat_grace_s),
        ice=_ice(settings),
    )
    context.publisher.subscribe(context.let_go, MemberLeft, RoomEnded)
    context.publisher.subscribe(context.snapshot_parts.forget, MemberLeft, RoomEnded)
    return context


def _quotas(settings: Settings) -> Quotas:
    bounds = Bounds(
        connections=settings.max_connections,
        connections_per_address=settings.max_connections_per_address,
        unseated_per_address=settings.max_unseated_per_address,
        rooms_per_address=settings.max_rooms_per_address,
        seats_per_address=settings.max_seats_per_address,
    )
    return Quotas(bounds, count_loopback=not settings.local, trusted_hops=settings.trusted_proxy_hops)


def _tokens(settings: Settings) -> JoinTokens:
    return JoinTokens(
        settings.join_jwt_secret.get_secret_value(),
        issuer=settings.join_jwt_issuer,
        audience=settings.join_jwt_audience,
    )


def _ice(settings: Settings) -> IceSettings:
    return IceSettings(
        stun_urls=settings.stun_urls,
        turn_urls=settings.turn_urls,
        turn_secret=settings.turn_secret.get_secret_value(),
        turn_ttl_s=settings.turn_ttl_s,
    )


def _keeping(
    settings: Settings,
    gate: Gate | None,
    store: Store,
    directory: Directory,
    clocks: Clocks,
    new_id: NewId,
    delivery: Delivery,
    presence: Presence,
) -> tuple[RedisRooms | None, Journal, Publisher]:
    """How what happens is kept and told."""
    if gate is None:
        journal = Journal(store)
        return None, journal, Publisher(delivery, journal, presence, log_messages=settings.message_log == "on")
    from server.on_redis import make_parts

    return make_parts(settings, gate, store, directory, clocks, new_id, delivery, presence)


def lay_out_files(context: Context, store: FileStore | None) -> None:
    """Files, where there is a place for them, and what they may take of it."""
    if store is None:
        return
    settings = context.settings
    process = settings.max_files_mb * MIB
    if store.name == "memory" and settings.memory_budget_mb:
        in_memory = int(settings.memory_budget_mb * MIB * FILES_SHARE)
        process = min(process, in_memory) if process else in_memory
    quotas = context.file_quotas = FileQuotas(
        FileBounds(
            file=settings.max_file_mb * MIB,
            process=process,
            room=settings.max_files_mb_per_room * MIB,
            address=settings.max_files_mb_per_address * MIB,
        )
    )

    def restored(file: File) -> None:
        quotas.restored(file.id, file.room_id, file.bytes)

    context.shelf = Shelf(store, context.files, restored)
    context.publisher.subscribe(partial(files.follow_room, context), *files.FOLLOWED)
    if store.name == "memory":
        context.memory.held_elsewhere = lambda: quotas.bytes
