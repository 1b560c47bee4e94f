"""Connections of other nodes, as the use cases see them; and seats that are held across a change of owner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson

from rooms.errors import Refused
from rooms.model import Seat
from rooms.replay import replayable
from rooms.room import Room
from server.cluster.edge import Edge
from server.cluster.owner import Owner, is_visitor
from server.outbound.delivery import durable_packet
from server.outbound.presence import Presence, Told
from server.protocol.acknowledgements import Outcome
from server.protocol.offsets import offset
from server.security.addresses import client_address
from server.security.throttles import TokenBucket
from server.usecases import aftermath
from server.usecases.aftermath import Recovered
from server.usecases.connections import Connection, Transport
from server.usecases.context import TOKEN_BYTES, Context
from server.usecases.dispatcher import Dispatcher
from server.usecases.returning import came_back

Run = Callable[[str, Any, str], Awaitable[None] | None]


class SharedPresence(Presence):
    """Tells other nodes of the seats that their connections take and let go of."""

    __slots__ = ("_silent", "owner")

    def __init__(self) -> None:
        super().__init__()
        self.owner: Owner | None = None
        self._silent = False

    @contextmanager
    def untold(self) -> Iterator[None]:
        """Meanwhile other nodes are told of no seat that is let go of: it is held still, but not here."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def hold(self, connection: str, room: Room, seat: Seat, told: Told) -> None:
        """The connection has taken the seat."""
        super().hold(connection, room, seat, told)
        if self.owner is not None and is_visitor(connection):
            self.owner.seated(connection, room.id, seat.id, room.epoch, room.position)

    def wait_at(self, room_id: str, knock_id: str, connection: str) -> None:
        """The connection has knocked."""
        super().wait_at(room_id, knock_id, connection)
        self._tell_door(room_id, knock_id, connection, still=True)

    def walk_away(self, room_id: str, knock_id: str) -> None:
        """Nobody waits with this knock any more."""
        self._tell_door(room_id, knock_id, self.at_door(room_id).get(knock_id), still=False)
        super().walk_away(room_id, knock_id)

    def release(self, room_id: str, participant_id: str) -> None:
        """Nobody holds the seat any more."""
        self._tell(room_id, participant_id, self.connection_of(room_id, participant_id))
        super().release(room_id, participant_id)

    def room_over(self, room_id: str) -> None:
        """Nobody sits in the room any more."""
        for participant_id, connection in self.in_room(room_id).items():
            self._tell(room_id, participant_id, connection)
        for knock_id, connection in self.at_door(room_id).items():
            self._tell_door(room_id, knock_id, connection, still=False)
        super().room_over(room_id)

    def _tell_door(self, room_id: str, knock_id: str, connection: str | None, *, still: bool) -> None:
        if self.owner is not None and connection is not None and is_visitor(connection) and not self._silent:
            self.owner.waits(connection, room_id, knock_id, still=still)

    def _tell(self, room_id: str, participant_id: str, connection: str | None) -> None:
        if self.owner is not None and connection is not None and is_visitor(connection) and not self._silent:
            self.owner.unseated(connection, room_id, participant_id)


class Visits:
    """`server.cluster.owner.Application`, and what the edge asks about connections."""

    def __init__(
        self,
        context: Context,
        dispatcher: Dispatcher,
        run: Run,
        disconnected: Callable[[str], None],
        admit_recovered: Callable[[str, dict[str, Any], Any, str], Any],
    ) -> None:
        self._context = context
        self._disconnected = disconnected
        self._dispatcher = dispatcher
        self.run = run
        self.edge: Edge | None = None
        self.admit_recovered = admit_recovered
        """Lets a connection in that another node has given its seats back."""

    # The owner's side

    def arrived(self, visitor_id: str, facts: bytes) -> Connection:
        """A visitor is there. Its own node bounds how much it asks."""
        connection = self._arrived(visitor_id, orjson.loads(facts))
        self._context.recovery.connected(connection)
        return connection

    def _arrived(self, visitor_id: str, said: Any) -> Connection:
        ctx = self._context
        transport = Transport(TokenBucket(0.0, 0.0, 0.0, 0.0), removed_from=dict.fromkeys(said["removedFrom"]))
        connection = Connection(
            visitor_id, said["address"], said["privateId"], transport, transport.bucket, recovered=said["recovered"]
        )
        ctx.connections[visitor_id] = connection
        ctx.quotas.visits(visitor_id, ctx.quotas.keys_of(connection.address) if said["counted"] else ())
        if not said["offsets"]:
            ctx.delivery.without_offsets.add(visitor_id)
        return connection

    def recovered(self, visitor_id: str, asked: bytes) -> tuple[Connection, Recovered | None]:
        """The same, of one whose client asks for its state to be recovered; with what it missed, if it can be."""
        said = orjson.loads(asked)
        connection = self._arrived(visitor_id, said)
        found = came_back(self._context, connection, said["pid"], said["offset"])
        self._context.recovery.connected(connection)
        return connection, found

    def follow(self, visitor_id: str, missed: Recovered) -> None:
        """Send a visitor what it missed."""
        aftermath.follow(self._context, visitor_id, (missed,), acknowledged=True)

    def departed(self, visitor_id: str) -> None:
        """It is gone; its seats wait for it."""
        self._disconnected(visitor_id)
        self._context.quotas.visited(visitor_id)

    def in_room(self, room_id: str) -> Iterable[str]:
        """The connections with a seat in a room, or at its door."""
        presence = self._context.presence
        return (*presence.in_room(room_id).values(), *presence.at_door(room_id).values())

    def hold(self, connection_id: str, room_id: str, participant_id: str, seen: tuple[str, int]) -> bool:
        """A connection held a seat in a room that has another owner now, and was told all up to an epoch's position.

        It is told the rest. False where that cannot be: then it has to come back by itself. In another epoch, positions
        are of other events.
        """
        ctx, now = self._context, self._context.clock()
        room, connection = ctx.directory.rooms.get(room_id), ctx.connections.get(connection_id)
        seat = room.seats.get(participant_id) if room is not None else None
        if room is None or seat is None or connection is None:
            return False
        holder = ctx.presence.connection_of(room_id, participant_id)
        if holder == connection_id:
            return True
        epoch, position = seen
        events = room.history.after_position(position, now) if epoch == room.epoch else None
        if holder is not None or events is None or position > room.position:
            return False
        if not seat.connected:
            ctx.publisher.commit(room, room.take(seat, now))
        for event in replayable(events, seat.id):
            if connection_id not in ctx.delivery.without_offsets:
                ctx.delivery.replay(durable_packet(event, seat.id, offset(room.epoch, event.position)), connection_id)
        ctx.presence.hold(connection_id, room, seat, Told(position))
        for signal in ctx.relay.collect(room_id, participant_id, now):
            ctx.delivery.kept_signal(room_id, signal, connection_id)
        ctx.quotas.seat_taken(room_id, participant_id, ctx.quotas.keys_at(connection_id))
        return True

    def hold_door(self, connection_id: str, room_id: str, knock_id: str) -> bool:
        """A connection waits at the door of a room that has another owner now. False where its knock is not known."""
        ctx = self._context
        room = ctx.directory.rooms.get(room_id)
        if room is None or knock_id not in room.knocks or connection_id not in ctx.connections:
            return False
        if ctx.presence.at_door(room_id).get(knock_id, connection_id) != connection_id:
            return False
        ctx.presence.wait_at(room_id, knock_id, connection_id)
        return True

    # The edge's side

    def recovery_request(self, sid: str, environ: Mapping[str, Any], pid: str, offset: object) -> bytes:
        """What the node that has the seats of a vanished connection is asked with."""
        ctx = self._context
        forwarded_for = environ.get("HTTP_X_FORWARDED_FOR")
        address = client_address(environ.get("REMOTE_ADDR"), forwarded_for, ctx.settings.trusted_proxy_hops)
        return orjson.dumps(
            {
                "address": address,
                "privateId": ctx.new_id(TOKEN_BYTES),
                "recovered": False,
                "removedFrom": [],
                "offsets": True,
                "counted": bool(ctx.quotas.keys_at(sid)),
                "pid": pid,
                "offset": offset,
            }
        )

    def facts(self, connection: Connection) -> bytes:
        """What an owner has to know of a connection of this node."""
        ctx = self._context
        return orjson.dumps(
            {
                "address": connection.address,
                "privateId": connection.private_id,
                "recovered": connection.recovered,
                "removedFrom": list(connection.transport.removed_from),
                "offsets": connection.id not in ctx.delivery.without_offsets,
                "counted": bool(ctx.quotas.keys_at(connection.id)),
            }
        )

    def limited(self, connection: Connection) -> Outcome | None:
        """Count a request that is run elsewhere; the refusal of one that comes too early."""
        return self._dispatcher.limited(connection)

    def refuse(self, why: Refused) -> Outcome:
        """The answer to a request that was to be run elsewhere."""
        return self._dispatcher.refuse(why)

    def seats_changed(self, sid: str) -> None:
        """A connection of this node has taken its first seat, or let go of its last, somewhere."""
        self._context.quotas.holds_seats(sid, any_at_all=not self.seatless(sid))

    def seats_here_changed(self, connection: str, any_here: bool) -> None:
        """A connection has taken its first seat in a room of this node, or is about to let go of its last."""
        anywhere = any_here or (self.edge is not None and self.edge.has_seats(connection))
        self._context.quotas.holds_seats(connection, any_at_all=anywhere)

    def sits_here(self, sid: str) -> bool:
        """Whether a connection holds a seat in a room of this node."""
        return bool(self._context.presence.seats_of(sid))

    def seatless(self, connection_id: str) -> bool:
        """Whether a connection of this node holds no seat anywhere."""
        if self._context.presence.seats_of(connection_id):
            return False
        return self.edge is None or not self.edge.has_seats(connection_id)
