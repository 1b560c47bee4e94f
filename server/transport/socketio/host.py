"""python-socketio as the host of every namespace but the default one, over our engine.

Handlers, rooms, `emit`, `call`, sessions and class-based namespaces work in other namespaces as python-socketio's
documentation says. The default namespace is Mayfly's (`namespace.py`), which python-socketio never sees: what would
address it raises `NotHosted`, so that nobody waits for an event that does not come.

Other namespaces are local to one process.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable
from functools import wraps
from typing import Any, Final, Protocol

import engineio
import socketio

from server.transport.engineio import EngineServer
from server.transport.socketio.namespace import POLICY_VIOLATION, SERVICE_RESTART
from server.transport.socketio.packets import BadPacket, is_too_long

DEFAULT: Final = "/"

MAX_HOSTED_ATTACHMENTS = 16
"""Binary attachments of one packet to another namespace; a packet that announces more closes its connection."""

MAX_ATTACHMENT_DIGITS = 4

MAX_FRAME_BYTES = 4 * 1_048_576
"""A transport message that is longer closes its connection (WebSocket 1009)."""

MAX_UNCONNECTED_BYTES = 16_384
"""The same before CONNECT, when nobody has a reason to send more than that."""

_ANOTHER = re.compile(r"[0-4]/[^,?]|[56](\d+)-/[^,?]")

# What python-socketio does for one namespace, the default one where none is named.
_FOR_A_NAMESPACE: Final = (
    "emit",
    "send",
    "call",
    "enter_room",
    "leave_room",
    "close_room",
    "get_session",
    "save_session",
    "session",
    "disconnect",
    "rooms",
    "transport",
    "get_environ",
)


def names_another(data: str) -> bool:
    """Whether a Socket.IO packet names a namespace other than the default one (Socket.IO protocol v5)."""
    return _ANOTHER.match(data) is not None


def _namespace(data: str) -> str:
    return data[data.index("/") :].partition(",")[0].partition("?")[0]


def _is_bounded(data: str) -> bool:
    found = _ANOTHER.match(data)
    attachments = found[1] if found is not None else None
    few = attachments is None or (
        len(attachments) <= MAX_ATTACHMENT_DIGITS and int(attachments) <= MAX_HOSTED_ATTACHMENTS
    )
    return few and not is_too_long(data)


def refuse_connect(why: str) -> Exception:
    """What a connect handler of another namespace raises; the client's `connect_error` has these words."""
    return socketio.exceptions.ConnectionRefusedError(why)  # type: ignore[no-any-return]


class NotHosted(RuntimeError):
    """The default namespace is Mayfly's, and python-socketio was asked to act in it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: the default namespace belongs to Mayfly's rooms; give a namespace of your own")


class OwnNamespace(Protocol):
    """What serves the default namespace in the place of python-socketio."""

    def message(self, eio_sid: str, data: str | bytes) -> Awaitable[None] | None:
        """One Socket.IO packet that names no other namespace."""

    def admits(self, eio_sid: str) -> bool:
        """Whether a connection may send one more packet to another namespace now."""

    def gone(self, eio_sid: str) -> None:
        """The transport is gone."""


class SocketHost(socketio.AsyncServer):  # type: ignore[misc]
    """A `socketio.AsyncServer` on our engine; what takes the default namespace is given with `serve_default`.

    `options` are those of `socketio.AsyncServer` and of `server.transport.engineio.EngineServer`.
    """

    def __init__(self, *, engine_class: type[engineio.AsyncServer] = EngineServer, **options: Any) -> None:
        self._engine_class = engine_class
        self._own: OwnNamespace | None = None
        super().__init__(**options)

    def _engineio_server_class(self) -> type[engineio.AsyncServer]:
        return self._engine_class

    def serve_default(self, namespace: OwnNamespace) -> None:
        """From now on the default namespace is served by `namespace`. Once, before the first connection."""
        self._own = namespace
        self.eio.on("connect", self._arrived)

    async def drain(self) -> None:
        """Close all transports so that clients reconnect by themselves."""
        await self.eio.drain(SERVICE_RESTART)

    @property
    def transport_count(self) -> int:
        """Engine.IO sessions, whether or not they have connected to a namespace."""
        return len(self.eio.sockets)

    # What python-socketio hears of the engine.

    def _arrived(self, eio_sid: str, environ: dict[str, Any]) -> None:
        # As `_handle_eio_connect`, without a coroutine: so the engine need not wait for it.
        if not self.manager_initialized:  # type: ignore[has-type]
            self.manager_initialized = True
            self.manager.initialize()
        self.environ[eio_sid] = environ

    def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> Awaitable[None] | None:
        if self._own is None:
            handled: Awaitable[None] = super()._handle_eio_message(eio_sid, data)
            return handled
        return self.forward(eio_sid, data) if self.takes(eio_sid, data) else self._own.message(eio_sid, data)

    def takes(self, eio_sid: str, data: str | bytes) -> bool:
        """Whether a packet belongs to a namespace other than the default one."""
        if isinstance(data, bytes):
            return eio_sid in self._binary_packet
        return names_another(data)

    def forward(self, eio_sid: str, data: str | bytes) -> Awaitable[None] | None:
        """Hand a packet of another namespace to python-socketio; what it cannot read closes the connection."""
        if self._own is None or not (eio_sid in self.environ and self._own.admits(eio_sid)):
            self._refuse(eio_sid)
            return None
        if isinstance(data, bytes):
            taken = not is_too_long(data)  # an attachment: a part of one would be taken for all of it
        else:
            taken = _is_bounded(data) and (data[0] == "0" or self._hosts(_namespace(data)))
        if not taken:
            self._refuse(eio_sid)
            return None
        return self._forward(eio_sid, data)

    def _refuse(self, eio_sid: str) -> None:
        self._binary_packet.pop(eio_sid, None)
        self.eio.close_session(eio_sid, POLICY_VIOLATION)

    async def _forward(self, eio_sid: str, data: str | bytes) -> None:
        try:
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            self._refuse(eio_sid)

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        if self._own is None:
            await super()._handle_connect(eio_sid, namespace, data)
            return
        if data is not None and not isinstance(data, dict):
            raise BadPacket("CONNECT carries an object, or nothing")
        if not self._hosts(namespace):
            refusal = {"message": "Invalid namespace"}
            answer = self.packet_class(socketio.packet.CONNECT_ERROR, data=refusal, namespace=namespace)
            await self._send_packet(eio_sid, answer)
            return
        await super()._handle_connect(eio_sid, namespace, data)
        if self.manager.sid_from_eio_sid(eio_sid, namespace or DEFAULT) is not None:
            self.eio.mark_connected(eio_sid)

    def _hosts(self, namespace: str | None) -> bool:
        hosted = namespace in self.handlers or namespace in self.namespace_handlers
        return hosted or "*" in self.handlers or "*" in self.namespace_handlers

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> Awaitable[None] | None:
        self._binary_packet.pop(eio_sid, None)
        if self._own is None:
            return self._leave_all(eio_sid, reason)
        try:
            self._own.gone(eio_sid)
        finally:
            elsewhere = any(self.manager.sid_from_eio_sid(eio_sid, name) for name in self.manager.get_namespaces())
            if not elsewhere:
                self.environ.pop(eio_sid, None)
        return self._leave_all(eio_sid, reason) if elsewhere else None

    async def _leave_all(self, eio_sid: str, reason: str) -> None:
        for namespace in list(self.manager.get_namespaces()):
            try:
                await self._handle_disconnect(eio_sid, namespace, reason)
            except Exception as error:
                # A handler of the operator's that raises must not leave the client in its rooms for good.
                self.logger.error("a disconnect handler of %s raised %s", namespace, type(error).__name__)
                sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
                if sid is not None:
                    await self.manager.disconnect(sid, namespace, ignore_queue=True)
        self.environ.pop(eio_sid, None)

    # What cannot work in the default namespace raises.

    def _check(self, what: str, namespace: str | None) -> None:
        if self._own is not None and (namespace or DEFAULT) == DEFAULT:
            raise NotHosted(what)

    def on(self, event: str, handler: Any = None, namespace: str | None = None) -> Any:
        """As python-socketio's, for another namespace."""
        self._check(f"on({event!r})", namespace)
        return super().on(event, handler, namespace)

    def register_namespace(self, namespace_handler: Any) -> None:
        """As python-socketio's, for another namespace."""
        self._check("register_namespace()", getattr(namespace_handler, "namespace", None))
        super().register_namespace(namespace_handler)


def _outside_the_default(name: str) -> Any:
    method = getattr(socketio.AsyncServer, name)
    signature = inspect.signature(method)

    @wraps(method)
    def guarded(self: SocketHost, *args: Any, **kwargs: Any) -> Any:
        self._check(f"{name}()", signature.bind(self, *args, **kwargs).arguments.get("namespace"))
        return method(self, *args, **kwargs)

    return guarded


for _name in _FOR_A_NAMESPACE:
    setattr(SocketHost, _name, _outside_the_default(_name))
