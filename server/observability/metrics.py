"""The figures of the process, for `/metrics` and `/api/admin/stats`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from server.observability.bounds import bounds
from server.observability.file_figures import file_figures
from server.observability.hook_figures import hook_figures
from server.observability.store_figures import store_figures
from server.outbound.hook_queue import HookQueue
from server.security.descriptors import Descriptors
from server.transport.socketio import DefaultNamespace, SocketHost
from server.usecases.context import Context
from server.usecases.dispatcher import Dispatcher


class Figures:
    """Counts what there is at the moment of asking; nothing is counted twice or kept for it."""

    def __init__(
        self,
        context: Context,
        dispatcher: Dispatcher,
        host: SocketHost,
        sockets: DefaultNamespace,
        descriptors: Descriptors,
    ) -> None:
        self._descriptors = descriptors
        self._context = context
        self._host = host
        self._dispatcher = dispatcher
        self._sockets = sockets
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self.started_at = time.monotonic()
        self.hook_queues: Sequence[HookQueue] = ()

    def as_json(self) -> dict[str, Any]:
        """`{uptimeS, rooms, tombstones, seats, seatsAway, sockets, calls, messages, requests}`."""
        rooms = list(self._context.registry.rooms.values())
        seats = sum(len(room.seats) for room in rooms)
        held = sum(len(room.connected) for room in rooms)
        uptime_s = time.monotonic() - self.started_at
        answered = sum(self._dispatcher.answered.values())
        return {
            "uptimeS": round(uptime_s, 1),
            "rooms": len(rooms),
            "tombstones": self._context.registry.tombstone_count,
            "seats": seats,
            "seatsAway": seats - held,
            "sockets": self._sockets.live_count,
            "calls": self._context.calls.active,
            "messages": sum(room.message_count for room in rooms),
            "requests": dict(self._dispatcher.answered),
            "rates": {"requestsPerS": round(answered / uptime_s, 2) if uptime_s else 0.0},
            "droppedLogMessages": self._context.journal.dropped_messages,
        }

    def collect(self) -> Iterator[Metric]:
        """The same as Prometheus metrics."""
        figures = self.as_json()
        for name in ("rooms", "tombstones", "seats", "sockets", "calls"):
            yield GaugeMetricFamily(f"mayfly_{name}", f"Number of {name} now.", value=figures[name])
        owner = int(self._context.serving)
        yield GaugeMetricFamily("mayfly_owner", "1 where this process owns the rooms.", value=owner)
        yield from store_figures(self._context.journal)
        yield GaugeMetricFamily("mayfly_seats_away", "Seats that wait for their holder.", value=figures["seatsAway"])
        transports = self._host.transport_count
        yield GaugeMetricFamily("mayfly_transports", "Engine.IO sessions now, connected or not.", value=transports)
        yield GaugeMetricFamily("mayfly_tasks", "Tasks of the event loop now.", value=len(asyncio.all_tasks()))
        requests = CounterMetricFamily("mayfly_requests", "Requests answered, by outcome.", labels=["outcome"])
        for outcome, count in self._dispatcher.answered.items():
            requests.add_metric([outcome.lower()], count)
        yield requests
        yield from hook_figures(self.hook_queues)
        yield from file_figures(self._context)
        yield from bounds(self._context, self._host, self._descriptors)

    def prometheus(self) -> bytes:
        """The Prometheus text exposition format."""
        return generate_latest(self._registry)


FIGURES: web.AppKey[Figures] = web.AppKey("figures", Figures)
