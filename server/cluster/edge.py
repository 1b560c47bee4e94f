"""The edge: takes requests about rooms that run elsewhere to where they run, and brings back what is said there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from server.cluster.commands import Commands
from server.cluster.frames import Frame, Kind, read_many, read_names
from server.cluster.links import Links
from server.cluster.requests import acknowledged, seen_in, takes_back
from server.cluster.rooms import Rooms
from server.cluster.routes import Client, Route
from server.cluster.sockets import Sockets

_ONE: Final = int(Kind.ONE)
"""It passes with each message; a member of an enumeration is looked up each time."""

RECOVER_S: Final = 2.0
"""How long a client that asks for its state waits for the node that has it."""


class Edge(Commands):
    """The edge's part of one node."""

    def __init__(self, rooms: Rooms, links: Links, sockets: Sockets) -> None:
        super().__init__(rooms, links, sockets)
        self._recovering: dict[int, tuple[str, Callable[[bool], None]]] = {}  # by handle

    # What the connections do

    def has_seats(self, sid: str) -> bool:
        """Whether a connection holds seats elsewhere."""
        client = self._clients.get(sid)
        return client is not None and bool(client.seats)

    def recover(self, sid: str, node: str, asked: bytes, on_answer: Callable[[bool], None]) -> None:
        """Ask the node that has a vanished connection's seats to give them to this one.

        `on_answer` is told whether it did, before anything else that it sends; false also where it cannot be asked.
        """
        client = self._clients.get(sid) or self._met(sid)
        client.presented.add(node)
        self._recovering[client.handle] = node, on_answer
        self._links.tell(node, Kind.RECOVER, client.handle, 0, asked)
        self._loop.call_later(RECOVER_S, self._recovered, client.handle, False)

    def _recovered(self, handle: int, recovered: bool) -> None:
        node, on_answer = self._recovering.pop(handle, ("", None))
        client = self._by_handle.get(handle)
        if on_answer is None or client is None:
            return
        if not recovered:
            client.presented.discard(node)
            self._links.tell(node, Kind.GONE, handle)
        on_answer(recovered)

    def owners_of(self, sid: str) -> set[str]:
        """The nodes that a connection has seats on, but this one."""
        client = self._clients.get(sid)
        seats = client.seats if client is not None else {}
        return {node for room_id in seats if (node := self._routes[room_id].node) is not None}

    def gone(self, sid: str) -> None:
        """A connection is gone."""
        client = self._clients.pop(sid, None)
        if client is None:
            return
        del self._by_handle[client.handle]
        _, on_answer = self._recovering.pop(client.handle, ("", None))
        if on_answer is not None:
            on_answer(False)
        for flight in list(client.flights.values()):
            self._over(flight)
        for room_id in client.seats:
            self._routes[room_id].members.pop(client.handle, None)
        for room_id in client.doors:
            self._routes[room_id].doors.pop(client.handle, None)
        for node in client.presented:
            self._links.tell(node, Kind.GONE, client.handle)

    def hold_up(
        self,
        room_id: str,
        epoch: str,
        seen: int,
        held: Iterable[tuple[str, str]],
        knocking: Iterable[tuple[str, str]] = (),
    ) -> None:
        """A room has left this node: its own connections, `(sid, participant)`, hold their seats wherever it is now.

        Others, `(sid, knock)`, wait at its door.
        """
        route = self._routes.get(room_id) or self._new_route(room_id)
        route.epoch, route.seen, self._epochs[epoch] = epoch, seen, route
        for sid, participant_id in held:
            client = self._clients.get(sid) or self._met(sid)
            client.seats[room_id] = route.members[client.handle] = participant_id
            self._sockets.seats_changed(sid)
        for sid, knock_id in knocking:
            client = self._clients.get(sid) or self._met(sid)
            client.doors[room_id] = route.doors[client.handle] = knock_id
        self._look(route)

    # What owners say

    def take(self, source: str, frame: Frame) -> None:
        """A frame of an owner."""
        kind, handle = frame.kind, frame.handle
        if kind == _ONE:
            client = self._by_handle.get(handle)
            if client is not None:
                self._one(source, client, frame)
            return
        if kind == Kind.MANY:
            handles, packet = read_many(frame)
            self._note_seen(packet)
            found = self._by_handle.get
            sids = [client.sid for one in handles if (client := found(one)) is not None]
            if takes_back(packet):
                self._sockets.recall_here(sids)
            self._sockets.deliver_all(sids, packet)
            return
        if kind == Kind.MOVED:
            self._moved(source, frame.body.decode())
            return
        if kind == Kind.RESET:
            self._reset(source)
            return
        client = self._by_handle.get(handle)
        if client is None:
            return
        match kind:
            case Kind.LONG:
                self._one(source, client, frame)
            case Kind.DONE | Kind.BOUNCE:
                flight = client.flights.get(frame.number)
                if flight is not None and flight.node == source:
                    self._over(flight) if kind == Kind.DONE else self._bounced(source, flight)
            case Kind.CLOSE:
                self._sockets.close(client.sid, frame.number)
            case Kind.CLOSE_LATER:
                self._sockets.close_later(client.sid)
            case Kind.RECOVERED:
                self._recovered(handle, frame.number == 1)
            case Kind.SEAT:
                self._seated(source, client, *read_names(frame.body, 3), position=frame.number)
            case Kind.UNSEAT:
                self._unseated(client, *read_names(frame.body, 2))
            case Kind.WAITS | Kind.WAITS_NOT:
                self._at_door(source, client, *read_names(frame.body, 2), waits=kind == Kind.WAITS)

    def _one(self, source: str, client: Client, frame: Frame) -> None:
        packet = frame.body
        if packet[:1] == b"3":
            ack_id = acknowledged(packet)
            flights = client.flights.values()
            flight = next((one for one in flights if one.ack_id == ack_id and one.node == source), None)
            if flight is None:
                return  # it was answered here, since nobody knew whether this would come
            flight.route.hops = 0
            self._over(flight)
        else:
            self._note_seen(packet)
            if takes_back(packet):
                self._sockets.recall_here((client.sid,))
        (self._sockets.deliver if frame.kind == _ONE else self._sockets.deliver_long)(client.sid, packet)

    def _note_seen(self, packet: bytes) -> None:
        for epoch, position in seen_in(packet):
            route = self._epochs.get(epoch)
            if route is not None and position > route.seen:
                route.seen = position

    def _moved(self, source: str, room_id: str) -> None:
        route = self._routes.get(room_id)
        if route is not None:
            self._lost(route, source)

    def _seated(
        self, source: str, client: Client, room_id: str, participant_id: str, epoch: str, *, position: int
    ) -> None:
        route = self._route_at(source, room_id)
        if not route.members or route.epoch != epoch:
            route.seen = position
        route.epoch, self._epochs[epoch] = epoch, route
        route.members[client.handle] = client.seats[room_id] = participant_id
        route.hops = 0
        if len(client.seats) == 1:
            self._sockets.seats_changed(client.sid)

    def _route_at(self, source: str, room_id: str) -> Route:
        route = self._routes.get(room_id)
        if route is None:
            route = self._new_route(room_id)
            route.node, route.found = source, next(self._numbers) & 0xFFFFFFFF
        return route

    def _at_door(self, source: str, client: Client, room_id: str, knock_id: str, *, waits: bool) -> None:
        if waits:
            client.doors[room_id] = self._route_at(source, room_id).doors[client.handle] = knock_id
        elif client.doors.get(room_id) == knock_id:
            del client.doors[room_id]
            route = self._routes.get(room_id)
            if route is not None:
                route.doors.pop(client.handle, None)

    def _unseated(self, client: Client, room_id: str, participant_id: str) -> None:
        if client.seats.get(room_id) != participant_id:
            return
        del client.seats[room_id]
        self._sockets.recall_here((client.sid,))
        route = self._routes.get(room_id)
        if route is not None:
            route.members.pop(client.handle, None)
        if not client.seats:
            self._sockets.seats_changed(client.sid)

    # Nodes

    def node_gone(self, node: str) -> None:
        """A node is gone: what it ran is looked for, and what it has not answered is refused."""
        self._let_go(node)

    def missed(self, node: str) -> None:
        """Something that a node said was missed: whoever has a seat there comes back and is told."""
        for route in list(self._routes.values()):
            if route.node == node:
                self._close_members(route)
        self._refuse_all(node)

    def _reset(self, node: str) -> None:
        """A node has let go of our connections: they are presented to it again."""
        self._let_go(node)

    def _let_go(self, node: str) -> None:
        for client in self._clients.values():
            client.presented.discard(node)
        lost = [route for route in self._routes.values() if route.node == node]
        for route in lost:
            route.node = None
        self._refuse_all(node)
        for route in lost:
            if route.is_idle:
                self._forget(route)
            else:
                self._look(route)
