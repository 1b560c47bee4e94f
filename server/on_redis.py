"""The parts that differ where `REDIS_URL` is set, put together. Imported only then: it needs redis and hiredis."""

from __future__ import annotations

import os
import socket
from functools import partial

from rooms.directory import Directory
from rooms.ports import Store
from server.clocks import Clocks
from server.cluster.gate import Gate
from server.cluster.redis_journal import RedisJournal
from server.cluster.redis_rooms import RedisRooms
from server.outbound.delivery import Delivery
from server.outbound.presence import Presence
from server.outbound.recording import RecordingPublisher
from server.settings import Settings
from server.transport.socketio import DefaultNamespace
from server.transport.socketio.gateway import Gateway
from server.usecases import placing
from server.usecases.context import Context, NewId
from signaling.state import SignalState


def make_parts(
    settings: Settings,
    gate: Gate,
    store: Store,
    directory: Directory,
    clocks: Clocks,
    new_id: NewId,
    delivery: Delivery,
    presence: Presence,
) -> tuple[RedisRooms, RedisJournal, RecordingPublisher]:
    """Who knows where rooms run, the journal, and the publisher."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    url = settings.redis_url.get_secret_value()
    rooms = RedisRooms(url, name, directory, clocks, new_id, gate)
    rooms.may_persist = settings.redis_allow_persistence == "on"
    journal = RedisJournal(store, rooms)
    log_messages = settings.message_log == "on"
    return rooms, journal, RecordingPublisher(rooms.recorder, delivery, journal, presence, log_messages=log_messages)


def connect(ctx: Context, rooms: RedisRooms, gate: Gate, gateway: Gateway, sockets: DefaultNamespace) -> None:
    """Let requests come by where their room is, and rooms come; `server.nodes` sees to those that go."""
    gateway.request = placing.Placing(ctx, gate, rooms.recorder, gateway.request).request
    rooms.recorder.beside = SignalState(ctx.relay, ctx.calls)
    ctx.relay.on_change = ctx.calls.on_change = rooms.recorder.mark
    if ctx.shelf is not None:
        ctx.shelf.is_here = rooms.is_here
    rooms.take_in = partial(placing.take_in, ctx)
