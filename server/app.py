"""The one composition root: settings in, an aiohttp application out. Tests use it too."""

from __future__ import annotations

import os
import socket
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from functools import partial

from aiohttp import web

from rooms.directory import Directory
from rooms.files import File
from rooms.ports import FileStore, Store
from rooms.room import Runtime
from server.clocks import Clocks
from server.cluster.leased import LeasedOwnership
from server.cluster.local import LocalOwnership
from server.cluster.ownership import Ownership
from server.lifecycle import Lifecycle
from server.observability.metrics import METRICS, Metrics
from server.observability.sparing import RefusedOrigins
from server.outbound.delivery import Delivery
from server.outbound.journal import Journal
from server.outbound.presence import Presence
from server.outbound.publisher import Publisher
from server.outbound.shelf import Shelf
from server.outbound.webhooks import Webhooks
from server.security.admin_key import AdminKey
from server.security.base32 import random_base32
from server.security.descriptors import Descriptors
from server.security.file_quotas import FileBounds, FileQuotas
from server.security.guesses import Guesses
from server.security.join_tokens import JoinTokens
from server.security.memory import FILES_SHARE, MIB, Memory, Share
from server.security.passwords import Passwords
from server.security.quotas import Bounds, Quotas
from server.settings import Settings
from server.transport.client.hooks import HookSender
from server.transport.client.jwks import KeyFetcher
from server.transport.engineio import EngineLimits
from server.transport.engineio.origins import OriginPolicy
from server.transport.http import admin as admin_rest
from server.transport.http import files as files_rest
from server.transport.http import rooms as rooms_rest
from server.transport.http import schemas as schemas_rest
from server.transport.http import service as service_rest
from server.transport.http.admission import Admission
from server.transport.http.headers import protect
from server.transport.http.here import rooms_here
from server.transport.http.limits import BUCKETS, limited
from server.transport.http.measured import measured
from server.transport.http.pages import add_pages
from server.transport.http.request_log import RequestLog
from server.transport.http.routes import CONTEXT, MAX_BODY_BYTES, ORIGINS, cors, errors
from server.transport.socketio import DefaultNamespace, SocketHost
from server.transport.socketio.admin import AdminUi
from server.transport.socketio.gateway import Gateway
from server.transport.socketio.host import MAX_FRAME_BYTES, MAX_UNCONNECTED_BYTES
from server.transport.socketio.packets import MAX_PACKET_BYTES
from server.usecases import files
from server.usecases.context import TOKEN_BYTES, Context, NewId
from server.usecases.dispatcher import Dispatcher
from server.usecases.owning import IdempotencyKeys
from server.usecases.recovery import Recovery
from server.watch import Watch
from signaling.calls import Calls
from signaling.ice import IceSettings
from signaling.relay import Relay
from storage.memory import MemoryStore
from storage.memory_files import MemoryFiles

DEVELOPMENT_ORIGINS = ("http://localhost:*", "http://127.0.0.1:*", "https://localhost:*", "http://localhost")

LIFECYCLE: web.AppKey[Lifecycle] = web.AppKey("lifecycle", Lifecycle)
DESCRIPTORS: web.AppKey[Descriptors] = web.AppKey("descriptors", Descriptors)
HOST: web.AppKey[SocketHost] = web.AppKey("host", SocketHost)
WEBHOOKS: web.AppKey[Webhooks] = web.AppKey("webhooks", Webhooks)
SOCKETS: web.AppKey[DefaultNamespace] = web.AppKey("sockets", DefaultNamespace)


def random_id(size_bytes: int) -> str:
    """A random id in lower-case letters and digits, safe in links, headers and file names."""
    return random_base32(size_bytes)


def make_store(settings: Settings) -> Store:
    """MongoDB where `MONGODB_URI` names one, else memory."""
    uri = settings.mongodb_uri.get_secret_value()
    if not uri:
        return MemoryStore(session_days=settings.session_log_days)
    from storage.mongo import MongoStore

    return MongoStore(uri, secret=settings.storage_secret.get_secret_value(), session_days=settings.session_log_days)


def make_file_store(settings: Settings) -> FileStore | None:
    """Where `FILE_STORE` says; None where it is off."""
    if settings.files_in != "mongo":
        return MemoryFiles() if settings.files_in == "memory" else None
    from storage.mongo import GridFiles
    from storage.sealing import Sealer

    # Without a secret, which is for developers, one that nobody will ever know.
    sealer = Sealer(settings.storage_secret.get_secret_value() or random_id(TOKEN_BYTES))
    return GridFiles(settings.mongodb_uri.get_secret_value(), sealer)


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], float] | None = None,
    clocks: Clocks | None = None,
    new_id: NewId = random_id,
    store: Store | None = None,
    file_store: FileStore | None = None,
    descriptor_limit: int = 0,
) -> web.Application:
    """An application that starts, serves and stops by itself.

    `clocks` are the two clocks of the process. `clock`, in seconds since the Unix epoch, takes the place of both.
    `descriptor_limit` is how many file descriptors it may use; 0: nobody looks.
    """
    policy = OriginPolicy(_origins(settings), on_refused=RefusedOrigins().note)
    host = _host(settings, policy)
    sockets = DefaultNamespace(host.eio, host)
    host.serve_default(sockets)
    if clocks is None:
        clocks = Clocks() if clock is None else Clocks(clock, clock)
    context = _context(settings, clocks, new_id, store if store is not None else make_store(settings), sockets)
    _lay_out_files(context, file_store if file_store is not None else make_file_store(settings))
    dispatcher = Dispatcher(context, context.ownership)
    gateway = sockets.application = Gateway(context, dispatcher)

    # None of them has anything to do on the engine's path, where plain handshakes never get so far (decision 29).
    middlewares = [
        measured,
        RequestLog().middleware(),
        cors,
        errors,
        limited,
        *([rooms_here] if context.ownership.beats else []),
    ]
    app = web.Application(middlewares=middlewares, client_max_size=MAX_BODY_BYTES)
    app[CONTEXT], app[ORIGINS], app[HOST], app[SOCKETS] = context, policy, host, sockets
    app[BUCKETS] = OrderedDict()
    app[rooms_rest.IDEMPOTENCY] = IdempotencyKeys(new_id(TOKEN_BYTES))
    app[LIFECYCLE] = Lifecycle(context, host, sockets)
    descriptors = Descriptors(descriptor_limit)
    app[DESCRIPTORS] = descriptors
    app[METRICS] = Metrics(context, dispatcher, host, sockets, gateway, descriptors)
    app[admin_rest.ADMIN_KEY] = AdminKey(settings.admin_key.get_secret_value(), context.guesses)
    _observe(app, gateway)
    app.add_routes(rooms_rest.routes)
    app.add_routes(files_rest.routes)
    app.add_routes(service_rest.routes)
    app.add_routes(admin_rest.routes)
    app.add_routes(schemas_rest.routes)
    add_pages(app)
    app.on_response_prepare.append(protect)
    app.cleanup_ctx.append(_alive)
    _call_out(app, context, new_id)
    _bound(app, context, host, descriptors)
    # Before the engine's own shutdown, which closes every transport: clients are told first.
    app.on_shutdown.append(_shut_down)
    host.attach(app)
    return app


def _observe(app: web.Application, gateway: Gateway) -> None:
    """Count what can only be counted as it happens; and with `ADMIN_KEY`, show it in Socket.IO's Admin UI."""
    metrics, context = app[METRICS], app[CONTEXT]
    gateway.request = metrics.meter.request
    context.publisher.subscribe(metrics.happenings.note)
    context.journal.on_answer = metrics.store_calls.note
    app.cleanup_ctx.append(metrics.lag.alive)
    key = app[admin_rest.ADMIN_KEY]
    if key.is_set:
        ui = AdminUi(app[HOST], app[SOCKETS], key, context.settings.trusted_proxy_hops)
        app.cleanup_ctx.append(ui.alive)


def make_ownership(store: Store) -> Ownership:
    """By the lease of a store that other processes can reach; else this process's own."""
    lease = getattr(store, "lease", None)
    if lease is None:
        return LocalOwnership()
    return LeasedOwnership(lease, f"{socket.gethostname()}:{os.getpid()}:{random_id(5)}")


def _lay_out_files(context: Context, store: FileStore | None) -> None:
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
            settings.max_file_mb * MIB,
            process,
            settings.max_files_mb_per_room * MIB,
            settings.max_files_mb_per_address * MIB,
        )
    )

    def restored(file: File) -> None:
        quotas.restored(file.id, file.room_id, file.bytes)

    context.shelf = Shelf(store, context.files, restored)
    context.publisher.subscribe(partial(files.follow_room, context))
    if store.name == "memory":
        context.memory.held_elsewhere = lambda: quotas.bytes


def _bound(app: web.Application, context: Context, host: SocketHost, descriptors: Descriptors) -> None:
    """Quotas, the memory budget and the descriptors, where they are asked for and told."""
    quotas, memory = context.quotas, context.memory
    context.presence.on_change = lambda connection, any_at_all: quotas.holds_seats(connection, any_at_all=any_at_all)
    host.eio.admission = Admission(quotas, memory, descriptors)
    host.eio.farewell = quotas.disconnect
    shares: tuple[Share | None, Share | None] = (host.eio.output, host.eio.input)
    app.cleanup_ctx.append(Watch(memory, descriptors, context.clock, shares).alive)

    async def prepare(_: web.BaseRequest, response: web.StreamResponse) -> None:
        if descriptors.scarce:
            response.force_close()

    app.on_response_prepare.append(prepare)


def _call_out(app: web.Application, context: Context, new_id: NewId) -> None:
    """What the application asks and tells others by itself."""
    settings = context.settings
    if settings.webhook_urls and settings.webhook_secret:
        sender = HookSender(
            settings.webhook_urls,
            [secret.get_secret_value() for secret in settings.webhook_secret],
            new_id,
            context.wall,
            allow_private=settings.webhook_allow_private == "on",
            with_names=settings.webhook_names == "on",
        )
        context.publisher.subscribe(sender.webhooks)
        app[WEBHOOKS] = sender.webhooks
        app[METRICS].hook_queues = sender.webhooks.queues
        app.cleanup_ctx.append(sender.alive)
    if settings.join_jwks_url and settings.takes_join_tokens != "off":
        fetcher = KeyFetcher(settings.join_jwks_url)
        context.tokens.keys = fetcher.keys
        app.cleanup_ctx.append(fetcher.alive)


async def _alive(app: web.Application) -> AsyncIterator[None]:
    await app[LIFECYCLE].start()
    yield


async def _shut_down(app: web.Application) -> None:
    await app[LIFECYCLE].stop()


def _origins(settings: Settings) -> tuple[str, ...]:
    return settings.cors_origins + settings.own_origins + (DEVELOPMENT_ORIGINS if settings.development else ())


def _host(settings: Settings, policy: OriginPolicy) -> SocketHost:
    return SocketHost(
        max_http_buffer_size=MAX_FRAME_BYTES,
        limits=EngineLimits(unconnected_bytes=MAX_UNCONNECTED_BYTES, kept_bytes=MAX_PACKET_BYTES),
        connect_timeout=settings.connect_timeout_s,
        websocket_compression=settings.ws_compression == "on",
        ping_interval=settings.ping_interval_s,
        ping_timeout=settings.ping_timeout_s,
        cors_allowed_origins=[],
        cors_credentials=True,
        origins=policy,
    )


def _context(settings: Settings, clocks: Clocks, new_id: NewId, store: Store, sockets: DefaultNamespace) -> Context:
    runtime = Runtime(settings.seat_grace_s, settings.empty_room_ttl_s)
    directory = Directory(runtime, tombstone_ttl_s=settings.tombstone_ttl_s)
    guesses = Guesses(clocks.now)
    quotas = Quotas(
        Bounds(
            settings.max_connections,
            settings.max_connections_per_address,
            settings.max_unseated_per_address,
            settings.max_rooms_per_address,
            settings.max_seats_per_address,
        ),
        count_loopback=not settings.local,
        trusted_hops=settings.trusted_proxy_hops,
    )
    presence, journal = Presence(), Journal(store)
    delivery = Delivery(sockets, presence)
    context = Context(
        settings=settings,
        quotas=quotas,
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
        publisher=Publisher(delivery, journal, presence, log_messages=settings.message_log == "on"),
        ownership=make_ownership(store),
        is_open=sockets.is_open,
        store=store,
        journal=journal,
        guesses=guesses,
        passwords=Passwords(clocks.now, guesses),
        tokens=JoinTokens(
            settings.join_jwt_secret.get_secret_value(),
            issuer=settings.join_jwt_issuer,
            audience=settings.join_jwt_audience,
        ),
        recovery=Recovery(directory, presence, settings.seat_grace_s),
        ice=IceSettings(
            stun_urls=settings.stun_urls,
            turn_urls=settings.turn_urls,
            turn_secret=settings.turn_secret.get_secret_value(),
            turn_ttl_s=settings.turn_ttl_s,
        ),
    )
    context.publisher.subscribe(context.let_go)
    context.publisher.subscribe(context.snapshot_parts.forget)
    return context
