"""Nothing may be left of clients that have gone. Every fixture that serves sockets ends with one of these.

`engine_at_rest` looks at an engine, `app_at_rest` at the whole server in this process, `process_at_rest` at one in
another process, by its metrics. Each waits for the condition, within `REST_LIMIT_S`, and fails with what is left.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from aiohttp import web

from rooms.directory import Directory
from server.app import HOST, LIFECYCLE, SOCKETS, WEBHOOKS
from server.settings import YEAR_S
from server.transport.engineio import EngineServer
from server.transport.http.routes import CONTEXT
from server.transport.socketio import DefaultNamespace, SocketHost
from server.transport.socketio.gateway import Gateway
from server.usecases.context import Context
from storage.memory import MemoryStore
from tests.support.pace import PACE

REST_LIMIT_S = 8.0
POLL_S = 0.005

Left = Mapping[str, float]
GAUGES = ("mayfly_transports", "mayfly_sockets", "mayfly_seats", "mayfly_seats_away", "mayfly_tasks")


async def engine_at_rest(engine: Any, limit_s: float = REST_LIMIT_S) -> None:
    """Return once either engine has no session; ours no task and no deadline either."""
    await _settled(lambda: left_in_engine(engine), limit_s)


async def app_at_rest(app: web.Application, limit_s: float = REST_LIMIT_S) -> None:
    """Return once nothing of any client is left, and, when all times have passed, nothing of any room."""
    context, host, sockets = app[CONTEXT], app[HOST], app[SOCKETS]
    await _settled(lambda: {**left_in_engine(host.eio), **left_of_clients(context, host, sockets)}, limit_s)
    if not context.serving:
        return  # it has stopped, or its rooms are another's: what it still holds goes with the process
    # Every room expires, then every tombstone; a plan of the first sweep may fall due in the second.
    for _ in range(2):
        later = context.clock() + 11 * YEAR_S
        context.clock = lambda later=later: later  # type: ignore[misc]
        await app[LIFECYCLE].sweeper.sweep()
    await _settled(lambda: left_of_rooms(context), limit_s)
    assert WEBHOOKS not in app or not len(app[WEBHOOKS]), "rooms that webhooks remember"


async def tasks_ended(before: Collection[asyncio.Task[Any]], limit_s: float = REST_LIMIT_S) -> None:
    """Return once no task runs but the caller's and those that ran before the server did."""
    known = {asyncio.current_task(), *before}
    await _settled(lambda: Counter(_task_name(task) for task in asyncio.all_tasks() - known), limit_s)


def process_at_rest(url: str, tasks_at_start: float, limit_s: float = REST_LIMIT_S) -> None:
    """Return once the server at `url` tells of no transport, no socket, no held seat, and no task of theirs.

    While its store is down it has tasks of its own. Blocks.
    """
    end = time.monotonic() + limit_s * PACE
    while True:
        gauges = read_gauges(url)
        left = {
            "transports": gauges["mayfly_transports"],
            "sockets": gauges["mayfly_sockets"],
            "held seats": gauges["mayfly_seats"] - gauges["mayfly_seats_away"],
            "tasks": max(0.0, gauges["mayfly_tasks"] - tasks_at_start) if _store_answers(url) else 0,
        }
        if not any(left.values()):
            return
        assert time.monotonic() < end, f"left in the server after its clients: {_named(left)}"
        time.sleep(POLL_S * 10)


def _store_answers(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
        return bool(json.load(answer)["storage"]["ok"])


def read_gauges(url: str) -> dict[str, float]:
    """Those of a server's metrics that are about clients."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:
        lines = [line.split() for line in answer.read().decode().splitlines()]
    return {line[0]: float(line[1]) for line in lines if line and line[0] in GAUGES}


def left_in_engine(engine: Any) -> Left:
    """What an engine holds of its clients, by name."""
    left = {"sessions": len(engine.sockets)}
    if isinstance(engine, EngineServer):
        core = engine._core
        clocks = ("pings", "pongs", "connects", "graces", "closing", "probes")
        left |= {f"deadlines ({name})": len(getattr(core, name) or ()) for name in clocks}
        left["recalls"] = len(core.recalls)
        left["tasks"] = len(core.tasks)
        left["unflushed sessions"] = len(core._dirty)
        left["compressed frames"] = len(core.deflater._done) if core.deflater is not None else 0
        # What is kept for the next poll of a closed session goes by itself, so long as its deadline stands.
        left["last packets without a deadline"] = engine._last.without_deadline
    return left


def left_of_clients(context: Context, host: SocketHost, sockets: DefaultNamespace) -> Left:
    """What the application holds of connections, by name."""
    gateway = sockets.application
    assert isinstance(gateway, Gateway)
    members = sum(len(room) for rooms in host.manager.rooms.values() for room in rooms.values())
    return {
        "connections": len(context.connections),
        "transports": len(gateway._transports),
        "Socket.IO connections": sockets.live_count,
        "Socket.IO rooms": members,
        "environs": len(host.environ),
        "connections to be closed": len(sockets._lingering),
        "held seats": context.presence.seated_count,
        "knocks": context.presence.knocking_count,
        "live private ids": len(context.recovery._live),
        "password checks": context.passwords.under_way.total(),
        "requests": _requests_under_way(),
    }


def _requests_under_way() -> int:
    """HTTP requests that are being handled, also without their sender: what they make is there only afterwards."""
    handlers = (task.get_coro() for task in asyncio.all_tasks())
    frames = (one.cr_frame for one in handlers if getattr(one, "__qualname__", "") == "RequestHandler.start")
    return sum(frame is not None and frame.f_locals["self"]._request_in_progress for frame in frames)


def left_of_rooms(context: Context) -> Left:
    """What is kept of rooms, by name. A store that is down keeps the journal busy, as it should."""
    left = {
        **_left_in_registry(context.directory),
        "relays": len(context.relay),
        "calls": len(context.calls._rooms),
        "recoverable sessions": len(context.recovery),
        "password doors": len(context.passwords.doors),
    }
    if context.journal.healthy:
        journal = context.journal
        left["journal"] = sum(map(len, (journal._saving, journal.calls.tasks, journal.messages.waiting, journal._ends)))
        left["rooms that the journal knows"] = len(journal._written)
        if isinstance(context.store, MemoryStore):
            left["stored rooms"] = len(context.store._rooms)
    return left


def _left_in_registry(directory: Directory) -> Left:
    return {
        "rooms": len(directory.rooms),
        "tombstones": directory.tombstone_count,
        "plans": len(directory.runtime.schedule) + len(directory.runtime.calendar),
        "makers": len(directory.makers._rooms),
    }


def _task_name(task: asyncio.Task[Any]) -> str:
    return f"task of {getattr(task.get_coro(), '__qualname__', task.get_name())}"


async def _settled(figures: Callable[[], Left], limit_s: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + limit_s * PACE
    while any((left := figures()).values()):
        assert loop.time() < end, f"left after the clients: {_named(left)}"
        await asyncio.sleep(POLL_S)


def _named(left: Left) -> str:
    return ", ".join(f"{count:g} {name}" for name, count in left.items() if count)
