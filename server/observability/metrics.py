"""The metrics of the process, for `/metrics` and `/api/admin/stats`."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from server.observability import families as f
from server.observability.bounds import bounds
from server.observability.files import file_metrics
from server.observability.happenings import Happenings
from server.observability.hooks import hook_metrics
from server.observability.loop_lag import LoopLag
from server.observability.meter import Meter
from server.observability.store import StoreCalls, store_metrics
from server.observability.web import HttpAnswers
from server.outbound.hook_queue import HookQueue
from server.security.descriptors import Descriptors
from server.transport.socketio import DefaultNamespace, SocketHost
from server.transport.socketio.gateway import Gateway
from server.usecases.context import Context
from server.usecases.dispatcher import Dispatcher

SIGNALS = ("offer", "answer", "ice-candidate")
MOVES = ("taken", "received", "handed_over", "lost", "refused")


class Rooms(NamedTuple):
    """What all rooms hold now."""

    rooms: int
    seats: int
    seats_away: int
    in_call: int
    messages: int


class Metrics(Collector):
    """Counts what there is at the moment of asking; what can only be counted as it happens, its parts have counted."""

    def __init__(
        self,
        context: Context,
        dispatcher: Dispatcher,
        host: SocketHost,
        sockets: DefaultNamespace,
        gateway: Gateway,
        descriptors: Descriptors,
    ) -> None:
        self._descriptors = descriptors
        self._context = context
        self._host = host
        self._dispatcher = dispatcher
        self._sockets = sockets
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        self.meter = Meter(dispatcher.handle, dispatcher.events)
        self.happenings = Happenings()
        self.http = HttpAnswers()
        self.lag = LoopLag()
        self.store_calls = StoreCalls()
        self._recoveries = gateway.recoveries
        self.started_at = time.monotonic()
        self.hook_queues: Sequence[HookQueue] = ()

    def rooms(self) -> Rooms:
        """One walk over all rooms."""
        seats = held = in_call = messages = 0
        rooms = self._context.directory.rooms
        for room in rooms.values():
            seats += len(room.seats)
            held += len(room.connected)
            messages += room.message_count
            in_call += sum(seat.in_call for seat in room.seats.values())
        return Rooms(len(rooms), seats, seats - held, in_call, messages)

    def as_json(self) -> dict[str, Any]:
        """The answer of `/api/admin/stats` (`server.protocol.answers.Stats`)."""
        ctx, rooms = self._context, self.rooms()
        uptime_s = time.monotonic() - self.started_at
        answered = self._answered()
        unwritten = ctx.journal.unwritten()
        return {
            "processes": 1,
            "uptimeS": round(uptime_s, 1),
            "owner": ctx.serving,
            "draining": ctx.draining,
            "rooms": rooms.rooms,
            "tombstones": ctx.directory.tombstone_count,
            "seats": rooms.seats,
            "seatsAway": rooms.seats_away,
            "sockets": self._sockets.live_count,
            "transports": self._host.transport_count,
            "calls": ctx.calls.active,
            "inCall": rooms.in_call,
            "messages": rooms.messages,
            "requests": dict(answered),
            "joins": dict(self.meter.joins),
            "resumes": dict(self.meter.resumes + self._recoveries),
            "disconnects": {_word(reason): count for reason, count in self._host.eio.stats.closed.items()},
            "rates": {"requestsPerS": round(answered.total() / uptime_s, 2) if uptime_s else 0.0},
            "loopLagP99Ms": round(self.lag.seconds.quantile(0.99) * 1000, 3),
            "memory": {"residentBytes": ctx.memory.resident_bytes, "budgetBytes": ctx.memory.budget_bytes},
            "storage": {
                "kind": ctx.store.name,
                "ok": ctx.journal.healthy,
                "unwritten": sum(unwritten),
            },
            "droppedLogMessages": ctx.journal.messages.dropped,
        }

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        yield from self._of_rooms()
        yield from self._of_sockets()
        yield from self._of_requests()
        yield f.HTTP_REQUESTS.by(self.http.answered)
        yield f.HTTP_SECONDS.histograms(self.http.seconds)
        yield f.LOOP_LAG.histograms({"": self.lag.seconds})
        yield f.TASKS.of(len(asyncio.all_tasks()))
        yield f.UPTIME.of(time.monotonic() - self.started_at)
        yield f.DRAINING.of(int(self._context.draining))
        yield from store_metrics(self._context.journal, self.store_calls)
        yield f.OWNER.of(int(self._context.serving))
        yield f.OWNERSHIP_MOVES.by(dict.fromkeys(MOVES, 0) | self._context.ownership.moves)
        yield from hook_metrics(self.hook_queues)
        yield from file_metrics(self._context)
        yield from bounds(self._context, self._host, self._descriptors)

    def _of_rooms(self) -> Iterator[Metric]:
        ctx, rooms, happened = self._context, self.rooms(), self.happenings
        yield f.ROOMS.of(rooms.rooms)
        yield f.TOMBSTONES.of(ctx.directory.tombstone_count)
        yield f.SEATS.of(rooms.seats)
        yield f.SEATS_AWAY.of(rooms.seats_away)
        yield f.KNOCKING.of(ctx.presence.knocking_count)
        yield f.ROOMS_ENDED.by(happened.rooms_ended)
        yield f.SEATS_TAKEN.of(happened.seats_taken)
        yield f.SEATS_LEFT.by(happened.seats_left)
        yield f.CALLS.of(ctx.calls.active)
        yield f.CALLS_STARTED.of(happened.calls_started)
        yield f.CALL_PARTICIPANTS.of(rooms.in_call)

    def _of_sockets(self) -> Iterator[Metric]:
        engine = self._host.eio
        yield f.SOCKETS.of(self._sockets.live_count)
        yield f.TRANSPORTS.of(self._host.transport_count)
        yield f.WEBSOCKETS.of(engine.websocket_count)
        yield f.SESSIONS_OPENED.of(engine.stats.opened)
        yield f.UPGRADES.of(engine.stats.upgraded)
        yield f.PACKETS_IN.of(engine.stats.messages_in)
        yield f.DISCONNECTS.by({_word(reason): count for reason, count in engine.stats.closed.items()})

    def _answered(self) -> Counter[str]:
        return self.meter.outcomes() + self._dispatcher.not_run

    def _of_requests(self) -> Iterator[Metric]:
        meter = self.meter
        seen = {event: answers for event, answers in meter.events.items() if answers.seconds.count}
        # Those that an alert is about are there from the start: what begins at 1 has not grown, to Prometheus.
        answered = {"ok": 0, "internal_error": 0}
        yield f.REQUESTS.by(answered | {outcome.lower(): count for outcome, count in self._answered().items()})
        yield f.EVENTS.by(
            {(event, outcome): n for event, answers in seen.items() for outcome, n in answers.outcomes().items()}
        )
        yield f.REQUEST_SECONDS.histograms({event: answers.seconds for event, answers in seen.items()})
        yield f.JOINS.by(meter.joins)
        resumes = {("token", result): count for result, count in meter.resumes.items()}
        yield f.RESUMES.by(resumes | {("recovery", result): count for result, count in self._recoveries.items()})
        yield f.MESSAGES.of(self._context.publisher.messages)
        yield f.SIGNALS.by({kind: meter.events[kind].granted for kind in SIGNALS})

    def prometheus(self) -> bytes:
        """The Prometheus text exposition format."""
        return generate_latest(self._registry)


def _word(reason: str) -> str:
    return reason.replace(" ", "_")


METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)
