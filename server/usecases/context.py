"""What every use case works with."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rooms.directory import Directory
from rooms.errors import Code, Refused
from rooms.events import Event, MemberLeft, RoomEnded
from rooms.files import Files
from rooms.model import Seat
from rooms.ports import Store
from rooms.room import Room
from rooms.runtime import Runtime
from server.clocks import Clocks
from server.cluster.ownership import HOLD_S, Ownership, Role
from server.outbound.delivery import Delivery
from server.outbound.journal import Journal
from server.outbound.outbox import Outbox
from server.outbound.presence import Presence
from server.outbound.publisher import Publisher
from server.outbound.shelf import Shelf
from server.security.actor import Actor
from server.security.file_quotas import FileBounds, FileQuotas
from server.security.guesses import Guesses
from server.security.join_tokens import JoinTokens
from server.security.memory import Memory
from server.security.passwords import Passwords
from server.security.quotas import Quotas
from server.settings import Settings
from server.usecases.connections import Connection
from server.usecases.recovery import Recovery
from server.usecases.snapshot_parts import SnapshotParts
from signaling.calls import Calls
from signaling.ice import IceSettings
from signaling.relay import Relay

if TYPE_CHECKING:
    from server.cluster.redis_rooms import RedisRooms

NewId = Callable[[int], str]
"""Makes a random id of so many bytes, in lower-case letters and digits."""

ROOM_ID_BYTES = 16
PARTICIPANT_ID_BYTES = 10
TOKEN_BYTES = 32


@dataclass(slots=True)
class Context:
    """The parts of the server that use cases share. Made once, by `create_app`."""

    settings: Settings
    clock: Callable[[], float]
    """`now` for the rules: seconds that never step (decision 0019). What people are told is `wall()`."""
    clocks: Clocks
    new_id: NewId
    runtime: Runtime
    directory: Directory
    relay: Relay
    calls: Calls
    delivery: Delivery
    presence: Presence
    publisher: Publisher
    store: Store
    journal: Journal
    guesses: Guesses
    passwords: Passwords
    tokens: JoinTokens
    recovery: Recovery
    quotas: Quotas
    memory: Memory
    ice: IceSettings
    ownership: Ownership
    rooms: RedisRooms | None
    """Which rooms run here and which elsewhere; None where all run here."""
    is_open: Callable[[str], bool]
    """Whether a connection could still be sent something: it may be closing while its last request is under way."""
    snapshot_parts: SnapshotParts = field(default_factory=SnapshotParts)
    files: Files = field(default_factory=Files)
    shelf: Shelf | None = None
    """Where files lie; None where `FILE_STORE` is off."""
    outbox: Outbox | None = None
    """Where webhooks wait; None where there are none."""
    file_quotas: FileQuotas = field(default_factory=lambda: FileQuotas(FileBounds()))
    connections: dict[str, Connection] = field(default_factory=dict)
    draining: bool = False
    restored: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it is known whether the rooms are here: then nobody waits for them any longer."""

    def wall(self) -> float:
        """The time for people, stores and other machines: seconds since the Unix epoch."""
        return self.runtime.wall(self.clock())

    def find(self, room_id: str) -> Room:
        """The live room of this id; UNAVAILABLE where it may be one that was not read from the store yet."""
        if not self.ownership.valid():
            self.ownership.want()
            raise self.elsewhere()
        try:
            return self.directory.find(room_id, self.clock())
        except Refused as refused:
            if refused.code is Code.ROOM_NOT_FOUND and not self.restored:
                raise Refused(Code.UNAVAILABLE, "Rooms are being restored.", retry_after_ms=1_000) from None
            raise

    @property
    def serving(self) -> bool:
        """Whether the rooms are here, and may be touched."""
        return self.restored and self.ownership.valid()

    @property
    def coming(self) -> bool:
        """Whether the rooms may be here within moments, so that it is worth waiting for them."""
        own = self.ownership
        if self.serving or self.draining or not own.beats:
            return False
        if own.role is Role.OWNER:
            return own.answers or not own.valid()  # they are being restored; or it is cut off from the store
        return own.role is Role.WAITING and own.answers and not own.refused

    async def opened(self) -> bool:
        """Whether the rooms are here. Where they are not, they are asked for and waited for, at most `HOLD_S`."""
        self.ownership.want()
        if self.coming:
            self.settled.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HOLD_S):
                    await self.settled.wait()
        return self.serving

    def elsewhere(self) -> Refused:
        """What whoever asks about rooms is told where they are not here."""
        if self.draining or self.ownership.role in (Role.LEAVING, Role.OVER):
            return Refused(Code.SERVER_DRAINING, retry_after_ms=1_000)
        return Refused(Code.UNAVAILABLE, "The rooms are not here yet.", retry_after_ms=1_000)

    def seated(self, connection: Connection, room_id: str, now: float | None = None) -> tuple[Room, Seat]:
        """The room and the caller's seat in it, else NOT_IN_ROOM, or ROOM_EXPIRED until the sweeper has come by."""
        found = self.presence.seated(connection.id, room_id)
        if found[0].expires_at <= (now if now is not None else self.clock()) + self.runtime.ahead_s:
            raise Refused(Code.ROOM_EXPIRED)
        return found

    def asking(self, connection: Connection, room_id: str) -> Actor:
        """Who asks over a socket: the seat that the connection holds in the room."""
        room, seat = self.seated(connection, room_id)
        return Actor(connection.address, room=room, seat=seat, over_socket=True)

    def let_go(self, room: Room, event: Event) -> None:
        """Let go of what belonged to a seat or a room that is gone. A subscriber of the publisher."""
        if isinstance(event, MemberLeft):
            self.relay.forget(room.id, event.participant_id)
            self.quotas.seat_gone(room.id, event.participant_id)
            self.publisher.commit(room, self.calls.left(room.id, event.participant_id, event.at))
            if not room.seats:
                self.quotas.room_emptied(room.id)
        elif isinstance(event, RoomEnded):
            self.relay.end(room.id)
            self.quotas.room_over(room.id)
