"""From what happened to who is told what: the sole path out to clients.

A frame is encoded once, whoever gets it. Durable events carry an offset as a second argument, which is what
socket.io-client sends back to have its connection state recovered (`server.protocol.offsets` says what it means). A
connection may ask to be spared them, and one with seats in several rooms is told of all of them: frames for these are
made only where there are any in the room.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol, assert_never, get_args

import orjson

from rooms.events import (
    Broadcast,
    Durable,
    KnockAnswered,
    KnockReceived,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    MessageDeleted,
    MessageUpdated,
    PollDeleted,
    ReactionChanged,
    ReadChanged,
    RoomEnded,
    RoomExpiring,
    SeatTakenOver,
    Transient,
    TypingChanged,
)
from rooms.message import Message
from rooms.room import Room
from server.outbound.presence import Presence
from server.protocol import views
from server.protocol.events import Action, Reason
from server.protocol.offsets import offset, offset_of_several
from signaling.negotiation import Kind
from signaling.relay import Signal

SIGNAL_EVENTS = {
    Kind.OFFER: "offer-received",
    Kind.ANSWER: "answer-received",
    Kind.CANDIDATE: "ice-candidate-received",
}
TAKEN_BACK: Final = frozenset({MessageDeleted, MessageUpdated, PollDeleted})
"""Events after which what was sent before is to lie nowhere (for other nodes: `server.cluster.requests.takes_back`)."""

DURABLE: Final = frozenset(get_args(Durable))
LEFT_ACTIONS: dict[Reason, Action] = {"timeout": "rejoin", "server-shutdown": "resume"}
REMOVED: frozenset[Reason] = frozenset({"kicked", "banned"})


class PacketSender(Protocol):
    """What delivery needs of the transport; nothing in it waits."""

    def send(self, connections: Iterable[str], packet: bytes, but: str | None = None) -> None:
        """Send one encoded Socket.IO packet to each of these connections but one; the unknown are passed over."""

    def send_one(self, connection: str, packet: bytes) -> None:
        """The same to one connection."""

    def send_answer(self, connection: str, packet: bytes) -> None:
        """The same, for a part of an answer that may be long: it does not count as unread."""

    def send_kept(self, connection: str, packet: bytes) -> None:
        """Send one of many packets that have waited for this connection; none of them counts as unread."""

    def recall(self, connections: Iterable[str]) -> None:
        """Something that these were sent is taken back: what of it still waits leaves soon, or is cut."""

    def close_later(self, connection: str) -> None:
        """Close a connection that holds no seat any more, once what is under way has been answered."""


def event_packet(*args: Any) -> bytes:
    """A Socket.IO EVENT packet in the default namespace (Socket.IO protocol v5, type 2)."""
    return b"2" + orjson.dumps(args)


class Delivery:
    """Who gets which frame."""

    def __init__(self, sender: PacketSender, presence: Presence) -> None:
        self._sender = sender
        self._presence = presence
        self.without_offsets: set[str] = set()
        """Ids of the live connections that asked for events of one argument."""

    def tell_all(self, room: Room, event: Durable | Transient, but: str | None = None) -> None:
        """Tell everybody concerned; `but` is a connection that is told the same by its own answer."""
        if type(event) in DURABLE:
            self._durable(room, event, but)  # type: ignore[arg-type]
        else:
            self._transient(room, event, but)  # type: ignore[arg-type]

    def waiting(self, room: Room, connection: str) -> None:
        """Tell a host who has come or come back of everybody who waits."""
        for knock in room.waiting_for_host():
            self.tell(connection, "knock-received", _knock(knock))

    def signal(self, room_id: str, signal: Signal, connection: str) -> None:
        """Hand a signal to its target, stamped with its sender."""
        self._sender.send_one(connection, _signal_packet(room_id, signal))

    def tell(self, connection: str, event: str, payload: Any) -> None:
        """One event to one connection."""
        self._sender.send_one(connection, event_packet(event, payload))

    def kept_signal(self, room_id: str, signal: Signal, connection: str) -> None:
        """Hand over a signal that waited for its target."""
        self._sender.send_kept(connection, _signal_packet(room_id, signal))

    def snapshot(self, connection: str, room: Room, picture: orjson.Fragment) -> None:
        """`room-joined`, with the offset that proves that it has arrived."""
        room.tick()
        self._sender.send_answer(connection, self._packet_for(connection, room, "room-joined", picture))

    def replay(self, packet: bytes, connection: str) -> None:
        """A durable event (`durable_packet`) once more, to one that missed it: it had an offset, so it wants them."""
        self._sender.send_kept(connection, packet)

    def message(self, room: Room, event: Message) -> dict[str, Any]:
        """A message to everybody else in the room, or to the one it is for. Returns what they are told."""
        payload = views.message(event)
        packet = b"2" + orjson.dumps((views.MESSAGE_RECEIVED, payload, f"{room.epoch}.{event.position}"))
        here = self._presence.in_room(room.id)
        if event.more is not None and event.more.from_rest and event.sender in here:
            # What a seat has sent over REST its own connection learns like everybody else.
            author = here[event.sender]
            self._sender.send_one(author, self._packet_for(author, room, views.MESSAGE_RECEIVED, payload))
        if event.to is not None:
            target = here.get(event.to)
            if target is not None:
                if target in self.without_offsets or target in self._presence.several:
                    packet = self._packet_for(target, room, views.MESSAGE_RECEIVED, payload)
                self._sender.send_one(target, packet)
            return payload
        to: Iterable[str] = here.values()
        me = here.get(event.sender)
        if self.without_offsets or self._presence.several:
            to = self._in_common(room, (one for one in to if one != me), views.MESSAGE_RECEIVED, payload)
        self._sender.send(to, packet, me)
        return payload

    def _packet_for(self, connection: str, room: Room, name: str, payload: Any) -> bytes:
        """The frame of what happens in a room at this moment, for one connection."""
        if connection in self.without_offsets:
            return event_packet(name, payload)
        if self._presence.sits_in_one(connection, room):
            return event_packet(name, payload, offset(room.epoch, room.position))
        rooms = [held for held, _ in self._presence.seats_of(connection)] or [room]
        return event_packet(name, payload, offset_of_several((one.epoch, one.position) for one in rooms))

    def _in_common(self, room: Room, to: Iterable[str], name: str, payload: Any) -> list[str]:
        """Tell those that want no offset, and those that one room's offset is too little for; returns the others."""
        others: list[str] = []
        spared: list[str] = []
        for connection in to:
            if connection in self.without_offsets:
                spared.append(connection)
            elif connection in self._presence.several:
                self._sender.send_one(connection, self._packet_for(connection, room, name, payload))
            else:
                others.append(connection)
        if spared:
            self._sender.send(spared, event_packet(name, payload))
        return others

    def _durable(self, room: Room, event: Durable, but: str | None) -> None:
        here = self._presence.in_room(room.id)
        if not here:
            return
        # Whoever came or came back learns it from the snapshot, and whoever goes by `room-left`.
        about = here.get(_about(event))
        to = [connection for connection in _concerned(event, here) if connection not in (about, but)]
        if to:
            if type(event) in TAKEN_BACK:
                self._sender.recall(to)
            name, payload = views.durable(event)
            if self.without_offsets or self._presence.several:
                to = self._in_common(room, to, name, payload)
            self._sender.send(to, event_packet(name, payload, offset(room.epoch, event.position)))
        if isinstance(event, MemberLeft) and about is not None and about != but:
            self.seat_gone(event.room_id, event.reason, about)

    def _transient(self, room: Room, event: Transient, but: str | None) -> None:
        match event:
            case TypingChanged():
                typing = {
                    "roomId": event.room_id,
                    "participantId": event.participant_id,
                    "isTyping": event.is_typing,
                }
                me = self._presence.connection_of(event.room_id, event.participant_id)
                self._to_all(room, "typing-changed", typing, but=me)
            case ReadChanged():
                read = {"roomId": event.room_id, "participantId": event.participant_id, "seq": event.seq}
                self._to_all(room, "read-changed", read)
            case Broadcast():
                self._broadcast(event)
            case SeatTakenOver():
                holder = self._presence.connection_of(event.room_id, event.participant_id)
                if holder is not None:
                    self.seat_gone(event.room_id, "replaced", holder)
            case KnockReceived():
                host = self._presence.connection_of(event.room_id, room.host_id or "")
                if host is not None:
                    self.tell(host, "knock-received", _knock(event))
            case KnockAnswered():
                answer = {"roomId": event.room_id, "admitted": event.admitted}
                knocker = self._presence.at_door(event.room_id).get(event.knock_id)
                if knocker is not None:
                    invite = {"invite": event.invite} if event.invite else {}
                    self.tell(knocker, "knock-answered", answer | invite)
            case RoomExpiring():
                expiring = {"roomId": event.room_id, "expiresAt": views.iso(event.expires_at)}
                self._to_all(room, "room-expiring", expiring)
            case RoomEnded():
                left = {"roomId": event.room_id, "reason": event.reason, "action": "none"}
                at_door = self._presence.at_door(event.room_id).values()
                concerned = [*self._presence.in_room(event.room_id).values(), *at_door]
                self._sender.send(concerned, event_packet("room-left", left), but)
            case _:
                assert_never(event)

    def _broadcast(self, event: Broadcast) -> None:
        payload = {
            "roomId": event.room_id,
            "from": event.sender,
            "type": event.type,
            "data": orjson.Fragment(event.data),
        }
        here = self._presence.in_room(event.room_id)
        to = here.values() if event.to is None else _among(here, (event.to,))
        self._sender.send(to, event_packet("broadcast-received", payload), here.get(event.sender))

    def _to_all(self, room: Room, event: str, payload: Any, *, but: str | None = None) -> None:
        self._sender.send(self._presence.in_room(room.id).values(), event_packet(event, payload), but)

    def out_of_reach(self, connections: Iterable[str]) -> None:
        """These hold no seat in a room any more, and are not told what is taken back there from now on."""
        self._sender.recall(connections)

    def seat_gone(self, room_id: str, reason: Reason, connection: str) -> None:
        """`room-left`, to the one whose seat it was."""
        payload = {"roomId": room_id, "reason": reason, "action": LEFT_ACTIONS.get(reason, "none")}
        self.tell(connection, "room-left", payload)
        if reason in REMOVED:
            self._sender.close_later(connection)


def _about(event: Durable) -> str:
    """Whom an event is about and who learns of it in another way; empty where everybody is told."""
    if type(event) is MemberJoined:
        return event.participant.id
    if type(event) is MemberLeft:
        return event.participant_id
    return event.participant.id if type(event) is MemberUpdated and event.change == "connected" else ""


def _knock(knock: KnockReceived) -> dict[str, str]:
    return {"roomId": knock.room_id, "knockId": knock.knock_id, "name": knock.name}


def _signal_packet(room_id: str, signal: Signal) -> bytes:
    payload: dict[str, Any] = {"roomId": room_id, "from": signal.sender, **signal.body}
    if signal.negotiation_id is not None:
        payload["negotiationId"] = signal.negotiation_id
    return event_packet(SIGNAL_EVENTS[signal.kind], payload)


def _concerned(event: Durable, here: Mapping[str, str]) -> Iterable[str]:
    """Of the connections of a room, those that may know of a durable event."""
    audience = None
    if isinstance(event, MessageUpdated | ReactionChanged):
        audience = event.message.audience
    elif isinstance(event, MessageDeleted):
        audience = event.audience
    return here.values() if audience is None else _among(here, audience)


def _among(here: Mapping[str, str], participants: Iterable[str]) -> list[str]:
    return [here[one] for one in participants if one in here]


def durable_packet(event: Durable, viewer: str, seen: str) -> bytes:
    """The frame of a durable event that a participant missed, with the offset of who has seen it."""
    name, payload = views.durable(event, viewer)
    return event_packet(name, payload, seen)
