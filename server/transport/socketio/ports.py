"""What our namespace needs of the engine, of who serves all other namespaces, and of the application behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple, Protocol

from server.protocol.acknowledgements import Outcome
from server.protocol.decoding import Decoded


class Connected(NamedTuple):
    """Who has connected, to the application; what CONNECT tells it besides its sid; what is to follow it."""

    connection: Any
    private_id: str
    after: tuple[Any, ...] = ()


class Application(Protocol):
    """What stands behind the sockets. Of each connection it makes an object that nobody else looks into."""

    def admits(self, connection_id: str) -> bool:
        """Whether a transport may send one more packet that is no request; asked before `connected`."""

    def opening(self) -> Awaitable[bool] | None:
        """None where clients may connect; else whether they may after a while. Asked before `connected`."""

    def connected(self, connection_id: str, environ: dict[str, Any], auth: Any) -> Connected:
        """A client has connected to the default namespace."""

    def disconnected(self, connection_id: str) -> None:
        """It is gone, whatever the reason; told once. Its transport may stay, and connect again."""

    def closed(self, connection_id: str) -> None:
        """The transport is gone too."""

    def follow(self, connection_id: str, after: tuple[Any, ...], *, acknowledged: bool) -> None:
        """Carry out what is to follow an answer; `acknowledged` is false where the client asked for none."""

    request: Callable[[Any, str, list[Any] | Decoded], Outcome | Awaitable[Outcome]]
    """Answers a request: the object of its connection, event, arguments."""

    too_large: Callable[[Any], Outcome]
    """Answers a request that was too long to be read."""

    unreadable: Callable[[Any], Outcome]
    """Answers a request whose JSON is nested too deep."""

    binary: Callable[[Any], Outcome]
    """Answers a request that has binary attachments."""

    def seatless(self, connection_id: str) -> bool:
        """Whether the connection holds no seat."""


class SendToMany(Protocol):
    """How an encoded packet is sent to many."""

    def __call__(self, connections: Iterable[str], packet: bytes, but: str | None = None, /) -> None:
        """Send it."""


class Engine(Protocol):
    """What the namespace needs of the Engine.IO server (`server.transport.engineio.EngineServer`)."""

    def generate_id(self) -> str:
        """A new random id."""

    def send_text(self, sid: str, text: str | bytes) -> None:
        """Send one message; an unknown sid is ignored."""

    def send_answer(self, sid: str, text: str | bytes) -> None:
        """The same, for a part of an answer that may be long: it never counts as unread."""

    def is_behind(self, sid: str) -> bool:
        """Whether a part of an answer may not have left."""

    async def caught_up(self, sid: str) -> None:
        """Return once what a session was sent has left, or the session is gone."""

    def broadcast(self, sids: Iterable[str], text: str | bytes, but: str | None = None) -> None:
        """Send one message to many, leaving one out."""

    def recall(self, sids: Iterable[str]) -> None:
        """Something that these were sent is taken back: what still waits leaves soon, or is cut."""

    def open_session(self, sid: str) -> Any:
        """The session of this id that is open, or None."""

    def close_session(self, sid: str, code: int, reason: str = "") -> None:
        """Close the transport with this code."""

    def mark_connected(self, sid: str) -> None:
        """The connect timeout is off."""

    def set_receiver(self, sid: str, receiver: Callable[[str | bytes], Awaitable[Any] | None] | None) -> None:
        """From now on the messages of a session go to `receiver`."""


class Elsewhere(Protocol):
    """Who serves all other namespaces (`host.SocketHost`)."""

    environ: dict[str, dict[str, Any]]
    """Engine.IO session id → what is kept of the request that opened it."""

    def takes(self, eio_sid: str, data: str | bytes) -> bool:
        """Whether a packet belongs to another namespace."""

    def forward(self, eio_sid: str, data: str | bytes) -> Awaitable[None] | None:
        """Hand it over."""
