"""The one composition root: settings in, an aiohttp application out. Tests use it too."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Middleware

from rooms.ports import FileStore, Store
from server.assembly import lay_out_files, make_context
from server.clocks import Clocks
from server.cluster.gate import Gate
from server.cluster.gated import GatedEngine
from server.lifecycle import Lifecycle
from server.observability.happenings import COUNTED
from server.observability.metrics import METRICS, Metrics
from server.observability.sparing import RefusedOrigins
from server.outbound.webhooks import Webhooks
from server.security.admin_key import AdminKey
from server.security.base32 import random_base32
from server.security.descriptors import Descriptors
from server.security.memory import Share
from server.settings import Settings
from server.stores import make_file_store, make_outbox, make_store
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
from server.transport.http.callers import ADMIN_KEY, payer_of
from server.transport.http.headers import protect
from server.transport.http.here import rooms_here
from server.transport.http.kept import rooms_kept
from server.transport.http.pages import add_pages
from server.transport.http.playground import add_playground
from server.transport.http.rates import BUCKETS, limited
from server.transport.http.relay import RELAY, HttpRelay
from server.transport.http.request_log import RequestLog
from server.transport.http.routes import CONTEXT, MAX_BODY_BYTES, ORIGINS, cors, errors
from server.transport.socketio import DefaultNamespace, SocketHost
from server.transport.socketio.admin import AdminUi
from server.transport.socketio.everywhere import Everywhere
from server.transport.socketio.gateway import Gateway
from server.transport.socketio.host import MAX_FRAME_BYTES, MAX_UNCONNECTED_BYTES
from server.transport.socketio.packets import MAX_PACKET_BYTES
from server.transport.socketio.routed import RoutedNamespace
from server.usecases.context import TOKEN_BYTES, Context, NewId
from server.usecases.dispatcher import Dispatcher
from server.usecases.owning import IdempotencyKeys
from server.watch import Watch

if TYPE_CHECKING:
    from server.faults import FaultMode

DEVELOPMENT_ORIGINS = ("http://localhost:*", "http://127.0.0.1:*", "https://localhost:*", "http://localhost")

LIFECYCLE: web.AppKey[Lifecycle] = web.AppKey("lifecycle", Lifecycle)
DESCRIPTORS: web.AppKey[Descriptors] = web.AppKey("descriptors", Descriptors)
HOST: web.AppKey[SocketHost] = web.AppKey("host", SocketHost)
WEBHOOKS: web.AppKey[Webhooks] = web.AppKey("webhooks", Webhooks)
SOCKETS: web.AppKey[DefaultNamespace] = web.AppKey("sockets", DefaultNamespace)


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], float] | None = None,
    clocks: Clocks | None = None,
    new_id: NewId = random_base32,
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
    shared = Shared(Gate(), Everywhere(host.eio), HttpRelay()) if settings.redis_url.get_secret_value() else None
    faults = _fault_mode(settings, host)
    sockets = _sockets(host, shared, faults)
    clocks = clocks or (Clocks() if clock is None else Clocks(clock, clock))
    store = store if store is not None else make_store(settings)
    context = make_context(settings, clocks, new_id, store, sockets, shared.gate if shared is not None else None)
    lay_out_files(context, file_store if file_store is not None else make_file_store(settings))
    dispatcher = Dispatcher(context, context.ownership)
    gateway = sockets.application = Gateway(context, dispatcher)
    descriptors = Descriptors(descriptor_limit)

    app = web.Application(middlewares=_middlewares(context, shared), client_max_size=MAX_BODY_BYTES)
    app[CONTEXT], app[ORIGINS], app[HOST], app[SOCKETS] = context, policy, host, sockets
    app[BUCKETS], app[DESCRIPTORS] = OrderedDict(), descriptors
    app[rooms_rest.IDEMPOTENCY] = IdempotencyKeys(new_id(TOKEN_BYTES))
    app[LIFECYCLE] = Lifecycle(context, host, sockets)
    app[METRICS] = Metrics(context, dispatcher, host, sockets, gateway, descriptors)
    app[ADMIN_KEY] = AdminKey(settings.admin_key.get_secret_value(), context.guesses)
    _observe(app, gateway)
    _answer_http(app)
    app.cleanup_ctx.append(_alive)
    _call_out(app, context, new_id)
    _bound(app, context, host, descriptors)
    if faults is not None:
        gateway.request = faults.wire(context, gateway.request)
        app.cleanup_ctx.append(faults.alive)
    if shared is not None:
        _share_rooms(app, shared, gateway, dispatcher)
    # Before the engine's own shutdown, which closes every transport: clients are told first.
    app.on_shutdown.append(_shut_down)
    host.attach(app)
    return app


class Shared(NamedTuple):
    """What there is besides where rooms are shared out over several nodes."""

    gate: Gate
    everywhere: Everywhere
    relay: HttpRelay


def _sockets(host: SocketHost, shared: Shared | None, faults: FaultMode | None) -> DefaultNamespace:
    """Our namespace on the host."""
    if shared is None:
        sockets = DefaultNamespace(host.eio if faults is None else faults.engine, host)
    else:
        sockets = RoutedNamespace(GatedEngine(shared.everywhere, shared.gate), shared.everywhere, host)
    if faults is None:
        host.serve_default(sockets)
    else:
        faults.stand_before(sockets)
    return sockets


def _middlewares(context: Context, shared: Shared | None) -> list[Middleware]:
    # None of them has anything to do on the engine's path, where plain handshakes never get so far (decision 29).
    relayed = [shared.relay.middleware] if shared is not None else []
    rooms_at_hand = [rooms_here] if context.ownership.beats else [rooms_kept] if context.rooms is not None else []
    return [RequestLog().middleware(), cors, errors, *relayed, limited, *rooms_at_hand]


def _answer_http(app: web.Application) -> None:
    """REST, the page and its files."""
    for module in (rooms_rest, files_rest, service_rest, admin_rest, schemas_rest):
        app.add_routes(module.routes)
    add_pages(app)
    if app[CONTEXT].settings.development:
        add_playground(app)
    app.on_response_prepare.append(protect)


def _share_rooms(app: web.Application, shared: Shared, gateway: Gateway, dispatcher: Dispatcher) -> None:
    """Make this process one of several that run rooms."""
    from server.nodes import Node
    from server.on_redis import connect

    context, host, sockets = app[CONTEXT], app[HOST], app[SOCKETS]
    rooms = context.rooms
    if rooms is None:
        raise TypeError("rooms that are shared out have to be kept in Redis")
    connect(context, rooms, shared.gate, gateway, sockets)
    rooms.on_secret = app[rooms_rest.IDEMPOTENCY].share
    app[RELAY] = shared.relay
    shared.relay.keys_of = payer_of
    node = Node(context, host.eio, sockets, shared.everywhere, gateway, dispatcher, shared.relay, rooms)
    app.cleanup_ctx.append(node.alive)


def _observe(app: web.Application, gateway: Gateway) -> None:
    """Count what can only be counted as it happens; and with `ADMIN_KEY`, show it in Socket.IO's Admin UI."""
    metrics, context = app[METRICS], app[CONTEXT]
    gateway.request = metrics.meter.request
    context.publisher.subscribe(metrics.happenings.note, *COUNTED)
    context.journal.calls.on_answer = metrics.store_calls.note
    app.cleanup_ctx.append(metrics.lag.alive)
    key = app[ADMIN_KEY]
    if key.is_set:
        ui = AdminUi(app[HOST], app[SOCKETS], key, context.settings.trusted_proxy_hops)
        app.cleanup_ctx.append(ui.alive)


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
        secrets = [secret.get_secret_value() for secret in settings.webhook_secret]
        urls = list(dict.fromkeys(settings.webhook_urls))
        sender = HookSender(urls, secrets, allow_private=settings.webhook_allow_private == "on")
        outbox = context.outbox = make_outbox(settings, sender.queues, secrets, context.rooms, context.wall)
        webhooks = Webhooks(outbox, new_id, context.wall, with_names=settings.webhook_names == "on")
        context.publisher.subscribe(webhooks)
        if context.rooms is not None:
            context.rooms.on_moved(webhooks.moved)
        app[WEBHOOKS] = webhooks
        app[METRICS].hook_queues = outbox.queues
        app.cleanup_ctx.append(sender.alive)
    if settings.join_jwks_url and settings.takes_join_tokens != "off":
        fetcher = KeyFetcher(settings.join_jwks_url)
        context.tokens.keys = fetcher.keys
        app.cleanup_ctx.append(fetcher.alive)


def _fault_mode(settings: Settings, host: SocketHost) -> FaultMode | None:
    """What breaks connections that ask for it; otherwise there is nothing of it in the process."""
    if settings.faults == "off":
        return None
    from server.faults import FaultMode

    return FaultMode(host)


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
