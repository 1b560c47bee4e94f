"""Between the sockets and the use cases: which connections there are, and what they ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from server.cluster.ownership import Role
from server.protocol.acknowledgements import Outcome
from server.protocol.decoding import Decoded
from server.security.addresses import client_address
from server.security.throttles import bucket
from server.transport.socketio import Connected
from server.usecases import aftermath, returning
from server.usecases.connections import BURST_FACTOR, Connection, Transport
from server.usecases.context import TOKEN_BYTES, Context
from server.usecases.dispatcher import Dispatcher


class Gateway:
    """Implements `server.transport.socketio.Application`."""

    def __init__(self, context: Context, dispatcher: Dispatcher) -> None:
        self._context = context
        self._dispatcher = dispatcher
        self.request: Callable[[Any, str, list[Any] | Decoded], Outcome | Awaitable[Outcome]] = dispatcher.handle
        self.too_large: Callable[[Any], Outcome] = dispatcher.too_large
        self.unreadable: Callable[[Any], Outcome] = dispatcher.unreadable
        self.binary: Callable[[Any], Outcome] = dispatcher.binary
        self.recoveries: Counter[str] = Counter()
        """Attempts at connection state recovery, by result."""
        self._transports: dict[str, Transport] = {}

    def admits(self, connection_id: str) -> bool:
        """Count a packet that is no request against the transport; the first one, a CONNECT as a rule, is free."""
        transport = self._transports.get(connection_id)
        if transport is not None:
            return not transport.bucket.take(self._dispatcher.now())
        rate = self._context.settings.events_per_s
        now = self._dispatcher.now()
        self._transports[connection_id] = Transport(bucket(rate, rate * BURST_FACTOR, now))
        return True

    def opening(self) -> Awaitable[bool] | None:
        """None where a client may connect now; else whether it may once the rooms are here."""
        ctx, own = self._context, self._context.ownership
        if not own.beats or ctx.serving:
            return None
        if own.role is Role.WAITING and not own.answers:
            own.want()
            return None  # the store is down: requests are refused one by one until it is back
        return ctx.opened()

    def recovered_elsewhere(self, connection_id: str, environ: dict[str, Any], auth: Any, private_id: str) -> Connected:
        """As `connected`, of a connection that another node has given its seats back, and that keeps its private id."""
        self.recoveries["ok"] += 1
        return self.connected(connection_id, environ, auth, private_id)

    def connected(
        self, connection_id: str, environ: dict[str, Any], auth: Any, private_id: str | None = None
    ) -> Connected:
        """Take note of a connection, and give it back its seats if it can be recovered."""
        ctx = self._context
        address = client_address(
            environ.get("REMOTE_ADDR"), environ.get("HTTP_X_FORWARDED_FOR"), ctx.settings.trusted_proxy_hops
        )
        transport = self._transports[connection_id]
        connection = Connection(
            connection_id,
            address,
            private_id or ctx.new_id(TOKEN_BYTES),
            transport,
            transport.bucket,
            recovered=private_id is not None,
        )
        ctx.connections[connection_id] = connection
        found = None
        if isinstance(auth, dict):
            if auth.get("offsets") is False:
                ctx.delivery.without_offsets.add(connection_id)
            if "pid" in auth and private_id is None:
                found = returning.came_back(ctx, connection, auth["pid"], auth.get("offset"))
                self.recoveries["not_recovered" if found is None else "ok"] += 1
        ctx.recovery.connected(connection)
        if found is not None:
            return Connected(connection, connection.private_id, (found,))
        return Connected(connection, connection.private_id)

    def follow(self, connection_id: str, after: tuple[Any, ...], *, acknowledged: bool) -> None:
        """Carry out what follows an answer."""
        aftermath.follow(self._context, connection_id, after, acknowledged=acknowledged)

    def disconnected(self, connection_id: str) -> None:
        """Keep the seats of a connection that is gone, for the grace period."""
        connection = self._context.connections.pop(connection_id, None)
        self._context.delivery.without_offsets.discard(connection_id)
        if connection is not None:
            returning.vanished(self._context, connection)

    def closed(self, connection_id: str) -> None:
        """Forget a transport that is gone."""
        self._transports.pop(connection_id, None)

    def seatless(self, connection_id: str) -> bool:
        """Whether the connection holds no seat."""
        return not self._context.presence.seats_of(connection_id)
