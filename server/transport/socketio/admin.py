"""Socket.IO's Admin UI (`@socket.io/admin-ui`) on the namespace `/admin`: its production mode, read-only, numbers only.

How many clients the process has, by transport and namespace, and how many came, went and sent of late. The `instrument`
of python-socketio patches the stock engine, which is not ours, and its development mode shows what people send; this
speaks the same protocol and costs nothing while nobody looks.

`password` is `ADMIN_KEY`, `username` whatever somebody likes to write there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import web

from rooms.errors import Refused
from server.security.addresses import client_address
from server.security.admin_key import AdminKey
from server.transport.socketio.host import DEFAULT, SocketHost, refuse_connect
from server.transport.socketio.namespace import DefaultNamespace

NAMESPACE: Final = "/admin"
STATS_S = 2.0
"""Between two looks at the server; the Admin UI calls a process unhealthy after ten seconds without one."""

CONFIG_AFTER_S = 0.1
"""After CONNECT, which has to be on its way before anything else is sent."""

INVALID: Final = "invalid credentials"
"""The words for which the Admin UI asks for the key again."""

FEATURES: Final = ("AGGREGATED_EVENTS",)


class AdminUi:
    """Who looks, and what they are shown."""

    def __init__(self, host: SocketHost, sockets: DefaultNamespace, key: AdminKey, trusted_hops: int) -> None:
        self._host = host
        self._sockets = sockets
        self._key = key
        self._trusted_hops = trusted_hops
        self._looking: set[str] = set()
        self._told: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._started_at = time.monotonic()
        self._before = self._counted()
        host.on("connect", self._connected, namespace=NAMESPACE)
        host.on("disconnect", self._gone, namespace=NAMESPACE)

    async def alive(self, _: web.Application) -> AsyncIterator[None]:
        """While the application runs."""
        yield
        self._looking.clear()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _connected(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        said = auth.get("password") if isinstance(auth, dict) else None
        address = client_address(environ.get("REMOTE_ADDR"), environ.get("HTTP_X_FORWARDED_FOR"), self._trusted_hops)
        try:
            self._key.check(said if isinstance(said, str) else None, address)
        except Refused:
            raise refuse_connect(INVALID) from None
        self._looking.add(sid)
        if self._task is None:
            self._before = self._counted()
            self._task = asyncio.get_running_loop().create_task(self._tell())

    def _gone(self, sid: str, *_: Any) -> None:
        self._looking.discard(sid)
        self._told.discard(sid)

    async def _tell(self) -> None:
        """While somebody looks."""
        try:
            last = 0.0
            while self._looking:
                await asyncio.sleep(CONFIG_AFTER_S)
                for sid in self._looking - self._told:
                    self._told.add(sid)
                    await self._host.emit("config", {"supportedFeatures": FEATURES}, to=sid, namespace=NAMESPACE)
                    last = 0.0
                if time.monotonic() - last >= STATS_S:
                    last = time.monotonic()
                    await self._host.emit("server_stats", self.stats(), namespace=NAMESPACE)
        finally:
            self._task = None

    def stats(self) -> dict[str, Any]:
        """One `server_stats` of the Admin UI's protocol."""
        engine = self._host.eio
        clients = self._host.transport_count
        return {
            "serverId": f"{socket.gethostname()}#{os.getpid()}",
            "hostname": socket.gethostname(),
            "pid": os.getpid(),
            "uptime": time.monotonic() - self._started_at,
            "clientsCount": clients,
            "pollingClientsCount": clients - engine.websocket_count,
            "aggregatedEvents": self._events(),
            "namespaces": [
                {"name": DEFAULT, "socketsCount": self._sockets.live_count},
                {"name": NAMESPACE, "socketsCount": len(self._looking)},
            ],
        }

    def _counted(self) -> dict[str, int]:
        stats = self._host.eio.stats
        return {
            "rawConnection": stats.opened,
            "rawDisconnection": stats.closed.total(),
            "packetsIn": stats.messages_in,
        }

    def _events(self) -> list[dict[str, Any]]:
        """What was counted since the last look."""
        now, before = self._counted(), self._before
        self._before = now
        at_ms = int(time.time()) * 1000
        return [
            {"timestamp": at_ms, "type": kind, "count": count - before[kind]}
            for kind, count in now.items()
            if count > before[kind]
        ]
