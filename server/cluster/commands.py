"""Commands under way from this node to others, and where the rooms are that they are about.

For each connection and room, order is kept: commands go to one node at a time, and to another only once the former has
answered or refused all that it was sent, or is gone. A command is answered once: by its acknowledgement; or here, after
which an acknowledgement that comes late is dropped. What a node that is gone has not answered may have been done or
not. It is sent to the next owner where that does no harm, since the room knows it again or nothing changes by it
(`requests.may_be_repeated`); else it is answered with UNAVAILABLE.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from typing import Final

from rooms.errors import Code, Refused
from server.cluster.frames import Kind, names_body
from server.cluster.links import Links
from server.cluster.requests import Addressed, may_be_repeated
from server.cluster.rooms import Rooms
from server.cluster.routes import Client, Flight, Route
from server.cluster.sockets import Sockets

_COMMAND: Final = int(Kind.COMMAND)

HOLD_S: Final = 2.5
"""How long a command waits for a room that moves, or that nobody has found yet."""

ANSWER_S: Final = 15.0
"""How long the owner may take to answer one; longer than a password check, and than Redis may be silent."""

RETRY_S: Final = 0.03
"""Before a room is looked for again that was not where it was to be, times how often."""

MAX_REPEATS: Final = 3
"""How often a command is sent anew because the node that had it is gone."""

MAX_FLIGHTS: Final = 256
"""Commands of one connection that are not answered."""

MAX_HELD_BYTES: Final = 32 * 1_048_576
"""Of all connections."""

MAX_ROUTES: Final = 100_000

TICK_S: Final = 0.5

SERVICE_RESTART: Final = 1012


class Commands:
    """Of one node's connections. What others say of them is for `server.cluster.edge.Edge`."""

    def __init__(self, rooms: Rooms, links: Links, sockets: Sockets) -> None:
        self._rooms = rooms
        self._links = links
        self._sockets = sockets
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(1)
        self._clients: dict[str, Client] = {}
        self._by_handle: dict[int, Client] = {}
        self._routes: dict[str, Route] = {}
        self._epochs: dict[str, Route] = {}
        self._flights: dict[int, Flight] = {}  # the oldest first
        self._held_bytes = 0
        self._ticking: asyncio.TimerHandle | None = None
        self.may_claim = True
        """Off where this node is about to stop."""
        self.forwarded = self.unavailable = 0

    def start(self) -> None:
        """Begin to look after what waits."""
        self._ticking = self._loop.call_later(TICK_S, self._tick)

    def stop(self) -> None:
        """Look for no room any more."""
        if self._ticking is not None:
            self._ticking.cancel()
        for route in self._routes.values():
            if route.placing is not None:
                route.placing.cancel()

    def is_here(self, room_id: str) -> bool:
        """Whether a request about a room may be run at once: it is here, and nothing that came before waits."""
        return room_id not in self._routes and self._rooms.is_here(room_id)

    def knows(self, sid: str) -> bool:
        """Whether a connection has anything to do with a room that was not here."""
        return sid in self._clients

    def command(self, sid: str, asked: Addressed, packet: str) -> None:
        """Take a request to where its room is. It will be answered once."""
        client = self._clients.get(sid) or self._met(sid)
        if len(client.flights) >= MAX_FLIGHTS or self._held_bytes + len(packet) > MAX_HELD_BYTES:
            self._sockets.refuse(sid, packet, _unavailable("Too much waits for this room."))
            return
        route = self._routes.get(asked.room_id)
        if route is None:
            route = self._new_route(asked.room_id)
        number = next(self._numbers) & 0xFFFFFFFF
        flight = Flight(number, client, route, asked.ack_id, packet, self._loop.time())
        client.flights[number] = self._flights[number] = flight
        self._held_bytes += len(packet)
        if route.node is not None:
            self._dispatch(flight, route.node)
        else:
            route.wait(flight)
            self._look(route)

    def _met(self, sid: str) -> Client:
        handle = next(self._numbers) & 0xFFFFFFFF
        client = self._clients[sid] = self._by_handle[handle] = Client(handle, sid)
        return client

    def _new_route(self, room_id: str) -> Route:
        if len(self._routes) >= MAX_ROUTES:
            for old in itertools.islice(self._routes.values(), 100):
                if old.is_idle:
                    self._forget(old)
                    break
        route = self._routes[room_id] = Route(room_id)
        return route

    def _forget(self, route: Route) -> None:
        self._routes.pop(route.room_id, None)
        self._epochs.pop(route.epoch, None)

    # Under way

    def _dispatch(self, flight: Flight, node: str) -> None:
        client = flight.client
        self._present(client, node)
        body = flight.route.found.to_bytes(4, "little") + flight.packet.encode()
        if not self._links.send(node, _COMMAND, client.handle, flight.number, body):
            self._refuse(flight, _unavailable("The room's node has too much to do."))
            return
        flight.node = node
        flight.route.outstanding += 1
        self.forwarded += 1

    def _present(self, client: Client, node: str) -> None:
        if node not in client.presented:
            client.presented.add(node)
            self._links.tell(node, Kind.PRESENT, client.handle, 0, self._sockets.facts(client.sid))

    def _over(self, flight: Flight) -> None:
        """A command is answered, or needs no answer."""
        flight.client.flights.pop(flight.number, None)
        self._flights.pop(flight.number, None)
        self._held_bytes -= len(flight.packet)
        self._back(flight)

    def _back(self, flight: Flight) -> None:
        route = flight.route
        if flight.node:
            flight.node = ""
            route.outstanding -= 1
            if route.node is None:
                self._look(route)
        elif flight in route.waiting:
            route.waiting.remove(flight)

    def _refuse(self, flight: Flight, why: Refused) -> None:
        self.unavailable += why.code is Code.UNAVAILABLE
        self._over(flight)
        self._sockets.refuse(flight.client.sid, flight.packet, why)

    def _refuse_all(self, node: str) -> None:
        why = _unavailable("The node that ran the room has not answered.")
        for flight in [one for one in self._flights.values() if one.node == node]:
            if flight.repeats < MAX_REPEATS and may_be_repeated(flight.packet):
                flight.repeats += 1
                self._wait_anew(flight)
            else:
                self._refuse(flight, why)

    def _wait_anew(self, flight: Flight) -> None:
        route = flight.route
        route.outstanding -= 1
        flight.at = self._loop.time()
        route.wait(flight)
        if route.node is None:
            self._look(route)
        else:
            route.waiting.remove(flight)
            self._dispatch(flight, route.node)

    def _tick(self) -> None:
        self._ticking = self._loop.call_later(TICK_S, self._tick)
        now = self._loop.time()
        for flight in list(self._flights.values()):
            if now - flight.at < min(HOLD_S, ANSWER_S):
                break
            if now - flight.at > (ANSWER_S if flight.node else HOLD_S):
                self._refuse(flight, _unavailable("The room does not answer."))

    def _bounced(self, source: str, flight: Flight) -> None:
        route = flight.route
        flight.node = ""
        route.outstanding -= 1
        route.wait(flight)
        self._lost(route, source)

    def not_taken(self, node: str, numbers: Iterable[int]) -> None:
        """Commands of these numbers have not reached a node that is gone."""
        for number in numbers:
            flight = self._flights.get(number)
            if flight is not None and flight.node == node:
                self._bounced(node, flight)

    # Where rooms are

    def _look(self, route: Route) -> None:
        """Find out where a room is, once nothing is under way to where it was."""
        if route.placing is None and not route.outstanding and route.is_wanted:
            route.placing = self._loop.create_task(self._place(route))

    def _lost(self, route: Route, node: str) -> None:
        if route.node == node:
            route.node = None
            route.hops += 1
        if route.node is None:
            self._look(route)

    async def _place(self, route: Route) -> None:
        try:
            if route.hops:
                await asyncio.sleep(min(RETRY_S * route.hops, HOLD_S / 4))
            async with asyncio.timeout(HOLD_S):
                place = await self._rooms.place(route.room_id, may_claim=self.may_claim)
            if place.node == "":
                raise _unavailable("Nobody runs this room.")
            if place.node is None:
                await self._runs_here(route)
            else:
                self._runs_at(route, place.node)
        except TimeoutError:
            self._not_found(route, _unavailable("Nobody knows yet where the room is."))
        except Refused as why:
            self._not_found(route, why)
        finally:
            route.placing = None
        if route.node is None and route.room_id in self._routes:
            if route.is_wanted:
                route.hops += 1
                self._look(route)
            elif route.is_idle:
                self._forget(route)

    def _runs_at(self, route: Route, node: str) -> None:
        route.node, route.found = node, next(self._numbers) & 0xFFFFFFFF
        for handle, participant_id in route.members.items():
            self._present(self._by_handle[handle], node)
            self._links.tell(
                node, Kind.HOLD, handle, route.seen, names_body(route.room_id, participant_id, route.epoch)
            )
        for handle, knock_id in route.doors.items():
            self._present(self._by_handle[handle], node)
            self._links.tell(node, Kind.KNOCKING, handle, 0, names_body(route.room_id, knock_id))
        waiting, route.waiting = route.waiting, []
        for flight in waiting:
            if self._loop.time() - flight.at > HOLD_S:
                self._refuse(flight, _unavailable("The room was not found in time."))
            else:
                self._dispatch(flight, node)

    async def _runs_here(self, route: Route) -> None:
        members, route.members = route.members, {}
        for handle, participant_id in members.items():
            client = self._by_handle[handle]
            client.seats.pop(route.room_id, None)
            self._sockets.hold(client.sid, route.room_id, participant_id, (route.epoch, route.seen))
            self._sockets.seats_changed(client.sid)
        doors, route.doors = route.doors, {}
        for handle, knock_id in doors.items():
            client = self._by_handle[handle]
            client.doors.pop(route.room_id, None)
            self._sockets.hold_door(client.sid, route.room_id, knock_id)
        while route.waiting and self._rooms.is_here(route.room_id):
            flight = route.waiting.pop(0)
            self._over(flight)
            waits = self._sockets.run(flight.client.sid, flight.packet)
            if waits is not None:
                await waits
        if not route.waiting:
            self._forget(route)

    def _not_found(self, route: Route, why: Refused) -> None:
        waiting, route.waiting = route.waiting, []
        for flight in waiting:
            self._refuse(flight, why)
        if why.code is not Code.UNAVAILABLE:
            self._close_members(route)
            route.members.clear()
            route.doors.clear()

    def _close_members(self, route: Route) -> None:
        """They come back by themselves, and are told what they missed."""
        for handle in {**route.members, **route.doors}:
            client = self._by_handle.get(handle)
            if client is not None:
                self._sockets.close(client.sid, SERVICE_RESTART)


def _unavailable(message: str) -> Refused:
    return Refused(Code.UNAVAILABLE, message, retry_after_ms=500)
