"""`offer`, `answer`, `ice-candidate`, `call-state`, `get-ice-servers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rooms import people
from rooms.model import Seat
from rooms.rights import require_call
from rooms.room import Room
from server.protocol import views
from server.protocol.acknowledgements import EMPTY, Data, SignalDelivery
from server.protocol.requests import Answer, CallState, GetIceServers, IceCandidate, Offer, SignalRequest
from server.usecases.connections import Connection
from server.usecases.context import Context
from signaling.ice import ice_servers
from signaling.negotiation import Kind
from signaling.relay import target_of

DELIVERED: dict[SignalDelivery, Data] = {"sent": {"delivery": "sent"}, "buffered": {"delivery": "buffered"}}

SIGNAL_OVERHEAD_BYTES = 200
"""What a signal weighs in a mailbox besides its text."""


def offer(ctx: Context, connection: Connection, request: Offer) -> Data:
    """Relay an offer."""
    sdp = request.description.sdp
    return _relay(ctx, connection, request, Kind.OFFER, {"description": {"type": "offer", "sdp": sdp}}, _bytes(sdp))


def answer(ctx: Context, connection: Connection, request: Answer) -> Data:
    """Relay an answer."""
    sdp = request.description.sdp
    return _relay(ctx, connection, request, Kind.ANSWER, {"description": {"type": "answer", "sdp": sdp}}, _bytes(sdp))


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def ice_candidate(ctx: Context, connection: Connection, request: IceCandidate) -> Data:
    """Relay a candidate, or the end of candidates (`null`)."""
    candidate = request.candidate
    size = 0
    if candidate is not None:
        text, fragment = candidate.get("candidate", ""), candidate.get("usernameFragment")
        size = len(text) if text.isascii() else _bytes(text)
        if fragment:
            size += _bytes(fragment)
    return _relay(ctx, connection, request, Kind.CANDIDATE, {"candidate": candidate}, size)


def _relay(
    ctx: Context, connection: Connection, request: SignalRequest, kind: Kind, body: Mapping[str, Any], size: int
) -> Data:
    now = ctx.clock()
    room, seat = ctx.seated(connection, request.room_id, now)
    require_call(seat)
    target = target_of(room, seat, request.to)
    ctx.calls.check(room.id, seat.id, target.id, kind)
    held_by = ctx.presence.connection_of(room.id, target.id)
    signal = ctx.relay.route(
        room,
        seat,
        target,
        kind,
        body,
        now,
        negotiation_id=request.negotiation_id,
        size=size + SIGNAL_OVERHEAD_BYTES,
        away=held_by is None,
    )
    events = ctx.calls.note(room.id, seat.id, target.id, kind, now)
    if events:
        ctx.publisher.commit(room, events)
    if not seat.in_call and _enters_call(ctx, room, seat, kind):
        ctx.publisher.commit(room, people.set_in_call(room, seat, now, in_call=True))
    if held_by is None:
        return DELIVERED["buffered"]
    ctx.delivery.signal(room.id, signal, held_by)
    return DELIVERED["sent"]


def _enters_call(ctx: Context, room: Room, seat: Seat, kind: Kind) -> bool:
    # Whoever offers, or answers somebody's offer, is in the call, also where its client does not know `joined`.
    return kind is Kind.OFFER or (kind is Kind.ANSWER and ctx.calls.is_in(room.id, seat.id))


def call_state(ctx: Context, connection: Connection, request: CallState) -> Data:
    """Take note of how a participant's call goes: the others are told who is in it, the record whether it connected."""
    now = ctx.clock()
    room, seat = ctx.seated(connection, request.room_id, now)
    if request.state != "ended":
        require_call(seat)
    ctx.publisher.commit(room, ctx.calls.reported(room.id, seat.id, request.state, now))
    if request.state != "failed":
        ctx.publisher.commit(room, people.set_in_call(room, seat, now, in_call=request.state != "ended"))
    return EMPTY


def get_ice_servers(ctx: Context, connection: Connection, request: GetIceServers) -> Data:
    """Fresh ICE servers for a seat: `{iceServers, expiresAt}`."""
    _, seat = ctx.seated(connection, request.room_id)
    return ice_for(ctx, seat)


def ice_for(ctx: Context, seat: Seat | None) -> dict[str, Any]:
    """`{iceServers, expiresAt}`; `expiresAt` is null where nothing expires. TURN is for seats that may call."""
    participant_id = seat.id if seat is not None and seat.rights.can_call else None
    servers = ice_servers(ctx.ice, participant_id, ctx.wall())
    return {
        "iceServers": servers.as_json(),
        "expiresAt": views.iso(servers.expires_at) if servers.expires_at is not None else None,
    }
