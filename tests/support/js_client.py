"""`JsClient`: real `socket.io-client` sockets, the ones that browsers use, under a Python test's command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.node import CALL_LIMIT_S, NodeScript, node_script
from tests.support.pace import PACE

DRIVER = Path(__file__).resolve().parent / "socketio_client.mjs"
EVENT_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class JsEvent:
    """Something that a socket was told. `index` is the order of receipt in the whole Node.js process."""

    index: int
    kind: str  # "event": from the server; "lifecycle": connect, disconnect, connect_error, reconnect_attempt, upgrade
    name: str
    args: list[Any]
    at_ms: float

    @property
    def payload(self) -> Any:
        """The first argument."""
        return self.args[0] if self.args else None


Condition = Callable[[Any], bool]


class JsSocket:
    """One real `socket.io-client` socket. `events` keeps all that it received, in order."""

    def __init__(self, client: JsClient, name: str) -> None:
        self._client = client
        self.name = name
        self.events: list[JsEvent] = []
        self._unread: list[JsEvent] = []
        self._arrived = asyncio.Event()

    async def request(self, event: str, *args: Any, limit_s: float = 15.0) -> Any:
        """Emit, and return the acknowledgement as it came. `ScriptFailed` where none came in time."""
        milliseconds = int(limit_s * PACE * 1000)
        return await self._call("request", limit_s + 5, event=event, args=args, timeoutMs=milliseconds)

    async def close_on(self, event: str) -> None:
        """From now on, disconnect as soon as this event comes, as a page does that is done."""
        await self._call("closeOn", event=event)

    async def request_all(self, requests: Sequence[Sequence[Any]], limit_s: float = 60.0) -> list[Any]:
        """Emit `[event, *args]` each, as fast as they go; the acknowledgements in the order of sending."""
        milliseconds = int(limit_s * PACE * 1000)
        answers = await self._call("requestAll", limit_s + 5, requests=requests, timeoutMs=milliseconds)
        assert isinstance(answers, list)
        return answers

    async def ok(self, event: str, payload: Mapping[str, Any], limit_s: float = 15.0) -> Any:
        """The `data` of a request that must succeed."""
        ack = await self.request(event, payload, limit_s=limit_s)
        assert ack["ok"], f"{event} was refused: {ack['error']}"
        return ack["data"]

    async def refused(self, event: str, payload: Any, limit_s: float = 15.0) -> str:
        """The error code of a request that must fail."""
        ack = await self.request(event, payload, limit_s=limit_s)
        assert not ack["ok"], f"{event} was accepted"
        return str(ack["error"]["code"])

    async def emit(self, event: str, *args: Any) -> None:
        """Emit without asking for an acknowledgement."""
        await self._call("emit", event=event, args=args)

    async def wait_for(
        self, name: str, where: Condition = lambda payload: True, limit_s: float = EVENT_LIMIT_S
    ) -> JsEvent:
        """The first event of that name, not returned before, whose payload satisfies `where`."""
        try:
            async with asyncio.timeout(limit_s * PACE):
                while True:
                    for event in self._unread:
                        if event.name == name and where(event.payload):
                            self._unread.remove(event)
                            return event
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            heard = [event.name for event in self._unread]
            raise AssertionError(f"{self.name}: no {name} in {limit_s} s; unread: {heard}") from None

    def received(self, name: str) -> list[Any]:
        """The payloads of all events of that name so far, also those that were waited for."""
        return [event.payload for event in self.events if event.name == name]

    async def state(self) -> dict[str, Any]:
        """`{id, connected, recovered, active, transport}`."""
        state = await self._call("state")
        assert isinstance(state, dict)
        return state

    async def wire(self) -> dict[str, Any]:
        """`{parameters, bytesRead, bytesWritten}` of the WebSocket: what it agreed on, or None, and its TCP bytes."""
        wire = await self._call("wire")
        assert isinstance(wire, dict)
        return wire

    async def disconnect(self) -> None:
        """`socket.disconnect()`: on purpose, so that it does not reconnect by itself."""
        await self._call("disconnect")

    async def reconnect(self) -> None:
        """`socket.connect()` again; wait for the lifecycle event `connect`."""
        await self._call("reconnect")

    async def close_transport(self) -> None:
        """`socket.io.engine.close()`: the connection is lost, and the client may reconnect by itself."""
        await self._call("closeTransport")

    async def terminate(self) -> None:
        """Drop the TCP connection of the WebSocket without a closing handshake."""
        await self._call("terminate")

    def take(self, event: JsEvent) -> None:
        self.events.append(event)
        self._unread.append(event)
        self._arrived.set()

    async def _call(self, do: str, limit_s: float = CALL_LIMIT_S, **fields: Any) -> Any:
        return await self._client.script.call(do, limit_s=limit_s, socket=self.name, **fields)


class JsClient:
    """One Node.js process with any number of sockets: `async with js_client() as js: a = await js.connect(url)`."""

    def __init__(self, script: NodeScript) -> None:
        self.script = script
        self.sockets: dict[str, JsSocket] = {}
        script.on_line = self._take

    async def connect(
        self,
        url: str,
        *,
        transports: Sequence[str] = ("websocket",),
        reconnection: bool = False,
        auth: Mapping[str, Any] | None = None,
        wait: bool = True,
        **options: Any,
    ) -> JsSocket:
        """A new socket on a connection of its own. `options` are socket.io-client's, in its own spelling.

        With `wait` it returns connected, or raises `ScriptFailed` with the message of `connect_error`.
        """
        socket = JsSocket(self, f"s{len(self.sockets)}")
        self.sockets[socket.name] = socket
        chosen = {"transports": list(transports), "reconnection": reconnection, **options}
        if auth is not None:
            chosen["auth"] = dict(auth)
        await self.script.call("connect", socket=socket.name, url=url, options=chosen, wait=wait)
        return socket

    async def barrier(self) -> None:
        """Return when every event that Node.js had received at this moment is in `events`."""
        await self.script.call("barrier")

    async def leave(self) -> None:
        """Disconnect every socket, on purpose: for servers that end, and are looked at, before this process does."""
        await asyncio.gather(*(socket.disconnect() for socket in self.sockets.values()))

    def kill(self) -> None:
        self.script.kill()

    def pause(self) -> None:
        self.script.pause()

    def resume(self) -> None:
        self.script.resume()

    def _take(self, line: dict[str, Any]) -> None:
        event = JsEvent(line["index"], line["kind"], line["event"], line["args"], line["atMs"])
        self.sockets[line["socket"]].take(event)


@asynccontextmanager
async def js_client() -> AsyncIterator[JsClient]:
    """A Node.js process for real socket.io-client sockets, ended on the way out."""
    async with node_script(DRIVER) as script:
        yield JsClient(script)
