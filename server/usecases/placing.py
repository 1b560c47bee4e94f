"""Where several nodes share rooms: a request comes to its room, and its answer waits for what it changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from rooms import lobby
from rooms.errors import Code, Refused
from rooms.events import RoomRestored
from rooms.room import Room
from server.cluster.gate import Gate
from server.protocol.acknowledgements import Outcome, Reply, refusal
from server.protocol.decoding import Decoded
from server.security.throttles import too_many
from server.usecases.aftermath import Seated
from server.usecases.connections import Connection
from server.usecases.context import Context

HELD_UP_S = 2.5
"""How long a node has to say that it has the connections of a room that has come here; longer than a look for one."""

AT_THE_DOOR = frozenset({"join-room", "knock"})
"""Requests that may be about a room which nobody here sits in."""

Request = Callable[[Any, str, "list[Any] | Decoded"], "Outcome | Awaitable[Outcome]"]


class Notes(Protocol):
    """What is needed of `server.cluster.recorder.Recorder`."""

    def note(self, room: Room, events: tuple[()]) -> None: ...
    def note_seat(self, room: Room, participant_id: str) -> None: ...


class Placing:
    """In front of the dispatcher."""

    def __init__(self, ctx: Context, gate: Gate, notes: Notes, inner: Request) -> None:
        self._ctx = ctx
        self._gate = gate
        self._notes = notes
        self._inner = inner

    def request(self, connection: Connection, event: str, args: list[Any] | Decoded) -> Outcome | Awaitable[Outcome]:
        """Answer a request."""
        gate = self._gate
        gate.room_id = None
        if gate.is_stuck:
            return refusal(Refused(Code.UNAVAILABLE, "What is asked could not be kept now.", retry_after_ms=1_000))
        if event in AT_THE_DOOR:
            room_id = _room_id(args)
            if room_id is not None and room_id not in self._ctx.directory.rooms:
                # To look for a room is work: whoever guesses at ids pays for it first.
                wait_s = connection.bucket.take(time.monotonic())
                if wait_s:
                    return refusal(too_many(wait_s))
                return self._placed(connection, event, args, room_id)
        outcome = self._inner(connection, event, args)
        if type(outcome) is dict:
            return outcome
        if isinstance(outcome, Awaitable):
            return self._later(outcome)
        self._expect(outcome)
        return outcome

    async def _placed(self, connection: Connection, event: str, args: list[Any] | Decoded, room_id: str) -> Outcome:
        rooms = self._ctx.rooms
        try:
            if rooms is not None:
                await rooms.place_here(room_id)
        except Refused as refused:
            if refused.code not in (Code.ROOM_NOT_FOUND, Code.ROOM_ENDED, Code.ROOM_EXPIRED):
                return refusal(refused)  # else the use case has the words, and counts who guesses
        self._gate.room_id = None
        outcome = self._inner(connection, event, args)
        return await self._later(outcome) if isinstance(outcome, Awaitable) else self._expect(outcome)

    async def _later(self, waiting: Awaitable[Outcome]) -> Outcome:
        return self._expect(await waiting)

    def _expect(self, outcome: Outcome) -> Outcome:
        """What follows an answer changes the room, so the answer has to wait for that as well."""
        if isinstance(outcome, Reply):
            for one in outcome.after:
                if isinstance(one, Seated):
                    self._notes.note_seat(one.room, one.seat.id)
                elif hasattr(one, "room"):
                    self._notes.note(one.room, ())
        return outcome


def _room_id(args: list[Any] | Decoded) -> str | None:
    if isinstance(args, tuple):
        return str(args[1].room_id)  # of a join; it was checked
    payload = args[0] if args else None
    room_id = payload.get("roomId", payload.get("room")) if isinstance(payload, dict) else None
    return room_id if isinstance(room_id, str) and 0 < len(room_id) <= 64 else None


def take_in(ctx: Context, room: Room) -> None:
    """A room has come to run here. Whoever sat in it may be connected to a node that says so within moments."""
    if ctx.shelf is not None:
        ctx.shelf.took_in(room.id, ctx.runtime.ahead_s)  # before anything happens in it that concerns its files
    ctx.publisher.commit(room, [RoomRestored(room.id)])
    ctx.relay.came_from_elsewhere(room)
    connected, knocking = [seat.id for seat in room.seats.values() if seat.connected], list(room.knocks)
    if connected or knocking:
        asyncio.get_running_loop().call_later(HELD_UP_S, _drop_unheld, ctx, room, connected, knocking)


def _drop_unheld(ctx: Context, room: Room, participants: list[str], knocks: list[str]) -> None:
    """Whose connection nobody has spoken for is away, or waits no more."""
    if ctx.directory.rooms.get(room.id) is not room:
        return
    here = ctx.presence.in_room(room.id)
    for seat in [room.seats[one] for one in participants if one in room.seats and one not in here]:
        ctx.publisher.commit(room, room.drop(seat, ctx.clock()))
    at_door = ctx.presence.at_door(room.id)
    for knock_id in [one for one in knocks if one not in at_door]:
        lobby.walk_away(room, knock_id)
    ctx.publisher.commit(room, ())


def let_go(ctx: Context, room_id: str, close: Callable[[str], None]) -> None:
    """A room runs elsewhere: nothing of it stays, and `close` sends its people there."""
    room = ctx.directory.rooms.get(room_id)
    connections = [*ctx.presence.in_room(room_id).values(), *ctx.presence.at_door(room_id).values()]
    if room is not None:
        ctx.directory.discard(room)
    ctx.presence.room_over(room_id)
    if ctx.shelf is not None:
        for file in ctx.shelf.gave_up(room_id):
            ctx.file_quotas.gone(file.id)
    ctx.relay.end(room_id)
    ctx.calls.end(room_id, ctx.clock())
    ctx.quotas.room_over(room_id)
    for connection in connections:
        close(connection)
